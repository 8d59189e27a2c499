"""Fits how often slips and losses begin, how long they last and where slips go."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.ndimage import binary_closing, binary_opening

from ...datasets.seen.joint_errors import SPELLS
from ...datasets.seen.situations import SITUATIONS
from .track import LEAST_FRAMES, Track, by_situation, deviation

LASTING = 6
"""A spell of so many frames is a lasting one."""


def spells(
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


def slip_targets(tracks: Sequence[Track], states: Sequence[np.ndarray]) -> dict[str, Any]:
    """Size of slips per coordinate, and the share that lands on the joint's twin."""
    twins, sizes = [], []
    for track, state in zip(tracks, states, strict=True):
        slips = track.slips & (state == 1)
        twin = np.linalg.norm(track.astray, axis=-1) < np.linalg.norm(track.error, axis=-1) / 2
        twins.append(np.where(slips, twin, np.nan))
        sizes.append(np.where((slips & ~twin)[:, None], track.error, np.nan))
    return {
        "size": by_situation(tracks, sizes, deviation),
        "twin": by_situation(tracks, twins, lambda values: float(values.mean())),
    }


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


def _rates(tracks: Sequence[Track], states: Sequence[np.ndarray], fps: float) -> dict[str, Any]:
    found = []
    for situation in range(len(SITUATIONS)):
        where = [track.situation == situation for track in tracks]
        known = sum(int((w & np.isfinite(s)).sum()) for w, s in zip(where, states, strict=True))
        found.append(fit_spell(states, fps, where=where if known >= LEAST_FRAMES else None))
    return {"begin_hz": [begin for begin, _ in found], "last_s": [last for _, last in found]}
