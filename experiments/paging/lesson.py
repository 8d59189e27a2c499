"""Actions that are shown on the page, to be taught."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from ...action.teaching.examples import SHORTEST_S, Example
from ...action.teaching.stretch import Stretch
from ...action.teaching.teach import Judged
from ...gast.errors import InputError
from ...realtime.lessons import Notes, Part, lesson
from ...realtime.packets import Event, Frame, RunInfo
from ...realtime.page.server import PageServer
from ...realtime.page.viewers import Viewer
from ...realtime.plain import numbers

TAKE_S, BACKGROUND_S = 3.0, 30.0
MOST_TAKES, MOST_KEPT = 5, 60
COUNTDOWNS_S = (3, 5, 10)
FIGURES = 10
"""So many moments of a take are drawn."""
LONGEST_NAME = 40


@dataclass(frozen=True, eq=False)
class Kept:
    """A take of an action, or of the background, without a label, and what was said of it."""

    number: int
    take: Example
    judged: Judged | None = None


class Lesson:
    """Takes that viewers give, one after another; a sink that sees every frame.

    Commands may be called in any thread. Takes are skeletons; no picture is kept.

    Args:
        fps: Frames a second of takes.

    Attributes:
        kept: All takes.
    """

    def __init__(self, server: PageServer, *, fps: float) -> None:
        self.server, self.fps = server, fps
        self.kept: tuple[Kept, ...] = ()
        self._before: list[tuple[Kept, ...]] = []
        self._notes: Notes | None = None
        self._viewer: Viewer | None = None
        self._seen = ("", "")
        self._count, self._lock = 0, Lock()
        commands = {"take": self._take, "stop": self._stop, "trim": self._trim,
                    "remove": self._remove, "undo": self._undo}  # fmt: skip
        server.commands.update({name: self._locked(each) for name, each in commands.items()})
        self._tell()

    def begin(self, info: RunInfo) -> None:
        """Another source, or joints of another layout, end what is being shown."""
        seen = info.source, info.lifter_layout
        with self._lock:
            if seen != self._seen:
                self._seen = seen
                self._end()

    def __call__(self, frame: Frame) -> None:
        """Note a frame of what is being shown."""
        with self._lock:
            if self._notes is None:
                return
            is_first = self._notes.begin_s is None
            if self._notes.add(frame) >= self._notes.end_s:
                self._finish(self._notes)
            elif is_first:
                self._tell()

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Nothing: the next run may go on with the same people."""

    def summary(self) -> dict[str, Any]:
        """Nothing of a single run."""
        return {}

    def judge(self, kept: Sequence[Kept], judged: Sequence[Judged]) -> None:
        """Tell what was said of those that have been taught."""
        found = {each.number: one for each, one in zip(kept, judged, strict=True)}
        with self._lock:
            self.kept = tuple(replace(each, judged=found.get(each.number)) for each in self.kept)
            self._tell()

    def _locked(
        self, command: Callable[[Viewer, dict[str, Any]], None]
    ) -> Callable[[Viewer, dict[str, Any]], None]:
        def run(viewer: Viewer, message: dict[str, Any]) -> None:
            with self._lock:
                command(viewer, message)
                self._tell()

        return run

    def _take(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """Takes of ``label``, after a countdown each; an empty one is the background."""
        if self._notes is not None:
            raise InputError("somebody shows something already; wait until it is over")
        label, countdown_s = checked_name(message.get("label")), message.get("countdown_s")
        takes = message.get("takes") if label else 1
        if not isinstance(takes, int) or not 1 <= takes <= MOST_TAKES:
            raise InputError(f"takes={takes}; give 1 to {MOST_TAKES}")
        if countdown_s not in COUNTDOWNS_S:
            raise InputError(f"countdown_s={countdown_s}; give one of {COUNTDOWNS_S}")
        if len(self.kept) + takes > MOST_KEPT:
            raise InputError(f"{len(self.kept)} takes are kept; take some away")
        wait_s = float(countdown_s)
        parts = [Part("", 1, wait_s, wait_s + BACKGROUND_S)]
        if label:
            parts = lesson(
                [label], takes=takes, countdown_s=wait_s, take_s=TAKE_S, background_s=0.0
            )
        self._notes, self._viewer = Notes(parts), viewer

    def _stop(self, viewer: Viewer, message: dict[str, Any]) -> None:
        self._end()

    def _trim(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """The action is from ``start_s`` to ``stop_s`` of take ``number``."""
        kept = self._of(message)
        times = message.get("start_s"), message.get("stop_s")
        if not all(isinstance(time, int | float) and 0 <= time < 1e3 for time in times):
            raise InputError(f"from {times[0]} to {times[1]} s is no part of a take")
        fps, frames = kept.take.fps, len(kept.take.xyz)
        start, stop = (min(round(time * fps), frames) for time in times)  # type: ignore[operator]
        if stop - start < SHORTEST_S * fps:
            raise InputError(f"an action lasts {SHORTEST_S:g} s or more; move the other end first")
        take = replace(kept.take, stretch=Stretch(start, stop))
        self._change([Kept(each.number, take) if each is kept else each for each in self.kept])

    def _remove(self, viewer: Viewer, message: dict[str, Any]) -> None:
        gone = self._of(message)
        self._change([each for each in self.kept if each is not gone])

    def _undo(self, viewer: Viewer, message: dict[str, Any]) -> None:
        if not self._before:
            raise InputError("nothing to undo")
        self.kept = self._before.pop()

    def _of(self, message: dict[str, Any]) -> Kept:
        number = message.get("number")
        for each in self.kept:
            if each.number == number:
                return each
        raise InputError(f"there is no take {number} any more")

    def _change(self, kept: Sequence[Kept]) -> None:
        self._before.append(self.kept)
        self.kept = tuple(kept)

    def _finish(self, notes: Notes) -> None:
        viewer = self._viewer
        self._notes = self._viewer = None
        try:
            takes, words = notes.takes(self.fps)
        except InputError as error:
            takes, words = [], [str(error)]
        if takes:
            numbers_ = range(self._count + 1, self._count + len(takes) + 1)
            self._count += len(takes)
            found = [
                take if not take.label else replace(take, stretch=take.found()) for take in takes
            ]
            self._change([*self.kept, *map(Kept, numbers_, found)])
        if words and viewer is not None:
            self.server.tell(viewer, {"kind": "noticed", "words": "; ".join(words)})
        self._tell()

    def _end(self) -> None:
        self._notes = self._viewer = None
        self._tell()

    def _tell(self) -> None:
        notes = self._notes
        self.server.update(
            lesson=notes and {
                "begin_s": notes.begin_s,
                "parts": [[p.label, p.number, p.start_s, p.stop_s] for p in notes.parts],
            },
            takes=[told(each) for each in self.kept],
            can_undo=bool(self._before),
        )  # fmt: skip


def checked_name(name: object) -> str:
    """An action's name as it is kept; empty is the background."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(f"{name!r} is no name; give one of up to {LONGEST_NAME} letters")
    return " ".join(name.split())


def told(kept: Kept) -> dict[str, Any]:
    """What the page shows of a take: times in seconds, some poses (J, 2) in metres."""
    take, judged = kept.take, kept.judged
    whole = Stretch(0, len(take.xyz))
    found = take.stretch or whole
    moments = np.linspace(0, len(take.xyz) - 1, FIGURES).round().astype(int)
    return {
        "number": kept.number,
        "label": take.label,
        "seconds": round(whole.stop / take.fps, 2),
        "stretch": [round(frame / take.fps, 2) for frame in found],
        "poses": numbers(take.xyz[moments, :, :2], 2),
        "said": judged and judged.said,
        "unlike": bool(judged and judged.is_unlike),
        "margin": judged and judged.margin,
    }
