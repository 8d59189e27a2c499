"""Text files that are a table of numbers."""

import re
from os import PathLike

import numpy as np

from .text import broken, floats, read_text


def read_table(path: str | PathLike[str], *, columns: int, what: str) -> np.ndarray:
    """Rows of a file (n, columns), values apart by blanks or commas; empty lines are passed over.

    Args:
        path: Text file.
        columns: How many there must be.
        what: They are, for the message.

    Raises:
        InputError: It can't be read, is empty, or a row is something else; the message names the
            line.
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
