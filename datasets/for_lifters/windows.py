"""Random windows of clips, at random frame rates."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from ...gast.errors import InputError


class Drawn(NamedTuple):
    """Windows (N, T, J, 3), and (N,) how many of their first frames only repeat the next one."""

    xyz: Tensor
    held: Tensor


class Windows:
    """Draws windows of clips; within a data set every place is as likely.

    A live lifter's state begins as if the person had stood still in their first frame before.
    Windows that begin `early`, or in which a person appears, train for that. An InputError if no
    clip is long enough.

    Args:
        clips: (T, J, 3) each, complete; one list a data set.
        shares: How often a window comes from each set.
        early: Windows may begin before their clip does. Then no clip is too short.
        appear: Share of windows in which the person appears at a random frame.
        varied: Share of windows at another frame rate.
        paces: Range of how many frames of the clip lie between two of such a window.
    """

    def __init__(
        self,
        clips: Sequence[Sequence[np.ndarray]],
        *,
        shares: Sequence[float],
        frames: int,
        early: bool = False,
        appear: float = 0.0,
        varied: float = 0.0,
        paces: tuple[float, float] = (0.8, 2.0),
    ) -> None:
        self.frames, self.early, self.appear = frames, early, appear
        self.varied, self.paces = varied, paces
        least = 1 if early else frames
        kept = [clip for data in clips for clip in data if len(clip) >= least]
        if not kept:
            raise InputError(f"no clip has {least} frames; choose shorter windows or more data")
        self.chances = np.concatenate(
            [_chances(data, least, share) for data, share in zip(clips, shares, strict=True)]
        )
        self.chances /= self.chances.sum()
        self._sums = torch.from_numpy(np.cumsum(self.chances))
        self._xyz = torch.from_numpy(np.concatenate(kept)).float()
        self._length = torch.tensor([len(clip) for clip in kept])
        self._start = self._length.cumsum(0) - self._length

    def to(self, device: torch.device) -> "Windows":
        """Itself, with all clips on a device."""
        for name in ("_sums", "_xyz", "_length", "_start"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    @property
    def device(self) -> torch.device:
        """Where the clips are."""
        return self._xyz.device

    def draw(self, count: int, generator: Generator) -> Drawn:
        """Draw `count` windows."""

        def chance() -> Tensor:
            # In double precision: a float of 32 bits can't name every frame of a large bank.
            return torch.rand(count, generator=generator, device=self.device, dtype=torch.double)

        clip = torch.searchsorted(self._sums, chance() * self._sums[-1], right=True)
        clip = clip.clamp_max(len(self._sums) - 1)
        low, high = self.paces
        pace = low + (high - low) * chance()
        pace = torch.where(chance() < self.varied, pace, 1.0)
        at = self._places(self._length[clip] - 1, pace, chance())
        late = torch.where(chance() < self.appear, (chance() * self.frames).long(), 0)
        held = (at < -1e-9).sum(1).maximum(late)
        time = torch.arange(self.frames, device=self.device).expand_as(at)
        at = at.gather(1, time.maximum(held[:, None]))
        return Drawn(self._interpolated(clip, at), held)

    def _places(self, last: Tensor, pace: Tensor, chance: Tensor) -> Tensor:
        """(N, T) frames of the clips, maybe before their first."""
        first = torch.zeros_like(last)
        if not self.early:
            first = ((self.frames - 1) * pace).ceil().long().minimum(last)
        newest = first + (chance * (last - first + 1)).long()
        back = torch.arange(self.frames - 1, -1, -1, device=self.device)
        return newest[:, None] - pace[:, None] * back

    def _interpolated(self, clip: Tensor, at: Tensor) -> Tensor:
        at = at.clamp_min(0)
        before = at.floor().long()
        share = (at - before).float()[..., None, None]
        first = self._start[clip, None] + before
        second = first + (before < self._length[clip, None] - 1)
        return torch.lerp(self._xyz[first], self._xyz[second], share)


def _chances(clips: Sequence[np.ndarray], least: int, share: float) -> np.ndarray:
    """How likely a window comes from each clip that is long enough."""
    places = np.array([len(clip) - least + 1 for clip in clips if len(clip) >= least], float)
    return share * places / places.sum() if len(places) else places
