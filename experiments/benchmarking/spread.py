"""Figures over rounds: median and spread, ratios round by round, and how they are written."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from ..timing.jobs import Row

_UNITS = {"percent": "%", "mb": "MB", "gb": "GB", "kb": "KB", "hz": "Hz"} | {
    unit: unit for unit in ("ms", "us", "s", "min", "h", "hour", "mm", "m")
}
_WORDS = {"cpu": "CPU", "mpjpe": "MPJPE"}
# The most important figures first; the others follow in the order measured.
_FIRST = (
    r"^streams", r"^cameras", r"^carried", r"^age_p50", r"^age_p95", r"^age_p99", r"^age", r"drop",
    r"fps", r"^cpu", r"^memory(?!.*growth)", r"growth", r"^first_label",
)  # fmt: skip
_TAIL = re.compile(r"(?P<stage>.+)_(?P<of>p95|p99|max)_ms")


@dataclass(frozen=True)
class Spread:
    """A figure's median, least and largest over rounds."""

    median: float
    min: float
    max: float


def over_rounds(row: Row, figure: str) -> Spread | None:
    """The figure's spread; ``None`` if no round has it."""
    return _spread(value for value in _rounds(row, figure) if math.isfinite(value))


def ratios(row: Row, base: Row, figure: str) -> list[float | None]:
    """The row's figure divided by that of `base`, round by round; ``None`` where undefined."""
    pairs = zip(_rounds(row, figure), _rounds(base, figure), strict=False)
    return [value / to if value >= 0 and to > 0 else None for value, to in pairs]


def ratio(row: Row, base: Row, figure: str) -> Spread | None:
    """Spread of `ratios`; ``None`` unless each round has one."""
    found = ratios(row, base, figure)
    values = [value for value in found if value is not None]
    return _spread(values) if len(values) == len(found) else None


def figures(rows: Iterable[Row]) -> list[str]:
    """The names of all figures of all rows, the most important first."""
    names = list(dict.fromkeys(name for row in rows for once in row.rounds for name in once))
    return sorted(names, key=_rank)  # the others stay as they are


def columns(rows: Iterable[Row]) -> list[str]:
    """The figures of the main table: without `tails`."""
    names = figures(rows)
    beside = tails(names)
    return [name for name in names if name not in beside]


def tails(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The p95, p99 and max of a pipeline's stages: ``("lifter", "p95")`` by figure name."""
    if not any(name.startswith("age_p") for name in names):
        return {}
    found = ((name, _TAIL.fullmatch(name)) for name in names)
    parts = {name: (match["stage"], match["of"]) for name, match in found if match}
    return {name: part for name, part in parts.items() if part[0] != "age"}


def cell(rows: Iterable[Row], row: Row, figure: str, *, spread: bool = True) -> str:
    """The row's figure as text, an integer if it is one in all `rows` of the column.

    `spread` adds least and largest.
    """
    spreads = [found for each in rows if (found := over_rounds(each, figure))]
    whole = all(float(of).is_integer() for each in spreads for of in astuple(each))
    found = over_rounds(row, figure)
    return spread_text(found if spread else _median(found), whole=whole)


def heading(figure: str) -> str:
    """A figure's name with its unit: ``age_p99_ms`` is "age p99, ms"."""
    words, unit = figure.split("_"), ""
    if len(words) > 3 and words[-2] == "per" and words[-3] in _UNITS:
        unit = f"{_UNITS[words[-3]]}/{_UNITS.get(words[-1], words[-1])}"
        words = words[:-3]
    elif len(words) > 1 and words[-1] in _UNITS:
        unit, words = _UNITS[words[-1]], words[:-1]
    name = " ".join(_WORDS.get(word, word) for word in words)
    return f"{name}, {unit}" if unit else name


def unitless(figure: str) -> str:
    """Its `heading` without the unit."""
    return heading(figure).partition(",")[0]


def spread_text(spread: Spread | None, *, whole: bool = False) -> str:
    """Median (least-largest), three digits; the median alone where these print the same."""
    if spread is None:
        return ""
    digits = 0 if whole else _digits(spread.median or max(-spread.min, spread.max))
    median, least, largest = (_fixed(v, digits) for v in (spread.median, spread.min, spread.max))
    between = " to " if spread.min < 0 else "-"
    return median if least == largest else f"{median} ({least}{between}{largest})"


def number(value: float) -> str:
    """With three digits."""
    return _fixed(value, _digits(value))


def _digits(value: float) -> int:
    """After the point, so that there are three in all; at most four."""
    return min(max(2 - math.floor(math.log10(abs(value))), 0), 4) if value else 0


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if value else "0"


def _rounds(row: Row, figure: str) -> list[float]:
    return [float(once.get(figure, math.nan)) for once in row.rounds]


def _spread(values: Iterable[float]) -> Spread | None:
    found = list(values)
    return Spread(float(np.median(found)), min(found), max(found)) if found else None


def _median(spread: Spread | None) -> Spread | None:
    return spread and Spread(*[spread.median] * 3)


def _rank(figure: str) -> int:
    ranks = (rank for rank, pattern in enumerate(_FIRST) if re.search(pattern, figure))
    return next(ranks, len(_FIRST))
