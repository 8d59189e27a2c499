"""People and their actions in the terminal, while it runs."""

import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO, cast

from ...conf.outlet import Outlet
from ...gast.errors import InputError
from ..clock import SYSTEM
from ..packets import Action, Event, Frame, Person, RunInfo
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
        self._start_s: dict[str | None, float] = {}  # of each camera
        self._shown: dict[str | None, Frame] = {}  # the newest of each
        self._next_s = float("-inf")

    def begin(self, info: RunInfo) -> None:
        """Print the source."""
        self._print(f"watching {info.source}")
        if self._console.is_terminal:
            self._live.start()

    def __call__(self, frame: Frame) -> None:
        """Print what changed, or draw the table."""
        self._start_s.setdefault(frame.camera, frame.time_s)
        self._last.extend(frame.events)
        now_s = self._clock()
        done_s = now_s if frame.finished_s is None else frame.finished_s
        fps = self._rate(done_s)
        self._shown[frame.camera] = frame
        if frame.is_over:
            del self._shown[frame.camera]
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
                self._line(frame, track, action)
            self._labels[track] = None if action is None else action.label

    def _line(self, frame: Frame, track: int, action: Action) -> None:
        time_s, of = self._since_start(frame.time_s, frame.camera), _of(frame.camera)
        self._print(f"{time_s:7.1f} s  {of}person {track}  {action.label}  {action.confidence:.2f}")

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
            f"{self._since_start(frame.time_s, frame.camera):.1f} s   {fps:.1f} fps   "
            f"age {age_s * 1e3:.0f} ms"
        )
        if dropped := sum(each.dropped for each in self._shown.values()):
            status += f"   {dropped} dropped"
        several = ("camera",) * (frame.camera is not None)
        heads = (*several, "person", "action", "confidence", "since")
        table = Table(*heads, title=status, title_justify="left")
        for each in self._shown.values():
            for track, person in sorted(each.people.items()):
                name = (each.camera or "",) * len(several)
                table.add_row(*name, str(track), *_cells(person, each.time_s))
        return Group(table, *(Text(self._event_line(event), style="dim") for event in self._last))

    def _event_line(self, event: Event) -> str:
        start_s = self._since_start(event.start_s, event.camera)
        end_s = self._since_start(event.end_s, event.camera)
        return (
            f"{start_s:7.1f} - {end_s:.1f} s  {_of(event.camera)}person {event.track}  "
            f"{event.label}  {event.confidence:.2f}"
        )

    def _since_start(self, time_s: float, camera: str | None) -> float:
        return time_s - self._start_s.get(camera, 0.0)


def _of(camera: str | None) -> str:
    return "" if camera is None else f"{camera}  "


def _cells(person: Person, now_s: float) -> tuple[str, str, str]:
    action = person.action
    if action is None:
        return "-", "", ""
    return action.label, f"{action.confidence:.2f}", f"{now_s - action.start_s:.1f} s"
