"""A dataclass of arrays as an npz file, whole or not there."""

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz

T = TypeVar("T")


def write(path: Path, arrays: Any, *, compressed: bool) -> None:
    """Write the fields of a dataclass; the file appears once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    (np.savez_compressed if compressed else np.savez)(part, **vars(arrays))
    part.replace(path)


def read(path: Path, kind: type[T], what: str) -> T:
    """The dataclass that a file holds; an InputError that says `what` it is if it is broken."""
    names = [field.name for field in fields(cast(Any, kind))]
    try:
        with opened_npz(path) as file:
            return kind(**{name: file[name] for name in names})
    except BROKEN as error:
        raise InputError(f"can't read {what} {path}: {error}; delete it and run again") from error
