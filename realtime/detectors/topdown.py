"""MoveNet, top down: MultiPose finds people, a single-person network reads each one closely."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Self

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import COCO17
from ..later import Later
from ..packets import Frame, Pose
from ..similarity import Measured, distinct, measured, similarity, tolerances
from ..stages.stage import anew
from .crowded import joints_of_others
from .finding import Finder, View
from .followed import Followed, box
from .picture import picture_of
from .single_pose import SinglePose

LOST = 0.22
"""Mean confidence of a read below which the person is lost; about 0.7 in plain sight."""
SAME = 0.3
"""Similarity from which a pose found is that of a person known."""
MAX_GAP_S = 0.5
"""After a longer gap people may be anywhere."""
COASTING_S = 0.3
"""For so long a person whose read was another's is believed to go on."""
SURE_JOINTS = 11
"""The surest joints tell that it is a person; the others may be hidden or cut off."""
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
COST = 3
"""Of a search, and of a read by Thunder, in reads by Lightning."""


class TopDown:
    """Finds people with MultiPose and reads each one in every picture with Thunder or Lightning.

    The search looks at the whole picture every `find_every_s` of stream time, and at once when
    somebody was lost. For people too small there it looks at one part of the picture a second, or,
    while nobody is known, in every picture at the whole and at coarse and fine parts in turns. Of a
    panorama or a column there are only parts. Another size of picture, or a jump in time, resets.

    Args:
        detail: ``close``: Thunder for the `closely` largest people, Lightning for others; ``fast``:
            Lightning for all.
        budget: What a picture may cost, in reads by Lightning; Thunder and a search cost `COST`,
            and after a search as much is left at least. Where it is too little, Thunder reads
            fewer, and then people are read in turns and go on as they moved between. ``None`` is no
            limit.
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
        precision: str,
        detail: str,
        closely: int,
        budget: int | None,
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
        if budget is not None and budget < COST:
            raise InputError(
                f"detector.budget={budget} is too little for a read by Thunder; give {COST} or "
                f"more, or null for no limit"
            )
        if not find_every_s > 0:
            raise InputError(f"detector.find_every_s={find_every_s} is too short; give over 0")
        self.closely = closely if detail == "close" else 0
        self.budget = np.inf if budget is None else budget
        self.find_every_s, self.max_people = find_every_s, max_people
        self._finder = Finder(
            threads=threads, precision=precision, size=size, min_score=min_score,
            max_people=max_people, path=path,
        )  # fmt: skip
        read_by = partial(SinglePose, threads=threads, precision=precision)
        self._fast = Later(partial(read_by, "lightning"))
        self._close = read_by("thunder") if self.closely else self._fast.get()
        self._scene: tuple[int, int] | None = None
        self._time_s = -np.inf
        self.reset()

    def reset(self) -> None:
        """Forget everybody; the next picture is searched."""
        self._people: list[Followed] = []
        self._found_s = self._fine_s = -np.inf
        self._turn = 0
        self._lost = False

    def another(self) -> Self:
        """One for another camera, with the same networks."""
        other = anew(self)
        other._finder, other._scene, other._time_s = self._finder.another(), None, -np.inf
        return other

    def __call__(self, frame: Frame) -> Frame:
        """Put the people found into the frame, best first."""
        image = picture_of(frame, "movenet")
        self._enter((image.shape[1], image.shape[0]), frame.time_s)
        level = self._due()
        if level is not None:
            self._search(frame, level)
        self._fast.begin()
        self._read(image)
        poses = [one.pose_at(frame.time_s) for one in self._people]
        poses.sort(key=lambda pose: -pose.score)
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
        seen = set[int]()
        for pose in found:
            alike = _likeness(known, measured(pose))
            if alike.size and alike.max() >= SAME:
                alike_at = int(alike.argmax())
                if alike_at < len(self._people):
                    self._people[alike_at].confirmed(pose, self._time_s, whole=view.whole)
                    seen.add(alike_at)
            elif (at := self._astray_at(pose, but=seen)) is not None:
                known[at] = measured(pose)
                self._people[at].confirmed(pose, self._time_s, whole=view.whole)
                seen.add(at)
            elif len(known) < self.max_people:
                known.append(measured(pose))
                self._people.append(Followed.begun(pose, self._time_s))
        self._doubt(view, seen)

    def _astray_at(self, pose: Pose, *, but: Collection[int]) -> int | None:
        """Which person went astray where nobody known was found; their crop slid to another one."""
        low, high = box(pose)
        away = {
            at: float(np.abs((low + high) / 2 - one.centre).max()) / one.side
            for at, one in enumerate(self._people)
            if one.astray and at not in but
        }
        nearest = min(away, key=away.__getitem__, default=None)
        return nearest if nearest is not None and away[nearest] < 1 else None

    def _doubt(self, view: View, seen: set[int]) -> None:
        """Drop those that should be found in the view but aren't, and whose reads are unsure."""
        kept = []
        for at, one in enumerate(self._people):
            if at not in seen:
                one.unfound += one.read_s < self._time_s and view.shows(*box(one.pose))
            if one.unfound < PATIENCE or one.pose.confidence.mean() >= DOUBTFUL:
                kept.append(one)
        self._people = kept

    def _read(self, image: np.ndarray) -> None:
        """Read people; who is lost, or is somebody else by now, is searched for next."""
        before = [measured(one.pose) for one in self._people]
        closely, turn = self._rank(), self._whose_turn()
        reads = []
        for one in turn:
            one.aim(self._time_s - one.read_s)
            reader = self._close if one.rank in closely else self._fast.get()
            xy, confidence = reader(image, one.centre, one.side)
            reads.append(Pose(COCO17, xy, confidence, 0.0))
        for one, read in zip(turn, reads, strict=True):
            confidence = np.where(joints_of_others(read, reads), 0, read.confidence)
            pose = replace(read, confidence=confidence, score=_score(confidence))
            if self._is_other(one, pose, before):
                self._lost = one.astray = True
            else:
                one.moved(pose, self._time_s)
        self._drop()

    def _rank(self) -> range:
        """Rank people by size, Thunder's first; which ranks Thunder reads in this picture."""

        def size(one: Followed) -> float:
            is_close = one.rank is not None and one.rank < self.closely
            return one.side * (KEEPS if is_close else 1)

        for at, one in enumerate(sorted(self._people, key=size, reverse=True)):
            one.rank = at
        people, left = len(self._people), self._left()
        dear = range(min(self.closely, people), 0, -1)
        fits = (number for number in dear if people + (COST - 1) * number <= left)
        return range(next(fits, 0))

    def _left(self) -> float:
        """What the budget leaves for reads in this picture."""
        searched = self._time_s in (self._found_s, self._fine_s)
        return max(self.budget - COST, COST) if searched else self.budget

    def _whose_turn(self) -> list[Followed]:
        """All people, if the budget allows it, or those whose last read is the longest ago."""
        if len(self._people) <= (left := self._left()):
            return self._people
        return sorted(self._people, key=lambda one: one.read_s)[: int(left)]

    def _is_other(self, one: Followed, pose: Pose, before: Sequence[Measured]) -> bool:
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
