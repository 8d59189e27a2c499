"""Files from outside: what they may claim, and one line for every way of being broken."""

import csv
import json
import math
import pickle
import re
import struct
import zlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

import numpy as np

from .errors import InputError

BROKEN = (
    OSError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError, EOFError,
    MemoryError, RuntimeError, SyntaxError, SystemError, TokenError, struct.error, zlib.error,
    csv.Error, pickle.UnpicklingError, BadZipFile, LargeZipFile,
)  # fmt: skip
"""Raised by readers for broken files, depending on where they are broken."""

ALWAYS = 128 << 20
"""Bytes that any file may unpack to."""
TIMES = 100
"""Beyond, a file may unpack to so many times its own size; arrays of motion do to at most 20."""
EMPTY = 1 << 20
"""Longest axis of an array without any number."""
DIGITS = 20
"""Longest whole number in JSON: what 64 bits hold."""
KINDS = "biufUS"
"""Kinds of numpy types that our files have: numbers and text."""


def broken(error: Exception) -> str:
    """Why a file can't be used: what an InputError says, and of any other what it is."""
    said = " ".join(str(error).split())[:200]
    return said if isinstance(error, InputError) else f"is broken ({type(error).__name__}: {said})"


def bound(path: str | PathLike[str]) -> int:
    """Bytes that a file may unpack to, by its size."""
    return max(ALWAYS, TIMES * Path(path).stat().st_size)


def opened_npz(path: str | PathLike[str], *names: str) -> "np.lib.npyio.NpzFile":
    """An npz file, nothing in it pickled, its arrays no larger than it may claim.

    With `names` only these are looked at, so that damage in others costs nothing here. One of
    `BROKEN` if it is no such file.
    """
    with ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > bound(path):
            raise ValueError(f"{path} unpacks to more than {bound(path)} bytes")
        for member in members:
            if names and member.filename.removesuffix(".npy") not in names:
                continue
            with archive.open(member) as stream:
                _check_array(stream, member)
    file: Any = np.load(path, allow_pickle=False)
    return file


def read_npy(path: str | PathLike[str]) -> np.ndarray:
    """The array of an npy file; one of `BROKEN` if it is none of numbers or text."""
    with Path(path).open("rb") as stream:
        shape, _, dtype = npy_header(stream)
        _check_claim(shape, dtype, Path(path).stat().st_size - stream.tell())
    array: np.ndarray = np.load(path, allow_pickle=False)
    return array


def npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether in Fortran order, and type of an npy stream's array; a ValueError if none."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0
    return (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(stream)


def _check_array(stream: IO[bytes], member: ZipInfo) -> None:
    shape, _, dtype = npy_header(stream)
    _check_claim(shape, dtype, member.file_size - stream.tell())


def _check_claim(shape: Sequence[int], dtype: np.dtype, there: int) -> None:
    claimed = math.prod(shape) * dtype.itemsize
    if dtype.kind not in KINDS or claimed > there:
        raise ValueError(f"an array {dtype} {tuple(shape)} in {there} bytes")
    if not claimed and max(shape, default=0) > EMPTY:
        raise ValueError(f"an empty array {tuple(shape)}")


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    A ValueError if it is none, nests too deep, has a whole number beyond 64 bits, or text that is
    no Unicode.
    """
    try:
        value = json.loads(text, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    escaped = rb"\\u[dD][89a-fA-F]" if isinstance(text, bytes) else r"\\u[dD][89a-fA-F]"
    if re.search(escaped, text):  # type: ignore[arg-type]
        json.dumps(value, ensure_ascii=False).encode()  # half a pair can't be written anywhere
    return value


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)
