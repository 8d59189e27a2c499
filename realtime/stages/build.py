"""A person's build: the lengths of limbs, as far as pictures tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import dist, exp, inf, log

from ...gast.skeleton import Skeleton
from ..similarity import Measured

LIMBS = {
    ("shoulder", "elbow"): 0.28, ("elbow", "wrist"): 0.25, ("hip", "knee"): 0.42,
    ("knee", "ankle"): 0.41, ("shoulder", "hip"): 0.51,
}  # fmt: skip
"""Ends of each limb and its usual length in metres, those of the skeleton's resting pose."""
SURE = 0.3
"""A limb is measured where both ends are at least so sure."""
RISE_S, FALL_S = 0.2, 1.0
"""Time constants of a length: pictures shorten a limb that points at the camera, and lengthen none,
so that a longer one is sooner believed than a shorter one."""
EVERY_S = 0.1
"""Builds change no faster than that."""
FEW = 5
"""So many times a new person is measured in every picture."""
TREMBLE = 0.1
"""How far the logarithm of a length is off at least: detectors' errors, folds of clothes."""
ODD = 4.0
"""A limb counts no more than one that is off by two deviations: it may point at the camera."""


@dataclass(slots=True)
class Build:
    """Running means, by limb: logarithm of pixels for each metre of a usual body, and its variance.

    An unknown length is -inf.
    """

    lengths: list[float]
    variances: list[float]
    time_s: float = -inf
    count: int = 0

    @classmethod
    def unknown(cls) -> "Build":
        """Of somebody not seen yet."""
        return cls([-inf] * len(LIMBS), [0.0] * len(LIMBS))

    def see(self, pose: Measured, time_s: float) -> None:
        """Take one more pose into account."""
        past_s = time_s - self.time_s
        if past_s < EVERY_S and self.count >= FEW:
            return
        rise, fall = (1 - exp(-min(past_s, 1.0) / each_s) for each_s in (RISE_S, FALL_S))
        for limb, now in enumerate(_lengths(pose)):
            before = self.lengths[limb]
            if before == -inf:
                self.lengths[limb] = now
            elif now > -inf:
                off = now - before
                self.lengths[limb] += (rise if off > 0 else fall) * off
                self.variances[limb] += fall * (off * off - self.variances[limb])
        self.time_s, self.count = time_s, self.count + 1

    @property
    def metre(self) -> float | None:
        """Pixels for a metre where the person is; ``None`` if too few limbs were seen.

        Of the longest limbs without the very longest, relative to those of a usual body: it does
        not change when somebody bends or sits down.
        """
        known = sorted((each for each in self.lengths if each > -inf), reverse=True)[1:4]
        return exp(sum(known) / len(known)) if len(known) > 1 else None

    def unlike(self, other: "Build") -> float:
        """Mean squared difference of the proportions, in deviations, 0 to `ODD`."""
        shared = [
            (one - two, 2 * TREMBLE**2 + first + second)
            for one, two, first, second in zip(
                self.lengths, other.lengths, self.variances, other.variances, strict=True
            )
            if min(one, two) > -inf
        ]
        if len(shared) < 3:
            return 0.0
        usual = _median([off for off, _ in shared])  # the size, which is no proportion
        return sum(min((off - usual) ** 2 / var, ODD) for off, var in shared) / len(shared)


def _lengths(pose: Measured) -> list[float]:
    xy, weight = pose.xy.tolist(), pose.weight.tolist()
    found = []
    for ends, usual in zip(_ends(pose.pose.layout), LIMBS.values(), strict=True):
        seen = [dist(xy[a], xy[b]) for a, b in ends if weight[a] >= SURE and weight[b] >= SURE]
        longest = max(seen, default=0.0)
        found.append(log(longest / usual) if longest > 0 else -inf)
    return found


@cache
def _ends(layout: Skeleton) -> list[list[tuple[int, int]]]:
    """Of each limb, left and right, the joints that it is between; none that a layout lacks."""
    sides = [
        [(f"{side}_{one}", f"{side}_{two}") for side in ("left", "right")] for one, two in LIMBS
    ]
    return [
        [(layout.index[a], layout.index[b]) for a, b in both if {a, b} <= layout.index.keys()]
        for both in sides
    ]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
