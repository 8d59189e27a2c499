"""Every finished action as a row of a table."""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

from ..packets import Event, Frame, RunInfo
from ..run_folder import RecordFile, run_folder
from .records import FIELDS, EventRecords


class CsvSink:
    """Writes ``events.csv`` as of RFC 4180, UTF-8: a header, then a row per finished action.

    Columns are those of ``events.jsonl``; what is not known is empty. Of several cameras the last
    column is the name of the camera. Times are stream time in seconds; those on the wall, ISO 8601,
    are known of a live source. Each row is written at once; what comes while the disk is full is
    lost and counted. The folder is made if it is not there; InputError if it can't be written to.
    """

    own_thread = may_skip = True

    def __init__(self, *, folder: str) -> None:
        self._file, self._record = RecordFile(run_folder(folder) / "events.csv"), EventRecords()
        self._fields: tuple[str, ...] = FIELDS

    def begin(self, info: RunInfo) -> None:
        """Write the header."""
        self._fields = (*FIELDS, "camera") if info.cameras else FIELDS
        self._file.begin(_row(self._fields))

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
        """The file, and how many events it has and has lost."""
        return self._file.summary()

    def _add(self, events: tuple[Event, ...]) -> None:
        for event in events:
            record = self._record(event)
            self._file.write(_row([record.get(field) for field in self._fields]))


def _row(values: Iterable[Any]) -> bytes:
    line = StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().encode()
