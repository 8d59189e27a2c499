"""People and their actions in the terminal, while it runs."""

import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO, cast

from ...conf.outlet import Outlet
from ...gast.errors import InputError
from ..clock import SYSTEM
from ..packets import Event, Frame, Person, RunInfo
from ..pictures.rate import Rate

if TYPE_CHECKING:
    from rich.console import RenderableType


class TerminalSink:
    """A table, redrawn as it changes; plain lines where the output is a file or a pipe.

    A plain line is printed for every change of a person's action and for every finished one. Times
    count from the first frame. The table has a thread of its own and may skip frames, because the
    terminal may be stopped (Ctrl-S) or far away; what nobody reads is left out, see `Outlet`.
    InputError in a call if the output was closed.

    Args:
        refresh_hz: How often the table is drawn at most.
        events: How many finished actions are listed below the table.
        stream: Standard output by default.
    """

    def __init__(
        self,
        *,
        refresh_hz: float,
        events: int,
        stream: TextIO | None = None,
        clock: Callable[[], float] = SYSTEM,
    ) -> None:
        from rich.console import Console
        from rich.live import Live

        self._out = Outlet(stream or sys.stdout)
        self._console = Console(file=cast(TextIO, self._out), highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)
        self.own_thread = self.may_skip = self._console.is_terminal
        self._refresh_s, self._clock, self._rate = 1 / refresh_hz, clock, Rate()
        self._last: deque[Event] = deque(maxlen=events)
        self._labels: dict[int, str | None] = {}
        self._lines = 0
        self._start_s: float | None = None
        self._next_s = float("-inf")

    def begin(self, info: RunInfo) -> None:
        """Print the source."""
        self._print(f"watching {info.source}")
        if self._console.is_terminal:
            self._live.start()

    def __call__(self, frame: Frame) -> None:
        """Print what changed, or draw the table."""
        self._start_s = frame.time_s if self._start_s is None else self._start_s
        self._last.extend(frame.events)
        now_s = self._clock()
        done_s = now_s if frame.finished_s is None else frame.finished_s
        fps = self._rate(done_s)
        if not self._console.is_terminal:
            self._print_changes(frame)
        elif now_s >= self._next_s:
            self._next_s = now_s + self._refresh_s
            self._live.update(self._table(frame, fps, done_s - frame.captured_s), refresh=True)

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Leave the last table where it is; print the last events."""
        self._live.stop()
        for event in events:
            self._print(self._event_line(event))

    def summary(self) -> dict[str, Any]:
        """Whether it was a table or lines, how many lines, and how many texts nobody read."""
        table, left_out = self._console.is_terminal, self._out.left_out
        return {"table": table, "lines": self._lines, "left_out": left_out}

    def _print_changes(self, frame: Frame) -> None:
        for event in frame.events:
            self._print(self._event_line(event))
        for track, person in frame.people.items():
            action = person.action
            if action is not None and self._labels.get(track) != action.label:
                self._line(frame.time_s, track, action.label, action.confidence)
            self._labels[track] = None if action is None else action.label

    def _line(self, time_s: float, track: int, label: str, sure: float) -> None:
        self._print(f"{self._since_start(time_s):7.1f} s  person {track}  {label}  {sure:.2f}")

    def _print(self, line: str) -> None:
        try:
            self._out.write(f"{line}\n")
            self._out.flush()
        except OSError as error:
            raise InputError(f"can't print to the terminal: {error.strerror or error}") from error
        self._lines += 1

    def _table(self, frame: Frame, fps: float, age_s: float) -> "RenderableType":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        status = (
            f"{self._since_start(frame.time_s):.1f} s   {fps:.1f} fps   age {age_s * 1e3:.0f} ms"
        )
        if frame.dropped:
            status += f"   {frame.dropped} dropped"
        table = Table("person", "action", "confidence", "since", title=status, title_justify="left")
        for track, person in sorted(frame.people.items()):
            table.add_row(str(track), *_cells(person, frame.time_s))
        return Group(table, *(Text(self._event_line(event), style="dim") for event in self._last))

    def _event_line(self, event: Event) -> str:
        start_s, end_s = self._since_start(event.start_s), self._since_start(event.end_s)
        return (
            f"{start_s:7.1f} - {end_s:.1f} s  person {event.track}  {event.label}  "
            f"{event.confidence:.2f}"
        )

    def _since_start(self, time_s: float) -> float:
        return time_s - (self._start_s or 0.0)


def _cells(person: Person, now_s: float) -> tuple[str, str, str]:
    action = person.action
    if action is None:
        return "-", "", ""
    return action.label, f"{action.confidence:.2f}", f"{now_s - action.start_s:.1f} s"
