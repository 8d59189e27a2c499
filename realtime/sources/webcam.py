"""Cameras plugged into this machine."""

import os
import sys
from collections.abc import Generator
from pathlib import Path
from threading import Event

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from ..opencv import cv2, open_capture, retrieve
from ..packets import Frame
from .source import TICK_S, Rising, Source

# Between tries to read from a camera that has nothing to give.
PAUSE_S = 0.01
# Above this many pixels uncompressed pictures don't fit through USB 2 at 30 a second.
USB2_PIXELS = 640 * 480


class Webcam(Source):
    """A camera, newest picture first.

    Args:
        device: Number as OpenCV counts, or on Linux a path such as ``/dev/video0``.
        width, height, fps: Asked of the camera; one that gives others is a warning.
        timeout_s: A camera that delivers nothing for so long counts as dead.
        rotate, mirror: See `Upright`.

    Raises:
        InputError: There is no such device; while iterating: it can't be opened, it died.
    """

    live = True

    def __init__(
        self,
        device: int | str,
        *,
        width: int,
        height: int,
        fps: float,
        timeout_s: float,
        rotate: int | None = None,
        mirror: bool | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__("webcam", f"camera {device}", rotate=rotate, mirror=mirror, clock=clock)
        self.device = int(device) if str(device).isdigit() else str(device)
        self.width, self.height, self.fps, self.silence_s = width, height, fps, timeout_s
        if sys.platform == "linux":
            self._check_device()

    def open(self) -> cv2.VideoCapture:
        """The device, set to size and rate; an InputError if it can't be opened."""
        backend = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        capture = open_capture(self.device, backend=backend)
        if not capture.isOpened():
            raise InputError(
                f"{self.description} can't be opened: close the program that uses it, or choose "
                f"another device; there {_devices()}"
            )
        if self.width * self.height > USB2_PIXELS:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.height)
        capture.set(cv2.CAP_PROP_FPS, self.fps or 0)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """Pictures as the camera makes them; waits for ever when it makes none."""
        capture = self.open()
        try:
            self._compare(capture)
            index, stamp = 0, Rising(TICK_S)
            while not stop.is_set():
                is_there = capture.grab()
                captured_s = self.clock()
                image = retrieve(capture) if is_there else None
                if image is None:
                    self.clock.wait(stop, PAUSE_S)
                    continue
                height, width = image.shape[:2]
                yield Frame(image, index, stamp(captured_s), captured_s, width, height)
                index += 1
        finally:
            capture.release()

    def _compare(self, capture: cv2.VideoCapture) -> None:
        width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        fps = capture.get(cv2.CAP_PROP_FPS) or self.fps or 0.0
        if (width, height, fps) != (self.width, self.height, self.fps):
            self.warn(
                f"{self.description} gives {width}x{height} at {fps:g} frames/s; "
                f"asked for were {self.width}x{self.height} at {self.fps}"
            )
        self.fps = fps
        self.description = f"camera {self.device} ({width}x{height}, {fps:g} frames/s)"

    def _check_device(self) -> None:
        path = Path(f"/dev/video{self.device}" if isinstance(self.device, int) else self.device)
        if not path.exists():
            raise InputError(
                f"{self.description} ({path}) doesn't exist: choose another device; "
                f"there {_devices()}"
            )
        if not os.access(path, os.R_OK):
            raise InputError(
                f"{self.description} ({path}) may not be read: add yourself to its group, often "
                "with `sudo usermod -aG video $USER`, and log in again"
            )


def _devices() -> str:
    there = sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name))
    return f"are {', '.join(map(str, there))}" if there else "is no /dev/video*"
