"""A person's size in the picture, orientation, and which joints are on the far side."""

import numpy as np

from ...gast.skeleton import Skeleton

WIDTH = 1.3
"""Torso length over shoulder width."""


def body_size(xy: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Mean torso length (N,) of clips (N, T, J, 2), from the shoulders if foreshortened."""
    at = skeleton.index
    torso = np.linalg.norm(xy[:, :, at["thorax"]] - xy[:, :, at["hip"]], axis=-1)
    width = np.linalg.norm(xy[:, :, at["left_shoulder"]] - xy[:, :, at["right_shoulder"]], axis=-1)
    return np.maximum(torso, WIDTH * width).mean(1)


def body_axes(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Unit vectors (..., 3, 3) to the right, up and forward of people (..., J, 3)."""
    at = skeleton.index
    right = sum(
        xyz[..., at[f"right_{joint}"], :] - xyz[..., at[f"left_{joint}"], :]
        for joint in ("shoulder", "hip")
    )
    up = unit(xyz[..., at["thorax"], :] - xyz[..., at["hip"], :])
    right = unit(right - (right * up).sum(-1, keepdims=True) * up)
    return np.stack([right, up, np.cross(up, right)], -2)


def body_depth(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Depth (..., J) behind the torso's middle, in torso lengths, of (..., J, 3) with z away."""
    hip, thorax = xyz[..., skeleton.index["hip"], :], xyz[..., skeleton.index["thorax"], :]
    length = np.linalg.norm(thorax - hip, axis=-1)[..., None]
    return (xyz[..., 2] - (hip + thorax)[..., None, 2] / 2) / np.maximum(length, 1e-6)


def unit(vector: np.ndarray) -> np.ndarray:
    """Vectors (..., C) at length one; zero stays zero."""
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-6)
