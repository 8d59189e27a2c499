"""MoveNet, top down: MultiPose finds people, a single-person network reads each one closely."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import COCO17
from ..packets import Frame, Pose
from ..similarity import Measured, distinct, measured, similarity, tolerances
from .finding import Finder, View
from .picture import picture_of
from .single_pose import SinglePose

SEEN = 0.2
"""Joints less sure than this don't say where a person is."""
LOST = 0.22
"""Mean confidence of a read below which the person is lost; about 0.7 in plain sight."""
ROOM = 1.3
"""Side of the crop relative to the longer side of the joints' box."""
SLACK = 0.04
"""The crop stays where it is while its place and size are right to this share of its side: a crop
that moves by parts of a pixel makes joints tremble."""
SAME = 0.3
"""Similarity from which a pose found is that of a person known."""
MAX_GAP_S = 0.5
"""After a longer gap people may be anywhere."""
COASTING_S = 0.3
"""For so long a person whose read was another's is believed to go on."""
SURE_JOINTS = 11
"""The surest joints tell that it is a person; the others may be hidden or cut off."""
THEIRS = 0.7
"""Length of a limb relative to another person's from which a shared joint is that person's."""
ELBOWS_KNEES = [COCO17.index[f"{s}_{j}"] for j in ("elbow", "knee") for s in ("left", "right")]
WRISTS_ANKLES = [COCO17.index[f"{s}_{j}"] for j in ("wrist", "ankle") for s in ("left", "right")]
SHOULDERS_HIPS = [COCO17.index[f"{s}_{j}"] for j in ("shoulder", "hip") for s in ("left", "right")]
OUTER, INNER = ELBOWS_KNEES + WRISTS_ANKLES, SHOULDERS_HIPS + ELBOWS_KNEES
PATIENCE = 3
"""Searches in which nobody may be found where a doubtful person is."""
DOUBTFUL = 0.4
"""Mean confidence of a read below which the search has to confirm the person."""
PARTS = 4
"""Views of a panorama that are looked at in one `find_every_s`."""
FINE_EVERY_S = 1.0
"""Stream time between two looks at finer parts of the picture while somebody is known."""
KEEPS = 1.3
"""How much larger somebody must be to take Thunder from another."""


@dataclass(slots=True)
class _Known:
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

    def aim(self, gap_s: float) -> None:
        """Place the crop round where the joints will be, if it doesn't fit any more."""
        low, high = _box(self.pose)
        middle = (low + high) / 2 + self.velocity * gap_s
        side = max(ROOM * float((high - low).max()), self.room, 8.0)
        if not 1 - 3 * SLACK < side / self.side < 1 + SLACK:
            self.side = side
        if np.abs(middle - self.centre).max() > SLACK * self.side:
            self.centre = middle

    def moved(self, pose: Pose, time_s: float) -> None:
        """Take the pose as the newest."""
        gap_s = time_s - self.read_s
        if gap_s > 0:
            # The trunk's: the middle of the box jumps when an arm comes into sight.
            moved = pose.xy[SHOULDERS_HIPS] - self.pose.xy[SHOULDERS_HIPS]
            speed = moved.mean(axis=0) / gap_s
            self.velocity += gap_s / (gap_s + 0.07) * (speed - self.velocity)
        self.pose, self.read_s, self.astray = pose, time_s, False

    def found(self, pose: Pose, time_s: float) -> None:
        """Go on from where the search found them."""
        low, high = _box(pose)
        self.centre, self.side = (low + high) / 2, ROOM * float((high - low).max())
        self.pose, self.read_s, self.velocity = pose, time_s, np.zeros(2)


