"""Errors of 3-D joints. Inputs in metres, results in millimetres.

A joint whose ground truth is unknown (NaN) has no error (NaN) and never counts, nor does a frame
without any other; all other frames count the same. A prediction that is not finite is infinitely
wrong, and so is every mean with it.
"""

import torch
from torch import Tensor

LEAST = 3
"""Joints that must be known to align a frame."""


def position_errors_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """Distances (..., J) of joints (..., J, 3), relative to the root."""
    known = torch.isfinite(true).all(-1)
    # Filled in before the subtraction, so that gradients stay finite too.
    filled = torch.where(known[..., None], true, predicted.detach())
    errors = (predicted - filled).norm(dim=-1) * 1000
    return torch.where(known, torch.where(errors.isfinite(), errors, torch.inf), torch.nan)


def scaled_errors_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """`position_errors_mm` (..., J) after the best scale of each frame about the root.

    Source: Rhodin et al. 2018, "Learning monocular 3D human pose estimation from multi-view
        images".
    """
    known = torch.isfinite(true).all(-1)[..., None]
    p, t = torch.where(known, predicted, 0), torch.where(known, true, 0)
    scale = (p * t).sum((-2, -1)) / p.square().sum((-2, -1)).clamp_min(1e-12)
    return position_errors_mm(scale[..., None, None] * predicted, true)


def aligned_errors_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """`position_errors_mm` (..., J) after the best rotation, translation and scale of each frame.

    NaN where fewer than `LEAST` joints of a frame are known.

    Source: Gower 1975, "Generalized Procrustes analysis"; protocol 2 of Human3.6M papers.
    """
    p, t = predicted.flatten(0, -3).double(), true.flatten(0, -3).double()
    known = torch.isfinite(t).all(-1, keepdim=True)
    count = known.sum(1, keepdim=True)
    p, t = torch.where(known, p, 0), torch.where(known, t, 0)
    broken = ~p.isfinite().all((1, 2), keepdim=True)
    p = torch.where(broken, 0, p)
    p = torch.where(known, p - p.sum(1, keepdim=True) / count.clamp_min(1), 0)
    t = torch.where(known, t - t.sum(1, keepdim=True) / count.clamp_min(1), 0)
    u, s, vt = torch.linalg.svd(p.transpose(1, 2) @ t)
    sign = torch.det(u @ vt).sign()
    flip = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
    rotation = (u * flip[:, None]) @ vt
    scale = (s * flip).sum(-1) / p.square().sum((1, 2)).clamp_min(1e-12)
    aligned = torch.where(broken, torch.inf, scale[:, None, None] * (p @ rotation))
    counts = known & (count >= LEAST)
    errors = position_errors_mm(aligned, torch.where(counts, t, torch.nan))
    return errors.view(true.shape[:-1])


def velocity_errors_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """Errors (..., T - 1, J) of the motion from frame to frame of (..., T, J, 3), mm per frame."""
    return position_errors_mm(predicted.diff(dim=-3), true.diff(dim=-3))


def acceleration_errors_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """Errors (..., T - 2, J) of the second difference over time, mm per frame squared."""
    return position_errors_mm(predicted.diff(n=2, dim=-3), true.diff(n=2, dim=-3))


def mpjpe_mm(predicted: Tensor, true: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean per-joint position error, root-relative inputs (..., J, 3); `weight` (..., J)."""
    errors = position_errors_mm(predicted, true)
    if weight is None:
        return mean(errors)
    return (errors * weight).nansum() / (weight * ~errors.isnan()).sum()


def n_mpjpe_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """MPJPE after the best scale of each frame."""
    return mean(scaled_errors_mm(predicted, true))


def p_mpjpe_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """MPJPE after the best rotation, translation and scale of each frame."""
    return mean(aligned_errors_mm(predicted, true))


def mpjve_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean per-joint velocity error over (..., T, J, 3), mm per frame (MPJVE).

    Source: Pavllo et al. 2019, "3D human pose estimation in video with temporal convolutions".
    """
    return mean(velocity_errors_mm(predicted, true))


def acceleration_error_mm(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean error of the second difference over time, (..., T, J, 3), mm per frame squared."""
    return mean(acceleration_errors_mm(predicted, true))


def mean(errors: Tensor) -> Tensor:
    """Mean of errors (..., J): over the known joints of a frame, then over frames."""
    return errors.nanmean(-1).nanmean()
