"""Ctrl-C, SIGTERM, SIGHUP: the first ends a run cleanly, later ones don't disturb the shutdown."""

import atexit
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from signal import SIGINT, SIGTERM, Signals
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, TypeVar

from .clock import SYSTEM, Clock

PATIENCE_S = 5.0
"""So long after the first, further signals are ignored: the run is ending."""

ENDING = (SIGINT, SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
"""Signals that end a run; the last comes when a terminal is closed."""

T = TypeVar("T")


class Interrupts:
    """What SIGINT, SIGTERM and SIGHUP do to a run.

    The first is noted, and raises `KeyboardInterrupt` only where a run waits for its next item
    (`between`). Others within `PATIENCE_S` of it do nothing, so that the run can end in peace; a
    later one ends the process at once, with status 128 + the signal's number (130 for Ctrl-C), one
    line and no traceback.
    """

    def __init__(self, *, clock: Clock = SYSTEM) -> None:
        self._clock, self._is_waiting = clock, False
        self._first_s: float | None = None
        self._first = SIGINT

    @property
    def said(self) -> str:
        """How the summary says that it ended so."""
        return "interrupted" if self._first == SIGINT else f"interrupted by {self._first.name}"

    def handle(self, number: int, at: FrameType | None) -> None:
        """The signal handler."""
        now_s = self._clock()
        if self._first_s is None:
            self._first_s, self._first = now_s, Signals(number)
            if self._is_waiting:
                raise KeyboardInterrupt
        elif now_s - self._first_s > PATIENCE_S:
            _end_at_once(128 + number)

    def between(self, items: Iterable[T]) -> Iterator[T]:
        """The same items; a signal raises `KeyboardInterrupt` only while the next is awaited."""
        rest = iter(items)
        while True:
            try:
                self._is_waiting = True
                if self._first_s is not None:
                    raise KeyboardInterrupt
                item = next(rest)
            except StopIteration:
                return
            finally:
                self._is_waiting = False
            yield item

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Handle signals for a while, if this is the main thread, which alone can."""
        if current_thread() is not main_thread():
            yield
            return
        before = self._take()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def heard_to_the_end(self) -> None:
        """Handle signals until the process has ended, which takes a while after the last line."""
        self._take()
        atexit.register(_ignore)  # Python gives its handlers back before it is done

    def _take(self) -> dict[int, Any]:
        """Handle signals; the handlers before. A terminal's end that ``nohup`` ignores stays so."""
        wanted = [n for n in ENDING if n == SIGINT or signal.getsignal(n) is not signal.SIG_IGN]
        return {number: signal.signal(number, self.handle) for number in wanted}


def _ignore() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _end_at_once(status: int) -> None:
    with suppress(OSError):  # not print, which the signal may have interrupted
        os.write(2, b"gastlive: ended at once\n")
    os._exit(status)
