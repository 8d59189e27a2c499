"""Contact sheets: a strip of pictures around an event, cut out around who is said to do it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ....gast.skeleton import named
from ....realtime.opencv import cv2
from ....realtime.packets import Action, Frame
from ....realtime.pictures.drawing import (
    INK,
    WHITE,
    draw_person,
    person_colour,
    plate,
    write,
)
from ....realtime.run_folder import run_folder, unwritable
from .chain import Heard
from .lifted import Lifted

HEIGHT, MAX_WIDTH, GAP, TITLE = 320, 320, 4, 26
"""Pixels: of a picture of the strip, between two, and of the line above them."""
LEAD_S = 0.5
"""The strip begins so much before the event and ends so much after it."""
MARGIN = 0.3
"""Shown around a person, of the longer side."""
LEAST = 0.3
"""Of the picture's sides, shown at least."""


class Sheet:
    """The strip of one event, of at most `pictures` pictures; `numbers` are their frames."""

    def __init__(self, event: dict[str, Any], lifted: Lifted, *, pictures: int) -> None:
        self.event, self._lifted = event, lifted
        first_s, last_s = event["start_s"] - LEAD_S, event["end_s"] + LEAD_S
        at = np.searchsorted(lifted.time_s, np.linspace(first_s, last_s, pictures))
        self.numbers: list[int] = np.unique(at.clip(0, len(lifted) - 1)).tolist()
        self._box = self._region()
        self._tiles: dict[int, np.ndarray] = {}

    def add(self, number: int, image: np.ndarray, actions: Mapping[int, Action]) -> None:
        """Draw one of its frames from the film's picture (H, W, 3)."""
        left, top, right, bottom = self._box
        cut = image[top:bottom, left:right]
        scale = min(HEIGHT / cut.shape[0], MAX_WIDTH / cut.shape[1])
        size = max(round(cut.shape[1] * scale), 2), max(round(cut.shape[0] * scale), 2)
        tile = np.ascontiguousarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA))
        frame, offset = self._lifted.frame(number), -scale * np.array([left, top])
        layout = named(str(self._lifted.layouts[1]))
        for track, person in frame.people.items():
            draw_person(
                tile, person, layout=layout, colour=person_colour(track), scale=scale,
                offset=offset, unit=1.0 if track == self.event["track"] else 0.5,
            )  # fmt: skip
        self._caption(tile, frame, actions.get(self.event["track"]))
        self._tiles[number] = tile

    def picture(self, film: str) -> np.ndarray:
        """The whole strip, (H, W, 3) uint8 BGR, under a line of text."""
        tiles = [self._tiles[number] for number in sorted(self._tiles)]
        height = TITLE + max((tile.shape[0] for tile in tiles), default=0)
        width = sum(tile.shape[1] + GAP for tile in tiles) - GAP
        strip = np.full((height, max(width, 2), 3), INK, np.uint8)
        left = 0
        for tile in tiles:
            strip[TITLE : TITLE + tile.shape[0], left : left + tile.shape[1]] = tile
            left += tile.shape[1] + GAP
        event = self.event
        words = (
            f"{film}: {event['label']}, person {event['track']}, {event['start_s']:.1f} to "
            f"{event['end_s']:.1f} s, said at {event['said_s']:.1f} s, {event['confidence']:.2f}"
        )
        write(strip, words, (6, 18), size=0.5, bold=True)
        return strip

    def _caption(self, tile: np.ndarray, frame: Frame, action: Action | None) -> None:
        words = f"{frame.time_s:.1f} s"
        if action is not None:
            words += f"  {action.label} {action.confidence:.2f}"
        is_it = action is not None and action.label == self.event["label"]
        colour = person_colour(self.event["track"])
        plate(tile, (0, 0, tile.shape[1], 20), colour if is_it else INK, opacity=0.8)
        write(tile, words, (5, 15), size=0.42, colour=INK if is_it else WHITE, bold=is_it)

    def _region(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom: all that the person takes up in these frames, and a margin."""
        size = self._lifted.size[self.numbers].max(0)
        who = self._lifted.track == self.event["track"]
        rows = who & np.isin(self._lifted.at, self.numbers)
        points = self._lifted.xy[rows].reshape(-1, 2)
        points = points[np.isfinite(points).all(-1)].clip(0, size)
        if not len(points):
            return 0, 0, int(size[0]), int(size[1])
        low, high = points.min(0), points.max(0)
        half = np.maximum((high - low) / 2 + MARGIN * (high - low).max(), LEAST * size / 2)
        middle = (low + high) / 2
        low, high = (middle - half).clip(0, size - 2), (middle + half).clip(2, size)
        left, top, right, bottom = (int(edge) for edge in (*low, *high))
        return left, top, right, bottom


def filled(
    sheets: Sequence[Sheet], frames: Iterable[Frame], heard: Heard, lifted: Lifted
) -> Iterator[Sheet]:
    """Sheets of one film as they become full; its frames are read up to the last one needed."""
    waiting = defaultdict[int, list[Sheet]](list)
    for sheet in sheets:
        for number in sheet.numbers:
            waiting[number].append(sheet)
    number_of = {index: number for number, index in enumerate(lifted.index.tolist())}
    for frame in frames if sheets else ():
        number = number_of.get(frame.index, -1)
        for sheet in waiting.pop(number, ()):
            if frame.image is not None:
                sheet.add(number, frame.image, heard.actions[number])
            if number == sheet.numbers[-1]:
                yield sheet
        if not waiting:
            return


def save(picture: np.ndarray, folder: Path, name: str) -> str:
    """Save a picture as PNG in ``sheets`` of the folder; returns its name as seen from there.

    Raises:
        InputError: It can't be written.
    """
    kept = re.sub(r"[^\w.-]+", "_", name)
    path = run_folder(str(folder / "sheets")) / f"{kept}.png"
    ok, data = cv2.imencode(".png", picture)
    try:
        path.write_bytes(data.tobytes() if ok else b"")
    except OSError as error:
        raise unwritable(path, error) from error
    return f"sheets/{path.name}"
