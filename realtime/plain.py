"""Numbers as plain data, as files hold them: rounded, and None for what is not finite."""

from datetime import datetime
from typing import Any

import numpy as np


def seconds(time_s: float) -> float:
    """A time, so fine that pictures of a burst keep different ones."""
    return round(time_s, 6)


def wall_clock(unix_s: float) -> str:
    """ISO 8601 to the millisecond, in this machine's time zone."""
    return datetime.fromtimestamp(unix_s).astimezone().isoformat(timespec="milliseconds")


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
