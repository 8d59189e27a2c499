"""One joint in one take, and statistics of many."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets.seen.situations import SITUATIONS

LEAST_FRAMES = 150
"""A situation with fewer known frames has the figures of all situations together."""


@dataclass(frozen=True, eq=False)
class Track:
    """One joint in one take.

    Attributes:
        error: (T, 2) without the common bias; NaN where not detected.
        astray: (T, 2) from the place of the twin.
        lost: (T,) 0 or 1; NaN where not known.
        situation: (T,) as of `situations`.
        slips: (T,) bool: beyond the limit of mere inaccuracy.
    """

    error: np.ndarray
    astray: np.ndarray
    lost: np.ndarray
    situation: np.ndarray
    slips: np.ndarray

    @property
    def calm(self) -> np.ndarray:
        """Errors (T, 2) that are no slips; NaN elsewhere."""
        return np.where(self.slips[:, None], np.nan, self.error)


def in_each(tracks: Sequence[Track], values: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Values (T, C) of each situation, NaN elsewhere; all where a situation is rare."""
    for situation in range(len(SITUATIONS)):
        own = [
            np.where((track.situation == situation)[:, None], value, np.nan)
            for track, value in zip(tracks, values, strict=True)
        ]
        frames = sum(int(np.isfinite(value[:, 0]).sum()) for value in own)
        yield own if frames >= LEAST_FRAMES else list(values)


def by_situation(
    tracks: Sequence[Track], values: Sequence[np.ndarray], of: Callable[[np.ndarray], float]
) -> list[float]:
    """A statistic of each situation; of all where one has too few values."""
    at = np.concatenate([track.situation for track in tracks])
    all_ = np.concatenate([np.broadcast_to(v, (len(t.situation), *v.shape[1:]))
                           for t, v in zip(tracks, values, strict=True)])  # fmt: skip
    finite = np.isfinite(all_.reshape(len(all_), -1)).all(1)
    found = [all_[finite & (at == situation)] for situation in range(len(SITUATIONS))]
    return [of(own if len(own) >= 50 else all_[finite]) if finite.any() else 0.0 for own in found]


def mean_of(error: np.ndarray) -> np.ndarray:
    """Mean (1, C) over time; NaN if fewer than 10 frames are known."""
    known = np.isfinite(error[:, 0])
    mean = error[known].mean(0) if known.sum() >= 10 else np.full(error.shape[1], np.nan)
    return mean[None]


def robust(values: np.ndarray) -> float:
    """Standard deviation by the median absolute value."""
    known = values[np.isfinite(values)]
    return float(1.4826 * np.median(np.abs(known))) if len(known) else float("nan")


def deviation(values: np.ndarray) -> float:
    """Root mean square of the finite values."""
    return float(np.sqrt(np.mean(values[np.isfinite(values)] ** 2)))
