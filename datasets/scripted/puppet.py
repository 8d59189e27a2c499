"""A body of sticks that is led by hands, feet and hips, and how it moves from pose to pose."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from ...gast.skeleton import H36M17
from ..seen.detectable import FACE

SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Build:
    """Lengths of a body in metres; hips and shoulders from the middle to either side."""

    thigh: float = 0.43
    shin: float = 0.42
    hips: float = 0.12
    torso: float = 0.5
    shoulders: float = 0.17
    upper_arm: float = 0.28
    forearm: float = 0.25

    @property
    def leg(self) -> float:
        """From hip to ankle."""
        return self.thigh + self.shin

    @property
    def arm(self) -> float:
        """From shoulder to wrist."""
        return self.upper_arm + self.forearm

    def varied(self, rng: np.random.Generator, spread: float = 0.08) -> Self:
        """Somebody else's."""
        names = [each.name for each in fields(self)]
        return replace(
            self, **{name: getattr(self, name) * rng.normal(1, spread) for name in names}
        )


@dataclass(frozen=True, slots=True)
class Pose:
    """Where hips, hands and feet are; vectors point forward, to the person's left and up.

    Attributes:
        root: Middle of the hips, leg lengths from the floor where the person stood at first.
        lean: Of the trunk: forward, to the left, and shoulders turned to the left against the
            hips; radians.
        turn: Hips turned to the left, radians.
        left, right: Wrists from their shoulders, arm lengths, in axes that turn with the hips.
        left_foot, right_foot: Ankles, leg lengths, as `root`.
        elbows: How far left and right elbow are lifted outwards from below the arm, radians.
        knees: How far both knees point outwards, as the tangent.
    """

    root: ArrayLike = (0, 0, 0.99)
    lean: ArrayLike = (0.03, 0, 0)
    turn: ArrayLike = 0
    left: ArrayLike = (0.05, 0.15, -0.95)
    right: ArrayLike = (0.05, -0.15, -0.95)
    left_foot: ArrayLike = (0, 0.15, 0)
    right_foot: ArrayLike = (0, -0.15, 0)
    elbows: ArrayLike = (0.2, 0.2)
    knees: ArrayLike = (0.15, 0.15)

    def flat(self) -> np.ndarray:
        """All numbers in one row."""
        return np.concatenate([np.atleast_1d(getattr(self, each.name)) for each in fields(self)])


def joints(poses: np.ndarray, build: Build) -> np.ndarray:
    """Poses (T, 23) as of `Pose.flat` to joints (T, 17, 3), see `Script.played`."""
    root, lean, turn, left, right, left_foot, right_foot, elbows, knees = np.split(
        poses, [3, 6, 7, 10, 13, 16, 19, 21], axis=1
    )
    turn = turn[:, 0]
    root = root * build.leg
    hips_left = _level(turn, 0, 1)
    ahead = _level(turn, 1, 0)
    up = np.array([0.0, 0.0, 1.0])
    spine = (
        ahead * (np.sin(lean[:, :1]) * np.cos(lean[:, 1:2]))
        + hips_left * np.sin(lean[:, 1:2])
        + up * (np.cos(lean[:, :1]) * np.cos(lean[:, 1:2]))
    )
    thorax = root + spine * build.torso
    across = _level(turn + lean[:, 2], 0, 1)
    across = _unit(across - spine * (across * spine).sum(-1, keepdims=True))
    front = np.cross(across, spine)
    made = {"hip": root, "thorax": thorax, "spine": root + spine * build.torso / 2}
    right_up_ahead = np.stack([-across, spine, front], 1)
    made["nose"] = thorax + np.einsum("c,tcd->td", np.array([0, 0.25, 0.2]), right_up_ahead) * (
        build.torso
    )
    made["head"] = thorax + spine * build.torso * (0.25 - FACE[1])
    for side, sign, hand, foot, which in (
        ("left", 1.0, left, left_foot, 0), ("right", -1.0, right, right_foot, 1),
    ):  # fmt: skip
        outward = sign * hips_left
        shoulder = thorax + sign * across * build.shoulders
        aim = _turned(hand, turn) * build.arm
        lifted = elbows[:, which : which + 1]
        below = -0.3 * ahead + 0.35 * outward - up
        pole = np.cos(lifted) * below + np.sin(lifted) * outward
        made[f"{side}_shoulder"] = shoulder
        made[f"{side}_elbow"], made[f"{side}_wrist"] = _limb(
            shoulder, aim, pole, build.upper_arm, build.forearm
        )
        hip = root + sign * hips_left * build.hips
        pole = ahead + 0.5 * up + knees[:, which : which + 1] * outward
        made[f"{side}_hip"] = hip
        made[f"{side}_knee"], made[f"{side}_ankle"] = _limb(
            hip, foot * build.leg - hip, pole, build.thigh, build.shin
        )
    xyz = np.stack([made[joint] for joint in H36M17.joints], 1)
    return np.stack([xyz[..., 1], -xyz[..., 0], xyz[..., 2]], -1).astype(np.float32)


def _limb(
    start: np.ndarray, aim: np.ndarray, pole: np.ndarray, upper: float, lower: float
) -> tuple[np.ndarray, np.ndarray]:
    """Middle and end joint of a limb that reaches for `aim`, bent towards `pole`."""
    reach = np.linalg.norm(aim, axis=-1, keepdims=True)
    along = aim / np.maximum(reach, 1e-6)
    reach = np.clip(reach, 0.3 * (upper + lower), 0.998 * (upper + lower))
    bent = _unit(pole - along * (pole * along).sum(-1, keepdims=True))
    share = (upper**2 + reach**2 - lower**2) / (2 * reach)
    middle = along * share + bent * np.sqrt(np.maximum(upper**2 - share**2, 0))
    return start + middle, start + along * reach


def trembling(frames: int, numbers: int, rng: np.random.Generator) -> np.ndarray:
    """What nobody holds still, (T, numbers): a hundredth or two, over half a second."""
    knots = rng.normal(0, 0.012, (frames // 12 + 3, numbers))
    at = np.linspace(0, len(knots) - 1.001, frames)
    low, share = at.astype(int), (at % 1)[:, None]
    share = share * share * (3 - 2 * share)
    return knots[low] * (1 - share) + knots[low + 1] * share


def _level(angle: np.ndarray, forward: float, left: float) -> np.ndarray:
    return _turned(np.tile([forward, left, 0.0], (len(angle), 1)), angle)


def _turned(vectors: np.ndarray, angle: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    x, y, z = vectors.T
    return np.stack([cos * x - sin * y, sin * x + cos * y, z], -1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
