"""From joints to the bones of an avatar, as of the Virtual Motion Capture protocol."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton

_SIDES = (("left", -1.0), ("right", 1.0))


@dataclass(frozen=True, slots=True)
class Bone:
    """A bone that begins at a joint and, at rest, points along `rest` to the joint `to`.

    With `across`, a pair of joints from left to right, it also knows how it is turned about itself.
    """

    parent: str | None
    joint: str
    to: str
    rest: tuple[float, float, float]
    across: tuple[str, str] | None = None


UP, DOWN = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)
BONES: dict[str, Bone] = {
    "Hips": Bone(None, "hip", "spine", UP, ("left_hip", "right_hip")),
    "Spine": Bone("Hips", "spine", "thorax", UP, ("left_shoulder", "right_shoulder")),
    "Neck": Bone("Spine", "thorax", "head", UP),
}
"""By Unity's names, parents first."""
for side, x in _SIDES:
    name = side.capitalize()
    BONES |= {
        f"{name}UpperArm": Bone("Spine", f"{side}_shoulder", f"{side}_elbow", (x, 0.0, 0.0)),
        f"{name}LowerArm": Bone(f"{name}UpperArm", f"{side}_elbow", f"{side}_wrist", (x, 0.0, 0.0)),
        f"{name}UpperLeg": Bone("Hips", f"{side}_hip", f"{side}_knee", DOWN),
        f"{name}LowerLeg": Bone(f"{name}UpperLeg", f"{side}_knee", f"{side}_ankle", DOWN),
    }


class Avatar:
    """Turns joints into bones; InputError if `layout` lacks a joint that a bone needs."""

    def __init__(self, layout: Skeleton) -> None:
        needed = {joint for bone in BONES.values() for joint in (bone.joint, bone.to)}
        if missing := sorted(needed - set(layout.joints)):
            raise InputError(
                f"VMC needs the joints {', '.join(missing)}, which {layout.name} lacks; "
                f"choose another lifter, or sink.osc.vmc_port=null"
            )
        self._index = layout.index

    def __call__(self, xyz: np.ndarray) -> dict[str, tuple[float, ...]]:
        """Bone to position (3,) and rotation (4,), x, y, z, w, both relative to its parent bone.

        Takes joints (J, 3), metres, camera axes. Axes of the result are Unity's, left-handed with y
        up; an avatar at rest, a T-pose with all rotations zero, faces z, and so does a person who
        faces the camera. The hips are so high that the lowest joint is at zero; where in the room
        they are is not known. What joints cannot tell is left as at rest: how arms, legs and neck
        are turned about themselves, and hands, feet, face.
        """
        at = {joint: -xyz[i].astype(np.float64) for joint, i in self._index.items()}
        floor = np.array([0.0, min(place[1] for place in at.values()), 0.0])
        turned: dict[str, np.ndarray] = {}
        local, places = [], []
        for name, bone in BONES.items():
            before = np.eye(3) if bone.parent is None else turned[bone.parent]
            start = floor if bone.parent is None else at[BONES[bone.parent].joint]
            turned[name] = _turned(bone, at, before)
            local.append(before.T @ turned[name])
            places.append(before.T @ (at[bone.joint] - start))
        quats = Rotation.from_matrix(np.array(local)).as_quat()
        both = np.concatenate([np.array(places), quats], 1).tolist()
        return dict(zip(BONES, map(tuple, both), strict=True))


def _turned(bone: Bone, at: dict[str, np.ndarray], before: np.ndarray) -> np.ndarray:
    """The bone's rotation (3, 3) in the world; that of its parent is `before`."""
    along = _unit(at[bone.to] - at[bone.joint])
    if bone.across is None:
        return _shortest(before @ np.array(bone.rest), along) @ before
    left, right = bone.across
    across = at[right] - at[left]
    across = _unit(across - (across @ along) * along)
    return np.stack([across, along, np.cross(across, along)], 1)


def _shortest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) from one unit vector to another (Rodrigues' formula)."""
    cosine, axis = a @ b, np.cross(a, b)
    if cosine < -1 + 1e-9:  # any axis at right angles will do
        other = _unit(np.cross(a, np.eye(3)[np.abs(a).argmin()]))
        return 2 * np.outer(other, other) - np.eye(3)
    x, y, z = axis
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + skew + skew @ skew / (1 + cosine)


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-9 else np.array([1.0, 0.0, 0.0])
