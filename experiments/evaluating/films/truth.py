"""What is done in films: a ``truth.json`` or a ``labels.csv``."""

import csv
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import inf, isfinite
from pathlib import Path
from typing import Any

from ....datasets.formats.text import read_text
from ....gast.errors import InputError
from ....gast.limits import read_json

COLUMNS = ("film", "label", "start_s", "stop_s")
KEYS = ("needed", "allowed", "times", "people", "note")


@dataclass(frozen=True, slots=True)
class Segment:
    """Somebody does `label`, in seconds of the film; without times: at some time in it."""

    label: str
    start_s: float | None = None
    stop_s: float | None = None

    def shares(self, start_s: float, end_s: float) -> bool:
        """Whether it has an instant in common with that span."""
        first = 0.0 if self.start_s is None else self.start_s
        last = inf if self.stop_s is None else self.stop_s
        return start_s <= last and first <= end_s


@dataclass(frozen=True, slots=True)
class Truth:
    """What is done in a film, labels that may be said besides, and how many people are in view."""

    segments: tuple[Segment, ...] = ()
    allowed: tuple[str, ...] = ()
    people: int | None = None

    def among(self, labels: Collection[str], *, background: str) -> tuple["Truth", list[str]]:
        """The part of it that a head with these labels can say, and the labels it does not know.

        The background is no action: a segment of it says that nothing is done.
        """
        named = [segment.label for segment in self.segments] + list(self.allowed)
        known = replace(
            self,
            segments=tuple(s for s in self.segments if s.label in labels and s.label != background),
            allowed=tuple(label for label in self.allowed if label in labels),
        )
        return known, sorted({label for label in named if label not in labels})


def read_truth(path: Path) -> dict[str, Truth]:
    """What is done in each film, by the film's path as written.

    A ``.csv`` begins with the line ``film,label,start_s,stop_s``; times may be empty or left out,
    and a row without a label is a film in which nothing is done. A ``.json`` maps each film to
    ``needed`` and ``allowed`` labels, ``times`` ([label, start, stop] each), ``people`` and a
    ``note``, all optional; names that begin with an underscore are remarks.

    Raises:
        InputError: It can't be read, names no film, or has a wrong row, which the error names.
    """
    readers = {".csv": _of_csv, ".json": _of_json}
    if path.suffix.lower() not in readers:
        raise InputError(f"truth={path} is neither .csv nor .json; give one of them")
    found = readers[path.suffix.lower()](path, read_text(path))
    if not found:
        raise InputError(f"{path} names no film; write at least one, with what is done in it")
    return found


def _of_csv(path: Path, text: str) -> dict[str, Truth]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=max(",;\t", key=head.count))
    names = {name: (name or "").strip().lower() for name in reader.fieldnames or ()}
    if missing := [name for name in COLUMNS[:2] if name not in names.values()]:
        raise InputError(
            f"{path}, line 1: no column {', '.join(missing)}; begin it with the line "
            f"{','.join(COLUMNS)}"
        )
    found: dict[str, Truth] = {}
    for raw in reader:
        cells = {names.get(key, ""): (value or "").strip() for key, value in raw.items()
                 if not isinstance(value, list)}  # fmt: skip
        if any(cells.values()):
            _add_row(found, cells, where=f"{path}, line {reader.line_num}")
    return found


def _add_row(found: dict[str, Truth], cells: Mapping[str, str], *, where: str) -> None:
    film, label = cells.get("film", ""), cells.get("label", "")
    if not film:
        raise InputError(f"{where}: names no film; write its path as seen from the folder")
    start_s, stop_s = (
        _seconds(cells[name].replace(",", "."), name, where) if cells.get(name) else None
        for name in COLUMNS[2:]
    )
    before = found.get(film, Truth())
    if not label and (start_s is not None or stop_s is not None):
        raise InputError(f"{where}: times without a label; write what is done, or no times")
    segments = (_segment(label, start_s, stop_s, where),) if label else ()
    found[film] = replace(before, segments=before.segments + segments)


def _of_json(path: Path, text: str) -> dict[str, Truth]:
    try:
        content = read_json(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: {error.msg}; correct it there") from error
    except ValueError as error:
        raise InputError(f"{path} is no truth: {error}; correct it there") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is a list; give an object with the films' paths as keys")
    return {
        film: _entry(entry, where=f"{path}, {film}")
        for film, entry in content.items()
        if not film.startswith("_")
    }


def _entry(entry: Any, *, where: str) -> Truth:
    wrong = sorted(set(entry) - set(KEYS)) if isinstance(entry, dict) else [str(entry)]
    if wrong:
        raise InputError(f"{where}: unknown {', '.join(wrong)}; give some of {', '.join(KEYS)}")
    needed, allowed = (_labels(entry.get(key, []), key, where) for key in KEYS[:2])
    times = [_timed(row, where) for row in entry.get("times", [])]
    people = entry.get("people")
    if people is not None and (not isinstance(people, int) or people < 0):
        raise InputError(f"{where}: people is {people!r}; give a number, or leave it out")
    return Truth((*map(Segment, needed), *times), tuple(allowed), people)


def _labels(given: Any, key: str, where: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(label, str) for label in given):
        raise InputError(f'{where}: {key} is {given!r}; give a list such as ["squat"]')
    return given


def _timed(row: Any, where: str) -> Segment:
    if not isinstance(row, list) or not 1 <= len(row) <= 3 or not isinstance(row[0], str):
        raise InputError(f'{where}: times has {row!r}; give ["squat", 2.5, 4.0], in seconds')
    label, *times = row
    start_s, stop_s = (
        None if given is None else _seconds(given, name, where)
        for given, name in zip([*times, None, None], COLUMNS[2:], strict=False)
    )
    return _segment(label, start_s, stop_s, where)


def _seconds(given: Any, name: str, where: str) -> float:
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        seconds = inf
    if not isfinite(seconds) or seconds < 0:
        raise InputError(f"{where}: {name} is {given!r}; give seconds from 0 on, such as 12.5")
    return seconds


def _segment(label: str, start_s: float | None, stop_s: float | None, where: str) -> Segment:
    if stop_s is not None and stop_s <= (start_s or 0):
        raise InputError(
            f"{where}: {label} stops at {stop_s:g} s and starts at {start_s or 0:g} s; give a stop "
            f"after the start, or leave it out"
        )
    return Segment(label, start_s, stop_s)
