"""One person whom the tracker follows, and whether a newcomer is somebody who was lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, inf, log
from typing import Self

import numpy as np

from ..similarity import Measured
from .assignment import assigned
from .build import Build

DRIFT_S = 0.3
"""Time constant with which a predicted motion fades out."""
NEAR_M, PACE = 0.5, 1.0
"""Where somebody comes back: so far from where expected, in metres, and more each second."""
FASTEST = 2.0
"""Metres a second beyond which no motion is believed to go on."""
GROWTH, NEARING = 0.25, 0.05
"""By what factor, as a logarithm, somebody comes back larger or smaller, and more for a second."""
BUILT = 0.15
"""Weight of proportions, which pictures tell poorly, beside place and size."""
SURER = 0.15
"""By so much less doubtful one of two must be to be taken for somebody."""


SLIDE_S = 0.25
"""For so long before somebody is lost their joints may already have slid to another person."""


@dataclass(slots=True)
class Track:
    """One person: newest pose, running mean of the size, smoothed velocity (2,) in pixels/s.

    `id` is 0 until confirmed; `first` (2,) is where they were first seen, at `since_s`; `places`
    are the times and middles of two of the last poses, `SLIDE_S` apart.
    """

    last: Measured
    since_s: float
    first: np.ndarray
    seen_s: float
    size: float
    places: list[tuple[float, np.ndarray]]
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))
    build: Build = field(default_factory=Build.unknown)
    id: int = 0
    hits: int = 0
    settled_s: float = 0.0

    @classmethod
    def begun(cls, pose: Measured, time_s: float) -> Self:
        """Somebody new."""
        middle = centre(pose)
        track = cls(pose, time_s, middle, time_s, pose.size, [(time_s, middle)])
        track.build.see(pose, time_s)
        return track

    def expected(self, time_s: float, *, goes_on: bool = False) -> np.ndarray:
        """Predicted joints (J, 2): the motion goes on, and fades out unless it really `goes_on`."""
        gap_s = time_s - self.seen_s
        if not goes_on:
            gap_s = DRIFT_S * (1 - exp(-gap_s / DRIFT_S))
        return self.last.xy + self.velocity * gap_s

    def scale(self, time_s: float) -> float:
        """Size in pixels by which joints are compared, up to doubled while out of view."""
        return self.size * min(1 + (time_s - self.seen_s) / DRIFT_S, 2)

    def moved(self, pose: Measured, time_s: float) -> None:
        """Take the pose as the newest."""
        if time_s - self.places[-1][0] >= SLIDE_S:
            self.places = [self.places[-1], (time_s, centre(pose))]
        self.last, self.seen_s = pose, time_s
        self.build.see(pose, time_s)

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
    rows, columns = assigned(np.minimum(doubts, 1.0))
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
    grown = log(new.metre / lost.metre) / (GROWTH + NEARING * gap_s)
    return _far(new, lost) ** 2 + grown**2 + BUILT * new.build.unlike(lost.build)


def _far(new: Track, lost: Track) -> float:
    """How far from where the lost one is expected a newcomer was first seen; 1 is too far.

    The mean of both motions leads there, so that who turns round is expected at the same place, and
    who walks on beyond; nobody who leaves on the right comes in on the left.
    """
    metre, seen_s = lost.metre, new.seen_s - new.since_s
    motion = (lost.velocity + (centre(new.last) - new.first) / max(seen_s, 1e-3)) / 2
    motion *= min(1.0, FASTEST * metre / max(float(np.linalg.norm(motion)), 1e-9))
    found = []
    for time_s, place in (*lost.places, (lost.seen_s, centre(lost.last))):
        gap_s = new.since_s - time_s
        away = float(np.linalg.norm(new.first - place - motion * gap_s)) / metre
        found.append(away / (NEAR_M + PACE * gap_s))
    return min(found)


def _is_clear(doubts: np.ndarray, row: int, column: int) -> bool:
    """Whether the best pairing without this pair is clearly more doubtful in all."""
    rest = doubts.copy()
    rest[row, column] = np.inf
    return bool(_total(rest) - _total(doubts) >= SURER)


def _total(doubts: np.ndarray) -> float:
    """Of the best pairing; who stays alone counts as one who just can't be the other."""
    capped = np.minimum(doubts, 1.0)
    return float(capped[assigned(capped)].sum())


def centre(pose: Measured) -> np.ndarray:
    """(2,) pixels."""
    middle: np.ndarray = pose.weight @ pose.xy / max(pose.weight.sum(), 1e-9)
    return middle
