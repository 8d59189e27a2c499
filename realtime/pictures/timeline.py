"""Actions over time: what each person did in the last seconds."""

from collections import deque

import numpy as np

from ..packets import Event, Frame
from .drawing import GREY, WHITE, Colour, outlined, person_colour, plate, shaded, width_of, write

TICK: Colour = (52, 46, 42)
LEAST_S = 1.0
"""So much time is shown at least, at the beginning of a run."""


class Timeline:
    """Actions of the last `seconds`, a row a person, the present at the right edge.

    In a run's first `seconds` all of it is shown, across the whole width. The `background` label is
    not drawn. Of more than `rows` people, the newest ids are shown.
    """

    def __init__(self, background: str, *, seconds: float, rows: int = 3) -> None:
        self.background, self.seconds, self.rows = background, seconds, rows
        self._past: deque[Event] = deque()
        self._now: dict[int, Event] = {}

    def add(self, frame: Frame) -> None:
        """Add the events of a frame and the actions going on in it."""
        self._past.extend(frame.events)
        while self._past and self._past[0].end_s < frame.time_s - self.seconds:
            self._past.popleft()
        self._now = {
            track: Event(track, a.label, a.start_s, frame.time_s, a.confidence)
            for track, person in frame.people.items()
            if (a := person.action) is not None and a.label != self.background
        }

    def draw(self, strip: np.ndarray, now_s: float, *, start_s: float, unit: float) -> None:
        """Draw onto (h, w, 3); the seconds written count from `start_s`."""
        gutter, right = round(24 * unit), strip.shape[1] - round(10 * unit)
        shown_s = float(np.clip(now_s - start_s, LEAST_S, self.seconds))
        pixels = (right - gutter) / shown_s
        self._ticks(strip, now_s - start_s, shown_s, right=right, pixels=pixels, unit=unit)
        events = [*self._past, *self._now.values()]
        tracks = sorted({event.track for event in events})[-self.rows :]
        height = round(16 * unit)
        for row, track in enumerate(tracks):
            top = round(3 * unit) + row * (height + 1)
            at = round(8 * unit), top + round(12 * unit)
            write(strip, str(track), at, size=0.4 * unit, colour=person_colour(track))
            bars = []
            for event in (event for event in events if event.track == track):
                left = max(round(right - (now_s - event.start_s) * pixels), gutter)
                end = max(round(right - (now_s - event.end_s) * pixels), left + 2)
                running = event in self._now.values()
                colour = shaded(person_colour(track), -0.35 if running else -0.6)
                plate(strip, (left, top, end - 1, top + height), colour)
                bars.append((left, event.label))
            self._names(strip, bars, top + round(12 * unit), gutter=gutter, right=right, unit=unit)

    def _ticks(
        self, strip: np.ndarray, now_s: float, shown_s: float, *, right: int, pixels: float,
        unit: float,
    ) -> None:  # fmt: skip
        every = 5 if shown_s > 10 else 1
        first = int(max(np.ceil((now_s - shown_s) / every), 0)) * every
        bottom = strip.shape[0] - round(3 * unit)
        for tick in range(first, int(now_s) + 1, every):
            x = round(right - (now_s - tick) * pixels)
            plate(strip, (x, 0, x + 1, strip.shape[0] - round(14 * unit)), TICK)
            words = f"{tick} s"
            half = width_of(words, size=0.33 * unit) // 2
            write(strip, words, (min(x - half, right - 2 * half), bottom), size=0.33 * unit,
                  colour=GREY)  # fmt: skip

    def _names(
        self, strip: np.ndarray, bars: list[tuple[int, str]], base: int, *, gutter: int, right: int,
        unit: float,
    ) -> None:  # fmt: skip
        """Each name in full at its bar's beginning, or so much before it that the next has room."""
        size, end = 0.38 * unit, right
        for left, label in sorted(bars, reverse=True):
            words = label.replace("_", " ")
            width = width_of(words, size=size, bold=True)
            x = min(left + round(4 * unit), end - width)
            if x < gutter:
                return
            outlined(strip, words, (x, base), size=size, colour=WHITE)
            end = x - round(6 * unit)
