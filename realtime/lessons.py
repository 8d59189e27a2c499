"""A lesson before the camera: when each action is shown, and the joints that were seen then."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..action.teaching.examples import SHORTEST_S, Example
from ..gast.errors import InputError
from ..gast.interpolation import frames_at, interpolated
from .packets import Frame

LEAD_S = 0.5
"""What is kept of the countdown before a take: a head looks back."""


@dataclass(frozen=True)
class Part:
    """A take of an action, or of the background (without a label), in seconds of the lesson."""

    label: str
    number: int
    start_s: float
    stop_s: float


def lesson(
    actions: Sequence[str], *, takes: int, countdown_s: float, take_s: float, background_s: float
) -> list[Part]:
    """Every action so many times in turn, then the background; a countdown before each.

    An InputError for no action, one twice or without a name, no take, or a time that can't be.
    """
    names = [str(action).strip() for action in actions]
    if not names or not all(names) or len(set(names)) < len(names):
        raise InputError(f"actions={names}; name different ones, such as 'actions=[wave,bow]'")
    if takes < 1 or take_s < 2 * SHORTEST_S or min(countdown_s, background_s) < 0:
        raise InputError(
            f"takes={takes}, take_s={take_s:g}, countdown_s={countdown_s:g}, background_s="
            f"{background_s:g}; give at least 1 take of {2 * SHORTEST_S:g} s and no time below 0"
        )
    parts, now_s = list[Part](), 0.0
    for name in names:
        for number in range(1, takes + 1):
            start_s = now_s + countdown_s
            now_s = start_s + take_s
            parts.append(Part(name, number, start_s, now_s))
    if background_s:
        parts.append(Part("", 1, now_s + countdown_s, now_s + countdown_s + background_s))
    return parts


@dataclass
class _Watched:
    times_s: list[float] = field(default_factory=list)
    xyz: list[np.ndarray] = field(default_factory=list)
    visible: list[np.ndarray] = field(default_factory=list)

    def evenly(self, fps: float, *, label: str, name: str) -> Example:
        at = np.arange(self.times_s[0], self.times_s[-1], 1 / fps)
        places = frames_at(np.array(self.times_s), at)
        xyz = interpolated(np.stack(self.xyz), places).astype(np.float32)
        visible = np.stack(self.visible)[np.round(places).astype(int)]
        return Example(label, xyz, fps, visible=visible, name=name)


class Notes:
    """Collects what is seen in each part of a lesson, frame by frame.

    Times count from the first frame. Of several people, whoever is seen most in a part shows it.

    Attributes:
        begin_s: Stream time of the first frame.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = list(parts)
        self.begin_s: float | None = None
        self._seen = [defaultdict[int, _Watched](_Watched) for _ in self.parts]

    def add(self, frame: Frame) -> float:
        """Seconds of the lesson, after a frame with everybody lifted."""
        self.begin_s = frame.time_s if self.begin_s is None else self.begin_s
        now_s = frame.time_s - self.begin_s
        for part, people in zip(self.parts, self._seen, strict=True):
            if part.start_s - LEAD_S <= now_s < part.stop_s:
                for track, person in frame.people.items():
                    if person.xyz is not None and person.visible is not None:
                        watched = people[track]
                        watched.times_s.append(now_s)
                        watched.xyz.append(person.xyz)
                        watched.visible.append(person.visible)
        return now_s

    @property
    def end_s(self) -> float:
        """When the lesson is over."""
        return self.parts[-1].stop_s

    def takes(self, fps: float) -> tuple[list[Example], list[str]]:
        """A take of each part, the background's without a label, and a line for each without one.

        An InputError if an action was never seen.
        """
        takes, missed = list[Example](), list[str]()
        for part, people in zip(self.parts, self._seen, strict=True):
            watched = max(people.values(), key=lambda one: len(one.times_s), default=_Watched())
            what = f"{part.label} {part.number}" if part.label else "the background"
            if not watched.times_s or watched.times_s[-1] - watched.times_s[0] < 2 * SHORTEST_S:
                missed.append(f"nobody was seen for long enough in {what}")
            else:
                takes.append(watched.evenly(fps, label=part.label, name=what))
        named = {part.label for part in self.parts} - {""}
        if never := sorted(named - {take.label for take in takes}):
            raise InputError(
                f"nobody was seen doing {', '.join(never)}; stand where the camera sees all of you"
            )
        return takes, missed
