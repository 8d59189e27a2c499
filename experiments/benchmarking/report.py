"""Rows to ``latency.md``, ``.csv``, ``.json`` and pictures, and to the terminal."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...gast.errors import InputError
from ..reporting import origin, to_json, write_files
from ..timing.jobs import Row
from .markdown import page
from .pictures import draw
from .spread import (
    Spread,
    cell,
    columns,
    figures,
    heading,
    over_rounds,
    ratio,
    ratios,
    spread_text,
    unitless,
)

if TYPE_CHECKING:
    from rich.table import Table

_ON_THE_CONSOLE = 8


def write(
    rows: Sequence[Row],
    *,
    folder: Path,
    title: str,
    command: str,
    baseline: int = 0,
    accuracies: Mapping[str, Mapping[str, float]] | None = None,
) -> Path:
    """Write the report, replacing an earlier one; returns the path of ``latency.md``.

    Args:
        rows: In the report's order.
        folder: Made if it is not there.
        title: The headline.
        command: As typed.
        baseline: Index of the row that the others are compared with.
        accuracies: Of rows of which they are known, by name: ``frame_accuracy``, a share of 1,
            and ``p_mpjpe_mm``.

    Raises:
        InputError: There is no row, no such baseline, or the folder can't be written to.
    """
    _check(rows, baseline)
    known = accuracies or {}
    about = {"title": title, "command": command, **origin()}

    def files(folder: Path) -> Iterator[tuple[str, str]]:
        yield "latency.json", _json(rows, about, baseline, known)
        yield "latency.csv", _csv(rows)
        pictures = draw(rows, folder=folder, accuracies=known)
        text = page(rows, about, baseline=baseline, accuracies=known, pictures=pictures)
        yield "latency.md", text

    return write_files(folder, files) / "latency.md"


def table(rows: Sequence[Row], baseline: int = 0) -> "Table":
    """Medians of the most important figures, for the terminal; last, the ratio of the first one.

    Raises:
        InputError: There is no row or no such baseline.
    """
    from rich.table import Table
    from rich.text import Text

    _check(rows, baseline)
    names = columns(rows)[:_ON_THE_CONSOLE]
    compared = names[:1] if len(rows) > 1 else []
    made = Table(box=None, pad_edge=False)
    made.add_column()
    for name in names:
        made.add_column(heading(name), justify="right")
    for name in compared:
        made.add_column(f"{unitless(name)}, ratio", justify="right")
    for row in rows:
        cells = [cell(rows, row, name, spread=False) for name in names]
        cells += [spread_text(ratio(row, rows[baseline], name)) for name in compared]
        made.add_row(Text(row.name), *cells)
    return made


def _check(rows: Sequence[Row], baseline: int) -> None:
    if not rows:
        raise InputError("nothing was measured, so there is nothing to report; give a config")
    if not 0 <= baseline < len(rows):
        raise InputError(
            f"baseline={baseline} is none of the {len(rows)} rows; give 0 to {len(rows) - 1}"
        )


def _json(
    rows: Sequence[Row],
    about: Mapping[str, Any],
    baseline: int,
    known: Mapping[str, Mapping[str, float]],
) -> str:
    content = {
        **about,
        "baseline": rows[baseline].name,
        "rows": [
            {
                "name": row.name,
                "config": dict(row.config),
                "rounds": [_finite(once) for once in row.rounds],
                "figures": {name: _plain(over_rounds(row, name)) for name in figures([row])},
                "ratios": {name: _ratios(row, rows[baseline], name) for name in figures([row])},
                "accuracy": _finite(known.get(row.name, {})),
            }
            for row in rows
        ],
    }
    return to_json(content)


def _ratios(row: Row, base: Row, figure: str) -> dict[str, Any]:
    each = [value and _rounded(value) for value in ratios(row, base, figure)]
    return {"rounds": each, "over_rounds": _plain(ratio(row, base, figure))}


def _plain(spread: Spread | None) -> dict[str, float] | None:
    return {k: _rounded(v) for k, v in asdict(spread).items()} if spread else None


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN."""
    return {k: float(value) if math.isfinite(value) else None for k, value in values.items()}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _csv(rows: Sequence[Row]) -> str:
    names = figures(rows)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["name", *(name + of for name in names for of in ("", "_min", "_max"))])
    for row in rows:
        spreads = (over_rounds(row, name) for name in names)
        lines.writerow([row.name, *(each for spread in spreads for each in _three(spread))])
    return text.getvalue()


def _three(spread: Spread | None) -> Iterable[float | str]:
    return [_rounded(value) for value in asdict(spread).values()] if spread else ["", "", ""]
