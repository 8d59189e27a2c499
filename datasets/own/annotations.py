"""``labels.csv``: the user's ground-truth segments of recordings."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from pathlib import Path

from ...gast.errors import InputError
from ..formats.text import read_text
from .footage import Footage

LABELS = "labels.csv"
COLUMNS = ("start", "end", "label", "file", "person", "subject")
LATE_S = 0.5
"""A row may end so much after anybody was last seen without a complaint."""
_TINY_S = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; a column that it lacks is empty.

    Attributes:
        line: Counts from 1, the header's.
        start_s: Seconds from the beginning of the recording.
        stop_s: Likewise; no longer part of the segment.
        label: Of the action; empty leaves the segment out: neither action nor background.
        file: As written, seen from the folder of the CSV.
        person: Track id; empty is everybody.
    """

    line: int
    start_s: float
    stop_s: float
    label: str
    file: str = ""
    person: str = ""
    subject: str = ""

    def overlaps(self, other: "Row") -> bool:
        """Whether both label the same person at the same time."""
        people = {self.person, other.person}
        in_time = self.start_s < other.stop_s - _TINY_S and other.start_s < self.stop_s - _TINY_S
        return in_time and (len(people) == 1 or "" in people)


def read_rows(path: Path) -> tuple[list[Row], list[str]]:
    """Usable rows of a ``labels.csv``, and for each of the others why it can't be used.

    It is separated by comma, semicolon or tab; columns are known by name, in any order; others are
    ignored. An InputError if it can't be read, or start, end or label is not in its header.
    """
    try:
        return _rows(path, read_text(path))
    except csv.Error as error:
        raise InputError(f"{path} is no table ({error}); separate columns by commas") from error


def _rows(path: Path, text: str) -> tuple[list[Row], list[str]]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
    names = {name: (name or "").strip().lower() for name in reader.fieldnames or ()}
    if missing := [name for name in COLUMNS[:3] if name not in names.values()]:
        raise InputError(
            f"{path}, line 1: no column {', '.join(missing)}; begin it with the line "
            f"{','.join(COLUMNS[:4])} (and person, subject where you like)"
        )
    rows, reasons = [], []
    for raw in reader:
        cells = {names.get(key, ""): value for key, value in raw.items() if isinstance(value, str)}
        if not any(cells.values()):
            continue
        try:
            rows.append(_row(reader.line_num, {k: v.strip() for k, v in cells.items()}))
        except ValueError as error:
            reasons.append(f"line {reader.line_num}: {error}")
    return rows, reasons


def _row(line: int, cells: Mapping[str, str]) -> Row:
    """Raises ValueError with the reason why a row can't be used."""
    start_s, stop_s = _seconds(cells, "start"), _seconds(cells, "end")
    if start_s < 0 or stop_s <= start_s:
        raise ValueError(f"goes from {start_s:g} s to {stop_s:g} s; wanted 0 <= start < end")
    rest = {name: cells.get(name, "") for name in COLUMNS[2:]}
    return Row(line, start_s, stop_s, **rest)


def _seconds(cells: Mapping[str, str], name: str) -> float:
    text = cells.get(name, "")
    try:
        seconds = float(text.replace(",", "."))
    except ValueError:
        seconds = float("nan")
    if not isfinite(seconds):
        raise ValueError(f"{name} is {text!r}; wanted seconds, such as 12.5")
    return seconds


def contradictions(rows: Iterable[Row], footage: Footage) -> list[str]:
    """Where the rows of one recording contradict it or each other, one line each."""
    rows, found, end_s = list(rows), [], footage.end_s
    people = {track.person for track in footage.tracks}
    for row in rows:
        where = f"{LABELS}, line {row.line}"
        if row.person and row.person not in people:
            known = ", ".join(sorted(people, key=lambda name: (len(name), name)))
            found.append(f"{where}: there is no person {row.person}; there are {known or 'none'}")
        elif row.start_s >= end_s:
            found.append(
                f"{where}: begins at {row.start_s:g} s, the recording ends at {end_s:.1f} s"
            )
        elif not _is_seen(row, footage):
            found.append(f"{where}: nobody is seen from {row.start_s:g} s to {row.stop_s:g} s")
        elif row.stop_s > end_s + LATE_S:
            found.append(f"{where}: ends at {row.stop_s:g} s, the recording ends at {end_s:.1f} s")
    for one, other in combinations(sorted(rows, key=lambda row: row.start_s), 2):
        if one.overlaps(other):
            found.append(
                f"{LABELS}: line {other.line} overlaps line {one.line}; the one that begins later "
                f"counts"
            )
    return found


def _is_seen(row: Row, footage: Footage) -> bool:
    return any(
        track.start_s < row.stop_s and row.start_s < track.start_s + len(track.xyz) / footage.fps
        for track in footage.tracks
        if row.person in ("", track.person)
    )
