"""Lifters to measure: on whole clips, frame by frame, and each frame alone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ....gast.cards import expect
from ....gast.checkpoint import LifterCard, load
from ....gast.deployed import deployed
from ....gast.errors import InputError
from ....gast.lifter import Lifter, with_channels
from ....gast.runtimes.compiled import ready
from ....gast.shipped import LIFTERS, find
from ....gast.skeleton import Skeleton, named
from ....gast.streaming import streamed
from ....gast.windowed import in_chunks
from ...reporting import by_name

Lift = Callable[[Tensor], Tensor]
"""Clips (N, T, J, C), see `Lifter`, to (N, T, J, 3)."""

AT_ONCE = 2000
"""The most frames that are lifted in one batch."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One lifter.

    Attributes:
        name: In the report.
        checkpoint: As it was given.
        card: Of its file.
        lift: The way that is measured.
        alone: Each frame as the first of its stream.
        otherwise: Frame by frame if `lift` takes whole clips, or the reverse; ``None`` without it.
        runtime: The one that steps, as live; ``None`` if `lift` takes whole clips.
        parameters: Number of them; ``None`` of an exported lifter.
    """

    name: str
    checkpoint: str
    card: LifterCard
    lift: Lift
    alone: Lift
    otherwise: Lift | None
    runtime: str | None
    parameters: int | None

    @property
    def skeleton(self) -> Skeleton:
        """Layout of its joints."""
        return named(self.card.layout)


def candidates(checkpoints: Any, **how: Any) -> list[Candidate]:
    """One or more lifters, see `by_name`; `how` is all else that `candidate` takes.

    Raises:
        InputError: There is none, or one of them can't be measured so.
    """
    paths = by_name(checkpoints, kind="lifter")
    return [candidate(path, name=name, **how) for name, path in paths.items()]


def candidate(
    checkpoint: str,
    *,
    name: str,
    runtime: str | None,
    precision: str,
    threads: int,
    **expected: Any,
) -> Candidate:
    """One lifter, ready to be measured.

    Args:
        checkpoint: Name, or path of a .safetensors or .onnx file.
        name: In the report.
        runtime: Steps along the clips, as live; ``None``: torch, on whole clips.
        precision: Of the steps, as `threads`.
        threads: As above.
        expected: Fields of the card that must have these values.

    Raises:
        InputError: No such lifter, one that is not as expected, or one that can't be run so.
    """
    path = find(checkpoint, folder=LIFTERS, kind="lifter")
    exported = path.suffix == ".onnx"
    if runtime is None and (exported or precision != "float32"):
        raise InputError(
            f"checkpoint={checkpoint} with precision={precision} is run frame by frame; give "
            f"runtime=auto"
        )
    whole = None if exported else Whole(path)
    card = deployed(path)[1] if whole is None else whole.card
    expect(card, expected, path)
    parameters = None if whole is None else sum(p.numel() for p in whole.net.parameters())
    if whole is not None and runtime is None and not card.causal:
        return Candidate(name, checkpoint, card, whole, whole.alone, None, None, parameters)
    stepped = Stepped(path, runtime=runtime or "auto", precision=precision, threads=threads)
    if whole is not None and runtime is None:
        return Candidate(name, checkpoint, card, whole, whole.alone, stepped, None, parameters)
    ran = stepped.runtime
    return Candidate(name, checkpoint, card, stepped, stepped.alone, whole, ran, parameters)


class Whole:
    """Lifts whole clips in torch, with the weights of a .safetensors file."""

    def __init__(self, path: Path) -> None:
        self.net, self.card = load(path)
        units = self.card.normalisation
        self.lifter = Lifter(self.net, skeleton=self.net.skeleton, normalisation=units).eval()

    def __call__(self, joints: Tensor) -> Tensor:
        """Clips (N, T, J, C) to (N, T, J, 3), however long and many they are."""
        frames, ahead = joints.shape[1], 0 if self.net.causal else self.net.receptive_field // 2
        if frames <= AT_ONCE:
            return torch.cat([self.lifter(clips) for clips in joints.split(AT_ONCE // frames)])
        scaled = self.lifter.units(joints)
        after = scaled[:, -1:].expand(-1, ahead, *scaled.shape[2:])
        padded = torch.cat([scaled, after], 1)
        return in_chunks(self.net, nn.Identity(), padded, frames=AT_ONCE)[:, ahead:]

    def alone(self, joints: Tensor) -> Tensor:
        """The same, each frame as if the person stood still before and after it."""
        return _each(self._still, joints, AT_ONCE if self.net.causal else AT_ONCE // 9)

    def _still(self, joints: Tensor) -> Tensor:
        if self.net.causal:
            return self.lifter.step(joints)[0]
        scaled = self.lifter.units(joints[:, None])
        return self.net.strided(scaled.expand(-1, self.net.receptive_field, -1, -1))[:, 0]


class Stepped:
    """Lifts clips frame by frame, as live; see `gast.runtimes.compiled` for the arguments."""

    def __init__(self, path: Path, *, runtime: str, precision: str, threads: int) -> None:
        source, card = deployed(path)
        made = ready(
            source, shape=(len(named(card.layout)), card.inputs), runtime=runtime,
            precision=precision, threads=threads, device="cpu",
        )  # fmt: skip
        self.net, self.runtime, self.inputs = made.net, made.runtime, card.inputs

    def __call__(self, joints: Tensor) -> Tensor:
        """Clips (N, T, J, C) to (N, T, J, 3)."""
        return streamed(self.net, with_channels(joints, self.inputs))

    def alone(self, joints: Tensor) -> Tensor:
        """The same, each frame as the first of a stream."""
        joints = with_channels(joints, self.inputs)
        return _each(lambda frames: self.net.step(frames)[0], joints, AT_ONCE)


def _each(lift: Lift, joints: Tensor, at_once: int) -> Tensor:
    """Each frame of (N, T, J, C) lifted without the others."""
    lifted = torch.cat([lift(frames) for frames in joints.flatten(0, 1).split(at_once)])
    return lifted.unflatten(0, joints.shape[:2])
