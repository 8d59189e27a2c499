"""A thread of its own for a slow sink, so that the pipeline does not wait for it."""

from threading import Thread
from typing import Any

from ..mailbox import Queue
from ..packets import Event, Frame, RunInfo
from .sink import Sink

AHEAD = 4
"""Frames that may wait for a sink: few, since a killed program loses them."""


class Background:
    """Calls another sink in a thread of its own, frames in order.

    When `capacity` frames are queued, a call waits: nothing is lost and memory stays bounded. With
    `may_skip` it skips and counts the frame instead, and passes its events on with the next one,
    or at the end. An error of the sink is raised in the pipeline's thread, once, by the next call
    or by `close`; from then on the sink gets nothing but `close`.
    """

    def __init__(self, sink: Sink, *, may_skip: bool = False, capacity: int = AHEAD) -> None:
        self.sink, self.may_skip, self.skipped = sink, may_skip, 0
        self._queue: Queue[Frame] = Queue(capacity)
        self._pending: tuple[Event, ...] = ()
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def begin(self, info: RunInfo) -> None:
        """Start the thread."""
        name = type(self.sink).__name__
        self._thread = Thread(target=self._work, args=(info,), name=name, daemon=True)
        self._thread.start()

    def __call__(self, frame: Frame) -> None:
        """Queue the frame for the sink."""
        if self.may_skip and self._queue.is_full and not frame.is_over:
            self.skipped += 1
            self._pending += frame.events
            return
        if self._pending:
            frame, self._pending = frame.knowing(events=self._pending + frame.events), ()
        if not self._queue.put(frame):
            self._raise()

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Let the sink finish every frame handed over, then close it."""
        self._queue.close()
        if self._thread is not None:
            self._thread.join()
        try:
            self.sink.close(self._pending + events)
        finally:
            self._raise()

    def summary(self) -> dict[str, Any]:
        """The sink's summary, and how many frames were skipped."""
        return self.sink.summary() | {"skipped": self.skipped}

    def _work(self, info: RunInfo) -> None:
        try:
            self.sink.begin(info)
            for frame in self._queue:
                self.sink(frame)
        except BaseException as error:
            self._error = error
            self._queue.leave()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


def apart(sink: Sink, *, live: bool) -> Sink:
    """The sink in a thread of its own if it has ``own_thread = True``, otherwise itself.

    One that also has ``may_skip = True`` skips frames of a live source when it is too slow; of a
    file it never does.
    """
    if not getattr(sink, "own_thread", False):
        return sink
    return Background(sink, may_skip=live and getattr(sink, "may_skip", False))
