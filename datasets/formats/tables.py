"""Tables of numbers in text files."""

import re
from os import PathLike

import numpy as np

from .text import broken, floats, read_text


def read_table(path: str | PathLike[str], *, columns: int, what: str) -> np.ndarray:
    """Rows (n, columns) of numbers separated by blanks or commas; empty lines are ignored.

    An InputError for a missing, empty or malformed file names the line and `what` the columns are.
    """
    lines = [re.split(r"[\s,]+", line.strip()) for line in read_text(path).splitlines()]
    rows = [line for line in lines if line != [""]]
    values = floats(rows)
    if values is None or values.ndim != 2 or values.shape[1] != columns:
        wrong = (
            n for n, line in enumerate(lines, 1) if line != [""] and not _is_row(line, columns)
        )
        raise broken(path, next(wrong, 1), f"wanted {what}: {columns} numbers")
    return values


def _is_row(words: list[str], columns: int) -> bool:
    return len(words) == columns and floats(words) is not None
