"""A noise file's parameters for each joint and frame, and random spells of losses and slips."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...gast.skeleton import Skeleton
from .completion import kind_of

SPELLS = ("brief", "lasting")
"""A spell lasts a few frames, or so long that the clip may end before it."""


class JointErrors:
    """Parameters for the joints of a layout; `far` (T, N, J) are those on the far side.

    `kinds` has those of each kind of joint, as pairs for the near and the far side.
    """

    def __init__(
        self, kinds: Mapping[str, Any], skeleton: Skeleton, far: np.ndarray, fps: float
    ) -> None:
        self.kinds, self.skeleton, self.far, self.fps = kinds, skeleton, far, fps
        limbs = list(skeleton.limbs.values())
        self.limbs, self.mirror = len(limbs), np.array(skeleton.mirror)
        self._limb = [
            next(n for n, own in enumerate(limbs) if i in own) for i in range(len(skeleton))
        ]

    def of(self, *keys: str) -> np.ndarray:
        """Parameters (J, ...); those of the middle line have no effect."""
        rows = []
        for joint in self.skeleton.joints:
            value = self.kinds.get(kind_of(joint), next(iter(self.kinds.values())))
            for key in keys:
                value = value[key]
            rows.append(value)
        return np.array(rows, np.float32)

    def of_own_side(self, *keys: str) -> np.ndarray:
        """Parameters (T, N, J) of the side that each joint is on."""
        near, far = self.of(*keys).T
        return np.where(self.far, far, near)

    @property
    def bias(self) -> np.ndarray:
        """Bias (J, 3) to the person's right, up and forward."""
        bias = self.of("bias")
        bias[[joint.startswith("right_") for joint in self.skeleton.joints], 0] *= -1
        return bias

    def at(self, where: tuple[np.ndarray, ...], *keys: str) -> np.ndarray:
        """Elements (M,) of `of_own_side` at M places."""
        return self.of(*keys)[where[2], self.far[where].astype(int)]

    def by_limb(self, chance: np.ndarray) -> np.ndarray:
        """A number for each limb (T, N, L) as one for each joint (T, N, J)."""
        return chance[..., self._limb]

    def spells(self, what: str, rng: np.random.Generator) -> np.ndarray:
        """(T, N, J) bool: a brief or a lasting spell."""
        brief, lasting = (self.spell(what, how, rng) for how in SPELLS)
        return brief | lasting

    def spell(self, what: str, how: str, rng: np.random.Generator) -> np.ndarray:
        """(T, N, J) bool: a spell of one length, by a two-state Markov chain."""
        begin = self.of_own_side(what, how, "begin_hz") / self.fps
        end = 1 / np.maximum(self.of_own_side(what, how, "last_s") * self.fps, 1)
        chance = self.by_limb(rng.random((*begin.shape[:2], self.limbs), np.float32))
        begins, stays, on = chance < begin, chance < 1 - end, np.empty(begin.shape, bool)
        on[0] = chance[0] < begin[0] / (begin[0] + end[0])
        for t in range(1, len(on)):
            on[t] = np.where(on[t - 1], stays[t], begins[t])
        return on


def slipped(exact: np.ndarray, joints: JointErrors, rng: np.random.Generator) -> np.ndarray:
    """Joints (T, N, J, 2) with slips: elsewhere for a while, or on the left-right counterpart."""
    place, time = exact.copy(), np.arange(len(exact), dtype=np.int16)[:, None, None]
    for how in SPELLS:
        slipping = joints.spell("slip", how, rng)
        begins = slipping.copy()
        begins[1:] &= ~slipping[:-1]
        since = np.maximum.accumulate(np.where(begins, time, 0))
        begun = np.nonzero(begins)
        chance = rng.random((*exact.shape[:2], joints.limbs), np.float32)
        twin = np.zeros(begins.shape, bool)
        twin[begun] = joints.by_limb(chance)[begun] < joints.at(begun, "slip", how, "twin")
        astray = np.zeros_like(exact)
        astray[begun] = rng.standard_normal((len(begun[0]), 2), np.float32)
        astray[begun] *= joints.at(begun, "slip", how, "size")[:, None]
        t, n, j = np.nonzero(slipping)  # while it lasts it stays about there
        first = since[t, n, j], n, j
        own = np.where(twin[first][:, None], exact[t, n, joints.mirror[j]], exact[t, n, j])
        place[t, n, j] = own + np.where(twin[first][:, None], 0, astray[first])
    return place
