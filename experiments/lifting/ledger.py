"""Record of finished inputs, so that nothing is lifted twice."""

import hashlib
import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from ...gast.limits import read_json
from ..shards import Shard
from .results import cannot_write

Files = Mapping[str, list[str]]
"""By format, the names of the files that hold it, as seen from the output folder."""
ENDINGS = (".npz", ".jsonl", ".mp4", ".bvh")
"""Of everything that is written."""
LONGEST_NAME = 255
"""Bytes; a file system refuses even to look for a longer one."""


class Records(ABC):
    """What is finished: records, one line of JSON each, of which an input's newest counts."""

    def __init__(self) -> None:
        self._finished: dict[str, tuple[str, Files]] = {}
        for _, name, key, files in sorted(self._records(), key=lambda record: record[0]):
            self._finished[name] = key, files

    @abstractmethod
    def lines(self) -> Iterable[str]:
        """All records as they were noted, whole or not."""

    @abstractmethod
    def note(self, name: str, record: str) -> None:
        """Keep a record; `CannotWrite` if that can't be done."""

    @abstractmethod
    def is_inside(self, file: str) -> bool:
        """Whether a file lies where results go: what a record names is deleted one day."""

    @abstractmethod
    def is_there(self, file: str) -> bool:
        """Whether a result is still there."""

    def _records(self) -> Iterator[tuple[float, str, str, Files]]:
        for line in self.lines():
            try:
                record = read_json(line)
                name, key, files = record["name"], record["key"], record["files"]
                if isinstance(name, str) and all(
                    PurePath(file).suffix in ENDINGS and self.is_inside(file)
                    for some in files.values()
                    for file in some
                ):
                    yield float(record.get("time_s", 0.0)), name, key, files
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # empty, or half written by a killed program: that input is redone

    def has(self, name: str, key: str, formats: Iterable[str]) -> bool:
        """Whether `name` was lifted with this content key and its files are still there."""
        known, files = self._finished.get(name, ("", {}))
        return known == key and all(
            kind in files and all(map(self.is_there, files[kind])) for kind in formats
        )

    def replaced(self, name: str, key: str, formats: Iterable[str]) -> set[str]:
        """Files of an earlier lifting of `name` that a new one replaces.

        All if the content key is another, else those of the same formats.
        """
        known, files = self._finished.get(name, ("", {}))
        kinds = [kind for kind in files if known != key or kind in formats]
        return {file for kind in kinds for file in files[kind]}

    def add(self, name: str, key: str, files: Files) -> None:
        """Note that `name` is finished in these formats, in addition to earlier ones."""
        known, before = self._finished.get(name, ("", {}))
        every = {**(before if known == key else {}), **files}
        self._finished[name] = key, every
        record = {"name": name, "key": key, "files": every, "time_s": round(time.time(), 3)}
        self.note(name, json.dumps(record))


class Ledger(Records):
    """Records in the output `folder`, a line each.

    Each `shard` writes a file of its own, because machines that share a folder can't all append to
    one; all read all of them.
    """

    NAME = ".gastlive-lift.jsonl"

    def __init__(self, folder: Path, shard: Shard | None = None) -> None:
        self.folder = folder
        part = f"{shard.index}-of-{shard.count}." if shard and shard.count > 1 else ""
        self.file = folder / self.NAME.replace("jsonl", f"{part}jsonl")
        super().__init__()

    def lines(self) -> Iterator[str]:
        """See `Records`."""
        for path in sorted(self.folder.glob(self.NAME.replace("jsonl", "*jsonl"))):
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()

    def note(self, name: str, record: str) -> None:
        """See `Records`."""
        try:
            with self.file.open("a", encoding="utf-8") as ledger:
                ledger.write(f"\n{record}")  # first, so that a half line spoils no other
        except OSError as error:
            raise cannot_write(self.file, error) from error

    def is_inside(self, file: str) -> bool:
        """See `Records`."""
        place = self.folder / file
        fits = max(len(os.fsencode(part)) for part in place.parts) <= LONGEST_NAME
        return fits and place.parent.resolve().is_relative_to(self.folder.resolve())

    def is_there(self, file: str) -> bool:
        """See `Records`."""
        return (self.folder / file).is_file()


def content_key(recipe: Any) -> str:
    """Hash of plain data, leaving out numbers of threads, which change no result.

    A detector's ``precision: auto`` is left out, too: what was lifted before there was that key.
    """
    return hashlib.sha256(json.dumps(_counting(recipe), sort_keys=True).encode()).hexdigest()


def _counting(recipe: Any) -> Any:
    if isinstance(recipe, Mapping):
        return {
            key: _counting(value)
            for key, value in recipe.items()
            if key != "threads" and (key, value) != ("precision", "auto")
        }
    return [_counting(part) for part in recipe] if isinstance(recipe, list) else recipe
