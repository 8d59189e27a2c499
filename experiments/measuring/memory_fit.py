"""Fits how long the trembling of a joint goes on from frame to frame."""

from collections.abc import Sequence

import numpy as np

from .track import deviation, mean_of, robust

LAGS = (1, 2, 3, 4, 5, 6, 8, 10)
"""Frames."""


def fit_memory(
    tracks: Sequence[np.ndarray], fps: float, *, centred: bool = False
) -> tuple[float, float]:
    """Autocorrelated share of the variance of errors (T, C), and its time constant in seconds."""
    own = list(tracks) if centred else [track - mean_of(track) for track in tracks]
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


def as_calm(
    tracks: Sequence[np.ndarray], share: float, memory_s: float, fps: float
) -> tuple[float, float]:
    """Those of `fit_memory` such that half of the frames change as little as measured."""
    steps = robust(np.concatenate([np.diff(track, axis=0) for track in tracks]))
    alike = 1 - steps**2 / max(2 * deviation(np.concatenate(tracks)) ** 2, 1e-12)
    decay = float(np.exp(-1 / (fps * memory_s)))
    if not alike > share * decay:  # rare jumps hide how calm the rest is, never the opposite
        return share, memory_s
    share = max(share, float(np.sqrt(alike)))
    return share, float(-1 / np.log(min(alike / share, 0.999)) / fps)
