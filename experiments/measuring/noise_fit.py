"""Fits the parameters of `MeasuredNoise` to measured errors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.ndimage import binary_closing, binary_opening

from ...datasets.seen.completion import MIDDLE
from ...datasets.seen.confidences import KNOTS, hats
from ...datasets.seen.joint_errors import SPELLS
from ...datasets.seen.situations import SITUATIONS
from ...gast.skeleton import H36M17
from .observed_errors import Errors, columns, kinds

TRIM = 0.3
"""Larger errors, in torso lengths, are outliers."""
SLIP = 3.5
"""An error of so many standard deviations is a slip, ..."""
LEAST_SLIP = 0.15
"""... if it is as large as this."""
LASTING = 6
"""A spell of so many frames is a lasting one."""
LAGS = (1, 2, 3, 4, 5, 6, 8, 10)
"""Frames."""
BLEND_S = 0.1
"""In about so much time errors grow or shrink where the situation changes."""
LEAST_FRAMES = 150
"""A situation with fewer known frames has the figures of all situations together."""


@dataclass(frozen=True, eq=False)
class Track:
    """One joint in one take.

    Attributes:
        error: (T, 2) without the common bias; NaN where not detected.
        astray: (T, 2) from the place of the twin.
        lost: (T,) 0 or 1; NaN where not known.
        situation: (T,) as of `situations`.
        slips: (T,) bool: beyond the limit of mere inaccuracy.
    """

    error: np.ndarray
    astray: np.ndarray
    lost: np.ndarray
    situation: np.ndarray
    slips: np.ndarray

    @property
    def calm(self) -> np.ndarray:
        """Errors (T, 2) that are no slips; NaN elsewhere."""
        return np.where(self.slips[:, None], np.nan, self.error)


def fit(takes: Sequence[Errors]) -> dict[str, Any]:
    """All parameters, as `MeasuredNoise` reads them."""
    biases = {kind: fit_bias(takes, kind) for kind in kinds()}
    tracks = {kind: _tracks(takes, kind, bias) for kind, bias in biases.items()}
    joints = {
        kind: {
            "bias": biases[kind],
            **fit_kind(own, takes[0].fps),
            "confidence": fit_confidence(takes, kind, biases[kind]),
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
        "confidence": _confidence(takes),
        "least_confidence": float(min(_seen(take).min() for take in takes)),
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
    limit = max(LEAST_SLIP, SLIP * _robust(np.concatenate(errors)))
    return [
        Track(
            error, take.astray[:, column], take.lost[:, column], take.situation[:, column],
            np.linalg.norm(error, axis=-1) > limit,
        )
        for error, (take, column, _) in zip(errors, pairs, strict=True)
    ]  # fmt: skip


def fit_kind(tracks: Sequence[Track], fps: float) -> dict[str, Any]:
    """All parameters of one kind of joints but bias and confidence, by situation."""
    means = [_mean_of(track.calm) for track in tracks]
    moving = [track.calm - mean for track, mean in zip(tracks, means, strict=True)]
    memories = [fit_memory(own, fps, centred=True) for own in _in_each(tracks, moving)]
    slips = [np.where(np.isnan(track.error[:, 0]), np.nan, track.slips) for track in tracks]
    return {
        "offset": _by_situation(tracks, means, _deviation),
        "jitter": _by_situation(tracks, moving, _deviation),
        "wander": [share for share, _ in memories],
        "memory_s": [memory_s for _, memory_s in memories],
        "slip": {
            how: {**rates, **_slip_targets(tracks, states)}
            for how, states, rates in _spells(tracks, slips, fps)
        },
        "lost": {how: rates for how, _, rates in _spells(tracks, [t.lost for t in tracks], fps)},
    }


def fit_confidence(takes: Sequence[Errors], kind: str, bias: Sequence[float]) -> dict[str, Any]:
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
    means = [_mean_of(own) for own in rest]
    moving = [own - mean for own, mean in zip(rest, means, strict=True)]
    pairs_of = [np.stack([own[:-1, 0], own[1:, 0]], -1) for own in moving]
    both = np.concatenate(pairs_of)
    both = both[np.isfinite(both).all(-1)]
    power = float((both**2).mean()) if len(both) else 0.0
    memory = float(both.prod(-1).mean()) / power if power else 0.0
    return {
        "mean": mean.tolist(),
        "between": _deviation(np.concatenate(means)),
        "within": _deviation(np.concatenate(moving)),
        "memory": float(np.clip(memory, 0, 0.99)),
    }


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


def _in_each(tracks: Sequence[Track], values: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Values (T, C) of each situation, NaN elsewhere; all where a situation is rare."""
    for situation in range(len(SITUATIONS)):
        own = [
            np.where((track.situation == situation)[:, None], value, np.nan)
            for track, value in zip(tracks, values, strict=True)
        ]
        frames = sum(int(np.isfinite(value[:, 0]).sum()) for value in own)
        yield own if frames >= LEAST_FRAMES else list(values)


