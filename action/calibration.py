"""Making a head's confidence mean what it says."""

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional as F

from ..gast.errors import InputError


def best_temperature(logits: Tensor, targets: Tensor) -> float:
    """The number to divide logits by so that their softmax is as likely as can be.

    Args:
        logits: (..., K), of data that the head was not trained on.
        targets: (...); negative where the truth is not known.

    Raises:
        InputError: The truth is known nowhere.

    Source: Guo et al. 2017, "On calibration of modern neural networks", §4.2.
    """
    known = targets >= 0
    if not known.any():
        raise InputError("no frame has a known label to calibrate on; give validation subjects")
    logits, targets = logits[known].double(), targets[known]

    def surprise(log_temperature: float) -> float:
        return F.cross_entropy(logits / np.exp(log_temperature), targets).item()

    return float(np.exp(minimize_scalar(surprise, bounds=(-4.0, 4.0), method="bounded").x))


def background_shift(logits: Tensor, targets: Tensor, background: int) -> float:
    """What to add to the background's logit so that the softmax is as likely as can be.

    Training shows rare actions more often than life does, and so hears the background less often.
    Where the data show no background they say nothing about it, and the shift is 0.

    Args:
        logits: (..., K), of data that the head was not trained on.
        targets: (...); negative where the truth is not known.
        background: Its place among the K.

    Raises:
        InputError: The truth is known nowhere.
    """
    chosen = torch.zeros(logits.shape[-1], dtype=torch.float64)
    chosen[background] = 1.0
    known = targets >= 0
    if not known.any():
        raise InputError("no frame has a known label to calibrate on; give validation subjects")
    logits, targets = logits[known].double(), targets[known]
    if not (targets == background).any():
        return 0.0

    def surprise(shift: float) -> float:
        return F.cross_entropy(logits + shift * chosen, targets).item()

    return float(minimize_scalar(surprise, bounds=(-4.0, 4.0), method="bounded").x)


def calibration_error(probabilities: Tensor, targets: Tensor, *, bins: int = 15) -> float:
    """How far confidence is from accuracy, 0..1: mean over equal bins of confidence.

    Args:
        probabilities: (..., K), sum to one.
        targets: (...); negative where the truth is not known.
        bins: Between 0 and 1.

    Source: Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
        binning".
    """
    known = targets >= 0
    confidence, predicted = probabilities[known].max(-1)
    right = (predicted == targets[known]).to(confidence.dtype)
    place = (confidence * bins).long().clamp_max(bins - 1)
    gap = torch.zeros(bins, dtype=confidence.dtype).index_add_(0, place, confidence - right)
    return (gap.abs().sum() / max(len(right), 1)).item()
