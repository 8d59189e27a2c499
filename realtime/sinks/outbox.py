"""Sends records to a receiver that may be away: again and again, from a spool on disk."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from ..clock import SYSTEM, Clock
from .spool import Spool

_LOGGER = logging.getLogger(__name__)


class Unreachable(Exception):
    """The receiver did not take the record; it may later."""


class Refused(Exception):
    """The receiver will never take this record."""


class Outbox:
    """A thread that sends a spool's records one by one, oldest first.

    A record leaves the spool when `send` has returned, so that each is sent at least once, also by
    the next run. While `send` raises `Unreachable` it is tried again after `retry_s`, then after
    twice as long each time, up to `retry_max_s`; one that is `Refused` is counted and left out.

    Args:
        send: Hands one record over; must return within seconds.
        receiver: How warnings call it.
        close_s: Longest wait at the end for what has not been sent yet.
    """

    def __init__(
        self,
        spool: Spool,
        send: Callable[[str], None],
        *,
        receiver: str,
        retry_s: float,
        retry_max_s: float,
        close_s: float,
        clock: Clock = SYSTEM,
    ) -> None:
        self._spool, self._send, self.receiver, self._clock = spool, send, receiver, clock
        self.retry_s, self.retry_max_s, self.close_s = retry_s, retry_max_s, close_s
        self.sent = self.refused = self.retries = 0
        self._news, self._again = Event(), Event()
        self._ending, self._stop = Event(), Event()
        self._error: Exception | None = None
        self._waiting = 0
        self._thread = Thread(target=self._work, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to send, with what an earlier run has left."""
        self._thread.start()

    def add(self, record: str) -> None:
        """Promise a record, which is on the disk then unless that is full (see `Spool`)."""
        self._spool.add(record)
        self._news.set()

    def try_now(self) -> None:
        """End the pause after a failure: the receiver is there again."""
        self._again.set()

    def close(self) -> None:
        """Send what is left, for `close_s` at most; the rest waits for the next run."""
        self._ending.set()
        self._news.set()
        self._again.set()
        if self._thread.ident is not None:
            self._thread.join(self.close_s)
            self._stop.set()
            self._again.set()
            self._thread.join(0.5)  # one that hangs in `send` is left behind
        self._waiting = len(self._spool)
        if self._waiting:
            _LOGGER.warning(
                "%d events for %s wait in %s for the next run with this sink",
                self._waiting, self.receiver, self._spool.path,
            )  # fmt: skip
        self._spool.close()
        if self._error is not None:
            raise self._error

    def summary(self) -> dict[str, Any]:
        """How many were sent, refused, lost because the spool or the disk was full, and wait."""
        return {
            "sent": self.sent, "refused": self.refused, "lost": self._spool.lost,
            "waiting": self._waiting, "retries": self.retries,
        }  # fmt: skip

    def _work(self) -> None:
        try:
            while not self._stop.is_set() and self._next():
                pass
        except Exception as error:  # of the disk; raised by `close`
            self._error = error

    def _next(self) -> bool:
        """Send all that waits; false at the end."""
        self._news.clear()
        pause_s = self.retry_s
        while not self._stop.is_set() and (oldest := self._spool.oldest()) is not None:
            key, record = oldest
            if self._delivered(record, is_first=pause_s == self.retry_s):
                self._spool.remove(key)
                pause_s = self.retry_s
            else:
                self._clock.wait(self._again, pause_s)
                self._again.clear()
                pause_s = min(2 * pause_s, self.retry_max_s)
        if self._ending.is_set():
            return False
        self._news.wait()
        return True

    def _delivered(self, record: str, *, is_first: bool) -> bool:
        try:
            self._send(record)
        except Unreachable as error:
            self.retries += 1
            if is_first:
                _LOGGER.warning("%s: %s; events wait on disk", self.receiver, error)
            return False
        except Refused as error:
            self.refused += 1
            _LOGGER.warning("%s refuses an event: %s", self.receiver, error)
            return True
        self.sent += 1
        return True
