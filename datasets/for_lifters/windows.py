"""Random windows of clips, at random frame rates."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...gast.errors import InputError
from ...gast.interpolation import interpolated


class Drawn(NamedTuple):
    """Windows (N, T, J, 3), and (N,) how many of their first frames only repeat the next one."""

    xyz: np.ndarray
    held: np.ndarray


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
        self.clips = [clip for data in clips for clip in data if len(clip) >= least]
        if not self.clips:
            raise InputError(f"no clip has {least} frames; choose shorter windows or more data")
        self.chances = np.concatenate(
            [_chances(data, least, share) for data, share in zip(clips, shares, strict=True)]
        )
        self.chances /= self.chances.sum()
        self._sums = np.cumsum(self.chances)

    def draw(self, count: int, rng: np.random.Generator) -> Drawn:
        """Draw `count` windows."""
        clips = np.searchsorted(self._sums, rng.random(count) * self._sums[-1], side="right")
        paces = np.where(rng.random(count) < self.varied, rng.uniform(*self.paces, count), 1.0)
        drawn = [
            self._window(self.clips[i], pace, rng) for i, pace in zip(clips, paces, strict=True)
        ]
        xyz, held = np.stack([xyz for xyz, _ in drawn]), np.array([held for _, held in drawn])
        late = rng.random(count) < self.appear
        held = np.where(late, np.maximum(held, rng.integers(self.frames, size=count)), held)
        for window, first in zip(xyz, held, strict=True):
            window[:first] = window[first]
        return Drawn(xyz, held)

    def _window(
        self, clip: np.ndarray, pace: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, int]:
        first = 0 if self.early else min((self.frames - 1) * pace, len(clip) - 1)
        last = rng.integers(int(np.ceil(first)), len(clip))
        at = last - pace * np.arange(self.frames)[::-1]
        return interpolated(clip, at).astype(np.float64), int((at < 0).sum())


def _chances(clips: Sequence[np.ndarray], least: int, share: float) -> np.ndarray:
    """How likely a window comes from each clip that is long enough."""
    places = np.array([len(clip) - least + 1 for clip in clips if len(clip) >= least], float)
    return share * places / places.sum() if len(places) else places