def _spells(
    tracks: Sequence[Track], states: Sequence[np.ndarray], fps: float
) -> Iterator[tuple[str, list[np.ndarray], dict[str, Any]]]:
    """Name, states (T,) of each track and rates of brief and of lasting spells."""
    lasting = [lasting_spells(state) for state in states]
    brief = [np.where(long == 1, np.nan, s) for s, long in zip(states, lasting, strict=True)]
    for how, own in zip(SPELLS, (brief, lasting), strict=True):
        yield how, own, _rates(tracks, own, fps)


def lasting_spells(state: np.ndarray) -> np.ndarray:
    """Spells of `LASTING` frames or more, gaps of two closed, in (T,) 1, 0 or NaN for unknown."""
    padded = np.pad(state == 1, 3)
    long = binary_opening(binary_closing(padded, np.ones(3)), np.ones(LASTING))[3:-3]
    return np.where(long, 1.0, np.where(np.isnan(state), np.nan, 0.0))


def _slip_targets(tracks: Sequence[Track], states: Sequence[np.ndarray]) -> dict[str, Any]:
    """Size of slips per coordinate, and the share that lands on the joint's twin."""
    twins, sizes = [], []
    for track, state in zip(tracks, states, strict=True):
        slips = track.slips & (state == 1)
        twin = np.linalg.norm(track.astray, axis=-1) < np.linalg.norm(track.error, axis=-1) / 2
        twins.append(np.where(slips, twin, np.nan))
        sizes.append(np.where((slips & ~twin)[:, None], track.error, np.nan))
    return {
        "size": _by_situation(tracks, sizes, _deviation),
        "twin": _by_situation(tracks, twins, lambda values: float(values.mean())),
    }


def fit_memory(
    tracks: Sequence[np.ndarray], fps: float, *, centred: bool = False
) -> tuple[float, float]:
    """Autocorrelated share of the variance of errors (T, C), and its time constant in seconds."""
    own = list(tracks) if centred else [track - _mean_of(track) for track in tracks]
    known = np.concatenate(own)
    if not np.isfinite(known).any():
        return 0.5, 0.1
    variance = max(float(np.nanmean(known**2)), 1e-12)
    lags, found = [], []
    for lag in LAGS:
        products = np.concatenate([c[:-lag] * c[lag:] for c in own if len(c) > lag])
        if np.isfinite(products).any():
            lags.append(lag)
            found.append(np.nanmean(products) / variance)
    weights = 1 / np.sqrt(lags)  # what differs from frame to frame counts most
    decays = np.exp(-1 / np.linspace(1, 90, 891))
    curves = decays[:, None] ** np.array(lags)
    square = (weights * curves**2).sum(1)
    shares = np.clip((curves @ (weights * np.array(found))) / square, 0, 1)
    best = (weights * (np.array(found) - shares[:, None] * curves) ** 2).sum(1).argmin()
    return float(shares[best]), float(-1 / np.log(decays[best]) / fps)


