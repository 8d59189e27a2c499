"""From the axes and joint orders of sensors and publishers to world axes: x right, y away, z up."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..gast.skeleton import KINECT20


def on_axes(xyz: np.ndarray, *axes: str) -> np.ndarray:
    """Points (..., 3) on new axes, each named by the old one along which it runs, as ``-x``."""
    columns = [xyz[..., "xyz".index(axis[-1])] for axis in axes]
    signed = (-c if axis[0] == "-" else c for axis, c in zip(axes, columns, strict=True))
    return np.stack(list(signed), -1)


def world(xyz: np.ndarray, *, right: str, away: str, up: str) -> np.ndarray:
    """Points (..., 3) as world points, see `on_axes`: ``right="-x"`` if x points to the left."""
    return on_axes(xyz, right, away, up)


def from_y_up(xyz: np.ndarray) -> np.ndarray:
    """Points (..., 3) of animation programs: x right, y up, z towards the viewer."""
    return world(xyz, right="x", away="-z", up="y")


def from_camera(xyz: np.ndarray) -> np.ndarray:
    """Points (..., 3) in camera axes: x right, y down, z forward."""
    return world(xyz, right="x", away="z", up="-y")


def to_camera(xyz: np.ndarray) -> np.ndarray:
    """World points (..., 3) in the axes of a camera that looks along y."""
    return on_axes(xyz, "x", "-z", "y")


def from_kinect(xyz: np.ndarray) -> np.ndarray:
    """Points (..., 3) of a Kinect, float32: x to the left as it sees it, y up, z away from it."""
    return world(np.asarray(xyz, np.float32), right="-x", away="z", up="y")


def turned(xyz: np.ndarray, about: str, angle: float) -> np.ndarray:
    """Points (..., 3) turned by `angle` (radians) about the axis ``x``, ``y`` or ``z``."""
    j, k = (("xyz".index(about) + i) % 3 for i in (1, 2))
    sin, cos = xyz.dtype.type(np.sin(angle)), xyz.dtype.type(np.cos(angle))
    result = xyz.copy()
    result[..., j] = cos * xyz[..., j] - sin * xyz[..., k]
    result[..., k] = cos * xyz[..., k] + sin * xyz[..., j]
    return result


_SIDED = ("Shoulder", "Elbow", "Wrist", "Hand", "Hip", "Knee", "Ankle", "Foot")


KINECT_JOINTS: Mapping[str, str] = {
    "HipCenter": "hip",
    "Spine": "spine",
    "ShoulderCenter": "thorax",
    "Head": "head_center",
    **{f"{joint}Left": f"left_{joint.lower()}" for joint in _SIDED},
    **{f"{joint}Right": f"right_{joint.lower()}" for joint in _SIDED},
}
"""Names of the Kinect for Windows SDK 1.x to those of `KINECT20`."""


SDK_ORDER = tuple(
    KINECT_JOINTS[name]
    for name in (
        "HipCenter", "Spine", "ShoulderCenter", "Head",
        "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
        "ShoulderRight", "ElbowRight", "WristRight", "HandRight",
        "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
        "HipRight", "KneeRight", "AnkleRight", "FootRight",
    )
)  # fmt: skip
"""Order in which the SDK numbers its joints, as `KINECT20` names them."""


def kinect20(xyz: np.ndarray, joints: Sequence[str], *, tilt: float = 0.0) -> np.ndarray:
    """Skeletons (T, 20, 3) of a Kinect v1, metres, in layout `KINECT20` and world axes, float32.

    `joints` are its names in the order of the data; the sensor looked down by `tilt` radians. It is
    the origin: a joint exactly there was not seen, and becomes NaN.
    """
    order = [joints.index(joint) for joint in KINECT20.joints]
    points = turned(from_kinect(xyz[:, order]), "x", -tilt)
    points[(points == 0).all(-1)] = np.nan
    return points
