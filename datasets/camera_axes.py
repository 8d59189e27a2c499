"""Axes of cameras, x right, y down, z forward, and their rotations."""

import numpy as np
import torch
from torch import Tensor


def looking(forward: Tensor, *, up: tuple[float, float, float]) -> Tensor:
    """Rotations (..., 3, 3) whose rows are the axes of cameras looking along `forward` (..., 3)."""
    z = forward / forward.norm(dim=-1, keepdim=True)
    x = torch.linalg.cross(z, z.new_tensor(up).expand_as(z))
    x = x / x.norm(dim=-1, keepdim=True)
    return torch.stack([x, torch.linalg.cross(z, x), z], -2)


def facing_root(xyz: Tensor, *, root: int) -> Tensor:
    """Joints (..., J, 3) in camera axes as if the camera had turned to look at their root.

    Relative to the root: the shape of the person, wherever in the picture they are.
    """
    turn = looking(xyz[..., root, :], up=(0.0, -1.0, 0.0))
    relative = xyz - xyz[..., root : root + 1, :]
    return relative @ turn.transpose(-1, -2)


def turned_towards(xyz: np.ndarray, *, root: int) -> np.ndarray:
    """`facing_root` of an array, float32."""
    return facing_root(torch.from_numpy(xyz), root=root).float().numpy()
