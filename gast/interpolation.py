"""Linear interpolation in time: the only place that does it."""

import numpy as np

NEAR = 1e-6
"""A place so close to a frame is that frame, so that what is missing beside it does no harm."""


def interpolated(values: np.ndarray, at: np.ndarray, *, axis: int = 0) -> np.ndarray:
    """`values` at the places `at` (n,), in frames from the first; outside, the end frames hold.

    The result has n frames along `axis`, the axis of time, and the type of `values`. Between a
    frame and a missing one (NaN) all is missing.
    """
    last = values.shape[axis] - 1
    at = np.clip(np.asarray(at, float), 0, last)
    before = np.minimum((at + NEAR).astype(int), last)
    share = at - before
    on_frame = share <= NEAR
    first = np.take(values, before, axis)
    if on_frame.all():
        return first
    form = [1] * values.ndim
    form[axis] = -1
    share, on_frame = share.reshape(form), on_frame.reshape(form)
    second = np.take(values, np.minimum(before + 1, last), axis)
    return np.where(on_frame, first, first * (1 - share) + second * share).astype(values.dtype)


def frames_at(times: np.ndarray, at: np.ndarray, *, rounded_s: float = 0.0) -> np.ndarray:
    """Moments `at` (n,) as places (n,) among frames of rising `times` (T,), for `interpolated`.

    Outside they are 0 and T - 1. A moment that is at most `rounded_s` off a time stamp means it.
    """
    at = np.asarray(at, float)
    before = np.clip(np.searchsorted(times, at + rounded_s, side="right") - 1, 0, len(times) - 1)
    late = np.clip(at - times[before], 0, None)
    span = np.append(np.diff(times), np.inf)[before]
    return before + np.where(late <= rounded_s, 0.0, np.clip(late / span, 0, 1))
