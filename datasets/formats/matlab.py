"""Arrays in MATLAB files."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...gast.errors import InputError

_BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    NotImplementedError,
    EOFError,
    OSError,
    zlib.error,
)
"""Raised by scipy for broken files, depending on where they are broken."""


def read_matlab(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """Arrays of numbers in a MATLAB file (before 7.3), float64, in the order of `names`.

    An InputError if the file is none, or lacks one of them.
    """
    return [
        _numbers(path, name, value) for name, value in zip(names, _load(path, names), strict=True)
    ]


def read_matlab_texts(path: Path, names: Sequence[str]) -> list[str]:
    """Texts of one line in a MATLAB file; otherwise as `read_matlab`."""
    return [str(value.ravel()[0]) if value.size else "" for value in _load(path, names)]


def _load(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    from scipy.io.matlab import MatReadError, loadmat

    try:
        content = loadmat(path, variable_names=list(names))
        return [np.asarray(content[name]) for name in names]
    except (MatReadError, *_BROKEN) as error:
        wanted = " and ".join(repr(name) for name in names)
        raise InputError(f"{path} is no MATLAB file with a {wanted} of numbers") from error


def _numbers(path: Path, name: str, value: np.ndarray) -> np.ndarray:
    if value.dtype.kind not in "biuf":
        raise InputError(f"{path} is no MATLAB file with a {name!r} of numbers")
    return value.astype(np.float64)
