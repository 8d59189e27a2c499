"""Units of 2-D joints.

Outside the nets they are *screen units*: x in -1..1 across the picture's width, y scaled by the
same factor, y down, origin in the middle. Lifters with ``normalisation: person`` turn them into
*person units*, free of a person's place in the picture, distance and lens.
"""

import numpy as np
import torch
from torch import Tensor

from .skeleton import Skeleton
from .streaming import State, Streaming, begun

BLOCK = 1024
"""Frames whose running mean is one product."""


def to_screen(xy: np.ndarray, *, width: float, height: float) -> np.ndarray:
    """Pixels (..., 2) to screen units, as Pavllo et al. 2019's ``normalize_screen_coordinates``."""
    return (xy * 2 - np.array([width, height], xy.dtype)) / np.asarray(width, xy.dtype)


def to_pixels(xy: np.ndarray, *, width: float, height: float) -> np.ndarray:
    """Screen units (..., 2) to pixels."""
    return (xy * np.asarray(width, xy.dtype) + np.array([width, height], xy.dtype)) / 2


class ScreenUnits(Streaming):
    """Screen units, unchanged."""

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()

    def forward(self, xy: Tensor) -> Tensor:
        """(N, T, J, 2) to the same."""
        return xy

    def step(self, xy: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 2) to the same; there is no state."""
        return xy, ()


class PersonUnits(Streaming):
    """Root joint at the origin, root mean square of the bones' lengths on the picture one.

    That size is an exponential mean over the past (time constant 10 frames), so that a limb that
    points at the camera does not blow up the rest.
    """

    child: Tensor
    parent: Tensor

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self.root, self.share = skeleton.root, 0.1
        child, parent = np.array(skeleton.bones).T
        self.register_buffer("child", torch.from_numpy(child.copy()), persistent=False)
        self.register_buffer("parent", torch.from_numpy(parent.copy()), persistent=False)

    def _size(self, xy: Tensor) -> Tensor:
        """(..., J, 2) to (...,)."""
        bones = xy[..., self.child, :] - xy[..., self.parent, :]
        return bones.square().sum(-1).mean(-1).sqrt().clamp_min(1e-6)

    def forward(self, xy: Tensor) -> Tensor:
        """(N, T, J, 2), any units, to (N, T, J, 2) in person units."""
        centred = xy - xy[..., self.root : self.root + 1, :]
        return centred / running_mean(self._size(xy), self.share)[..., None, None]

    def step(self, xy: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, 2), any units, to person units; the state is the size (N,)."""
        size = self._size(xy)
        before = begun(state, size)
        size = before + self.share * (size - before)
        return (xy - xy[:, self.root : self.root + 1]) / size[:, None, None], size


UNITS: dict[str, type[ScreenUnits] | type[PersonUnits]] = {
    "screen": ScreenUnits,
    "person": PersonUnits,
}


def running_mean(values: Tensor, share: float) -> Tensor:
    """Exponential mean (N, T), each frame by its share; the first stands for all before it."""
    keep, before, means = 1 - share, values[:, :1], list[Tensor]()
    # A product for each block: one for a whole clip takes memory by the square of its length.
    for block in values.split(BLOCK, 1):
        age = torch.arange(block.shape[1], device=values.device)
        weights = share * keep ** (age[:, None] - age).clamp_min(0).to(values)
        means.append(block @ weights.tril().T + before * keep ** (age + 1).to(values))
        before = means[-1][:, -1:]
    return torch.cat(means, 1)
