"""Axes of cameras, x right, y down, z forward, and their rotations."""

import numpy as np


def looking(forward: np.ndarray, *, up: tuple[float, float, float]) -> np.ndarray:
    """Rotations (..., 3, 3) whose rows are the axes of cameras looking along `forward` (..., 3)."""
    z = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    x = np.cross(z, up)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], -2)


def turned_towards(xyz: np.ndarray, *, root: int) -> np.ndarray:
    """Joints (..., J, 3) in camera axes as if the camera had turned to look at their root.

    Relative to the root, float32: the shape of the person, wherever in the picture they are.
    """
    xyz = xyz.astype(np.float64)
    turn = looking(xyz[..., root, :], up=(0.0, -1.0, 0.0))
    relative = xyz - xyz[..., root : root + 1, :]
    return (relative @ turn.swapaxes(-1, -2)).astype(np.float32)
