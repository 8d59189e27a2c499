"""Regions of interest: the whole picture now and then, in between only where people are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..packets import Pose

SEEN = 0.1
"""Joints less sure than this don't say where a person is."""

SURE = 0.3
"""People at least this sure must be found again in a region; others may have been a mistake."""

KEPT = 0.6
"""A score below this share of what it was in the whole picture means that somebody is lost."""

MARGIN = 0.15
"""Room left round a person's joints, relative to the longer side of their box."""

LEAD = 2.0
"""Pictures for which people are believed to move on as they just did."""

MAX_GAP_S = 0.5
"""After a longer gap people may be anywhere."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, pixels, and the `size` (width, height) of the input it is read in."""

    left: int
    top: int
    width: int
    height: int
    size: tuple[int, int]

    @property
    def corner(self) -> np.ndarray:
        """(2,) float32, pixels; to be added to coordinates in the region."""
        return np.array([self.left, self.top], np.float32)

    def cut(self, image: np.ndarray) -> np.ndarray:
        """That part of a picture (H, W, 3), not copied."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


class Regions:
    """Chooses the part of each picture to read, from where people were before.

    A region holds everybody, with room for their next movement, at no lower resolution than the
    whole picture and in fewer pixels; it is the smallest of `sizes` (width, height) in which that
    fits. The whole picture is read when none fits, when nobody is known, when somebody was lost,
    and every `whole_every_s` of stream time. A new picture size, or a jump in time, resets it.
    """

    def __init__(self, sizes: Sequence[tuple[int, int]], *, whole_every_s: float) -> None:
        self.sizes = sorted(sizes, key=_pixels)
        self.whole_every_s = whole_every_s
        self._scene = (0, 0)
        self._time_s, self._gap_s = -np.inf, 0.0
        self.reset()

    def reset(self) -> None:
        """Forget everybody, so that the whole picture is read next."""
        self._whole_s = -np.inf
        self._expected: list[float] = []
        self._box: np.ndarray | None = None
        self._velocity = np.zeros((2, 2))

    def next(
        self, scene: tuple[int, int], *, time_s: float, whole: tuple[int, int]
    ) -> Region | None:
        """The region of the next picture; ``None`` is all of it.

        `scene` is (width, height) of the picture, `whole` that of the input for all of it.
        """
        gap_s = time_s - self._time_s
        if scene != self._scene or not 0 <= gap_s <= MAX_GAP_S:
            self.reset()
        self._scene, self._time_s, self._gap_s = scene, time_s, gap_s
        if self._box is None or time_s - self._whole_s >= self.whole_every_s:
            return None
        return self._around(*self._ahead(self._box), whole)

    def saw(self, poses: Sequence[Pose], region: Region | None) -> None:
        """Remember who was found in the region from `next`."""
        scores = sorted((pose.score for pose in poses), reverse=True)
        if region is None:
            self._whole_s = self._time_s
            self._expected = [score for score in scores if score >= SURE]
        elif self._lacks(scores):
            self.reset()
            return
        before, self._box = self._box, _union(poses)
        if before is None or self._box is None or self._gap_s == 0:
            self._velocity = np.zeros((2, 2))
        else:
            self._velocity = (self._box - before) / self._gap_s

    def _lacks(self, scores: Sequence[float]) -> bool:
        found = zip(scores, self._expected, strict=False)
        return len(scores) < len(self._expected) or any(now < KEPT * was for now, was in found)

    def _ahead(self, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Top left and bottom right corner of where people may be now, inside the picture."""
        moved, limit = self._velocity * LEAD * self._gap_s, np.array(self._scene)
        low, high = box[0] + moved[0].clip(max=0), box[1] + moved[1].clip(min=0)
        return low.clip(0, limit - 1), high.clip(1, limit)

    def _around(self, low: np.ndarray, high: np.ndarray, whole: tuple[int, int]) -> Region | None:
        needed, scene = (high - low).clip(1), np.array(self._scene)
        scale = min(whole / scene)
        for size in self.sizes:
            # A region is never enlarged beyond the picture's own resolution.
            zoom = min(*(size / needed), max(scale, 1.0))
            if zoom >= scale and _pixels(size) < _pixels(whole):
                extent = np.minimum(np.round(np.array(size) / zoom), scene)
                corner = np.round((low + high - extent) / 2).clip(0, scene - extent)
                left, top, width, height = (int(edge) for edge in (*corner, *extent))
                return Region(left, top, width, height, size)
        return None


def _pixels(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _union(poses: Sequence[Pose]) -> np.ndarray | None:
    """Top left and bottom right corner (2, 2) of everybody's box; ``None`` for nobody."""
    if not poses:
        return None
    boxes = np.array([_box(pose) for pose in poses])
    return np.array([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])


def _box(pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    seen = pose.confidence >= SEEN
    xy = pose.xy[seen] if seen.any() else pose.xy
    low, high = xy.min(axis=0), xy.max(axis=0)
    room = MARGIN * (high - low).max()
    return low - room, high + room