class TopDown:
    """Finds people with MultiPose and reads each one in every picture with Thunder or Lightning.

    The search looks at the whole picture every `find_every_s` of stream time, and at once when
    somebody was lost. For people too small there it looks at one part of the picture a second, or,
    while nobody is known, in every picture at the whole and at coarse and fine parts in turns. Of a
    panorama or a column there are only parts. Another size of picture, or a jump in time, resets.

    Args:
        detail: ``close``: Thunder for the `closely` largest people, Lightning for others; ``fast``:
            Lightning for all.
        size: Longer side of the search's input, a multiple of 32.
        min_score: People found with less are left out.
        path: Weights of MultiPose to use instead of the published ones.

    Raises:
        InputError: The weights can't be had, or a setting is impossible.
    """

    name = "detector"
    layout = COCO17

    def __init__(
        self,
        *,
        threads: int,
        detail: str,
        closely: int,
        find_every_s: float,
        size: int,
        min_score: float,
        max_people: int,
        path: str | None = None,
    ) -> None:
        if detail not in ("close", "fast"):
            raise InputError(f"detector.detail={detail}: choose one of close, fast")
        if closely < 0:
            raise InputError(f"detector.closely={closely} is no number of people; give 0 or more")
        if not find_every_s > 0:
            raise InputError(f"detector.find_every_s={find_every_s} is too short; give over 0")
        self.closely = closely if detail == "close" else 0
        self.find_every_s, self.max_people = find_every_s, max_people
        self._finder = Finder(
            threads=threads, size=size, min_score=min_score, max_people=max_people, path=path
        )
        self._fast = SinglePose("lightning", threads=threads)
        self._close = SinglePose("thunder", threads=threads) if self.closely else self._fast
        self._scene: tuple[int, int] | None = None
        self._time_s = -np.inf
        self.reset()

    def reset(self) -> None:
        """Forget everybody; the next picture is searched."""
        self._people: list[_Known] = []
        self._found_s = self._fine_s = -np.inf
        self._turn = 0
        self._lost = False

    def __call__(self, frame: Frame) -> Frame:
        """Put the people found into the frame, best first."""
        image = picture_of(frame, "movenet")
        self._enter((image.shape[1], image.shape[0]), frame.time_s)
        level = self._due()
        if level is not None:
            self._search(frame, level)
        self._read(image)
        poses = sorted((one.pose for one in self._people), key=lambda pose: -pose.score)
        return frame.knowing(poses=tuple(poses))

    def _enter(self, scene: tuple[int, int], time_s: float) -> None:
        if scene != self._scene or not 0 <= time_s - self._time_s <= MAX_GAP_S:
            self.reset()
            self._finder.enter(*scene)
        self._scene, self._time_s = scene, time_s

    def _due(self) -> int | None:
        """Which level of views to search in this picture; ``None``: no search."""
        views = self._finder.levels
        if not self._people:
            self._turn += 1
            return (self._turn - 1) % len(views)
        every_s = self.find_every_s / min(views[0], PARTS)
        if self._lost or self._time_s - self._found_s >= every_s:
            return 0
        if len(views) > 1 and self._time_s - self._fine_s >= FINE_EVERY_S:
            self._turn += 1
            return 1 + self._turn % (len(views) - 1)
        return None

    def _search(self, frame: Frame, level: int) -> None:
        view, found = self._finder(frame, level)
        if level or not self._people:
            self._fine_s = self._time_s
        if not level:
            self._found_s, self._lost = self._time_s, False
        known = [measured(one.pose) for one in self._people]
        seen = set()
        for pose in found:
            alike = _likeness(known, measured(pose))
            if alike.size and alike.max() >= SAME:
                at = int(alike.argmax())
                if at < len(self._people):
                    self._confirm(self._people[at], pose, view)
                    seen.add(at)
            elif len(known) < self.max_people:
                known.append(measured(pose))
                self._people.append(self._begun(pose))
        self._doubt(view, seen)

    def _begun(self, pose: Pose) -> _Known:
        low, high = _box(pose)
        side = max(ROOM * float((high - low).max()), 8.0)
        return _Known(pose, side, (low + high) / 2, side, self._time_s)

    def _confirm(self, one: _Known, pose: Pose, view: View) -> None:
        low, high = _box(pose)
        side = ROOM * float((high - low).max())
        # Somebody may be cut off in a part of the picture.
        one.room = side if view.whole else max(side, one.room)
        one.unfound = 0
        if one.astray:
            one.found(pose, self._time_s)

    def _doubt(self, view: View, seen: set[int]) -> None:
        """Drop those that should be found in the view but aren't, and whose reads are unsure."""
        kept = []
        for at, one in enumerate(self._people):
            if at not in seen:
                one.unfound += one.read_s < self._time_s and view.shows(*_box(one.pose))
            if one.unfound < PATIENCE or one.pose.confidence.mean() >= DOUBTFUL:
                kept.append(one)
        self._people = kept

    def _read(self, image: np.ndarray) -> None:
        """Read everybody; who is lost, or is somebody else by now, is searched for next."""
        before = [measured(one.pose) for one in self._people]
        closely = self._rank()
        reads = []
        for one in self._people:
            one.aim(self._time_s - one.read_s)
            reader = self._close if one.rank in closely else self._fast
            xy, confidence = reader(image, one.centre, one.side)
            reads.append(Pose(COCO17, xy, confidence, 0.0))
        for one, read in zip(self._people, reads, strict=True):
            confidence = np.where(_taken(read, reads), 0, read.confidence)
            pose = replace(read, confidence=confidence, score=_score(confidence))
            if self._is_other(one, pose, before):
                self._lost = one.astray = True
            else:
                one.moved(pose, self._time_s)
        self._drop()

    def _rank(self) -> range:
        """Rank people by size, Thunder's first; which ranks Thunder reads in this picture."""

        def size(one: _Known) -> float:
            is_close = one.rank is not None and one.rank < self.closely
            return one.side * (KEEPS if is_close else 1)

        for at, one in enumerate(sorted(self._people, key=size, reverse=True)):
            one.rank = at
        # A search costs as much as Thunder: with many people, one of them pays for it.
        searched = self._time_s in (self._found_s, self._fine_s)
        is_full = searched and len(self._people) > self.closely
        return range(self.closely - is_full)

    def _is_other(self, one: _Known, pose: Pose, before: Sequence[Measured]) -> bool:
        """Whether the read is more like another person as known than like this one."""
        if len(before) < 2:
            return False
        alike = _likeness(before, measured(pose))
        own = next(at for at, other in enumerate(before) if other.pose is one.pose)
        best = int(alike.argmax())
        return best != own and alike[best] >= SAME

    def _drop(self) -> None:
        stays = [
            one
            for one in self._people
            if one.pose.confidence.mean() >= LOST and self._time_s - one.read_s <= COASTING_S
        ]
        poses = {id(one.pose) for one in distinct(measured(one.pose) for one in stays)}
        stays = [one for one in stays if id(one.pose) in poses]
        if len(stays) < len(self._people):
            self._lost, self._turn = True, 0
        self._people = stays


