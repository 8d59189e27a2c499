"""Who is who from picture to picture.

Tracks poses themselves: two people whose boxes nearly coincide still differ joint by joint. No
library was taken. ByteTrack and its kin (supervision, trackers, boxmot) know boxes only, and boxmot
wants a re-identification net; norfair takes key points but counts patience in frames, so a camera
that stutters forgets people at another rate. What is left to write is one assignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..packets import Frame, Person
from ..similarity import Measured, distinct, measured, reach, similarity
from .stage import Remembering

SHADOW = 0.4
"""Similarity to someone already known from which a pose isn't taken for somebody new."""
MIN_JOINTS = 3
"""A pose with fewer joints is nobody."""
DRIFT_S = 0.3
"""How long a walk is believed to go on unseen (time constant)."""


@dataclass(slots=True)
class _Track:
    """One person as last seen.

    Attributes:
        last: What was seen of the person last.
        seen_s: When.
        size: Pixels, slowly following what is seen.
        velocity: (2,) pixels/s of the whole body.
        id: 0 until the person is shown.
        hits: Poses so far that were sure enough for somebody new.
        settled_s: Time spent in view so far, well enough seen.
    """

    last: Measured
    seen_s: float
    size: float
    velocity: np.ndarray
    id: int = 0
    hits: int = 0
    settled_s: float = 0.0

    def expected(self, time_s: float) -> np.ndarray:
        """Where the joints (J, 2) should be now: a walk that peters out."""
        gap_s = time_s - self.seen_s
        return self.last.xy + self.velocity * (DRIFT_S * (1 - exp(-gap_s / DRIFT_S)))

    def reach(self, time_s: float) -> float:
        """Size in pixels by which joints are compared; up to twice it for a person out of view."""
        return self.size * min(1 + (time_s - self.seen_s) / DRIFT_S, 2)


class Tracker(Remembering):
    """Gives each person an id that stays, from poses alone: `Frame.poses` to `Frame.people`.

    Poses go to the people whose predicted joints they resemble most (see `similarity`), the sure
    ones first; what is left over of the others may only continue a person. A pose that resembles
    a better one of the same picture is dropped. An id is shown, and spent, once `min_hits` poses
    scored `new_score` or the person was in view for `settle_s`; ids count up from 1 and are never
    used again, not even after `reset`. People who were missed in this picture are left out of
    `Frame.people` and remembered for `patience_s`.

    Everybody is forgotten when the picture changes its size or the poses change their layout, for
    then nobody can be followed.

    Args:
        patience_s: Stream time for which a person out of view is remembered.
        min_score: Poses below only continue a person; below half of it they are not looked at.
        new_score: A new person must be as sure as this, `min_hits` times, ...
        min_hits: ... in this many pictures, not necessarily in a row ...
        settle_s: ... or be in view at `min_score` or better for this long all told.
        similarity: A pose that resembles a person less than this (0..1) is somebody else.

    Attributes:
        alive: Ids of those remembered, in view or not; others never come back.

    Raises:
        InputError: A share is outside 0..1, or a time or count is not positive.
    """

    name = "tracker"

    def __init__(
        self,
        *,
        patience_s: float = 1.0,
        min_score: float = 0.3,
        new_score: float = 0.4,
        min_hits: int = 3,
        settle_s: float = 0.5,
        similarity: float = 0.3,
    ) -> None:
        shares = {"min_score": min_score, "new_score": new_score, "similarity": similarity}
        for option, share in shares.items():
            if not 0 <= share <= 1:
                raise InputError(f"tracker.{option}={share} is not a share; give 0 to 1")
        amounts = {"patience_s": patience_s, "min_hits": min_hits, "settle_s": settle_s}
        for option, amount in amounts.items():
            if not amount > 0:
                raise InputError(f"tracker.{option}={amount} is too small; give more than 0")
        self.patience_s, self.settle_s, self.min_hits = patience_s, settle_s, min_hits
        self.min_score, self.new_score, self.similarity = min_score, new_score, similarity
        self._last_id = 0
        self.reset()

    def reset(self) -> None:
        """Forget everybody; their ids stay spent."""
        self._tracks: list[_Track] = []
        self._scene: tuple[int, int] | None = None
        self._layout: Skeleton | None = None
        self._before_s = self._now_s = -np.inf

    @property
    def alive(self) -> frozenset[int]:
        """Ids of those remembered."""
        return frozenset(track.id for track in self._tracks if track.id)

    def step(self, frame: Frame) -> Frame:
        """Name the people of this picture."""
        self._enter(frame)
        time_s = frame.time_s
        worth = [pose for pose in frame.poses if pose.score >= self.min_score / 2]
        sights = distinct(one for one in map(measured, worth) if one.joints >= MIN_JOINTS)
        sure = [sight for sight in sights if sight.pose.score >= self.min_score]
        pairs = self._assign(self._tracks, sure, time_s)
        matched = {id(track) for track, _ in pairs}
        rest = [track for track in self._tracks if id(track) not in matched]
        pairs += self._assign(rest, sights[len(sure) :], time_s)
        known = {id(sight) for _, sight in pairs}
        for track, sight in pairs:
            self._follow(track, sight, time_s)
        pairs += self._begin([sight for sight in sure if id(sight) not in known], time_s)
        people = {track.id: Person(pose=sight.pose) for track, sight in pairs if self._shown(track)}
        return frame.knowing(people=dict(sorted(people.items())))

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
        self, tracks: Sequence[_Track], sights: Sequence[Measured], time_s: float
    ) -> list[tuple[_Track, Measured]]:
        if not tracks or not sights:
            return []
        alike = _likeness(tracks, sights, time_s)
        alike[alike < self.similarity] = 0
        rows, columns = linear_sum_assignment(alike, maximize=True)
        matches = zip(rows, columns, strict=True)
        return [(tracks[row], sights[column]) for row, column in matches if alike[row, column]]

    def _follow(self, track: _Track, sight: Measured, time_s: float) -> None:
        gap_s = time_s - track.seen_s
        shared = sight.weight * track.last.weight
        if gap_s > 0:
            moved = shared @ (sight.xy - track.last.xy) / shared.sum()
            track.velocity += gap_s / (gap_s + 0.1) * (moved / gap_s - track.velocity)
            track.size += gap_s / (gap_s + DRIFT_S) * (sight.size - track.size)
        if sight.pose.score >= self.min_score and track.seen_s == self._before_s:
            track.settled_s += gap_s
        track.hits += sight.pose.score >= self.new_score
        track.last, track.seen_s = sight, time_s

    def _begin(self, sights: Sequence[Measured], time_s: float) -> list[tuple[_Track, Measured]]:
        born = []
        for sight in sights:
            if self._tracks and _likeness(self._tracks, [sight], time_s).max() >= SHADOW:
                continue
            track = _Track(sight, time_s, sight.size, np.zeros(2))
            track.hits += sight.pose.score >= self.new_score
            self._tracks.append(track)
            born.append((track, sight))
        return born

    def _shown(self, track: _Track) -> bool:
        ready = track.hits >= self.min_hits or track.settled_s >= self.settle_s
        if ready and not track.id:
            self._last_id += 1
            track.id = self._last_id
        return bool(track.id)


def _likeness(tracks: Sequence[_Track], sights: Sequence[Measured], time_s: float) -> np.ndarray:
    return similarity(
        np.array([track.expected(time_s) for track in tracks]),
        np.array([track.last.weight for track in tracks]),
        reach([track.reach(time_s) for track in tracks], sights[0].pose.layout),
        np.array([sight.xy for sight in sights]),
        np.array([sight.weight for sight in sights]),
    )
