"""BVH out of lifted joints, for animation programs."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter

from ...gast.errors import InputError
from ...gast.skeleton import H36M17, Skeleton, joint_map
from .euler import euler

JOINTS: Mapping[str, str] = {
    "hip": "Hips", "spine": "Spine1", "thorax": "Spine2", "nose": "Head",
    **{
        f"{side}_{joint}": f"{side.title()}{name}"
        for side in ("right", "left")
        for joint, name in {
            "hip": "UpLeg", "knee": "Leg", "ankle": "Foot",
            "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand",
        }.items()
    },
}  # fmt: skip
"""Joints of `H36M17` as animation programs call them; `head` is the end of ``Head``."""
FORKS: Mapping[str, str] = {
    "right_hip": "RHipJoint", "left_hip": "LHipJoint", "spine": "LowerBack",
    "nose": "Neck", "left_shoulder": "LeftShoulder", "right_shoulder": "RightShoulder",
}  # fmt: skip
"""Where bones fork each gets a joint of its own, without length, so that it turns alone; the names
are those of the CMU conversions."""
TIPS = {"ankle": (0.0, 0.0, 0.15), "wrist": (0.08, 0.0, 0.0)}
"""Ends of feet and hands, whose turns the joints don't tell; of the left side, metres."""

BENDING = {
    "LowerBack", "Spine1", "Spine2", "Neck", "Head",
    *(f"{side}{name}" for side in ("Right", "Left") for name in ("UpLeg", "Leg", "Foot")),
}  # fmt: skip
"""Nodes that often bend about x by a right angle, where angles about z, x, y are in gimbal lock:
theirs are about x, z, y."""
_TINY = 1e-9


def write_bvh(
    path: str | os.PathLike[str],
    xyz: np.ndarray,
    *,
    fps: float,
    layout: Skeleton = H36M17,
    ground: np.ndarray | None = None,
) -> None:
    """Write a lifted person as one BVH: centimetres, y up, z towards the camera.

    `xyz` (T, J, 3) is metres, camera axes, relative to the root; `ground` (T, 2) is x and z of the
    root in camera axes, metres, by default the origin. An InputError if there is no frame, a number
    is not finite, or the layout lacks joints.

    Bones keep their direction and get their mean length. The rest pose is a T-pose that looks at
    the camera. The lowest joint of each frame is on the floor, y = 0: sitting and lying bodies come
    down, a jump is not seen. Angles are continuous in time, but swing widely when a joint passes
    close by gimbal lock.
    """
    ground = np.zeros((len(xyz), 2)) if ground is None else ground
    if not len(xyz) or not np.isfinite(xyz).all() or not np.isfinite(ground).all():
        raise InputError(f"{path}: a BVH needs at least one frame, and all joints in all frames")
    if layout is not H36M17:
        xyz = joint_map(layout, H36M17)(xyz)
    body = xyz.astype(np.float64) * [1, -1, -1]  # camera axes to y up
    lengths = _lengths(body)
    place = 100 * np.stack([ground[:, 0], _hip_height(body, lengths), -ground[:, 1]], -1)
    rows = np.concatenate([place, _angles(_turns(body)).reshape(len(body), -1)], 1)
    head = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / fps:.8f}"]
    motion = [" ".join(f"{value:.4f}" for value in row) for row in rows]
    Path(path).write_text("\n".join(["HIERARCHY", *_node("hip", lengths), *head, *motion, ""]))


def _hip_height(body: np.ndarray, lengths: Mapping[str, float]) -> np.ndarray:
    """(T,) metres above the lowest joint; an error of a frame or two changes nothing."""
    height = np.zeros(body.shape[:2])  # above the hip
    for child, parent in H36M17.outward_bones:
        joint = H36M17.joints[child]
        bone = _unit(body[:, child] - body[:, parent], _rest(joint))
        height[:, child] = height[:, parent] + lengths[joint] * bone[:, 1]
    return -median_filter(height.min(1), size=5, mode="nearest")


def _children(joint: str) -> list[str]:
    return [child for child, parent in H36M17.parents.items() if parent == joint]


def _lengths(body: np.ndarray) -> dict[str, float]:
    """Mean length in metres of the bone to each joint but the root."""
    return {
        H36M17.joints[child]: float(
            np.linalg.norm(body[:, child] - body[:, parent], axis=-1).mean()
        )
        for child, parent in H36M17.bones
    }


def _rest(joint: str) -> np.ndarray:
    """Direction of the bone to a joint in the T-pose, y up, looking along z: left is +x."""
    side, _, part = joint.partition("_")
    if part in ("knee", "ankle"):
        return np.array([0.0, -1.0, 0.0])
    if side in ("left", "right"):
        return np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
    return np.array([0.0, 1.0, 0.0])


