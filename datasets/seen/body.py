"""A person's size in the picture, orientation, and which joints are on the far side."""

import torch
from torch import Tensor

from ...gast.skeleton import Skeleton

WIDTH = 1.3
"""Torso length over shoulder width."""


def body_size(xy: Tensor, skeleton: Skeleton) -> Tensor:
    """Mean torso length (N,) of clips (N, T, J, 2), from the shoulders if foreshortened."""
    at = skeleton.index
    torso = (xy[:, :, at["thorax"]] - xy[:, :, at["hip"]]).norm(dim=-1)
    width = (xy[:, :, at["left_shoulder"]] - xy[:, :, at["right_shoulder"]]).norm(dim=-1)
    return torch.maximum(torso, WIDTH * width).mean(1)


def body_axes(xyz: Tensor, skeleton: Skeleton) -> Tensor:
    """Unit vectors (..., 3, 3) to the right, up and forward of people (..., J, 3)."""
    at = skeleton.index
    shoulders, hips = (
        xyz[..., at[f"right_{joint}"], :] - xyz[..., at[f"left_{joint}"], :]
        for joint in ("shoulder", "hip")
    )
    right = shoulders + hips
    up = unit(xyz[..., at["thorax"], :] - xyz[..., at["hip"], :])
    right = unit(right - (right * up).sum(-1, keepdim=True) * up)
    return torch.stack([right, up, torch.linalg.cross(up, right)], -2)


def body_depth(xyz: Tensor, skeleton: Skeleton) -> Tensor:
    """Depth (..., J) behind the torso's middle, in torso lengths, of (..., J, 3) with z away."""
    hip, thorax = xyz[..., skeleton.index["hip"], :], xyz[..., skeleton.index["thorax"], :]
    length = (thorax - hip).norm(dim=-1)[..., None]
    return (xyz[..., 2] - (hip + thorax)[..., None, 2] / 2) / length.clamp_min(1e-6)


def unit(vector: Tensor) -> Tensor:
    """Vectors (..., C) at length one; zero stays zero."""
    return vector / vector.norm(dim=-1, keepdim=True).clamp_min(1e-6)
