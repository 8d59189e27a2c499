"""Arrays in MATLAB files, levels 4 and 5, read here: other readers crash on damaged files."""

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, bound

_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    16: "u1", 17: "u2", 18: "u4",
}  # fmt: skip
"""Types of elements; 16 to 18 are text in UTF-8, -16 and -32."""
_MATRIX, _COMPRESSED, _TEXT = 14, 15, 4
_NUMERIC, _COMPLEX = range(6, 16), 0x800
_EARLY = ("f8", "f4", "i4", "i2", "u2", "u1")
"""Types of level 4."""


@dataclass(frozen=True)
class _Found:
    """An array, (rows, columns, ...), or the codes of a text's letters."""

    values: np.ndarray
    is_text: bool = False


def read_matlab(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """Arrays of real numbers in a MATLAB file (before 7.3), float64, in the order of `names`.

    An InputError if the file is none, or lacks one of them.
    """
    return [found.values.astype(np.float64) for found in _read(path, names, text=False)]


def read_matlab_texts(path: Path, names: Sequence[str]) -> list[str]:
    """Texts of one line in a MATLAB file; otherwise as `read_matlab`."""
    found = _read(path, names, text=True)
    return ["".join(map(chr, each.values[:1].ravel().tolist())) for each in found]


def _read(path: Path, names: Sequence[str], *, text: bool) -> list[_Found]:
    kind = "text" if text else "numbers"
    wanted = " and ".join(repr(name) for name in names)
    try:
        found = _arrays(path.read_bytes(), frozenset(names), most=bound(path))
        if any(found[name].is_text != text for name in names):
            raise ValueError(f"not {kind}")
        return [found[name] for name in names]
    except BROKEN as error:
        raise InputError(f"{path} is no MATLAB file with a {wanted} of {kind}") from error


def _arrays(raw: bytes, names: frozenset[str], *, most: int) -> dict[str, _Found]:
    found = dict[str, _Found]()
    level_4 = 0 in raw[:4]
    for name, array in _level_4(raw) if level_4 else _level_5(raw, most):
        if name in names and array is not None:
            found[name] = array
        if len(found) == len(names):
            break
    return found


def _level_5(raw: bytes, most: int) -> Iterator[tuple[str, _Found | None]]:
    """Source: MathWorks, "MAT-File Format", chapter 1."""
    order = {b"IM": "<", b"MI": ">"}[raw[126:128]]
    for kind, data in _elements(raw[128:], order):
        if kind == _COMPRESSED:
            unpacking = zlib.decompressobj()
            data = unpacking.decompress(data, most)
            if unpacking.unconsumed_tail:
                raise ValueError(f"unpacks to more than {most} bytes")
            kind, data = next(_elements(data, order), (0, b""))
        if kind == _MATRIX:
            yield _matrix(data, order)


def _elements(raw: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 8 <= len(raw):
        kind, size = (int(each) for each in np.frombuffer(raw, f"{order}u4", 2, at))
        start, small = at + 8, kind >> 16
        if small:
            kind, size, start = kind & 0xFFFF, small, at + 4
        if start + size > len(raw):
            raise ValueError("an element beyond the end")
        yield kind, raw[start : start + size]
        padding = 0 if kind == _COMPRESSED else -size % (4 if small else 8)
        at = at + 8 if small else start + size + padding


def _matrix(raw: bytes, order: str) -> tuple[str, _Found | None]:
    """Its name and content; ``None`` for structures, cells and whatever else is no array."""
    parts = _elements(raw, order)
    (_, flags), (_, sizes), (_, name) = next(parts), next(parts), next(parts)
    flag = int(np.frombuffer(flags, f"{order}u4", 1)[0])
    kind, shape = flag & 0xFF, tuple(np.frombuffer(sizes, f"{order}i4").tolist())
    if (kind != _TEXT and kind not in _NUMERIC) or flag & _COMPLEX:
        return name.decode("latin1"), None
    number, data = next(parts, (1, b""))
    values = np.frombuffer(data, order + _NUMBERS[number])
    return name.decode("latin1"), _Found(_shaped(values, shape), kind == _TEXT)


def _level_4(raw: bytes) -> Iterator[tuple[str, _Found | None]]:
    """Source: MathWorks, "MAT-File Format", chapter 2."""
    at = 0
    while at + 20 <= len(raw):
        order = "<" if np.frombuffer(raw, "<i4", 1, at)[0] < 10_000 else ">"
        given, rows, columns, imaginary, letters = (
            int(each) for each in np.frombuffer(raw, f"{order}i4", 5, at)
        )
        kind, dtype = given % 10, np.dtype(order + _EARLY[given // 10 % 10])
        start = at + 20 + letters
        if min(rows, columns, letters) < 0 or imaginary not in (0, 1):
            raise ValueError("no header of level 4")
        name = raw[at + 20 : start].rstrip(b"\0").decode("latin1")
        count = rows * columns
        values = _shaped(np.frombuffer(raw, dtype, count, start), (rows, columns))
        yield name, None if kind == 2 or imaginary else _Found(values, kind == 1)
        at = start + count * dtype.itemsize * (1 + imaginary)


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) < 2 or min(shape) < 0 or math.prod(shape) != values.size:
        raise ValueError(f"{values.size} values for {shape}")
    return values.reshape(shape, order="F")
