"""One camera of several: a thread that hands its newest picture over."""

import logging
from threading import Event, Lock, Thread
from typing import Any

from ...gast.addresses import shown
from ...gast.errors import InputError
from ..mailbox import Slots
from ..packets import Frame
from .entries import Entry
from .source import Source

_LOGGER = logging.getLogger(__name__)


class Over:
    """In place of a frame: the camera has ended."""


Item = tuple["Camera", Frame | Over]


class Camera:
    """Reads a source in a thread and puts its frames into the slot of its name.

    A live source's newest frame replaces the one that was not taken yet; another waits for its
    turn. After the last frame comes `Over`.

    Args:
        before: Of the same name, and closed first: a device is there for one at a time.

    Attributes:
        captured: Frames so far.
        ended: How it ended; empty while it runs.
        error: The reason, if it failed.
    """

    def __init__(
        self, entry: Entry, slots: Slots[Item], *, source: Source | None = None,
        before: "Camera | None" = None,
    ) -> None:  # fmt: skip
        self.entry, self.source, self._slots = entry, source, slots
        self.captured, self.ended = 0, ""
        self.error: Exception | None = None
        self.last: Frame | None = None
        self._before, self._stop, self._closing = before, Event(), Lock()
        self._thread = Thread(target=self._work, name=f"camera {entry.name}", daemon=True)

    @property
    def name(self) -> str:
        """As the user calls it."""
        return self.entry.name

    @property
    def is_live(self) -> bool:
        """Whether its newest frame replaces older ones."""
        return self.source is not None and self.source.live

    @property
    def warnings(self) -> list[str]:
        """Problems that did not end it, and the one that did, one line each."""
        lines = [] if self.source is None else list(self.source.warnings)
        failed = [f"has ended: {self.ended}"] if self.error is not None and self.ended else []
        return [f"camera {self.name}: {line}" for line in (*lines, *failed)]

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, ended: str = "") -> None:
        """Hand nothing over any more; does not wait."""
        self.ended = self.ended or ended
        self._stop.set()
        self._slots.wake()
        if self._thread.ident is not None:
            Thread(target=self._close, name=f"end of {self.name}", daemon=True).start()

    def join(self, timeout_s: float) -> None:
        """Wait until the device or file is closed."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def lingers(self) -> bool:
        """Whether a thread of it is still at work."""
        return self._thread.is_alive() or (self.source is not None and self.source.lingers)

    def figures(self) -> dict[str, Any]:
        """What the summary says of it."""
        source = self.source
        return {
            "source": self.name if source is None else source.description,
            "captured": self.captured,
            "damaged": 0 if source is None else source.damaged,
            "reconnects": 0 if source is None else source.reconnects,
            "ended": self.ended or "running",
        }

    def _close(self) -> None:
        with self._closing:  # its own thread may close it, and who takes it away
            if self.source is not None:
                self.source.close()

    def _work(self) -> None:
        ended = "source ended"
        try:
            if self._before is not None:
                self._before.join(10.0)
                self._before = None
            if self.source is None:
                self.source = self.entry.open()
            for frame in self.source:
                if not self._hand_over(frame):
                    return
        except Exception as error:  # the others go on
            self.error, ended = error, _reason(error)
            if not self._stop.is_set():
                _LOGGER.warning("camera %s has ended: %s", self.name, ended)
        finally:
            self._close()
        if self._slots.wait(self.name, self._stop):
            self.ended = ended
            self._slots.put(self.name, (self, Over()))

    def _hand_over(self, frame: Frame) -> bool:
        if not self.is_live and not self._slots.wait(self.name, self._stop):
            return False
        if self._stop.is_set():
            return False
        self.captured = frame.index + 1
        self._slots.put(self.name, (self, frame))
        return True


def _reason(error: Exception) -> str:
    said = shown(str(error))
    known = isinstance(error, InputError | OSError)
    return said if known else f"{type(error).__name__}: {said}"
