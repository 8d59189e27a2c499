"""The interface of action heads: joints over time in, uncalibrated logits of each action out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..gast.errors import InputError
from ..gast.skeleton import Skeleton
from ..gast.streaming import Streaming, pad_past


class StreamingHead(Streaming):
    """Names the action at every frame.

    ``forward`` takes (N, T, J, 3), metres, camera axes, relative to the root, to logits (N, T, K);
    ``step`` takes (N, J, 3) and a state to (N, K) and the next state. An InputError for fewer than
    two labels, one of them twice, or a frame rate of 0 or less.

    Args:
        labels: Names of the K classes, the background among them.
        settings: The constructor's other arguments, to make the same net again; plain data.
        receptive_field: Frames that the layers look at, this one included; ``None``: all since the
            start. Earlier frames only count through the running size of the body (`PersonUnits`),
            each 0.9 times as much as the next, and where people are turned to the camera through
            where they have faced (`Facing`), each 0.95 times as much.
    """

    frames: None = None

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        settings: Mapping[str, Any],
        receptive_field: int | None,
    ) -> None:
        super().__init__()
        self.skeleton, self.labels, self.fps = skeleton, checked(labels, fps), float(fps)
        self.settings, self.receptive_field = dict(settings), receptive_field

    def per_frame(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to the logits (N, T, K) that a stream would have had at each frame."""
        return self(xyz)


class WindowedHead(nn.Module):
    """Names the action of a window of `frames` frames; else like `StreamingHead`.

    ``forward`` takes (N, `frames`, J, 3) to logits (N, K). An InputError also below 2 frames.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        settings: Mapping[str, Any],
        frames: int,
    ) -> None:
        super().__init__()
        if frames < 2:
            raise InputError(f"a window has {frames} frames, wanted at least 2; set head.frames")
        self.skeleton, self.labels, self.fps = skeleton, checked(labels, fps), float(fps)
        self.settings, self.frames, self.receptive_field = dict(settings), frames, frames

    def per_frame(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to (N, T, K) of windows that end at each frame, padded with the first."""
        windows = pad_past(xyz, self.frames - 1).unfold(1, self.frames, 1)  # (N, T, J, 3, frames)
        parts = [self(part.permute(0, 3, 1, 2)) for part in windows.flatten(0, 1).split(256)]
        return torch.cat(parts).unflatten(0, xyz.shape[:2])


Head = StreamingHead | WindowedHead


def of_bodies(head: Callable[[Tensor], Tensor], xyz: Tensor) -> Tensor:
    """Mean logits (N, ..., K) over the people of each scene (N, M, T, J, 3); absent ones are zeros.

    Scenes of one person may be (N, T, J, 3), as `head` takes them.

    Source: Yan, Xiong, Lin 2018, "Spatial temporal graph convolutional networks", §3.5.
    """
    if xyz.ndim == 4:
        return head(xyz)
    here = xyz.flatten(2).any(-1)
    logits = head(xyz[here])
    counts = here.sum(1).view(-1, *[1] * (logits.ndim - 1))
    total = logits.new_zeros(len(xyz), *logits.shape[1:])
    return total.index_add(0, here.nonzero()[:, 0], logits) / counts.clamp_min(1)


def checked(labels: Sequence[str], fps: float) -> tuple[str, ...]:
    """The labels, refused as `StreamingHead` says."""
    names = tuple(str(label) for label in labels)
    if len(names) < 2 or len(set(names)) != len(names):
        raise InputError(f"a head wants two or more different labels, got {list(names)}")
    if fps <= 0:
        raise InputError(f"a head's frame rate is {fps:g}; give more than 0")
    return names
