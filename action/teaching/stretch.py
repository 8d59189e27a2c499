"""Finds the movement in a take of some seconds: before it somebody waits, after it they stand."""

from typing import NamedTuple

import numpy as np

AVERAGED_S = 0.23
"""Joints and speeds are averaged over so long, so that a detector's jitter is no movement."""
FASTEST = 4
"""A frame is as fast as its so many fastest joints on average."""
SHARE = 0.35
"""Of the way from a take's lowest to its top speed, above which somebody moves."""
STILL_S = 0.6
"""A shorter pause belongs to the movement."""
LONGEST_S = 4.0
"""Of what is longer, its most moving part is taken."""


class Stretch(NamedTuple):
    """Frames ``start <= t < stop`` of a take."""

    start: int
    stop: int


def best_stretch(xyz: np.ndarray, *, fps: float, visible: np.ndarray | None = None) -> Stretch:
    """Where in a take (T, J, 3), metres, relative to the root, the most movement is.

    Joints that are not `visible` (T, J) do not move. A take in which nobody moves is kept whole.
    """
    speed = _speed(xyz, fps, visible)
    still, top = np.percentile(speed, [10, 95])
    moving = speed > still + SHARE * (top - still)
    if not moving.any() or speed.max() < 1e-3:
        return Stretch(0, len(xyz))
    return _bounded(speed, _most_moving(speed, moving, round(STILL_S * fps)), fps)


def _speed(xyz: np.ndarray, fps: float, visible: np.ndarray | None) -> np.ndarray:
    """(T,) m/s."""
    half = max(round(AVERAGED_S * fps) // 2, 1)
    smooth = _averaged(xyz, half)
    each = np.linalg.norm(np.diff(smooth, axis=0, prepend=smooth[:1]), axis=-1) * fps
    if visible is not None:
        each = each * (visible & np.concatenate([visible[:1], visible[:-1]]))
    return _averaged(np.sort(each, axis=1)[:, -FASTEST:].mean(1), half)


def _averaged(values: np.ndarray, half: int) -> np.ndarray:
    """(T, ...) averaged over each frame and so many before and after it."""
    around = ((half, half), *((0, 0),) * (values.ndim - 1))
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(values, around, mode="edge"), 2 * half + 1, axis=0
    )
    found: np.ndarray = windows.mean(-1)
    return found


def _most_moving(speed: np.ndarray, moving: np.ndarray, still: int) -> Stretch:
    """The stretch with the longest way; a pause of at most `still` frames belongs to it."""
    at = np.flatnonzero(moving)
    cuts = np.flatnonzero(np.diff(at) > still) + 1
    runs = [Stretch(int(run[0]), int(run[-1]) + 1) for run in np.split(at, cuts)]
    return max(runs, key=lambda run: speed[run.start : run.stop].sum())


def _bounded(speed: np.ndarray, found: Stretch, fps: float) -> Stretch:
    longest = round(LONGEST_S * fps)
    if found.stop - found.start <= longest:
        return found
    ways = np.convolve(speed[found.start : found.stop], np.ones(longest), mode="valid")
    start = found.start + int(ways.argmax())
    return Stretch(start, start + longest)
