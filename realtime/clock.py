"""The clock of the live program, the only one that it reads."""

import time
from collections.abc import Iterator
from threading import Event

from .packets import Frame


class Clock:
    """A monotonic clock, seconds, and a way to wait on it; tests pass a clock of their own."""

    def __call__(self) -> float:
        """Now, seconds, monotonic, from an arbitrary start."""
        return time.monotonic()

    def unix_s(self, time_s: float) -> float:
        """The Unix time of a moment on this clock."""
        return time.time() + time_s - self()

    def wait(self, stop: Event, seconds: float) -> bool:
        """Let `seconds` pass, not at all if negative; true, and at once, when `stop` is set."""
        return stop.wait(max(seconds, 0.0))


SYSTEM = Clock()


def paced(frames: Iterator[Frame], *, stop: Event, clock: Clock = SYSTEM) -> Iterator[Frame]:
    """Hand over recorded frames at the pace of their `time_s`, until `stop` is set.

    The first is due at once. `time_s` and `captured_s` become the time on `clock` at which a frame
    was due, also when it comes late, so that slow decoding counts as the frame's age.
    """
    start_s: float | None = None
    for frame in frames:
        if start_s is None:
            start_s = clock() - frame.time_s
        due_s = start_s + frame.time_s
        if clock.wait(stop, due_s - clock()):
            return
        yield frame.knowing(time_s=due_s, captured_s=due_s)
