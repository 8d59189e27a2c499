"""A body's bones, and retargeting mocap of any layout to them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ...gast.errors import InputError
from ...gast.skeleton import H36M19, Skeleton

_LIMBS = {
    joint: parent
    for joint, parent in H36M19.parents.items()
    if joint.startswith(("left_", "right_"))
}
PUPPET = Skeleton(
    "puppet", {"hip": None, "thorax": "hip", "neck": "thorax", "head": "neck", **_LIMBS}
)
"""What a performance must say of a person: the middle line, arms, legs and feet."""

RIG_POINTS: dict[str, tuple[str, float]] = {
    "hip": ("Hips", 0.0),
    "spine": ("Spine", 0.5),
    "thorax": ("Spine1", 1.0),
    "neck": ("Neck1", 1.0),
    "head": ("Head", 1.0),
    **{
        f"{side.lower()}_{joint}": (f"{side}{bone}", along)
        for side in ("Left", "Right")
        for joint, bone, along in (
            ("hip", "UpLeg", 0.0),
            ("knee", "Leg", 0.0),
            ("ankle", "Foot", 0.0),
            ("toe", "ToeBase", 1.0),
            ("shoulder", "Arm", 0.0),
            ("elbow", "ForeArm", 0.0),
            ("wrist", "Hand", 0.0),
        )
    },
}
"""Joint to the bone of the CMU rig on which it lies, and how far along it, 0 to 1."""

HINGE_SMOOTHING_S = 0.05
"""Elbow and knee axes are smoothed by a Gaussian this wide; nearly straight limbs hardly tell."""


@dataclass(frozen=True, eq=False)
class Rig:
    """Bones of a body that stands upright and looks along -y, arms hanging or half raised.

    Attributes:
        bones: Names of the CMU rig, parents first, B of them.
        parents: (B,) index of each bone's parent, -1 for the root.
        heads: (B, 3) near ends at rest, metres, world axes.
        tails: (B, 3) far ends at rest.
    """

    bones: tuple[str, ...]
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray

    def __post_init__(self) -> None:
        missing = {bone for bone, _ in RIG_POINTS.values()} - set(self.bones)
        if missing:
            raise InputError(
                f"the body's rig lacks {', '.join(sorted(missing))}; export it with the CMU rig"
            )

    @cached_property
    def index(self) -> dict[str, int]:
        """Bone name to index."""
        return {bone: i for i, bone in enumerate(self.bones)}

    @cached_property
    def rest(self) -> dict[str, np.ndarray]:
        """Each joint of `RIG_POINTS` at rest, (3,)."""
        return {joint: self._along(joint, self.heads, self.tails) for joint in RIG_POINTS}

    @cached_property
    def leg_m(self) -> float:
        """Length of thigh and shank together."""
        return float(leg_lengths({joint: point[None] for joint, point in self.rest.items()})[0])

    def heads_of(self, posing: "Posing") -> np.ndarray:
        """Near ends of the bones in each frame, (T, B, 3)."""
        heads = np.empty((len(posing.hips), len(self.bones), 3))
        middle = (self.rest["left_hip"] + self.rest["right_hip"]) / 2
        for i, parent in enumerate(self.parents):
            if parent < 0:
                heads[:, i] = posing.hips + posing.turns[:, i] @ (self.heads[i] - middle)
            else:
                offset = posing.turns[:, parent] @ (self.heads[i] - self.heads[parent])
                heads[:, i] = heads[:, parent] + offset
        return heads

    def joints_of(self, posing: "Posing") -> dict[str, np.ndarray]:
        """Each joint of `RIG_POINTS` in each frame, (T, 3)."""
        heads = self.heads_of(posing)
        tails = heads + np.einsum("tbij,bj->tbi", posing.turns, self.tails - self.heads)
        return {joint: self._along(joint, heads, tails) for joint in RIG_POINTS}

    def _along(self, joint: str, heads: np.ndarray, tails: np.ndarray) -> np.ndarray:
        bone, share = RIG_POINTS[joint]
        i = self.index[bone]
        return heads[..., i, :] * (1 - share) + tails[..., i, :] * share


@dataclass(frozen=True, eq=False)
class Posing:
    """Rotations `turns` (T, B, 3, 3) of bones from rest, world axes; `hips` (T, 3), metres."""

    turns: np.ndarray
    hips: np.ndarray

    def frame(self, i: int) -> "Posing":
        """Frame `i` alone."""
        return Posing(self.turns[i : i + 1], self.hips[i : i + 1])

    def moved(self, offset: np.ndarray) -> "Posing":
        """The same, displaced by `offset` (T, 3) or (3,)."""
        return Posing(self.turns, self.hips + offset)


def leg_lengths(joints: dict[str, np.ndarray]) -> np.ndarray:
    """Thigh and shank together, mean of both sides, (T,)."""
    return sum(
        np.linalg.norm(joints[f"{side}_{a}"] - joints[f"{side}_{b}"], axis=-1) / 2
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )


def retarget(rig: Rig, points: np.ndarray, *, fps: float) -> Posing:
    """Rotate a rig's bones to the directions of a person's `points` (T, J, 3) of `PUPPET`, metres.

    Proportions may differ; the hips are put where the person's are, so scale the person to the
    rig's legs.
    """
    p = {joint: points[:, i].astype(np.float64) for joint, i in PUPPET.index.items()}
    r = {joint: point[None] for joint, point in rig.rest.items()}
    middle = (p["left_hip"] + p["right_hip"]) / 2
    up, rest_up = p["thorax"] - middle, r["thorax"] - r["hip"]
    pelvis = _turn(r, p, rest_up, up, "hip")
    chest = _turn(r, p, rest_up, up, "shoulder")
    waist = _nearest_rotation(pelvis + chest)
    head = _frames(p["head"] - p["neck"], chest[..., 0]) @ _inverse(
        _frames(r["head"] - r["neck"], np.array([[1.0, 0, 0]]))
    )
    turns = {"Hips": pelvis, "LowerBack": waist, "Spine": waist, "Spine1": chest, "Head": head}
    turns["Neck"] = turns["Neck1"] = _nearest_rotation(chest + head)
    for side in ("left", "right"):
        sigma = HINGE_SMOOTHING_S * fps
        turns |= _arm(r, p, chest, side=side, sigma=sigma)
        turns |= _leg(r, p, pelvis, side=side, sigma=sigma)
    return Posing(_inherited(rig, turns), middle)


_BACK = np.array([0.0, 1.0, 0.0])  # of a person who looks along -y
_Points = dict[str, np.ndarray]


def _turn(r: _Points, p: _Points, rest_up: np.ndarray, up: np.ndarray, pair: str) -> np.ndarray:
    """(T, 3, 3) of a block of the trunk that has `up` and a left and a right."""
    rest = _frames(rest_up, r[f"left_{pair}"] - r[f"right_{pair}"])
    return _frames(up, p[f"left_{pair}"] - p[f"right_{pair}"]) @ _inverse(rest)


def _arm(
    r: _Points, p: _Points, chest: np.ndarray, *, side: str, sigma: float
) -> dict[str, np.ndarray]:
    names = [f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist")]
    bent = r[names[2]] - r[names[1]]  # at rest the elbow is bent, which determines its axis
    upper, lower, _ = _limb(r, p, chest, names, bends=bent, sigma=sigma)
    name = side.capitalize()
    return {f"{name}Arm": upper, f"{name}ForeArm": lower}


def _leg(
    r: _Points, p: _Points, pelvis: np.ndarray, *, side: str, sigma: float
) -> dict[str, np.ndarray]:
    names = [f"{side}_{joint}" for joint in ("hip", "knee", "ankle")]
    upper, lower, hinge = _limb(r, p, pelvis, names, bends=_BACK, sigma=sigma)
    rest = r[f"{side}_toe"] - r[f"{side}_ankle"]
    foot = p[f"{side}_toe"] - p[f"{side}_ankle"]
    length = np.linalg.norm(foot, axis=-1, keepdims=True)
    if np.median(length) < 0.02:  # the layout has no feet: they stay as on a floor
        ahead = _unit(np.cross(hinge, [0.0, 0.0, 1.0]))
        foot = ahead * np.hypot(rest[..., 0], rest[..., 1])[..., None]
        foot[..., 2] += rest[..., 2]
    across = _unit(np.cross(r[names[1]] - r[names[0]], _BACK))
    name = side.capitalize()
    return {
        f"{name}UpLeg": upper,
        f"{name}Leg": lower,
        f"{name}Foot": _frames(foot, hinge) @ _inverse(_frames(rest, across)),
    }


def _limb(
    r: _Points,
    p: _Points,
    parent: np.ndarray,
    names: list[str],
    *,
    bends: np.ndarray,
    sigma: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations of the two bones between three joints, and the hinge axis of the middle one.

    A bent limb determines its hinge axis. A straight one doesn't: there the axis is that of rest,
    carried along by the parent and by the shortest swing of the upper bone.
    """
    a, b, c = names
    rest_upper, rest_lower = r[b] - r[a], r[c] - r[b]
    upper, lower = p[b] - p[a], p[c] - p[b]
    rest_hinge = _unit(np.cross(rest_upper, bends))
    swing = _swing(_apply(parent, rest_upper), upper)
    carried = _apply(swing @ parent, rest_hinge)
    measured = np.cross(_unit(upper), _unit(lower))
    bend = np.linalg.norm(measured, axis=-1, keepdims=True)
    measured = _unit(measured)
    agree = (measured * carried).sum(-1, keepdims=True)
    # A bend in the wrong direction counts only if strong; else it is noise of a straight limb.
    sure = np.clip((bend - 0.12 - 0.3 * np.maximum(-agree, 0)) / 0.35, 0, 1)
    sure = sure * sure * (3 - 2 * sure)
    hinge = _unit(gaussian_filter1d(sure * measured + (1 - sure) * carried, sigma, axis=0))
    return (
        _frames(upper, hinge) @ _inverse(_frames(rest_upper, rest_hinge)),
        _frames(lower, hinge) @ _inverse(_frames(rest_lower, rest_hinge)),
        hinge,
    )


def _inherited(rig: Rig, turns: dict[str, np.ndarray]) -> np.ndarray:
    """(T, B, 3, 3); a bone without a rotation of its own moves with its parent."""
    every: list[np.ndarray] = []
    for bone, parent in zip(rig.bones, rig.parents, strict=True):
        every.append(turns[bone] if bone in turns else every[parent])
    return np.stack(every, 1)


def _frames(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Right-handed frames (..., 3, 3) whose third axis is `along` and first is near `across`."""
    z = _unit(along)
    x = _unit(across - z * (across * z).sum(-1, keepdims=True))
    return np.stack([x, np.cross(z, x), z], -1)


def _swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Shortest rotations (..., 3, 3) from one direction to another."""
    start, end = _unit(start), _unit(end)
    x, y, z = np.moveaxis(np.cross(start, end), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    cosine = (start * end).sum(-1)[..., None, None]
    return np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, 0.05)


def _nearest_rotation(matrices: np.ndarray) -> np.ndarray:
    u, _, vt = np.linalg.svd(matrices)
    return u @ vt


def _apply(turns: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return (turns @ vectors[..., None])[..., 0]


def _inverse(turns: np.ndarray) -> np.ndarray:
    return turns.swapaxes(-1, -2)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
