"""A trained head that teaches one that streams."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ..gast.errors import InputError
from ..gast.shipped import find
from .checkpoint import load_head
from .deployed import HEADS
from .head import Head, StreamingHead, of_bodies


class Teacher:
    """Names each frame of a stream by what a trained head says of it `ahead_s` later.

    Its probabilities take a share of the loss. A causal head that is asked later has seen how an
    action goes on; half a window later, the window of a windowed head is centred on the frame.

    Source: Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network", §2.

    Args:
        checkpoint: Name or path of a head with the labels, joints and frame rate of the one taught.
        weight: Share of the loss, 0..1, at frames that have a later one.
        temperature: Divides the logits of both.

    Raises:
        InputError: No such head, or a number that can't be.
    """

    def __init__(
        self, checkpoint: str | Path, *, ahead_s: float, weight: float, temperature: float
    ) -> None:
        if ahead_s < 0 or not 0 <= weight <= 1 or temperature <= 0:
            raise InputError(
                f"a teacher wants ahead_s from 0, weight in 0..1 and a temperature above 0, got "
                f"{ahead_s:g}, {weight:g}, {temperature:g}"
            )
        self.name, self.ahead_s = str(checkpoint), ahead_s
        self.weight, self.temperature = weight, temperature
        self.head = load_head(find(checkpoint, folder=HEADS, kind="head"))[0].requires_grad_(False)

    def refuse_unlike(self, head: Head) -> None:
        """Raise an InputError unless `head` streams, and takes and names what the teacher does."""
        if not isinstance(head, StreamingHead):
            raise InputError(
                f"{type(head).__name__} looks at windows, in which nothing comes later; a teacher "
                f"is for heads that stream, such as head=tcn"
            )
        for what, own, others in (
            ("labels", self.head.labels, head.labels),
            ("joints", self.head.skeleton.joints, head.skeleton.joints),
            ("frames a second", self.head.fps, head.fps),
        ):
            if own != others:
                raise InputError(
                    f"the teacher {self.name} has other {what} than the head that it teaches; "
                    f"train it with the same"
                )

    @torch.no_grad()
    def __call__(self, xyz: Tensor) -> Tensor:
        """Probabilities (N, T - ahead, K) for the first frames of streams (N, T, J, 3).

        Several people in a scene (N, M, T, J, 3) are named together. An InputError if no frame has
        a later one.
        """
        ahead, frames = round(self.ahead_s * self.head.fps), xyz.shape[-3]
        if ahead >= frames:
            raise InputError(
                f"the teacher is asked {ahead} frames later, of streams of {frames}; give less "
                f"than teacher.ahead_s={self.ahead_s:g}"
            )
        logits = of_bodies(self.head.to(xyz.device).per_frame, xyz)[:, ahead:]
        return (logits / self.temperature).softmax(-1)

    def mixed(self, losses: Tensor, logits: Tensor, xyz: Tensor) -> Tensor:
        """The head's losses (N, T) by its logits (N, T, K), with the teacher's share in them."""
        said = self(xyz)
        heard = logits[:, : said.shape[1]].movedim(-1, 1) / self.temperature
        apart = F.cross_entropy(heard, said.movedim(-1, 1), reduction="none")
        taught = losses[:, : said.shape[1]].lerp(self.temperature**2 * apart, self.weight)
        return torch.cat([taught, losses[:, said.shape[1] :]], 1)
