"""Text files: reading, numbers, and the error for a broken one."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from ...gast.errors import InputError


def read_text(path: str | PathLike[str]) -> str:
    """The text of a file; an InputError if it can't be read."""
    try:
        return Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}; check the path") from error


def broken(path: str | PathLike[str], line: int, what: str) -> InputError:
    """The error for a file that does not follow its format in this line."""
    return InputError(f"{path}, line {line}: {what}; get the file anew from its publisher")


def floats(words: Sequence[Sequence[str]] | Sequence[str]) -> np.ndarray | None:
    """The words as finite numbers, or None if one of them is not."""
    try:
        values = np.array(words, np.float64)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None
