"""Clips of any length, resampled to windows of one length."""

import numpy as np

from ..gast.errors import InputError
from ..gast.interpolation import interpolated


def to_frames(xyz: np.ndarray, frames: int) -> np.ndarray:
    """A clip (..., T, J, C) resampled to (..., frames, J, C) float32, both ends included.

    An InputError if the clip has no frames, or none are wanted.
    """
    return _sampled(xyz, np.linspace(0, xyz.shape[-3] - 1, _checked(xyz, frames)))


_CROPS = ((0.0, 1.0), (0.0, 0.8), (0.1, 0.9), (0.2, 1.0))


def even_windows(xyz: np.ndarray, frames: int) -> np.ndarray:
    """Like `to_frames`, (4, ..., frames, J, C): of all of the clip and of three crops of 80 %."""
    last, steps = xyz.shape[-3] - 1, _checked(xyz, frames)
    return np.stack([
        _sampled(xyz, np.linspace(start * last, stop * last, steps)) for start, stop in _CROPS
    ])  # fmt: skip


def random_window(
    xyz: np.ndarray, frames: int, rng: np.random.Generator, *, least: float
) -> np.ndarray:
    """Like `to_frames`, of a random crop with at least the share `least` of the clip.

    An InputError as of `to_frames`, or unless `least` is above 0 and at most 1.
    """
    if not 0 < least <= 1:
        raise InputError(f"least share of a clip in a window is {least:g}; give more than 0, to 1")
    steps = _checked(xyz, frames)
    last = xyz.shape[-3] - 1
    length = last * rng.uniform(least, 1)
    start = rng.uniform(0, last - length)
    return _sampled(xyz, start + np.linspace(0, length, steps))


def _checked(xyz: np.ndarray, frames: int) -> int:
    if frames < 1 or xyz.shape[-3] < 1:
        raise InputError(
            f"a clip of {xyz.shape[-3]} frames can't be resampled to {frames} frames; both must be "
            f"1 or more"
        )
    return frames


def _sampled(xyz: np.ndarray, at: np.ndarray) -> np.ndarray:
    return interpolated(xyz, at, axis=-3).astype(np.float32)
