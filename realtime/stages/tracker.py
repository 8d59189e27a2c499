"""The tracking stage: association of poses to tracks, from picture to picture.

Unlike ByteTrack it compares joints, not boxes: people whose boxes overlap differ in joints.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import exp

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..packets import Frame, Person, Pose
from ..similarity import Measured, distinct, measured, similarity, tolerances
from .stage import Remembering

_LOGGER = logging.getLogger(__name__)
SHADOW = 0.4
"""Similarity to a track from which a pose that was not associated with it begins no new one."""
MIN_JOINTS = 3
"""A pose with fewer joints is ignored."""
DRIFT_S = 0.3
"""Time constant with which a predicted motion fades out."""


@dataclass(slots=True)
class _Track:
    """One person: newest pose, running mean of the size, smoothed velocity (2,) in pixels/s.

    `id` is 0 until confirmed, by `hits` of `new_score` or `settled_s` seconds of `min_score`.
    """

    last: Measured
    seen_s: float
    size: float
    velocity: np.ndarray
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


class Tracker(Remembering):
    """Gives each person an id that stays: `Frame.poses` to `Frame.people`.

    Poses are assigned to the tracks whose predicted joints they resemble most, those of `min_score`
    first; duplicates are dropped. A track gets its id when it is confirmed, by `min_hits` or
    `settle_s`; ids count up from 1 and are never used again, not even after `reset`. People missed
    in a picture are not in its `Frame.people`. Another size of picture or layout of poses resets.

    Args:
        min_score: Poses below only continue a track; below half of it they are ignored.
        new_score: Score that a new person must reach in `min_hits` pictures, in a row or not, ...
        settle_s: ... or else be in view at `min_score` or better for this long in all.
        similarity: A pose less similar to a track than this (0..1) is not associated with it.
        most: Of more poses in a picture the surest are taken, with one warning.

    Raises:
        InputError: A share is outside 0..1, or a time or count is not positive.
    """

    name = "tracker"

    def __init__(
        self,
        *,
        patience_s: float,
        min_score: float,
        new_score: float,
        min_hits: int,
        settle_s: float,
        similarity: float,
        most: int,
    ) -> None:
        shares = {"min_score": min_score, "new_score": new_score, "similarity": similarity}
        for option, share in shares.items():
            if not 0 <= share <= 1:
                raise InputError(f"tracker.{option}={share} is not a share; give 0 to 1")
        amounts = {
            "patience_s": patience_s, "min_hits": min_hits, "settle_s": settle_s, "most": most,
        }  # fmt: skip
        for option, amount in amounts.items():
            if not amount > 0:
                raise InputError(f"tracker.{option}={amount} is too small; give more than 0")
        self.patience_s, self.settle_s, self.min_hits = patience_s, settle_s, min_hits
        self.min_score, self.new_score, self.similarity = min_score, new_score, similarity
        self.most, self._is_warned = most, False
        self._ids = count(1)  # shared with those of other cameras
        self.reset()

    def reset(self) -> None:
        """Drop all tracks; their ids stay used."""
        self._tracks: list[_Track] = []
        self._scene: tuple[int, int] | None = None
        self._layout: Skeleton | None = None
        self._before_s = self._now_s = -np.inf

    @property
    def alive(self) -> frozenset[int]:
        """Ids of the tracks remembered, in view or not; other ids never return."""
        return frozenset(track.id for track in self._tracks if track.id)

    def step(self, frame: Frame) -> Frame:
        """Write `Frame.people`, by rising id."""
        self._enter(frame)
        time_s = frame.time_s
        scored = self._surest([p for p in frame.poses if p.score >= self.min_score / 2])
        poses = distinct(one for one in map(measured, scored) if one.joints >= MIN_JOINTS)
        sure = [pose for pose in poses if pose.pose.score >= self.min_score]
        pairs = self._assign(self._tracks, sure, time_s)
        assigned = {id(track) for track, _ in pairs}
        rest = [track for track in self._tracks if id(track) not in assigned]
        pairs += self._assign(rest, poses[len(sure) :], time_s)
        associated = {id(pose) for _, pose in pairs}
        for track, pose in pairs:
            self._update(track, pose, time_s)
        pairs += self._begin([pose for pose in sure if id(pose) not in associated], time_s)
        people = {track.id: Person(pose=p.pose) for track, p in pairs if self._confirmed(track)}
        return frame.knowing(people=dict(sorted(people.items())))

    def _surest(self, poses: list[Pose]) -> list[Pose]:
        if len(poses) <= self.most:
            return poses
        if not self._is_warned:
            self._is_warned = True
            _LOGGER.warning(
                "%d people in a picture, of which the %d surest are followed; tracker.most=%d "
                "follows all, and takes longer", len(poses), self.most, len(poses),
            )  # fmt: skip
        return sorted(poses, key=lambda pose: -pose.score)[: self.most]

    def _enter(self, frame: Frame) -> None:
        scene = (frame.width, frame.height)
        layout = frame.poses[0].layout if frame.poses else self._layout
        known = self._layout in (None, layout) and self._scene in (None, scene)
        if not known:
            self.reset()
        self._before_s, self._now_s = self._now_s, frame.time_s
        self._scene, self._layout = scene, layout
        self._tracks = [t for t in self._tracks if frame.time_s - t.seen_s <= self.patience_s]

    def _assign(
        self, tracks: Sequence[_Track], poses: Sequence[Measured], time_s: float
    ) -> list[tuple[_Track, Measured]]:
        if not tracks or not poses:
            return []
        alike = _likeness(tracks, poses, time_s)
        alike[alike < self.similarity] = 0
        rows, columns = linear_sum_assignment(alike, maximize=True)
        matches = zip(rows, columns, strict=True)
        return [(tracks[row], poses[column]) for row, column in matches if alike[row, column]]

    def _update(self, track: _Track, pose: Measured, time_s: float) -> None:
        gap_s = time_s - track.seen_s
        shared = pose.weight * track.last.weight
        if gap_s > 0:
            moved = shared @ (pose.xy - track.last.xy) / shared.sum()
            track.velocity += gap_s / (gap_s + 0.1) * (moved / gap_s - track.velocity)
            track.size += gap_s / (gap_s + DRIFT_S) * (pose.size - track.size)
        if pose.pose.score >= self.min_score and track.seen_s == self._before_s:
            track.settled_s += gap_s
        track.hits += pose.pose.score >= self.new_score
        track.last, track.seen_s = pose, time_s

    def _begin(self, poses: Sequence[Measured], time_s: float) -> list[tuple[_Track, Measured]]:
        if self._tracks and poses:
            shadow = _likeness(self._tracks, poses, time_s).max(0)
            poses = [pose for pose, alike in zip(poses, shadow, strict=True) if alike < SHADOW]
        new = []
        for pose in distinct(poses, least=SHADOW):
            track = _Track(pose, time_s, pose.size, np.zeros(2))
            track.hits += pose.pose.score >= self.new_score
            self._tracks.append(track)
            new.append((track, pose))
        return new

    def _confirmed(self, track: _Track) -> bool:
        ready = track.hits >= self.min_hits or track.settled_s >= self.settle_s
        if ready and not track.id:
            track.id = next(self._ids)
        return bool(track.id)


def _likeness(tracks: Sequence[_Track], poses: Sequence[Measured], time_s: float) -> np.ndarray:
    return similarity(
        np.array([track.expected(time_s) for track in tracks]),
        np.array([track.last.weight for track in tracks]),
        tolerances([track.scale(time_s) for track in tracks], poses[0].pose.layout),
        np.array([pose.xy for pose in poses]),
        np.array([pose.weight for pose in poses]),
    )
