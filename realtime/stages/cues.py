"""What the picture must show of a person before certain actions are said of them."""

from collections import deque
from collections.abc import Sequence
from math import exp, hypot, inf, log
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from ...gast.skeleton import Skeleton
from ..packets import Person
from .stage import anew

OVER_S = 1.0
"""The past that is looked at."""
SOON_S = 0.4
"""Nobody seen for less is known to leave the spot."""
SLOWEST = 0.7
"""Trunk lengths a second, some 0.35 m/s: who walks has 1 and more, who stands less."""
JOGS = 3.3
"""Trunk lengths a second, some 1.6 m/s: who walks has 2 to 3, who jogs 3.5 and more."""
DEPTH = 4.0
"""Trunk lengths by which somebody comes nearer while they grow e-fold.

In truth that is their distance, 5 and more; the trunk's length also trembles.
"""

Seen = TypeVar("Seen")


class Cue(Protocol):
    """Tells of each person whether the picture shows something, as far as that can be told.

    Called with every frame of a person; who is out of view for long is forgotten.
    """

    def __call__(self, track: int, person: Person, time_s: float) -> bool:
        """Whether it shows it of this person now."""

    def reset(self) -> None:
        """Forget everyone."""


class Place(NamedTuple):
    """The hips in the picture, pixels, and the logarithm of the trunk's length."""

    time_s: float
    x: float
    y: float
    size: float


class Travel:
    """Whether somebody leaves the spot, by their hips and size; not where a camera follows them.

    `layout` is that of `Person.xy`; who is out of view for `patience_s` has no past.
    """

    def __init__(self, layout: Skeleton, *, patience_s: float) -> None:
        self._ends = [_pair(layout, part) for part in ("hip", "shoulder")]
        self._past = Past[Place](patience_s)

    def reset(self) -> None:
        """Forget everyone."""
        self._past = anew(self._past)

    def __call__(self, track: int, person: Person, time_s: float) -> bool:
        """See `Cue`."""
        if person.xy is None:
            return True
        past = self._seen(track, person.xy, time_s)
        return time_s - past[0].time_s >= SOON_S and speed(past) >= SLOWEST

    def _seen(self, track: int, xy: np.ndarray, time_s: float) -> list[Place]:
        (x, y), (top_x, top_y) = (xy[ends].mean(0).tolist() for ends in self._ends)
        size = log(max(hypot(top_x - x, top_y - y), 1.0))
        return self._past(track, Place(time_s, x, y, size), time_s)


class Stroll(Travel):
    """Whether somebody has been crossing the picture more slowly than anybody jogs.

    Who comes nearer or goes away may be faster than the picture shows, who has just set out may be
    about to jog.
    """

    def __call__(self, track: int, person: Person, time_s: float) -> bool:
        """See `Cue`."""
        if person.xy is None:
            return False
        past = self._seen(track, person.xy, time_s)
        if len(past) < 4 or time_s - past[0].time_s < SOON_S:
            return False
        half = len(past) // 2
        return all(
            nearer < across and SLOWEST <= across < JOGS
            for across, nearer in (way(past[:half]), way(past[half:]))
        )


class Hands:
    """Whether a hand is seen well: the detector's confidence of the surer wrist is `sure` or more.

    Else as `Travel`.
    """

    def __init__(self, layout: Skeleton, *, patience_s: float, sure: float) -> None:
        self.sure = sure
        self._wrists = _pair(layout, "wrist")
        self._past = Past[float](patience_s)

    def reset(self) -> None:
        """Forget everyone."""
        self._past = anew(self._past)

    def __call__(self, track: int, person: Person, time_s: float) -> bool:
        """See `Cue`."""
        if person.confidence is None:
            return True
        sure = max(person.confidence[self._wrists].tolist())
        past = self._past(track, sure, time_s)
        return sum(past) / len(past) >= self.sure


class Past(Generic[Seen]):
    """What was seen of each person in the last `OVER_S`."""

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._seen: dict[int, deque[tuple[float, Seen]]] = {}
        self._now_s = -inf

    def __call__(self, track: int, seen: Seen, time_s: float) -> list[Seen]:
        """What was seen of a person, oldest first, with what is seen now."""
        if time_s != self._now_s:  # once a frame, not once for each of its people
            self._now_s = time_s
            self._seen = {
                t: past for t, past in self._seen.items() if time_s - past[-1][0] <= self.patience_s
            }
        past = self._seen.setdefault(track, deque())
        past.append((time_s, seen))
        while time_s - past[0][0] > OVER_S:
            past.popleft()
        return [each for _, each in past]


def _pair(layout: Skeleton, part: str) -> list[int]:
    return [layout.index[f"{side}_{part}"] for side in ("left", "right")]


def speed(past: Sequence[Place]) -> float:
    """Trunk lengths a second from the first quarter of a past to the last."""
    return hypot(*way(past))


def way(past: Sequence[Place]) -> tuple[float, float]:
    """The same across the picture, and towards the camera or away from it."""
    count = max(len(past) // 4, 1)
    before, after = _mean(past[:count]), _mean(past[-count:])
    trunk = exp((before.size + after.size) / 2)
    across = hypot(after.x - before.x, after.y - before.y) / trunk
    nearer = DEPTH * abs(after.size - before.size)
    took_s = max(after.time_s - before.time_s, 1e-3)
    return across / took_s, nearer / took_s


def _mean(places: Sequence[Place]) -> Place:
    return Place(*(sum(part) / len(places) for part in zip(*places, strict=True)))
