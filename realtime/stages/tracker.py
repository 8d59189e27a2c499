"""The tracking stage: association of poses to tracks, from picture to picture.

Unlike ByteTrack it compares joints, not boxes: people whose boxes overlap differ in joints.
"""

from collections.abc import Sequence
from itertools import count

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..packets import Frame, Person
from ..similarity import Measured, distinct, measured
from .assignment import prepare
from .association import Pairs, associated, likeness
from .stage import Remembering
from .surest import Surest
from .track import DRIFT_S, Track, returned

SHADOW = 0.4
"""Similarity to a track from which a pose that was not associated with it begins no new one."""
MIN_JOINTS = 3
"""A pose with fewer joints is ignored."""


class Tracker(Remembering):
    """Gives each person an id that stays: `Frame.poses` to `Frame.people`.

    Poses are assigned to the tracks whose predicted joints they resemble most, those of `min_score`
    first; duplicates are dropped. A track gets its id when it is confirmed, by `min_hits` or
    `settle_s`; ids count up from 1 and are never used again, not even after `reset`. People missed
    in a picture are not in its `Frame.people`. Another size of picture or layout of poses resets.
    Somebody confirmed who is where a lost person could be by now, and of their size and build, is
    that person again (`track.returned`).

    Args:
        patience_s: A track out of view is looked for so long where its motion leads, ...
        return_s: ... and its person may come back, elsewhere, for so long; 0: never.
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
        return_s: float,
        most: int,
    ) -> None:
        shares = {"min_score": min_score, "new_score": new_score, "similarity": similarity}
        for option, share in shares.items():
            if not 0 <= share <= 1:
                raise InputError(f"tracker.{option}={share} is not a share; give 0 to 1")
        amounts = {"patience_s": patience_s, "min_hits": min_hits, "settle_s": settle_s}
        for option, amount in amounts.items():
            if not amount > 0:
                raise InputError(f"tracker.{option}={amount} is too small; give more than 0")
        if not return_s >= 0:
            raise InputError(f"tracker.return_s={return_s} is no time; give seconds, 0 for never")
        self.patience_s, self.settle_s, self.min_hits = patience_s, settle_s, min_hits
        self.min_score, self.new_score, self.similarity = min_score, new_score, similarity
        self.return_s, self._surest = return_s, Surest(most)
        self._ids = count(1)  # shared with those of other cameras
        self.reset()

    def reset(self) -> None:
        """Drop all tracks; their ids stay used."""
        self._tracks: list[Track] = []
        self._lost: list[Track] = []
        self._scene: tuple[int, int] | None = None
        self._layout: Skeleton | None = None
        self._before_s = self._now_s = -np.inf

    @property
    def most(self) -> int:
        """People followed in a picture."""
        return self._surest.most

    @property
    def alive(self) -> frozenset[int]:
        """Ids of the tracks remembered, in view or not; other ids never return."""
        return frozenset(track.id for track in (*self._tracks, *self._lost) if track.id)

    def step(self, frame: Frame) -> Frame:
        """Write `Frame.people`, by rising id."""
        prepare()
        self._enter(frame)
        time_s = frame.time_s
        scored = self._surest([p for p in frame.poses if p.score >= self.min_score / 2])
        poses = distinct(one for one in map(measured, scored) if one.joints >= MIN_JOINTS)
        sure = [pose for pose in poses if pose.pose.score >= self.min_score]
        pairs, doubtful = associated(self._tracks, sure, time_s, least=self.similarity)
        if len(sure) < len(poses):
            taken = {id(track) for track, _ in pairs} | {id(track) for track in doubtful}
            rest = [track for track in self._tracks if id(track) not in taken]
            pairs += associated(rest, poses[len(sure) :], time_s, least=self.similarity)[0]
        for track, pose in pairs:
            self._update(track, pose, time_s)
        own = {id(pose) for _, pose in pairs}
        new = [pose for pose in sure if id(pose) not in own]
        pairs += self._begin(new, time_s, doubtful) if new else []
        self._name([track for track, _ in pairs if not track.id and self._is_confirmed(track)])
        people = {track.id: Person(pose=p.pose) for track, p in pairs if track.id}
        return frame.knowing(people=dict(sorted(people.items())))

    def _enter(self, frame: Frame) -> None:
        scene = (frame.width, frame.height)
        layout = frame.poses[0].layout if frame.poses else self._layout
        known = self._layout in (None, layout) and self._scene in (None, scene)
        if not known:
            self.reset()
        self._before_s, self._now_s = self._now_s, frame.time_s
        self._scene, self._layout = scene, layout
        lost = [t for t in self._tracks if frame.time_s - t.seen_s > self.patience_s]
        if lost or self._lost:
            self._tracks = [t for t in self._tracks if frame.time_s - t.seen_s <= self.patience_s]
            named = (t for t in (*self._lost, *lost) if t.id)
            self._lost = [t for t in named if frame.time_s - t.seen_s <= self.return_s]

    def _update(self, track: Track, pose: Measured, time_s: float) -> None:
        gap_s = time_s - track.seen_s
        shared = pose.weight * track.last.weight
        if gap_s > 0:
            moved = shared @ (pose.xy - track.last.xy) / shared.sum()
            track.velocity += gap_s / (gap_s + 0.1) * (moved / gap_s - track.velocity)
            track.size += gap_s / (gap_s + DRIFT_S) * (pose.size - track.size)
        if pose.pose.score >= self.min_score and track.seen_s == self._before_s:
            track.settled_s += gap_s
        track.hits += pose.pose.score >= self.new_score
        track.moved(pose, time_s)

    def _begin(self, poses: Sequence[Measured], time_s: float, doubtful: Sequence[Track]) -> Pairs:
        """Tracks of those who are nobody's shadow; the doubtful tracks throw none."""
        known = [track for track in self._tracks if all(track is not one for one in doubtful)]
        if known:
            shadow = likeness(known, poses, time_s).max(0)
            poses = [pose for pose, alike in zip(poses, shadow, strict=True) if alike < SHADOW]
        new = []
        for pose in distinct(poses, least=SHADOW):
            track = Track.begun(pose, time_s)
            track.hits += pose.pose.score >= self.new_score
            self._tracks.append(track)
            new.append((track, pose))
        return new

    def _is_confirmed(self, track: Track) -> bool:
        return track.hits >= self.min_hits or track.settled_s >= self.settle_s

    def _name(self, new: Sequence[Track]) -> None:
        """Give each of them an id: an old one to who came back, the next one to others."""
        if not new:
            return
        lost = [
            track
            for track in (*self._tracks, *self._lost)
            if track.id and 0 < self._now_s - track.seen_s <= self.return_s
        ]
        for track, before in returned(new, lost):
            track.go_on(before)
            self._tracks = [each for each in self._tracks if each is not before]
            self._lost = [each for each in self._lost if each is not before]
        for track in new:
            if not track.id:
                track.id = next(self._ids)
