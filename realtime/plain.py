"""Numbers as plain data, as files hold them: rounded, and None for what is not finite."""

from typing import Any

import numpy as np


def seconds(time_s: float) -> float:
    """A time, so fine that pictures of a burst keep different ones."""
    return round(time_s, 6)


def number(value: float) -> float | None:
    """A share or probability."""
    return numbers(np.array([value]), 3)[0]


def numbers(values: np.ndarray, decimals: int) -> list[Any]:
    """Nested lists of rounded numbers."""
    exact = np.round(values.astype(np.float64), decimals)
    finite = np.isfinite(exact)
    if finite.all():
        return exact.tolist()
    holes = exact.astype(object)
    holes[~finite] = None
    return holes.tolist()
