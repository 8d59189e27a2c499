"""The annotated picture in a window."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from ...gast.errors import InputError
from ..annotator import Annotator
from ..clock import SYSTEM
from ..opencv import cv2
from ..packets import Event, Frame
from .run_info import RunInfo

_NO_DISPLAY = "sink=window needs a display; use sink=[terminal,video]"
_QUIT_KEYS = {ord("q"), ord("Q"), 27}  # 27 is Esc


class WindowClosed(Exception):
    """The user has seen enough: q, Esc, or the window was closed. Not an error."""


class WindowSink:
    """Shows each frame; q, Esc or closing the window ends the run.

    Args:
        title: Of the window.
        clock: The pipeline's monotonic clock, seconds.

    Raises:
        InputError: There is no display, or this build of OpenCV can't show windows.
        WindowClosed: In a call, when the user ends the run.
    """

    def __init__(self, *, title: str = "gastlive", clock: Callable[[], float] = SYSTEM) -> None:
        if not _has_display():
            raise InputError(_NO_DISPLAY)
        self.title, self._clock, self._shown = title, clock, 0
        self._annotator: Annotator | None = None

    def begin(self, info: RunInfo) -> None:
        """Open the window."""
        self._annotator = Annotator(info, clock=self._clock)
        cv2.namedWindow(
            self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        )

    def __call__(self, frame: Frame) -> None:
        """Show it."""
        if self._annotator is None:
            raise RuntimeError("begin was not called")
        picture = self._annotator(frame)
        if self._shown == 0:
            cv2.resizeWindow(self.title, picture.shape[1], picture.shape[0])
        cv2.imshow(self.title, picture)
        self._shown += 1
        key = cv2.waitKey(1) & 0xFF
        if key in _QUIT_KEYS or cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) < 1:
            raise WindowClosed

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Close the window."""
        if self._annotator is not None:
            self._annotator = None
            cv2.destroyAllWindows()

    def summary(self) -> dict[str, Any]:
        """How many frames were shown."""
        return {"frames": self._shown}


def _has_display() -> bool:
    """Whether a window can be opened.

    Tried in a process of its own, because Qt ends the process when the display named in the
    environment does not answer.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    attempt = [sys.executable, "-c", "import cv2; cv2.namedWindow('gastlive')"]
    return subprocess.run(attempt, capture_output=True, check=False).returncode == 0
