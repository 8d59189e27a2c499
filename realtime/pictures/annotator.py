"""The annotated picture: the camera's view, a panel beside it, a timeline below."""

from collections.abc import Callable, Mapping

import numpy as np

from ...gast.skeleton import named
from ..clock import SYSTEM
from ..opencv import cv2
from ..packets import Event, Frame, Person, RunInfo
from .drawing import (
    GREY,
    INK,
    Box,
    Colour,
    draw_body,
    draw_floor,
    draw_person,
    draw_sides,
    person_colour,
    plate,
    shaded,
    width_of,
    write,
)
from .mirrored import mirrored
from .rate import Rate
from .timeline import Timeline

PANEL: Colour = (38, 33, 30)
WELL: Colour = (52, 46, 42)
_MIN_HEIGHT, _MAX_WIDTH = 360, 1280
_PITCH = np.radians(14)
_SWAY, _SWAY_S = np.radians(35), 12.0
FINISHED_S = 2.0
"""So long a finished action stays on the picture."""


class Annotator:
    """Draws one frame after another onto a canvas whose size the first picture fixes.

    The picture keeps its shape; one of another size later is letterboxed into the same place. A
    frame without a picture shows its people on a dark ground. At most `bodies` are shown in 3D.

    Args:
        clock: The pipeline's monotonic clock, seconds, for frames without `finished_s`.
        max_height: Lines of the picture; a larger one is scaled down.
        timeline_s: How far back the timeline goes.
        mirror: Show everything as a mirror would, with words that can be read.
    """

    bodies = 3

    def __init__(
        self,
        info: RunInfo,
        *,
        clock: Callable[[], float] = SYSTEM,
        max_height: int = 720,
        timeline_s: float = 20.0,
        mirror: bool = False,
    ) -> None:
        self._mirror, self._finished = mirror, list[tuple[float, Event]]()
        self._info, self._clock, self._max_height = info, clock, max_height
        self._layout = named(info.lifter_layout)
        self._timeline = Timeline(info.background, seconds=timeline_s)
        self._rate, self._start_s = Rate(), 0.0
        self._stage_ms: dict[str, float] = {}
        self._floor_m: dict[int, float] = {}
        self._canvas: np.ndarray | None = None

    def __call__(self, frame: Frame) -> np.ndarray:
        """The canvas, (H, W, 3) uint8 BGR with even H and W; the next call draws on it again."""
        frame = mirrored(frame) if self._mirror else frame
        done_s = self._clock() if frame.finished_s is None else frame.finished_s
        if self._canvas is None:
            self._canvas = self._lay_out(frame)
        height, width = self._height, self._width
        self._draw_picture(self._canvas[:height, :width], frame)
        panel, strip = self._canvas[:height, width:], self._canvas[height:]
        panel[:], strip[:] = self._ground[:height, width:], self._ground[height:]
        self._draw_panel(panel, frame, fps=self._rate(done_s), age_s=done_s - frame.captured_s)
        self._timeline.add(frame)
        self._timeline.draw(strip, frame.time_s, start_s=self._start_s, unit=self._unit)
        return self._canvas

    def _measure(self, frame: Frame) -> None:
        height, width = frame.height, frame.width
        scale = min(max(1.0, _MIN_HEIGHT / height), self._max_height / height, _MAX_WIDTH / width)
        self._width = max(_even(width * scale), 2)
        self._height = max(_even(height * scale), _MIN_HEIGHT)
        self._unit = self._height / 480
        self._start_s = frame.time_s

    def _lay_out(self, frame: Frame) -> np.ndarray:
        self._measure(frame)
        size = (self._height + _even(70 * self._unit), self._width + _even(250 * self._unit), 3)
        self._ground = np.full(size, PANEL, np.uint8)
        plate(self._ground, (0, 0, self._width, self._height), INK)
        self._well(self._ground[: self._height, self._width :])[:] = WELL
        return self._ground.copy()

    def _draw_picture(self, view: np.ndarray, frame: Frame) -> None:
        scale = min(self._width / frame.width, self._height / frame.height)
        width, height = round(frame.width * scale), round(frame.height * scale)
        left, top = (self._width - width) // 2, (self._height - height) // 2
        if frame.image is None or view.shape[:2] != (height, width):
            view[:] = self._ground[: self._height, : self._width]
        if frame.image is not None:
            inner = view[top : top + height, left : left + width]
            same = inner.shape == frame.image.shape
            inner[:] = frame.image if same else cv2.resize(frame.image, (width, height))
        taken: list[Box] = []
        for track, person in frame.people.items():
            points = draw_person(
                view,
                person,
                layout=self._layout,
                colour=person_colour(track),
                scale=scale,
                offset=np.array([left, top]),
                unit=self._unit,
            )
            if len(points):
                taken.append(self._tag(view, track, person, points, taken))
        self._draw_finished(view, frame)

    def _tag(
        self, view: np.ndarray, track: int, person: Person, points: np.ndarray, taken: list[Box]
    ) -> Box:
        """Track id and action, above the head, clear of other tags; its number is in the bars."""
        label, is_reported = self._first(person)
        words, idle = str(track), not is_reported
        if label:
            doubt = "" if is_reported or label == self._info.background else "?"
            words += f"  {_spaced(label)}{doubt}"
        size = 0.5 * self._unit
        width, height = width_of(words, size=size, bold=True) + 12, round(22 * self._unit)
        x = float(points[:, 0].min() + points[:, 0].max()) / 2 - width / 2
        left = int(np.clip(x, 2, max(self._width - width - 2, 2)))
        top = int(np.clip(points[:, 1].min() - height - 14 * self._unit, 2, self._height - height))
        while any(_overlap((left, top, left + width, top + height), box) for box in taken):
            top += height + 2
        box = left, top, left + width, top + height
        colour = person_colour(track)
        plate(view, box, INK if idle else colour, opacity=0.6 if idle else 0.9)
        at = left + 6, top + round(16 * self._unit)
        write(view, words, at, size=size, colour=colour if idle else INK, bold=True)
        return box

    def _odds(self, person: Person) -> dict[str, float]:
        """Probability of each label; empty where there are none yet."""
        odds = np.zeros(0) if person.probabilities is None else person.probabilities
        return dict(zip(self._info.labels, np.nan_to_num(odds).clip(0, 1).tolist(), strict=False))

    def _first(self, person: Person) -> tuple[str, bool]:
        """The label that tag and bars both put first, and whether it is a reported action.

        It is the action going on, or while there is none the likeliest label.
        """
        if person.action is not None and person.action.label != self._info.background:
            return person.action.label, True
        odds = self._odds(person)
        return max(odds, key=lambda label: odds[label], default=""), False

    def _draw_finished(self, view: np.ndarray, frame: Frame) -> None:
        """Actions that ended in the last `FINISHED_S` seconds, in the lower left corner."""
        self._finished += [(frame.time_s, event) for event in frame.events]
        self._finished = [
            (s, event) for s, event in self._finished if 0 <= frame.time_s - s < FINISHED_S
        ][-4:]
        unit, height = self._unit, round(24 * self._unit)
        for row, (_, event) in enumerate(reversed(self._finished)):
            begin_s, end_s = event.start_s - self._start_s, event.end_s - self._start_s
            words = f"{event.track}  {_spaced(event.label)}, {begin_s:.1f} to {end_s:.1f} s"
            bottom = self._height - round(10 * unit) - row * (height + 3)
            left, size = round(10 * unit), 0.5 * unit
            right = left + width_of(words, size=size, bold=True) + round(14 * unit)
            plate(view, (left, bottom - height, right, bottom), INK, opacity=0.75)
            plate(view, (left, bottom - height, left + 3, bottom), person_colour(event.track))
            at = left + round(9 * unit), bottom - round(7 * unit)
            write(view, words, at, size=size, bold=True)

    def _draw_panel(self, panel: np.ndarray, frame: Frame, *, fps: float, age_s: float) -> None:
        unit, margin = self._unit, round(10 * self._unit)
        right = panel.shape[1] - margin
        line = round(24 * unit)
        write(panel, f"{fps:.1f} fps", (margin, line), size=0.55 * unit, bold=True)
        age = f"age {age_s * 1e3:.0f} ms"
        write(panel, age, (right, line), size=0.42 * unit, colour=GREY, align_right=True)
        stages = self._draw_stages(panel, frame.spent_s)
        well = self._well(panel)
        self._draw_bodies(well, frame)
        bars = panel[round(36 * unit) + well.shape[0] + margin : stages - margin, margin:right]
        self._draw_bars(bars, frame)

    def _well(self, panel: np.ndarray) -> np.ndarray:
        """The rectangle in which the bodies are drawn."""
        top, margin = round(36 * self._unit), round(10 * self._unit)
        return panel[top : top + round(208 * self._unit), margin : panel.shape[1] - margin]

    def _draw_stages(self, panel: np.ndarray, spent_s: Mapping[str, float]) -> int:
        """Smoothed milliseconds of each stage, in two columns; returns where they begin, y."""
        for name, seconds in spent_s.items():
            before = self._stage_ms.get(name, seconds * 1e3)
            self._stage_ms[name] = before + 0.1 * (seconds * 1e3 - before)
        unit, margin = self._unit, round(10 * self._unit)
        rows, step = (len(self._stage_ms) + 1) // 2, round(15 * unit)
        top = panel.shape[0] - margin - rows * step
        column = (panel.shape[1] - margin) // 2
        for i, (name, ms) in enumerate(self._stage_ms.items()):
            left, y = margin + i % 2 * column, top + (i // 2 + 1) * step
            write(panel, name, (left, y), size=0.36 * unit, colour=GREY)
            value, end = f"{ms:.1f} ms", left + column - margin
            write(panel, value, (end, y), size=0.36 * unit, colour=GREY, align_right=True)
        return top

    def _draw_bodies(self, well: np.ndarray, frame: Frame) -> None:
        """Up to `bodies` people in 3D, side by side as in the picture."""
        height, width = well.shape[:2]
        people = [(track, p) for track, p in frame.people.items() if p.xyz is not None]
        people = sorted(people[: self.bodies], key=lambda item: _across(item[1]))
        self._floor_m = {track: self._floor(track, person) for track, person in people}
        sway = _SWAY * np.sin(2 * np.pi * (frame.time_s - self._start_s) / _SWAY_S)
        slot = width / max(len(people), 1)
        scale = min(height / 2.35, slot / 1.1)
        view = float(sway), float(_PITCH)
        middle = width / 2, height * 0.5
        below = max(self._floor_m.values(), default=0.95)
        reach = 0.5 * np.floor(width / scale), 0.5
        draw_floor(well, view=view, centre=middle, scale=scale, below_m=below, half_m=reach)
        for i, (track, person) in enumerate(people):
            if person.xyz is None:
                continue
            draw_body(
                well,
                person.xyz,
                layout=self._layout,
                visible=person.visible,
                colour=person_colour(track),
                view=view,
                centre=(slot * (i + 0.5), middle[1]),
                scale=scale,
            )
        corner = round(8 * self._unit), round(8 * self._unit)
        first = person_colour(people[0][0]) if people else GREY
        draw_sides(well, corner, colour=first, unit=self._unit)

    def _floor(self, track: int, person: Person) -> float:
        """Metres from the root down to the floor, steady while a foot is lifted."""
        down = np.zeros(0) if person.xyz is None else person.xyz[:, 1]
        lowest = float(np.max(down, initial=0.05, where=np.isfinite(down)))
        before = self._floor_m.get(track, lowest)
        return float(np.clip(max(lowest, before + 0.03 * (lowest - before)), 0.05, 1.2))

    def _draw_bars(self, area: np.ndarray, frame: Frame) -> None:
        """The likeliest labels of up to three people, as many as there is room for."""
        step = round(19 * self._unit)
        people = [(t, p) for t, p in sorted(frame.people.items()) if p.probabilities is not None]
        people = people[:3]
        if not people:
            words = "no action yet" if frame.people else "nobody in view"
            write(area, words, (0, step), size=0.42 * self._unit, colour=GREY)
            return
        rows = area.shape[0] // step // len(people)
        for i, (track, person) in enumerate(people):
            self._draw_person_bars(area[i * rows * step :], track, person, rows=rows, step=step)

    def _draw_person_bars(
        self, area: np.ndarray, track: int, person: Person, *, rows: int, step: int
    ) -> None:
        unit, right = self._unit, area.shape[1]
        colour = person_colour(track)
        base = round(13 * unit)
        write(area, f"person {track}", (0, base), size=0.42 * unit, colour=colour, bold=True)
        odds, (first, is_reported) = self._odds(person), self._first(person)
        best = sorted(odds, key=lambda label: (label != first, -odds[label]))[: max(rows - 1, 1)]
        for row, label in enumerate(best, start=1):
            top, share, is_decided = row * step, odds[label], is_reported and label == first
            plate(area, (0, top, right, top + step - 3), WELL)
            tint = shaded(colour, -0.25 if is_decided else -0.55)
            plate(area, (0, top, round(share * right), top + step - 3), tint)
            at = top + round(12 * unit)
            write(area, _spaced(label), (6, at), size=0.38 * unit, bold=is_decided)
            write(area, f"{share:.2f}", (right - 5, at), size=0.38 * unit, align_right=True)


def _spaced(label: str) -> str:
    return label.replace("_", " ")


def _across(person: Person) -> float:
    x = (person.pose.xy if person.xy is None else person.xy)[:, 0]
    return float(x[np.isfinite(x)].mean()) if np.isfinite(x).any() else 0.0


def _even(length: float) -> int:
    return 2 * round(length / 2)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
