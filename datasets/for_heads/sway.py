"""How people move who stand still."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor


class Swaying(Protocol):
    """How people move who stand still."""

    def __call__(
        self, pose: Tensor, much: Tensor, free: Tensor, generator: Generator, *, fps: float
    ) -> Tensor:
        """Unit vectors (N, T, B, 3) with `much` (N, T) sway; (B, 1) 1 is for bones of their own."""
        ...


@dataclass(frozen=True)
class Sway:
    """Noise that wanders: the body leans, limbs go a little about.

    Attributes:
        lean_deg: Standard deviation of the whole body's lean, to each side.
        limbs_deg: That of each bone of arms, legs and head, besides.
        over_s: Time over which they wander.
    """

    lean_deg: float = 0.6
    limbs_deg: float = 1.5
    over_s: float = 0.6

    def __call__(
        self, pose: Tensor, much: Tensor, free: Tensor, generator: Generator, *, fps: float
    ) -> Tensor:
        """See `Swaying`."""
        frames = max(round(self.over_s * fps), 1)
        lean = wander((*much.shape, 3), frames, generator, pose.device) * np.radians(self.lean_deg)
        limbs = wander(pose.shape, frames, generator, pose.device) * np.radians(self.limbs_deg)
        moved = torch.linalg.cross(lean[:, :, None].expand_as(pose), pose) + limbs * free
        return torch.nn.functional.normalize(pose + moved * much[..., None, None], dim=-1)


def wander(shape: Sequence[int], frames: int, generator: Generator, device: torch.device) -> Tensor:
    """Noise (N, T, ...) of unit variance, averaged twice over so many frames along T."""
    fresh = torch.randn(
        (shape[0], shape[1] + 2 * frames, *shape[2:]), generator=generator, device=device
    )
    for _ in range(2):
        sums = fresh.cumsum(1)
        fresh = sums[:, frames:] - sums[:, :-frames]
    # The variance of two boxes of n frames, one after the other, is n (2 n^2 + 1) / 3.
    return fresh / (frames * (2 * frames**2 + 1) / 3) ** 0.5
