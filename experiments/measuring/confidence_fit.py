"""Fits how sure the detector is of joints, by how far they are from where they should be."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ...datasets.seen.confidences import KNOTS, hats
from ...datasets.seen.situations import SITUATIONS
from .observed_errors import Errors, columns
from .track import deviation, mean_of


def fit_confidence(takes: Sequence[Errors], kind: str) -> dict[str, Any]:
    """Mean logit of a kind's confidence by situation at each of `KNOTS`, and what varies."""
    pairs = [(take, column) for take in takes for column, _ in columns(kind)]
    seen = [np.isfinite(take.detected[:, column, 0]) for take, column in pairs]
    logits = [_logit(take.confidence[:, column]) for take, column in pairs]
    weights = [_hats(np.linalg.norm(take.detected[:, column], axis=-1)) for take, column in pairs]
    at = [take.situation[:, column] for take, column in pairs]
    x, y, where = (
        np.concatenate([own[known] for own, known in zip(all_, seen, strict=True)])
        for all_ in (weights, logits, at)
    )
    common = _ridge(x, y, np.full(len(KNOTS), y.mean() if len(y) else 0.0))
    mean = np.array([_ridge(x[where == s], y[where == s], common) for s in range(len(SITUATIONS))])
    rest = [
        np.where(known, y - (w * mean[s]).sum(-1), np.nan)[:, None]
        for y, w, s, known in zip(logits, weights, at, seen, strict=True)
    ]
    means = [mean_of(own) for own in rest]
    moving = [own - mean for own, mean in zip(rest, means, strict=True)]
    pairs_of = [np.stack([own[:-1, 0], own[1:, 0]], -1) for own in moving]
    both = np.concatenate(pairs_of)
    both = both[np.isfinite(both).all(-1)]
    power = float((both**2).mean()) if len(both) else 0.0
    memory = float(both.prod(-1).mean()) / power if power else 0.0
    return {
        "mean": mean.tolist(),
        "between": deviation(np.concatenate(means)),
        "within": deviation(np.concatenate(moving)),
        "memory": float(np.clip(memory, 0, 0.99)),
    }


def confidence_deciles(takes: Sequence[Errors]) -> dict[str, list[float]]:
    """Deciles of the detector's confidence in joints in the right place, and elsewhere."""
    distance = np.concatenate([np.linalg.norm(take.detected, axis=-1) for take in takes])
    confidence = np.concatenate([take.confidence for take in takes])
    groups = {"right": confidence[distance < 0.2], "wrong": confidence[distance > 0.4]}
    return {
        name: np.quantile(values, np.linspace(0, 1, 11)).tolist() if len(values) else []
        for name, values in groups.items()
    }


def least_confidence(takes: Sequence[Errors]) -> float:
    """The least of any joint that was detected."""
    return float(min(_seen(take).min() for take in takes))


def _ridge(x: np.ndarray, y: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Least squares, drawn towards what is known already as by 20 frames."""
    pull = 20 * np.eye(x.shape[1])
    found: np.ndarray = towards + np.linalg.solve(x.T @ x + pull, x.T @ (y - x @ towards))
    return found


def _logit(confidence: np.ndarray) -> np.ndarray:
    share = np.clip(confidence.astype(np.float64), 1e-3, 1 - 1e-3)
    logit: np.ndarray = np.log(share / (1 - share))
    return logit


def _hats(distance: np.ndarray) -> np.ndarray:
    return hats(torch.from_numpy(np.nan_to_num(distance))).numpy()


def _seen(take: Errors) -> np.ndarray:
    """Confidences of the joints that were detected."""
    seen = np.isfinite(take.detected[..., 0])
    return take.confidence[seen] if seen.any() else np.ones(1)
