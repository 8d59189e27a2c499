"""Every finished action as a row of a table."""

import csv
import os
from contextlib import suppress
from io import FileIO, StringIO
from typing import Any

from ..packets import Event, Frame, RunInfo
from ..run_folder import run_folder, unwritable
from .records import FIELDS, EventRecords


class CsvSink:
    """Writes ``events.csv`` as of RFC 4180, UTF-8: a header, then a row per finished action.

    Columns are those of ``events.jsonl``; what is not known is empty. Of several cameras the last
    column is the name of the camera. Times are stream time in
    seconds; those on the wall, ISO 8601, are known of a live source. Each row is written at once.
    The folder is made if it is not there; InputError if it can't be written to or, in a call, the
    disk is full.
    """

    own_thread = may_skip = True

    def __init__(self, *, folder: str) -> None:
        self.path = run_folder(folder) / "events.csv"
        try:
            self._file = FileIO(self.path, "w")
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._record, self._rows, self._end = EventRecords(), 0, 0
        self._fields: tuple[str, ...] = FIELDS

    def begin(self, info: RunInfo) -> None:
        """Write the header."""
        self._fields = (*FIELDS, "camera") if info.cameras else FIELDS
        self._write(self._fields)

    def __call__(self, frame: Frame) -> None:
        """A row for each action that ended with the frame."""
        self._record.see(frame)
        self._add(frame.events)

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Write the last events and close."""
        try:
            if not self._file.closed:
                self._add(events)
        finally:
            self._file.close()

    def summary(self) -> dict[str, Any]:
        """The file, and its number of events."""
        return {"file": "events.csv", "records": self._rows}

    def _add(self, events: tuple[Event, ...]) -> None:
        for event in events:
            record = self._record(event)
            self._write([record.get(field) for field in self._fields])
            self._rows += 1

    def _write(self, row: Any) -> None:
        line = StringIO()
        csv.writer(line).writerow(row)
        rest = data = memoryview(line.getvalue().encode())
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            with suppress(OSError):  # whole rows only, where the file can be truncated
                os.ftruncate(self._file.fileno(), self._end)
            self._file.close()
            raise unwritable(self.path, error) from error
        self._end += len(data)