def _node(joint: str, lengths: Mapping[str, float]) -> list[str]:
    offset = _rest(joint) * lengths[joint] if joint != "hip" else np.zeros(3)
    below = []
    for child in _children(joint):
        inner = _node(child, lengths) if child in JOINTS else _end(_rest(child) * lengths[child])
        below += _joint(FORKS[child], np.zeros(3), inner) if child in FORKS else inner
    side, _, part = joint.partition("_")
    if part in TIPS:
        below = _end(np.array(TIPS[part]) * [1 if side == "left" else -1, 1, 1])
    return _joint(JOINTS[joint], offset, below)


def _joint(name: str, offset: np.ndarray, below: list[str]) -> list[str]:
    is_root = name == JOINTS["hip"]
    place = "6 Xposition Yposition Zposition" if is_root else "3"
    axes = "XZY" if name in BENDING else "ZXY"
    channels = " ".join(f"{axis}rotation" for axis in axes)
    lines = [_offset(offset), f"CHANNELS {place} {channels}", *below]
    return [f"{'ROOT' if is_root else 'JOINT'} {name}", "{", *(f"  {x}" for x in lines), "}"]


def _end(offset: np.ndarray) -> list[str]:
    return ["End Site", "{", f"  {_offset(offset)}", "}"]


def _offset(metres: np.ndarray) -> str:
    return "OFFSET " + " ".join(f"{100 * part + 0.0:.4f}" for part in metres)


def _turns(body: np.ndarray) -> dict[str, np.ndarray]:
    """Rotation (T, 3, 3) of every node relative to the one above it, in the order of `_node`."""
    at = {joint: body[:, i] for joint, i in H36M17.index.items()}
    found: dict[str, np.ndarray] = {}

    def visit(joint: str, outer: np.ndarray) -> None:
        """`outer` (T, 3, 3) is the global rotation of the node above."""
        children = _children(joint)
        name, stands = JOINTS[joint], outer
        if joint == "hip":
            stands = _frame(at["left_hip"] - at["right_hip"], at["spine"] - at["hip"])
        elif joint == "thorax":
            across = at["left_shoulder"] - at["right_shoulder"]
            stands = _frame(across, at["thorax"] - at["spine"])
        elif children:
            stands = _aimed(outer, _rest(children[0]), at[children[0]] - at[joint])
        found[name] = np.swapaxes(outer, 1, 2) @ stands
        for child in children:
            above = stands
            if child in FORKS:
                above = _aimed(stands, _rest(child), at[child] - at[joint])
                found[FORKS[child]] = np.swapaxes(stands, 1, 2) @ above
            if child in JOINTS:
                visit(child, above)

    visit("hip", np.broadcast_to(np.eye(3), (len(body), 3, 3)))
    return found


def _frame(left: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Axes (T, 3, 3) of a trunk, in columns: x exactly to the left, y about upwards, z ahead."""
    x = _unit(left, np.array([1.0, 0.0, 0.0]))
    y = _unit(up - (up * x).sum(-1, keepdims=True) * x, _across(x))
    return np.stack([x, y, np.cross(x, y)], -1)


def _aimed(outer: np.ndarray, rest: np.ndarray, bone: np.ndarray) -> np.ndarray:
    """`outer` (T, 3, 3) followed by the smallest rotation that turns its `rest` towards `bone`.

    Source: Rodrigues' formula with cosine c = a.b: the axis is a x b, (1 - c) / s^2 = 1 / (1 + c).
    """
    start = outer @ rest
    end = _unit(bone, start)
    cos = (start * end).sum(-1)[:, None, None]
    x, y, z = np.moveaxis(np.cross(start, end), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
    turn = np.eye(3) + cross + cross @ cross / np.maximum(1 + cos, _TINY)
    about = _across(start)
    half = 2 * about[:, :, None] * about[:, None] - np.eye(3)  # opposite directions: half a turn
    return np.where(cos < -1 + 1e-7, half, turn) @ outer


def _unit(vectors: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Unit vectors; `otherwise` where the length is zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _TINY, vectors / np.maximum(length, _TINY), otherwise)


def _across(vectors: np.ndarray) -> np.ndarray:
    """Some unit vector (T, 3) at right angles to each, upwards where that can be."""
    axis = np.where(np.abs(vectors[:, 1:2]) < 0.9, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    return _unit(axis - (axis * vectors).sum(-1, keepdims=True) * vectors, axis)


def _angles(turns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Euler angles (T, N, 3) in degrees, in channel order, of N nodes' rotations (T, 3, 3)."""
    every, bends = np.stack(list(turns.values()), 1), [name in BENDING for name in turns]
    # Exchanging x and z mirrors: what was a turn about x, z, y is one about z, x, y backwards.
    every[:, bends] = every[:, bends][..., ::-1, ::-1]
    return np.degrees(euler(every) * np.where(bends, -1, 1)[:, None])
