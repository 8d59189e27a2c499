"""The run folder: where sinks write, and what is done when they can't."""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from ..gast.errors import InputError

_LOGGER = logging.getLogger(__name__)


class RecordFile:
    """A new file of whole records, each written at once, also on a disk that is full for a while.

    A record that can't be written is lost and counted in `lost`; the next one is tried again. The
    first loss is said, and the first time that there is room again. InputError if the file can't
    be made.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.written, self.lost = path, 0, 0
        self._head, self._end, self._has_half = b"", 0, False
        self._unsaid = [
            "%s goes on, where it has lost %d records",
            "can't write %s: %s; what comes is lost until there is room",
        ]
        try:
            self._file = FileIO(path, "w")
        except OSError as error:
            raise unwritable(path, error) from error

    @property
    def closed(self) -> bool:
        """Whether nothing is written any more."""
        return self._file.closed

    def begin(self, head: bytes) -> None:
        """What stands before all records, and is no record."""
        self._head = head
        self._written(b"")

    def write(self, record: bytes) -> bool:
        """Whether the record was written; if not, nothing of it was."""
        is_written = self._written(record)
        self.written += is_written
        self.lost += not is_written
        return is_written

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            with suppress(OSError):  # of a network's disk, which says here that it was full
                self._cut_half()
                self._file.close()

    def summary(self) -> dict[str, Any]:
        """Its name, and how many records were written and lost."""
        return {"file": self.path.name, "records": self.written, "lost": self.lost}

    def _written(self, record: bytes) -> bool:
        try:
            self._cut_half()
            self._append(self._head + record)
        except OSError as error:
            with suppress(OSError):
                self._cut_half()
            if len(self._unsaid) == 2:
                _LOGGER.warning(self._unsaid.pop(), self.path, why(error))
            return False
        self._head = b""
        if len(self._unsaid) == 1:
            _LOGGER.warning(self._unsaid.pop(), self.path, self.lost)
        return True

    def _append(self, data: bytes) -> None:
        rest, self._has_half = memoryview(data), True
        while rest:
            rest = rest[self._file.write(rest) :]
        self._end, self._has_half = self._end + len(data), False

    def _cut_half(self) -> None:
        if self._has_half and self.path.is_file():  # a device keeps none
            self._file.truncate(self._end)
            self._file.seek(self._end)
        self._has_half = False


def lost_of(sinks: Mapping[str, Any]) -> dict[str, int]:
    """How many records were lost, by the name of the sink or file that lost any."""
    found: dict[str, int] = {}
    for name, told in sinks.items():
        if isinstance(told, Mapping):
            found |= lost_of(told)
            if told.get("lost"):
                found[told.get("file", name)] = told["lost"]
    return found


def run_folder(folder: str) -> Path:
    """The folder, made if it does not exist; InputError if it can't be made or written to."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise unwritable(path, PermissionError(None, "permission denied"))
    return path


def unwritable(path: Path, error: OSError) -> InputError:
    """The error that says that `path` can't be written, and why."""
    return InputError(
        f"can't write {path}: {why(error)}; what was written so far stays - make room there or "
        f"give another folder with hydra.run.dir=FOLDER"
    )


def why(error: OSError) -> str:
    """The system's words for it."""
    return (error.strerror or str(error)).lower()