def fit_spell(
    states: Sequence[np.ndarray], fps: float, *, where: Sequence[np.ndarray] | None = None
) -> tuple[float, float]:
    """Rate and duration of an on-off state, from sequences (T,) of 1, 0 and NaN for unknown.

    Only frames `where` (T,) is true count, each with the change into it.

    Returns:
        How often it begins per second of being off, and its mean duration in seconds.
    """
    chosen = [np.ones(len(s), bool) for s in states] if where is None else where
    counts = np.concatenate([own[1:] for own in chosen])
    before = np.concatenate([state[:-1] for state in states])[counts]
    after = np.concatenate([state[1:] for state in states])[counts]
    begins = ((before == 0) & (after == 1)).sum() / max(((before == 0) & (after >= 0)).sum(), 1)
    ends = ((before == 1) & (after == 0)).sum() + 1  # one more: rare spells stay short
    return float(begins * fps), float((((before == 1) & (after >= 0)).sum() + 1) / ends / fps)


def fit_spread(tracks: Sequence[Track]) -> float:
    """Standard deviation between takes of the logarithm of a joint's jitter."""
    logs: dict[int, list[float]] = {}
    for track in tracks:
        known = np.isfinite(track.calm[:, 0])
        calm = track.calm[known]
        if len(calm) >= 30:
            mostly = int(np.bincount(track.situation[known].astype(int)).argmax())
            size = max(_deviation(calm - calm.mean(0)), 1e-6)
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


def _confidence(takes: Sequence[Errors]) -> dict[str, list[float]]:
    """Deciles of the detector's confidence in joints in the right place, and elsewhere."""
    distance = np.concatenate([np.linalg.norm(take.detected, axis=-1) for take in takes])
    confidence = np.concatenate([take.confidence for take in takes])
    groups = {"right": confidence[distance < 0.2], "wrong": confidence[distance > 0.4]}
    return {
        name: np.quantile(values, np.linspace(0, 1, 11)).tolist() if len(values) else []
        for name, values in groups.items()
    }


def _rates(tracks: Sequence[Track], states: Sequence[np.ndarray], fps: float) -> dict[str, Any]:
    spells = []
    for situation in range(len(SITUATIONS)):
        where = [track.situation == situation for track in tracks]
        known = sum(int((w & np.isfinite(s)).sum()) for w, s in zip(where, states, strict=True))
        spells.append(fit_spell(states, fps, where=where if known >= LEAST_FRAMES else None))
    return {"begin_hz": [begin for begin, _ in spells], "last_s": [last for _, last in spells]}


def _by_situation(
    tracks: Sequence[Track], values: Sequence[np.ndarray], of: Callable[[np.ndarray], float]
) -> list[float]:
    """A statistic of each situation; of all where one has too few values."""
    at = np.concatenate([track.situation for track in tracks])
    all_ = np.concatenate([np.broadcast_to(v, (len(t.situation), *v.shape[1:]))
                           for t, v in zip(tracks, values, strict=True)])  # fmt: skip
    finite = np.isfinite(all_.reshape(len(all_), -1)).all(1)
    found = [all_[finite & (at == situation)] for situation in range(len(SITUATIONS))]
    return [of(own if len(own) >= 50 else all_[finite]) if finite.any() else 0.0 for own in found]


def _mean_of(error: np.ndarray) -> np.ndarray:
    """Mean (1, C) over time; NaN if fewer than 10 frames are known."""
    known = np.isfinite(error[:, 0])
    mean = error[known].mean(0) if known.sum() >= 10 else np.full(error.shape[1], np.nan)
    return mean[None]


def _robust(values: np.ndarray) -> float:
    """Standard deviation by the median absolute value."""
    return float(1.4826 * np.median(np.abs(values[np.isfinite(values)])))


def _deviation(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values[np.isfinite(values)] ** 2)))
