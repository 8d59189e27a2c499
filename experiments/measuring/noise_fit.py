"""Fits the parameters of `MeasuredNoise` to measured errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...datasets.seen.completion import MIDDLE
from ...datasets.seen.situations import SITUATIONS
from ...gast.skeleton import H36M17
from .confidence_fit import confidence_deciles, fit_confidence, least_confidence
from .memory_fit import as_calm, fit_memory
from .observed_errors import Errors, columns, kinds
from .spell_fit import slip_targets, spells
from .track import Track, by_situation, deviation, in_each, mean_of, robust

TRIM = 0.3
"""Larger errors, in torso lengths, are outliers."""
SLIP = 3.5
"""An error of so many standard deviations is a slip, ..."""
LEAST_SLIP = 0.15
"""... if it is as large as this."""
BLEND_S = 0.1
"""In about so much time errors grow or shrink where the situation changes."""


def fit(takes: Sequence[Errors]) -> dict[str, Any]:
    """All parameters, as `MeasuredNoise` reads them."""
    biases = {kind: fit_bias(takes, kind) for kind in kinds()}
    tracks = {kind: _tracks(takes, kind, bias) for kind, bias in biases.items()}
    joints = {
        kind: {
            "bias": biases[kind],
            **fit_kind(own, takes[0].fps),
            "confidence": fit_confidence(takes, kind),
        }
        for kind, own in tracks.items()
    }
    return {
        "layout": H36M17.name,
        "situations": list(SITUATIONS),
        "blend_s": BLEND_S,
        "joints": joints,
        "spread": float(np.sqrt(np.mean([fit_spread(own) ** 2 for own in tracks.values()]))),
        "correlation": fit_correlation(takes, biases),
        "overall": _overall(takes),
        "confidence": confidence_deciles(takes),
        "least_confidence": least_confidence(takes),
    }


def fit_bias(takes: Sequence[Errors], kind: str) -> list[float]:
    """Common offset of the left joint to the person's right, up and forward, by trimmed fits."""
    pairs = [(take, column, side) for take in takes for column, side in columns(kind)]
    x = np.concatenate([
        (take.axes * [[side], [1], [1]]).transpose(0, 2, 1).reshape(-1, 3)
        for take, _, side in pairs
    ])  # fmt: skip
    y = np.concatenate([take.detected[:, column].ravel() for take, column, _ in pairs])
    good, shift = np.abs(y) < TRIM, np.zeros(3)
    used = [1, 2] if len(columns(kind)) == 1 else [0, 1, 2]  # the middle has no right
    for _ in range(3):
        shift[used] = np.linalg.lstsq(x[good][:, used], y[good], rcond=None)[0]
        good = np.abs(y - x @ shift) < TRIM / 2
    return shift.tolist()


def _tracks(takes: Sequence[Errors], kind: str, bias: Sequence[float]) -> list[Track]:
    pairs = [(take, column, side) for take in takes for column, side in columns(kind)]
    errors = [
        take.detected[:, column] - np.array(bias) * [side, 1, 1] @ take.axes
        for take, column, side in pairs
    ]
    limit = max(LEAST_SLIP, SLIP * robust(np.concatenate(errors)))
    return [
        Track(
            error, take.astray[:, column], take.lost[:, column], take.situation[:, column],
            np.linalg.norm(error, axis=-1) > limit,
        )
        for error, (take, column, _) in zip(errors, pairs, strict=True)
    ]  # fmt: skip


def fit_kind(tracks: Sequence[Track], fps: float) -> dict[str, Any]:
    """All parameters of one kind of joints but bias and confidence, by situation."""
    means = [mean_of(track.calm) for track in tracks]
    moving = [track.calm - mean for track, mean in zip(tracks, means, strict=True)]
    memories = [
        as_calm(own, *found, fps) if situation.endswith("rest") else found
        for situation, own in zip(SITUATIONS, in_each(tracks, moving), strict=True)
        for found in [fit_memory(own, fps, centred=True)]
    ]
    slips = [np.where(np.isnan(track.error[:, 0]), np.nan, track.slips) for track in tracks]
    return {
        "offset": by_situation(tracks, means, deviation),
        "jitter": by_situation(tracks, moving, deviation),
        "wander": [share for share, _ in memories],
        "memory_s": [memory_s for _, memory_s in memories],
        "slip": {
            how: {**rates, **slip_targets(tracks, states)}
            for how, states, rates in spells(tracks, slips, fps)
        },
        "lost": {how: rates for how, _, rates in spells(tracks, [t.lost for t in tracks], fps)},
    }


def fit_spread(tracks: Sequence[Track]) -> float:
    """Standard deviation between takes of the logarithm of a joint's jitter."""
    logs: dict[int, list[float]] = {}
    for track in tracks:
        known = np.isfinite(track.calm[:, 0])
        calm = track.calm[known]
        if len(calm) >= 30:
            mostly = int(np.bincount(track.situation[known].astype(int)).argmax())
            size = max(deviation(calm - calm.mean(0)), 1e-6)
            logs.setdefault(mostly, []).append(float(np.log(size)))
    spreads = [np.var(own) for own in logs.values() if len(own) > 1]
    return float(np.sqrt(np.mean(spreads))) if spreads else 0.0


def fit_correlation(takes: Sequence[Errors], biases: dict[str, list[float]]) -> dict[str, Any]:
    """Correlation of different joints' errors; equal on both sides, positive definite."""
    joints = [joint for joint in H36M17.joints if joint not in MIDDLE]
    at = [H36M17.index[joint] for joint in joints]
    bias = np.zeros((len(H36M17), 3))
    for kind, shift in biases.items():
        for column, side in columns(kind):
            bias[column] = np.array(shift) * [side, 1, 1]
    rest = np.concatenate([take.detected - bias @ take.axes for take in takes])
    rows = rest[:, at].transpose(0, 2, 1).reshape(-1, len(at))
    known = np.abs(rows) < TRIM / 2
    rows = np.where(known, rows, 0)
    power = (rows**2).T @ known
    matrix = rows.T @ rows / np.sqrt(np.maximum(power * power.T, 1e-12))
    twins = [joints.index(H36M17.joints[H36M17.mirror[i]]) for i in at]
    strengths, vectors = np.linalg.eigh((matrix + matrix[np.ix_(twins, twins)]) / 2)
    matrix = (vectors * np.maximum(strengths, 0.05)) @ vectors.T
    scale = np.sqrt(np.diag(matrix))
    return {"joints": joints, "matrix": (matrix / np.outer(scale, scale)).tolist()}


def _overall(takes: Sequence[Errors]) -> dict[str, float]:
    """Root mean square per coordinate of each joint's error in the lifter's input."""
    squared = np.nanmean(np.concatenate([take.final for take in takes]) ** 2, (0, 2))
    overall = np.sqrt((squared + squared[H36M17.mirror]) / 2)
    return dict(zip(H36M17.joints, overall.tolist(), strict=True))
