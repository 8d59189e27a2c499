"""How far off 3-D joints are. Inputs in metres, results in millimetres."""

import torch
from torch import Tensor


def mpjpe_mm(predicted: Tensor, true: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean per-joint position error, root-relative inputs (..., J, 3); `weight` (..., J)."""
    error = (predicted - true).norm(dim=-1) * 1000
    return error.mean() if weight is None else (error * weight).sum() / weight.sum()


def p_mpjpe_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """MPJPE after the best rotation, translation and scale of each frame, (..., J, 3).

    Source: Gower 1975, "Generalized Procrustes analysis"; protocol 2 of Human3.6M papers.
    """
    p, t = predicted.flatten(0, -3).double(), true.flatten(0, -3).double()
    p_centre, t_centre = p.mean(1, keepdim=True), t.mean(1, keepdim=True)
    p, t = p - p_centre, t - t_centre
    u, s, vt = torch.linalg.svd(p.transpose(1, 2) @ t)
    sign = torch.det(u @ vt).sign()
    flip = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
    rotation = (u * flip[:, None]) @ vt
    scale = (s * flip).sum(-1) / p.square().sum((1, 2)).clamp_min(1e-12)
    aligned = scale[:, None, None] * (p @ rotation)
    return (aligned - t).norm(dim=-1).mean() * 1000


def acceleration_error_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean error of the second difference over time, (N, T, J, 3), mm per frame squared."""
    bend = (predicted - true).diff(n=2, dim=1)
    return bend.norm(dim=-1).mean() * 1000
