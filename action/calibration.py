"""Calibration: makes a head's confidence equal its accuracy."""

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional as F

from ..gast.errors import InputError
from .metrics import reliability


def best_temperature(logits: Tensor, targets: Tensor) -> float:
    """Temperature of least cross entropy of held-out logits (..., K) and targets, unknown below 0.

    Raises:
        InputError: No target is known.

    Source: Guo et al. 2017, "On calibration of modern neural networks", §4.2.
    """
    logits, targets = _known(logits, targets)

    def loss(log_temperature: float) -> float:
        return F.cross_entropy(logits / np.exp(log_temperature), targets).item()

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))


def background_shift(logits: Tensor, targets: Tensor, background: int) -> float:
    """What to add to the background's logit, which training shows too seldom; 0 for data without.

    It minimises the cross entropy, and raises as `best_temperature` does.
    """
    logits, targets = _known(logits, targets)
    if not (targets == background).any():
        return 0.0
    one_hot = F.one_hot(torch.tensor(background), logits.shape[-1]).double()

    def loss(shift: float) -> float:
        return F.cross_entropy(logits + shift * one_hot, targets).item()

    return float(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x)


def _known(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    known = targets >= 0
    if not known.any():
        raise InputError("no frame has a known label to calibrate on; give validation subjects")
    return logits[known].double(), targets[known]


def calibration_error(probabilities: Tensor, targets: Tensor, *, bins: int = 15) -> float:
    """Expected calibration error, 0..1, of probabilities (N, K): mean gap over equal bins.

    Source: Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
        binning".
    """
    found = reliability(probabilities.cpu().numpy(), targets.cpu().numpy(), bins=bins)
    gaps = np.abs(found.confidence - found.accuracy) * found.counts
    return float(np.nansum(gaps) / max(found.counts.sum(), 1))
