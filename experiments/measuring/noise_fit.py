"""Fits the parameters of `MeasuredNoise` to measured errors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import binary_closing, binary_opening

from ...datasets.seen.completion import MIDDLE
from ...datasets.seen.joint_errors import SPELLS
from ...gast.skeleton import H36M17
from .observed_errors import FAR, Errors, columns, kinds

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


@dataclass(frozen=True, eq=False)
class Track:
    """One joint in one take.

    Attributes:
        error: (T, 2) without the common bias; NaN where not detected.
        astray: (T, 2) from the place of the twin.
        lost: (T,) 0 or 1; NaN where not known.
        far: (T,) bool: on the far side.
        slips: (T,) bool: beyond the limit of mere inaccuracy.
    """

    error: np.ndarray
    astray: np.ndarray
    lost: np.ndarray
    far: np.ndarray
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
        kind: {"bias": biases[kind], **fit_kind(own, takes[0].fps)} for kind, own in tracks.items()
    }
    return {
        "layout": H36M17.name,
        "far": FAR,
        "joints": joints,
        "spread": fit_spread([track for own in tracks.values() for track in own]),
        "correlation": fit_correlation(takes, biases),
        "overall": _overall(takes),
        "confidence": _confidence(takes),
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
            error, take.astray[:, column], take.lost[:, column], take.far[:, column],
            np.linalg.norm(error, axis=-1) > limit,
        )
        for error, (take, column, _) in zip(errors, pairs, strict=True)
    ]  # fmt: skip


def fit_kind(tracks: Sequence[Track], fps: float) -> dict[str, Any]:
    """All parameters of one kind of joints but the bias; pairs for the near and the far side."""
    wander, memory_s = fit_memory([track.calm for track in tracks], fps)
    slips = [np.where(np.isnan(track.error[:, 0]), np.nan, track.slips) for track in tracks]
    return {
        "offset": _near_far(tracks, [_mean_of(t.calm) for t in tracks], _deviation),
        "jitter": _near_far(tracks, [t.calm - _mean_of(t.calm) for t in tracks], _deviation),
        "wander": wander,
        "memory_s": memory_s,
        "slip": {
            how: {**rates, **_slip_targets(tracks, states)}
            for how, states, rates in _spells(tracks, slips, fps)
        },
        "lost": {how: rates for how, _, rates in _spells(tracks, [t.lost for t in tracks], fps)},
    }


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
        "size": _near_far(tracks, sizes, _deviation),
        "twin": _near_far(tracks, twins, lambda values: float(values.mean())),
    }


def fit_memory(tracks: Sequence[np.ndarray], fps: float) -> tuple[float, float]:
    """Autocorrelated share of the variance of errors (T, C), and its time constant in seconds."""
    centred = [track - _mean_of(track) for track in tracks]
    variance = np.nanmean(np.concatenate(centred) ** 2)
    autocorrelation = np.array([
        np.nanmean(np.concatenate([c[:-lag] * c[lag:] for c in centred if len(c) > lag]))
        for lag in LAGS
    ]) / variance  # fmt: skip
    decays = np.exp(-1 / np.linspace(1, 30, 291))
    curves = decays[:, None] ** np.array(LAGS)
    shares = np.clip((curves @ autocorrelation) / (curves**2).sum(1), 0, 1)
    best = ((autocorrelation - shares[:, None] * curves) ** 2).sum(1).argmin()
    return float(shares[best]), float(-1 / np.log(decays[best]) / fps)


def fit_spell(states: Sequence[np.ndarray], fps: float) -> tuple[float, float]:
    """Rate and duration of an on-off state, from sequences (T,) of 1, 0 and NaN for unknown.

    Returns:
        How often it begins per second of being off, and its mean duration in seconds.
    """
    before = np.concatenate([state[:-1] for state in states])
    after = np.concatenate([state[1:] for state in states])
    begins = ((before == 0) & (after == 1)).sum() / max(((before == 0) & (after >= 0)).sum(), 1)
    ends = ((before == 1) & (after == 0)).sum() + 1  # one more: rare spells stay short
    return float(begins * fps), float((((before == 1) & (after >= 0)).sum() + 1) / ends / fps)


def fit_spread(tracks: Sequence[Track]) -> float:
    """Standard deviation between takes of the logarithm of a joint's jitter."""
    logs = {side: list[float]() for side in (False, True)}
    for track in tracks:
        calm = track.calm[np.isfinite(track.calm[:, 0])]
        if len(calm) >= 30:
            logs[bool(track.far.mean() > 0.5)].append(np.log(_deviation(calm - calm.mean(0))))
    return float(np.sqrt(np.mean([np.var(own) for own in logs.values() if own])))


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
    spells = [
        fit_spell([np.where(t.far == far, s, np.nan) for t, s in zip(tracks, states, strict=True)],
                  fps)
        for far in (False, True)
    ]  # fmt: skip
    return {"begin_hz": [begin for begin, _ in spells], "last_s": [last for _, last in spells]}


def _near_far(
    tracks: Sequence[Track], values: Sequence[np.ndarray], of: Callable[[np.ndarray], float]
) -> list[float]:
    """A statistic of near and of far joints; of both where a side has too few values."""
    far = np.concatenate([track.far for track in tracks])
    both = np.concatenate([np.broadcast_to(v, (len(t.far), *v.shape[1:]))
                           for t, v in zip(tracks, values, strict=True)])  # fmt: skip
    finite = np.isfinite(both.reshape(len(both), -1)).all(1)
    sides = [both[finite & (far == side)] for side in (False, True)]
    return [
        of(side if len(side) >= 50 else both[finite]) if finite.any() else 0.0 for side in sides
    ]


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
