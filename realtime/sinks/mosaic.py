"""Several cameras in one picture."""

from dataclasses import replace
from math import ceil, sqrt
from typing import Any

import numpy as np

from ..opencv import cv2
from ..packets import Event, Frame, Person, RunInfo
from ..pictures.drawing import INK, plate, width_of, write
from .sink import Sink

WIDTH = 1280
"""Of the picture, pixels; each camera has 640 at most, in 4:3."""


class Mosaic:
    """Hands another sink one picture with those of all cameras, side by side, and everybody in it.

    There is a new one when a camera has a second frame since the last, or all have their first.
    """

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self._newest: dict[str, Frame] = {}
        self._fresh: set[str] = set()
        self._events: tuple[Event, ...] = ()
        self._count = 0
        self._last_s = float("-inf")

    def begin(self, info: RunInfo) -> None:
        """Begin the sink; places are for the cameras there are."""
        self.sink.begin(info)

    def __call__(self, frame: Frame) -> None:
        """Take a camera's frame, and show all when it is time."""
        camera = frame.camera or ""
        if camera in self._fresh or frame.is_over:
            self._show()
        self._events += frame.events
        if frame.is_over:
            self._newest.pop(camera, None)
            self._fresh.discard(camera)
            return
        self._newest[camera] = frame
        self._fresh.add(camera)
        if self._fresh == set(self._newest):
            self._show()

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Close the sink."""
        self.sink.close(self._events + events)

    def summary(self) -> dict[str, Any]:
        """That of the sink."""
        return self.sink.summary()

    def _show(self) -> None:
        if not self._fresh:
            return
        frame, self._events = self._together(), ()
        self._fresh.clear()
        self._count += 1
        self.sink(frame)

    def _together(self) -> Frame:
        columns = ceil(sqrt(len(self._newest)))
        rows = ceil(len(self._newest) / columns)
        width = min(WIDTH // columns, WIDTH // 2) // 8 * 8
        height = width * 3 // 4
        image = np.zeros((rows * height, columns * width, 3), np.uint8)
        people: dict[int, Person] = {}
        for place, (camera, frame) in enumerate(self._newest.items()):
            row, column = divmod(place, columns)
            corner = np.array([column * width, row * height], np.float32)
            cell = image[row * height :, column * width :][:height, :width]
            people |= _drawn(frame, cell, corner)
            _entitle(cell, camera)
        newest = max(self._newest.values(), key=lambda frame: frame.captured_s)
        self._last_s = max(self._last_s, newest.time_s)
        return newest.knowing(
            image=image, index=self._count, width=image.shape[1], height=image.shape[0],
            time_s=self._last_s, people=dict(sorted(people.items())), poses=(),
            events=self._events, camera=None,
            dropped=sum(frame.dropped for frame in self._newest.values()),
        )  # fmt: skip


def _drawn(frame: Frame, cell: np.ndarray, corner: np.ndarray) -> dict[int, Person]:
    """Put a frame's picture into its place; its people as they are there."""
    height, width = cell.shape[:2]
    scale = min(width / frame.width, height / frame.height)
    size = round(frame.width * scale), round(frame.height * scale)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    if frame.image is not None:
        inner = cell[top : top + size[1], left : left + size[0]]
        inner[:] = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    shift = corner + np.array([left, top], np.float32)
    return {track: _moved(person, scale, shift) for track, person in frame.people.items()}


def _moved(person: Person, scale: float, shift: np.ndarray) -> Person:
    def there(xy: np.ndarray) -> np.ndarray:
        return (xy * scale + shift).astype(np.float32)

    pose = replace(person.pose, xy=there(person.pose.xy))
    return replace(person, pose=pose, xy=None if person.xy is None else there(person.xy))


def _entitle(cell: np.ndarray, camera: str) -> None:
    wide = width_of(camera, size=0.5, bold=True) + 12
    plate(cell, (4, 4, 4 + wide, 26), INK, opacity=0.75)
    write(cell, camera, (10, 20), size=0.5, bold=True)
