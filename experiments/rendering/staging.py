"""Placing poses of the puppet on a floor, and transitions between them."""

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from .rig import PUPPET


def hips(points: np.ndarray) -> np.ndarray:
    """Middle between the hip joints, (..., 3) of (..., J, 3)."""
    return (
        points[..., PUPPET.index["left_hip"], :] + points[..., PUPPET.index["right_hip"], :]
    ) / 2


def yaw_of(pose: np.ndarray) -> float:
    """Where a pose (J, 3) looks, radians from -y towards +x."""
    across = sum(
        pose[PUPPET.index[f"left_{joint}"]] - pose[PUPPET.index[f"right_{joint}"]]
        for joint in ("hip", "shoulder")
    )
    return float(np.arctan2(across[1], across[0]))


def about_up(angle: float) -> np.ndarray:
    """(3, 3) rotation about the vertical, anticlockwise from above, radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def placed(points: np.ndarray, *, yaw: float, place: np.ndarray) -> np.ndarray:
    """Turned and moved over the floor so that the first frame faces `yaw` at `place`."""
    start = hips(points[0]) * [1, 1, 0]
    return (points - start) @ about_up(yaw - yaw_of(points[0])).T + [*place, 0]


def bridge(old: np.ndarray, new: np.ndarray, count: int) -> np.ndarray:
    """`count` poses (J, 3) from one to the other; the turn takes the shorter way."""
    start, end = yaw_of(old), yaw_of(new)
    turn = (end - start + np.pi) % (2 * np.pi) - np.pi
    share = np.linspace(0, 1, count + 2)[1:-1]
    share = share * share * (3 - 2 * share)
    home = np.array([1.0, 1.0, 0.0])
    a = (old - hips(old) * home) @ about_up(-start).T
    b = (new - hips(new) * home) @ about_up(-end).T
    poses = [
        (a + (b - a) * s) @ about_up(start + turn * s).T
        + (hips(old) * (1 - s) + hips(new) * s) * home
        for s in share
    ]
    return np.array(poses).reshape(-1, *old.shape)


def floor_shift(lowest: np.ndarray, *, fps: float) -> np.ndarray:
    """(T, 3) shift that puts the body's lowest point on z = 0.

    The lowest point within a second counts as the floor, so a jump stays while drift and
    differences in proportions go.
    """
    floor = minimum_filter1d(lowest, max(1, round(fps)))
    shift = np.zeros((len(lowest), 3))
    shift[:, 2] = -gaussian_filter1d(floor, 0.25 * fps)
    return shift
