"""From the axes and joint orders of sensors and publishers to world axes (metres, z up)."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..gast.skeleton import KINECT20


def rotation(axis: str, angle: np.ndarray) -> np.ndarray:
    """Turns (..., 3, 3) about the axis ``X``, ``Y`` or ``Z`` by angles (...), in radians."""
    i = "XYZ".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[..., i, i] = 1.0
    matrix[..., j, j] = matrix[..., k, k] = np.cos(angle)
    matrix[..., k, j] = np.sin(angle)
    matrix[..., j, k] = -matrix[..., k, j]
    return matrix


def z_up(xyz: np.ndarray) -> np.ndarray:
    """Points (..., 3) with y up, z towards the viewer, as world points: x right, y away, z up."""
    return np.stack([xyz[..., 0], -xyz[..., 2], xyz[..., 1]], -1)


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


def from_kinect(xyz: np.ndarray, joints: Sequence[str], *, tilt: float = 0.0) -> np.ndarray:
    """Skeletons of a Kinect v1 in layout `KINECT20` and world axes; the sensor is the origin.

    A Kinect's x points to the left as the sensor sees it, y up and z away from it. A joint at
    exactly the sensor was not seen, and becomes NaN.

    Args:
        xyz: (T, 20, 3) metres.
        joints: Names of `KINECT20` in the order of the data.
        tilt: By how much the sensor looked down, radians; turned back.

    Returns:
        (T, 20, 3) float32.
    """
    order = [joints.index(joint) for joint in KINECT20.joints]
    left, up, away = np.moveaxis(np.asarray(xyz, np.float32)[:, order], -1, 0)
    sin, cos = np.float32(np.sin(tilt)), np.float32(np.cos(tilt))
    world = np.stack([-left, cos * away + sin * up, cos * up - sin * away], -1)
    world[(world == 0).all(-1)] = np.nan
    return world


def from_camera(xyz: np.ndarray) -> np.ndarray:
    """Points (..., 3) in camera axes (x right, y down, z forward) as world points."""
    right, down, away = np.moveaxis(xyz, -1, 0)
    return np.stack([right, away, -down], -1)


def from_kinect2(xyz: np.ndarray) -> np.ndarray:
    """Points (..., 3) in the axes of a Kinect v2 as world points, float32, from the same origin.

    A Kinect's x points to the left as the sensor sees it, y up and z away from it.
    """
    left, up, away = np.moveaxis(np.asarray(xyz, np.float32), -1, 0)
    return np.stack([-left, away, up], -1)
