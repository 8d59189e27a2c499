"""Video files."""

from collections.abc import Generator
from pathlib import Path
from threading import Event

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock, paced
from ..opencv import cv2, falls_short, open_capture, retrieve
from ..packets import Frame
from .source import Source

# OpenCV seeks by picture number, which is off where the frame rate varies: aim before the mark.
LEAD_S = 5.0


class Video(Source):
    """A file, read whole as fast as the pipeline goes, or like a camera.

    Pictures come upright as the file's rotation mark says. `time_s` is the file's own time stamp,
    seconds from its first picture; where stamps are missing or go back, the frame rate goes on from
    the last good one.

    Args:
        path: Anything OpenCV reads.
        realtime: Play at the file's own speed and drop what the pipeline is too slow for; then
            `time_s` is clock time, as a camera's is.
        start_s: Leave out what comes before, file time.
        stop_s: Leave out what comes from here on, file time.
        clock: Paces and stamps.

    Raises:
        InputError: There is no such file, it is no video, or the span holds no picture.
    """

    def __init__(
        self,
        path: str,
        *,
        realtime: bool = False,
        start_s: float = 0.0,
        stop_s: float | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self.live, self.start_s, self.stop_s = realtime, start_s, stop_s
        super().__init__("video", f"video {path}", clock=clock)
        if stop_s is not None and stop_s <= start_s:
            raise InputError(f"{self.description}: stop_s={stop_s} must be above {start_s=}")
        if not self.path.is_file():
            raise InputError(f"{self.description}: no such file; give the path of a video file")
        capture = self._open()
        fps, self.count = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.fps = fps if fps > 0 else None
        capture.release()

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """The span's frames; paced by their time stamps if live."""
        frames = self._frames()
        try:
            yield from paced(frames, stop=stop, clock=self.clock) if self.live else frames
        finally:
            frames.close()

    def _open(self) -> cv2.VideoCapture:
        capture = open_capture(str(self.path))
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        if not capture.isOpened():
            raise InputError(
                f"{self.description}: not a video that OpenCV can read; try converting it to mp4"
            )
        return capture

    def _open_at_start(self) -> cv2.VideoCapture:
        capture = self._open()
        if self.start_s <= LEAD_S:
            return capture
        capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * (self.start_s - LEAD_S))
        if capture.grab() and capture.get(cv2.CAP_PROP_POS_MSEC) < 1000 * self.start_s:
            return capture
        capture.release()
        return self._open()

    def _frames(self) -> Generator[Frame, None, None]:
        capture = self._open_at_start()
        index, time_s, is_whole = 0, -1.0, True
        try:
            while capture.grab():
                time_s = self._stamp(capture, time_s)
                if self.stop_s is not None and time_s >= self.stop_s:
                    is_whole = False
                    break
                image = retrieve(capture) if time_s >= self.start_s else None
                if image is None:
                    continue
                height, width = image.shape[:2]
                yield Frame(image, index, time_s, self.clock(), width, height)
                index += 1
        finally:
            capture.release()
        self._check_end(index, time_s, is_whole=is_whole and self.start_s == 0)

    def _stamp(self, capture: cv2.VideoCapture, last_s: float) -> float:
        time_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return time_s if time_s > last_s else last_s + 1 / (self.fps or 30.0)

    def _check_end(self, index: int, time_s: float, *, is_whole: bool) -> None:
        if index == 0:
            raise InputError(
                f"{self.description}: no picture from {self.start_s:g} s on could be read; "
                f"the last one is at {max(time_s, 0):.2f} s"
            )
        if is_whole and falls_short(index, self.count):
            self.warn(
                f"{self.description} is damaged or cut short: {index} of {self.count} pictures "
                "could be read"
            )
