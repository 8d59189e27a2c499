"""Published pickles, bare or inside npz files, read without running the code in them.

They may only build numbers, text, lists, dicts and arrays of numbers, with builders of our own.
"""

import pickle
import pickletools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from .errors import InputError
from .limits import BROKEN, bound, npy_header


def read_object(path: str | PathLike[str], key: str) -> Any:
    """The pickled object under `key` of an npz file; tuples and arrays of objects become lists.

    An InputError if the file can't be read, has no such key, is broken, or wants code run.
    """
    with explained(path, "npz of objects"), ZipFile(path) as archive:
        if f"{key}.npy" not in archive.namelist():
            raise InputError(
                f"{path} is broken or has no {key!r}; give the file as VideoPose3D's scripts write "
                f"it"
            )
        if archive.getinfo(f"{key}.npy").file_size > bound(path):
            raise ValueError(f"unpacks to more than {bound(path)} bytes")
        with archive.open(f"{key}.npy") as stream:
            if npy_header(stream)[2] != np.dtype(object):
                raise ValueError("an array of numbers")
            return _unpickled(stream.read())


def read_pickle(path: str | PathLike[str]) -> Any:
    """The object in a bare pickle, see `read_object`."""
    with explained(path, "pickle"):
        return _unpickled(Path(path).read_bytes())


@contextmanager
def explained(path: str | PathLike[str], kind: str) -> Iterator[None]:
    """Raise whatever goes wrong while a file is read as an InputError."""
    try:
        yield
    except InputError:
        raise
    except _Forbidden as error:
        raise InputError(
            f"{path} wants {error} run, which no published file does; don't use it, get the file "
            f"anew from its publisher"
        ) from error
    except OSError as error:
        what = error.strerror or error
        raise InputError(f"can't read {path}: {what}; check the path") from error
    except BROKEN as error:
        raise InputError(
            f"{path} is broken or no {kind}; get the file anew from its publisher"
        ) from error


class _Forbidden(Exception):
    """A pickle asked for this class or function."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        key = f"{module.replace('numpy._core', 'numpy.core')}.{name}"
        if key not in _BUILDERS:
            raise _Forbidden(f"{module}.{name}")
        return _BUILDERS[key]


def _unpickled(raw: bytes) -> Any:
    for code, number, _ in pickletools.genops(raw):
        # It makes room for as many remembered objects as the largest number says.
        if code.name in ("PUT", "LONG_BINPUT") and not 0 <= int(number or 0) <= len(raw):
            raise ValueError(f"object {number} of {len(raw)} bytes")
    return _Plain(len(raw))(_Unpickler(BytesIO(raw)).load())


class _Type:
    """Stand-in for a numpy dtype while a pickle is read: numbers and objects only."""

    def __init__(self, code: str, *_: Any) -> None:
        if not re.fullmatch(r"b1|[iu][1248]|f[248]|O8?", code):
            raise ValueError(code)
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = {"<": "<", ">": ">"}.get(state[1], "=")

    @property
    def objects(self) -> bool:
        return self.code.startswith("O")

    def array(self, raw: bytes, shape: tuple[int, ...], order: Any = "C") -> np.ndarray:
        if self.objects or not isinstance(raw, bytes | bytearray):
            raise ValueError("objects as raw bytes")
        values = np.frombuffer(raw, np.dtype(self.order + self.code))
        return values.reshape(shape, order=order)


class _Array:
    """Stand-in for a numpy array while a pickle is read."""

    def __init__(self, *_: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        if not dtype.objects:
            self.value = dtype.array(raw, shape, "F" if fortran else "C")
        elif not isinstance(raw, list) or len(shape) > 1 or len(raw) != np.prod(shape):
            raise ValueError("an array of objects in several dimensions")
        else:
            self.value = raw if shape else raw[0]


def _scalar(dtype: _Type, raw: bytes) -> Any:
    return dtype.array(raw, ()).item()


def _from_buffer(raw: bytes, dtype: _Type, shape: tuple[int, ...], order: Any) -> np.ndarray:
    return dtype.array(raw, shape, "F" if order == "F" else "C")


def _encoded(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(encoding)
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


_BUILDERS: dict[str, Any] = {
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy.ndarray": "ndarray",  # only handed on
    "numpy.dtype": _Type,
    "_codecs.encode": _encoded,  # how protocol 2 writes bytes,
    "__builtin__.bytes": _no_bytes,  # and none
}


class _Plain:
    """Values without our stand-ins, at most as many as there were bytes.

    An object that is put into many others, and those again, would become more than fits anywhere.
    """

    def __init__(self, most: int) -> None:
        self.left = most

    def __call__(self, value: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise ValueError("more objects than bytes")
        if isinstance(value, _Array):
            return self(value.value)
        if isinstance(value, dict):
            return {key: self(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self(part) for part in value]
        if value is None or isinstance(value, str | bool | int | float | np.ndarray):
            return value
        raise ValueError(type(value).__name__)
