"""A person whom the top-down detector follows, and the crop in which they are read."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from ...gast.skeleton import COCO17
from ..packets import Pose

SEEN = 0.2
"""Joints less sure than this don't say where a person is."""
ROOM = 1.3
"""Side of the crop relative to the longer side of the joints' box."""
LEAST_PX = 8.0
"""No crop is smaller."""
SLACK = 0.04
"""The crop stays where it is while its place and size are right to this share of its side: a crop
that moves by parts of a pixel makes joints tremble."""
TRUNK = [COCO17.index[f"{s}_{j}"] for j in ("shoulder", "hip") for s in ("left", "right")]


@dataclass(slots=True)
class Followed:
    """Somebody followed: newest pose, its crop, and what the search said.

    `room` is the least side of the crop, `velocity` (2,) of its middle in pixels/s, `rank` the
    place among the largest people; `astray`: the newest read was another person's.
    """

    pose: Pose
    room: float
    centre: np.ndarray
    side: float
    read_s: float
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))
    unfound: int = 0
    rank: int | None = None
    astray: bool = False

    @classmethod
    def begun(cls, pose: Pose, time_s: float) -> Self:
        """Somebody new, as the search found them."""
        centre, side = _crop(pose)
        return cls(pose, side, centre, side, time_s)

    def aim(self, gap_s: float) -> None:
        """Place the crop round where the joints will be, if it doesn't fit any more."""
        centre, side = _crop(self.pose)
        middle, side = centre + self.velocity * gap_s, max(side, self.room)
        if not 1 - 3 * SLACK < side / self.side < 1 + SLACK:
            self.side = side
        if np.abs(middle - self.centre).max() > SLACK * self.side:
            self.centre = middle

    def moved(self, pose: Pose, time_s: float) -> None:
        """Take the pose as the newest."""
        gap_s = time_s - self.read_s
        if gap_s > 0:
            # The trunk's: the middle of the box jumps when an arm comes into sight.
            moved = pose.xy[TRUNK] - self.pose.xy[TRUNK]
            speed = moved.mean(axis=0) / gap_s
            self.velocity += gap_s / (gap_s + 0.07) * (speed - self.velocity)
        self.pose, self.read_s, self.astray = pose, time_s, False

    def pose_at(self, time_s: float) -> Pose:
        """The newest pose, moved on to then."""
        gap_s = time_s - self.read_s
        if gap_s <= 0:
            return self.pose
        return replace(self.pose, xy=(self.pose.xy + self.velocity * gap_s).astype(np.float32))

    def found(self, pose: Pose, time_s: float) -> None:
        """Go on from where the search found them."""
        self.centre, self.side = _crop(pose)
        self.pose, self.read_s, self.velocity = pose, time_s, np.zeros(2)

    def confirmed(self, pose: Pose, time_s: float, *, whole: bool) -> None:
        """Take note of what the search found; `whole`: in the whole picture."""
        _, side = _crop(pose)
        # Somebody may be cut off in a part of the picture.
        self.room = side if whole else max(side, self.room)
        self.unfound = 0
        if self.astray:
            self.found(pose, time_s)


def _crop(pose: Pose) -> tuple[np.ndarray, float]:
    """Middle (2,) and side in pixels of the square that shows all of a pose."""
    low, high = box(pose)
    return (low + high) / 2, max(ROOM * float((high - low).max()), LEAST_PX)


def box(pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Top left and bottom right corner of the joints seen."""
    seen = pose.confidence >= SEEN
    xy = pose.xy[seen] if seen.sum() >= 4 else pose.xy
    return xy.min(axis=0), xy.max(axis=0)
