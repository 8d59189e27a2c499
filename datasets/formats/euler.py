"""Rotations as Euler angles that are continuous in time."""

import numpy as np


def euler(turn: np.ndarray) -> np.ndarray:
    """Angles (T, N, 3) in radians about z, x, y of rotations (T, N, 3, 3), continuous in time.

    Of the two solutions and their multiples of a full turn, the nearest to the frame before. In
    gimbal lock (x at a right angle) only z + y or z - y is known; its change is split evenly.
    """
    sin = turn[..., 2, 1].clip(-1, 1)
    z = np.arctan2(-turn[..., 0, 1], turn[..., 1, 1])
    y = np.arctan2(-turn[..., 2, 0], turn[..., 2, 2])
    total = np.arctan2(turn[..., 1, 0], turn[..., 0, 0])  # in gimbal lock z + sign * y
    is_locked = np.abs(sin) > 1 - 1e-12
    sign = np.sign(sin)
    first = np.stack([z, np.arcsin(sin), y], -1)
    first[is_locked] = np.stack([total, np.arcsin(sin), np.zeros_like(y)], -1)[is_locked]
    second = first * [1, -1, 1] + np.pi
    last, found = first[0], [first[0]]
    for t in range(1, len(turn)):
        one, other = _nearest(first[t], last), _nearest(second[t], last)
        is_one = ((one - last) ** 2).sum(-1) <= ((other - last) ** 2).sum(-1)
        now = np.where(is_one[:, None], one, other)
        if is_locked[t].any():
            change = total[t] - last[:, 0] - sign[t] * last[:, 2]
            half = np.remainder(change + np.pi, 2 * np.pi) / 2 - np.pi / 2
            shared = np.stack([last[:, 0] + half, one[:, 1], last[:, 2] + sign[t] * half], -1)
            now = np.where(is_locked[t][:, None], shared, now)
        last = now
        found.append(now)
    return np.stack(found)


def _nearest(angles: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The same angles, plus the full turns that bring each nearest to `last`."""
    return angles - 2 * np.pi * np.round((angles - last) / (2 * np.pi))
