"""Record of finished inputs, so that nothing is lifted twice."""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...gast.limits import read_json
from ..shards import Shard

Files = Mapping[str, list[str]]
"""By format, the names of the files that hold it, as seen from the output folder."""
ENDINGS = (".npz", ".jsonl", ".mp4", ".bvh")
"""Of everything that is written."""
LONGEST_NAME = 255
"""Bytes; a file system refuses even to look for a longer one."""


class Ledger:
    """A line of JSON for each finished input, in the output `folder`; the newest line counts.

    Each `shard` writes a file of its own, because machines that share a folder can't all append to
    one; all read all of them.
    """

    NAME = ".gastlive-lift.jsonl"

    def __init__(self, folder: Path, shard: Shard | None = None) -> None:
        self.folder = folder
        part = f"{shard.index}-of-{shard.count}." if shard and shard.count > 1 else ""
        self.file = folder / self.NAME.replace("jsonl", f"{part}jsonl")
        self._finished: dict[str, tuple[str, Files]] = {}
        for _, name, key, files in sorted(self._records(), key=lambda record: record[0]):
            self._finished[name] = key, files

    def _records(self) -> Iterator[tuple[float, str, str, Files]]:
        for path in sorted(self.folder.glob(self.NAME.replace("jsonl", "*jsonl"))):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    record = read_json(line)
                    name, key, files = record["name"], record["key"], record["files"]
                    if self._are_inside(name, files):
                        yield float(record.get("time_s", 0.0)), name, key, files
                except (ValueError, KeyError, TypeError, AttributeError):
                    continue  # empty, or half written by a killed program: that input is redone

    def _are_inside(self, name: str, files: Files) -> bool:
        """Whether all files are in the folder: what a record names is deleted one day."""
        inside = self.folder.resolve()
        places = [self.folder / file for some in files.values() for file in some]
        return isinstance(name, str) and all(
            place.suffix in ENDINGS
            and max(len(os.fsencode(part)) for part in place.parts) <= LONGEST_NAME
            and place.parent.resolve().is_relative_to(inside)
            for place in places
        )

    def has(self, name: str, key: str, formats: Iterable[str]) -> bool:
        """Whether `name` was lifted with this content key and its files are still there."""
        known, files = self._finished.get(name, ("", {}))
        return known == key and all(
            kind in files and all((self.folder / file).is_file() for file in files[kind])
            for kind in formats
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
        with self.file.open("a", encoding="utf-8") as ledger:
            ledger.write("\n" + json.dumps(record))  # first, so that a half line spoils no other


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
