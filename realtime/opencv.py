"""Imports OpenCV, or fails in one clear line; all files of `realtime` import it from here."""

import os
from collections.abc import Sequence

import numpy as np

from ..gast.errors import InputError

try:
    import cv2
except ImportError as error:
    raise InputError(
        f"OpenCV can't load ({str(error).splitlines()[0]}): install libgl1 or pip install "
        "opencv-python-headless"
    ) from error

__all__ = ["cv2", "open_capture", "retrieve"]


def open_capture(
    what: int | str, *, backend: int = cv2.CAP_ANY, options: Sequence[int] = ()
) -> cv2.VideoCapture:
    """Open a device number, file or address; a failure prints nothing to the terminal.

    OpenCV's own messages would show a stream's password; OPENCV_FFMPEG_LOGLEVEL restores them.
    `options` alternate property and value, as ``cv2.VideoCapture`` takes them.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2.VideoCapture(what, backend, list(options))


def retrieve(capture: cv2.VideoCapture) -> np.ndarray | None:
    """The picture last grabbed, (H, W, 3) uint8 BGR; ``None`` when it can't be decoded."""
    ok, image = capture.retrieve()
    return image if ok else None
