"""Whether people leave the spot, by which walking is told from stepping where one stands."""

from collections import deque
from collections.abc import Sequence
from math import exp, hypot, log
from typing import NamedTuple

import numpy as np

from ...gast.skeleton import Skeleton

OVER_S = 1.0
"""The past that is looked at; its first and last quarter are compared."""
SOON_S = 0.4
"""Nobody seen for less is known to leave the spot."""
SLOWEST = 0.7
"""Trunk lengths a second, some 0.35 m/s: who walks has 1 and more, who stands less."""
DEPTH = 4.0
"""Trunk lengths by which somebody comes nearer while they grow e-fold.

In truth that is their distance, 5 and more; the trunk's length also trembles.
"""


class Place(NamedTuple):
    """The hips in the picture, pixels, and the logarithm of the trunk's length."""

    time_s: float
    x: float
    y: float
    size: float


class Travel:
    """Tells of each person whether they leave the spot, by their hips and size in the picture.

    It can't where a camera follows them.

    Args:
        layout: Of the joints.
        patience_s: Who is out of view for longer is forgotten.
    """

    def __init__(self, layout: Skeleton, *, patience_s: float) -> None:
        self._ends = [
            [layout.index[f"{side}_{part}"] for side in ("left", "right")]
            for part in ("hip", "shoulder")
        ]
        self.patience_s = patience_s
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._past: dict[int, deque[Place]] = {}

    def __call__(self, track: int, xy: np.ndarray, time_s: float) -> bool:
        """Whether a person leaves the spot, given their next pose (J, 2) in pixels."""
        self._past = {
            t: past for t, past in self._past.items() if time_s - past[-1].time_s <= self.patience_s
        }
        past = self._past.setdefault(track, deque())
        (x, y), (top_x, top_y) = (xy[ends].mean(0).tolist() for ends in self._ends)
        past.append(Place(time_s, x, y, log(max(hypot(top_x - x, top_y - y), 1.0))))
        while time_s - past[0].time_s > OVER_S:
            past.popleft()
        return time_s - past[0].time_s >= SOON_S and speed(list(past)) >= SLOWEST


def speed(past: Sequence[Place]) -> float:
    """Trunk lengths a second from the first quarter of a past to the last."""
    count = max(len(past) // 4, 1)
    before, after = _mean(past[:count]), _mean(past[-count:])
    trunk = exp((before.size + after.size) / 2)
    across = hypot(after.x - before.x, after.y - before.y) / trunk
    nearer = DEPTH * (after.size - before.size)
    return hypot(across, nearer) / max(after.time_s - before.time_s, 1e-3)


def _mean(places: Sequence[Place]) -> Place:
    return Place(*(sum(part) / len(places) for part in zip(*places, strict=True)))
