"""The annotated picture in a window."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ..clock import SYSTEM
from ..opencv import cv2
from ..packets import Event, Frame, RunInfo
from ..pictures.annotator import Annotator
from .background import Background

_NO_DISPLAY = "sink=window needs a display; use sink=[terminal,video]"
_QUIT_KEYS = {ord("q"), ord("Q"), 27}  # 27 is Esc


class WindowClosed(Exception):
    """The user ends the run: q, Esc, or the window was closed. Not an error."""


class WindowSink:
    """Shows the newest picture; q, Esc or closing the window ends the run.

    A thread of its own draws; OpenCV's windows must stay in the main thread, the pipeline's, so
    each call shows what was drawn since the call before: a frame later.

    Args:
        title: Of the window.
        mirror: Show everything as a mirror would; sides stay the person's own.

    Raises:
        InputError: There is no display, or this build of OpenCV can't show windows.
        WindowClosed: In a call, when the user ends the run.
    """

    one_picture = True

    def __init__(self, *, title: str, mirror: bool, clock: Callable[[], float] = SYSTEM) -> None:
        if not _has_display():
            raise InputError(_NO_DISPLAY)
        self.title = title
        self._drawing = _Drawing(mirror=mirror, clock=clock)
        self._drawer = Background(self._drawing, may_skip=True, capacity=1)
        self._picture: np.ndarray | None = None
        self._frames = self._shown = 0

    def begin(self, info: RunInfo) -> None:
        """Open the window."""
        self._drawer.begin(info)
        cv2.namedWindow(
            self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        )

    def __call__(self, frame: Frame) -> None:
        """Have the frame drawn, and show the newest picture drawn."""
        self._drawer(frame)
        self._frames += 1
        picture = self._drawing.picture
        if picture is not None and picture is not self._picture:
            self._show(picture)
        key = cv2.waitKey(1) & 0xFF
        if key in _QUIT_KEYS or self._is_closed():
            raise WindowClosed

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Close the window."""
        try:
            self._drawer.close(events)
        finally:
            cv2.destroyAllWindows()

    def summary(self) -> dict[str, Any]:
        """How many frames were shown, and how many were skipped for newer ones."""
        return {"frames": self._shown, "skipped": self._frames - self._shown}

    def _show(self, picture: np.ndarray) -> None:
        if self._shown == 0:
            cv2.resizeWindow(self.title, picture.shape[1], picture.shape[0])
        cv2.imshow(self.title, picture)
        self._picture = picture
        self._shown += 1

    def _is_closed(self) -> bool:
        # Some systems show a window only with its first picture.
        return self._shown > 0 and cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) < 1


class _Drawing:
    """Keeps the newest picture, (H, W, 3) uint8 BGR, for another thread to show."""

    def __init__(self, *, mirror: bool, clock: Callable[[], float]) -> None:
        self.picture: np.ndarray | None = None
        self._mirror, self._clock = mirror, clock

    def begin(self, info: RunInfo) -> None:
        self._annotator = Annotator(info, clock=self._clock, mirror=self._mirror)

    def __call__(self, frame: Frame) -> None:
        self.picture = self._annotator(frame).copy()

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Nothing to finish."""

    def summary(self) -> dict[str, Any]:
        return {}


def _has_display() -> bool:
    """Tested in a process of its own, because Qt ends the process without a display."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    attempt = [sys.executable, "-c", "import cv2; cv2.namedWindow('gastlive')"]
    return subprocess.run(attempt, capture_output=True, check=False).returncode == 0