def _score(confidence: np.ndarray) -> float:
    """That it is a person, on MultiPose's scale: about 0.55 in plain sight."""
    return float(0.7 * np.sort(confidence)[-SURE_JOINTS:].mean())


def _taken(pose: Pose, reads: Sequence[Pose]) -> np.ndarray:
    """(17,) bool: joints that are another person's: at theirs, and far nearer to their limb.

    When legs are out of the picture, the network sees those of somebody else in the crop.
    """
    taken = np.zeros(len(COCO17), bool)
    bones = np.linalg.norm(pose.xy[OUTER] - pose.xy[INNER], axis=1)
    for other in reads:
        if other is pose:
            continue
        own = np.linalg.norm(other.xy[OUTER] - other.xy[INNER], axis=1)
        away = np.linalg.norm(other.xy[OUTER] - pose.xy[OUTER], axis=1)
        sure = other.confidence[OUTER] >= SEEN
        taken[OUTER] |= sure & (away < 0.4 * own) & (own < THEIRS * bones)
    # Beyond an elbow or a knee that is somebody else's nothing is one's own.
    taken[WRISTS_ANKLES] |= taken[ELBOWS_KNEES]
    return taken


def _likeness(known: Sequence[Measured], pose: Measured) -> np.ndarray:
    if not known:
        return np.zeros(0)
    return similarity(
        np.array([one.xy for one in known]),
        np.array([one.weight for one in known]),
        tolerances([one.size for one in known], COCO17),
        pose.xy[None],
        pose.weight[None],
    )[:, 0]


def _box(pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Top left and bottom right corner of the joints seen."""
    seen = pose.confidence >= SEEN
    xy = pose.xy[seen] if seen.sum() >= 4 else pose.xy
    return xy.min(axis=0), xy.max(axis=0)
