"""Printing where nobody may be reading: a full pipe or a stopped terminal must hold up nothing."""

import os
import select
import sys
from contextlib import suppress
from typing import TextIO

PATIENCE_S = 5.0
"""Longest wait for somebody to read; afterwards text is left out until somebody does."""
_PIECE = 512
"""Bytes that can be written without waiting once anything can."""


class Outlet:
    """A stream that is never waited for longer than `PATIENCE_S`, to print to.

    Text that nobody reads is left out and counted; what has no file descriptor is written to as it
    is. An OSError if the other end was closed, a ValueError if the stream was.

    Attributes:
        left_out: How many texts were left out, or cut.
    """

    def __init__(self, stream: TextIO, *, patience_s: float = PATIENCE_S) -> None:
        self.stream, self.patience_s, self.left_out = stream, patience_s, 0
        self.encoding = stream.encoding or "utf-8"
        self._is_read = True
        try:
            stream.fileno()
            self._has_file = True
        except (OSError, ValueError, AttributeError):
            self._has_file = False

    def write(self, text: str) -> int:
        """Write all of it, or none or a part if nobody reads."""
        if not self._has_file:
            return self.stream.write(text)
        file = self.fileno()  # anew: once the stream is closed its number is that of another file
        data = text.encode(self.encoding, "backslashreplace")
        for start in range(0, len(data), _PIECE):
            if not self._is_ready(file):
                self.left_out += 1
                break
            _write(file, data[start : start + _PIECE])
        return len(text)

    def flush(self) -> None:
        """Nothing is held back here."""
        if not self._has_file:
            self.stream.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """Of the stream."""
        return self.stream.fileno()

    def _is_ready(self, file: int) -> bool:
        """Whether something can be written; the first time that nobody reads takes its time."""
        _, ready, _ = select.select([], [file], [], self.patience_s if self._is_read else 0)
        self._is_read = bool(ready)
        return self._is_read


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def say(line: str) -> None:
    """Print a line to stderr, if anybody is there."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
        Outlet(sys.stderr).write(f"{line}\n")
