"""How a puppet gets from pose to pose, and where it begins."""

from dataclasses import fields, replace
from typing import Any, Self

import numpy as np

from .puppet import Build, Pose, joints, trembling

DOWN = (0.05, -0.15, -0.95)
"""A hand that hangs."""


class Script:
    """Poses one after the other, with the time it takes to get there.

    Attributes:
        rng: For whoever writes it.
        rest: The pose it begins with.
        now: The pose it has come to.
    """

    def __init__(self, rng: np.random.Generator, rest: Pose) -> None:
        self.rng, self.rest, self.now = rng, rest, rest
        self._keys, self._times = [rest.flat()], [0.0]

    def to(self, seconds: float, **changes: Any) -> Self:
        """Go on to a pose that differs in this; without changes, stay."""
        self.now = replace(self.now, **changes)
        self._keys.append(self.now.flat())
        self._times.append(self._times[-1] + max(seconds, 0.05))
        return self

    def back(self, seconds: float) -> Self:
        """Go back to the pose of the beginning."""
        return self.to(
            seconds, **{each.name: getattr(self.rest, each.name) for each in fields(Pose)}
        )

    def between(self, low: float, high: float) -> float:
        """A random number."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A random whole number below `high`."""
        return int(self.rng.integers(low, high))

    def chance(self, share: float) -> bool:
        """True in such a share of cases."""
        return bool(self.rng.random() < share)

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self._times[-1]

    def played(self, build: Build, *, fps: float) -> np.ndarray:
        """Joints (T, 17, 3) of `H36M17` in metres, axes x right, y away, z up, facing -y."""
        from scipy.interpolate import PchipInterpolator  # slow to import

        times = np.arange(0, self.seconds, 1 / fps)
        # Neither overshoots nor stops on the way, as limbs that are led somewhere.
        values = PchipInterpolator(self._times, np.stack(self._keys))(times)
        return joints(values + trembling(len(times), values.shape[1], self.rng), build)


def standing(rng: np.random.Generator) -> Pose:
    """How somebody stands about."""
    apart, ahead = rng.uniform(0.08, 0.28), rng.uniform(-0.1, 0.1)
    arms = rng.choice(5, p=[0.68, 0.1, 0.08, 0.08, 0.06])
    swing, wide = rng.uniform(-0.08, 0.12), rng.uniform(0.05, 0.25)
    left, right = [
        ((swing, wide, -0.96), (swing, -wide, -0.96)),  # hang
        ((0.0, 0.42, -0.62), (0.0, -0.42, -0.62)),  # on the hips
        ((0.35, -0.25, -0.55), (0.35, 0.25, -0.55)),  # folded before the body
        ((0.45, -0.1, 0.0), (0.45, 0.1, 0.0)),  # guard
        ((-0.25, -0.2, -0.75), (-0.25, 0.2, -0.75)),  # behind the back
    ][arms]
    return Pose(
        root=(0, 0, 0.99 * np.sqrt(1 - (0.8 * apart) ** 2)),
        lean=(rng.uniform(0, 0.1), 0, 0),
        left=left,
        right=right,
        left_foot=(ahead, apart, 0),
        right_foot=(-ahead, -apart, 0),
        elbows=rng.uniform(0, 0.6, 2),
        knees=rng.uniform(0, 0.5, 2),
    )


def near(s: Script, place: Any, much: float) -> tuple[float, ...]:
    """A place, give or take."""
    return tuple(np.asarray(place) + s.rng.normal(0, much, 3))


def other(hand: Any) -> tuple[float, float, float]:
    """The same place for the other side."""
    return hand[0], -hand[1], hand[2]


def elbows(s: Script) -> tuple[float, float]:
    """How far elbows may be lifted."""
    return s.between(0, 1.0), s.between(0, 1.0)
