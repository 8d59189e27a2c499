"""One person whom the tracker follows, and whether a newcomer is somebody who was lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, inf, log

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..similarity import Measured
from .build import Build

DRIFT_S = 0.3
"""Time constant with which a predicted motion fades out."""
NEAR_M, PACE = 0.5, 1.0
"""How far from where they are expected somebody comes back: metres, and metres a second of absence."""
FASTEST = 2.0
"""Metres a second beyond which no motion is believed to go on."""
GROWTH, NEARING = 0.25, 0.05
"""By what factor, as a logarithm, somebody comes back larger or smaller, and more for a second."""
BUILT = 0.15
"""Weight of proportions, which pictures tell poorly, beside place and size."""
SURER = 0.3
"""By so much less doubtful one of two must be to be taken for somebody."""


@dataclass(slots=True)
class Track:
    """One person: newest pose, running mean of the size, smoothed velocity (2,) in pixels/s.

    `id` is 0 until confirmed. `first` (2,) is where they were first seen, at `since_s`.
    """

    last: Measured
    since_s: float
    seen_s: float
    size: float
    first: np.ndarray
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))
    build: Build = field(default_factory=Build.unknown)
    id: int = 0
    hits: int = 0
    settled_s: float = 0.0

    def expected(self, time_s: float) -> np.ndarray:
        """Predicted joints (J, 2): the motion goes on and fades out."""
        gap_s = time_s - self.seen_s
        return self.last.xy + self.velocity * (DRIFT_S * (1 - exp(-gap_s / DRIFT_S)))

    def scale(self, time_s: float) -> float:
        """Size in pixels by which joints are compared, up to doubled while out of view."""
        return self.size * min(1 + (time_s - self.seen_s) / DRIFT_S, 2)

    @property
    def metre(self) -> float:
        """Pixels for a metre where the person is; roughly, where few limbs were seen."""
        return self.build.metre or self.size / USUAL_SIZE_M

    def go_on(self, lost: "Track") -> None:
        """Be somebody who was lost."""
        self.id, lost.id = lost.id, 0
        self.build, seen = lost.build, self.build
        self.build.count, self.build.time_s = seen.count, seen.time_s


USUAL_SIZE_M = 0.8
"""`Measured.size` of a usual body, standing, in metres."""


def returned(new: Sequence[Track], lost: Sequence[Track]) -> list[tuple[Track, Track]]:
    """Which newcomer is which of those lost before: pairs, nobody in two of them.

    Together the least doubtful ones. Where two are about as likely, it is neither.
    """
    if not new or not lost:
        return []
    doubts = np.array([[_doubt(one, other) for other in lost] for one in new])
    rows, columns = linear_sum_assignment(np.minimum(doubts, 1.0))
    return [
        (new[row], lost[column])
        for row, column in zip(rows, columns, strict=True)
        if doubts[row, column] < 1.0 and _is_clear(doubts, row, column)
    ]


def _doubt(new: Track, lost: Track) -> float:
    """That a newcomer is somebody lost; from 1 on they are not."""
    gap_s = new.since_s - lost.seen_s
    if gap_s <= 0:
        return inf  # both were in view
    far = _away(new, lost, gap_s) / lost.metre / (NEAR_M + PACE * gap_s)
    grown = log(new.metre / lost.metre) / (GROWTH + NEARING * gap_s)
    return far**2 + grown**2 + BUILT * new.build.unlike(lost.build)


def _away(new: Track, lost: Track, gap_s: float) -> float:
    """Pixels from where a newcomer was first seen to where the lost one could be expected then.

    That is where the mean of both motions leads, so that who turns round is expected at the same
    place, and who walks on beyond; nobody who leaves on the right comes in on the left.
    """
    motion = (lost.velocity + new.velocity) / 2
    most = FASTEST * lost.metre
    motion *= min(1.0, most / max(float(np.linalg.norm(motion)), 1e-9))
    return float(np.linalg.norm(new.first - centre(lost.last) - motion * gap_s))


def _is_clear(doubts: np.ndarray, row: int, column: int) -> bool:
    others = np.concatenate(
        [np.delete(doubts[row], column), np.delete(doubts[:, column], row), [inf]]
    )
    return bool(others.min() - doubts[row, column] >= SURER)


def centre(pose: Measured) -> np.ndarray:
    """(2,) pixels."""
    middle: np.ndarray = pose.weight @ pose.xy / max(pose.weight.sum(), 1e-9)
    return middle
