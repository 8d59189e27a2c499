"""Video files."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from math import inf
from pathlib import Path
from threading import Event

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock, paced
from ..opencv import cv2, falls_short, open_capture, retrieve
from ..packets import Frame
from .source import Rising, Source

# OpenCV seeks by picture number, inexact where the frame rate varies: seek this much earlier.
LEAD_S = 5.0


@dataclass
class _Reel:
    """An open file at one of its pictures, which can be retrieved if `has_picture`."""

    capture: cv2.VideoCapture
    fps: float
    has_picture: bool = False

    def __post_init__(self) -> None:
        self._stamp = Rising(1 / self.fps)

    @property
    def time_s(self) -> float:
        """File time of that picture, or of the last one."""
        return self._stamp.last_s

    def wind(self) -> bool:
        """Go to the next picture; false when there is none."""
        self.has_picture = self.capture.grab()
        if self.has_picture:
            self._stamp(self.capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        return self.has_picture


class Video(Source):
    """A file, read whole as fast as the pipeline goes, or like a camera.

    Pictures come upright as the file's rotation mark says. `time_s` is seconds from the first
    picture, by the file's own time stamps; where these are missing or go back, it goes on at the
    frame rate. Repeated, it is one longer file: the first picture follows the last at that rate.

    Args:
        path: Anything OpenCV reads.
        realtime: Play at its own speed and drop frames like a camera; `time_s` is then clock time.
        start_s, stop_s: The span to play, in the file's time; the end is excluded.
        fps: Pictures a second, evenly spaced from 0, in place of their time stamps.
        repeat: How often the span is played; 0 is without end.
        frames: Stop after so many pictures; ``None`` plays all.
        rotate, mirror: See `Upright`.

    Raises:
        InputError: No such file, no video, no picture in the span, or a number out of range.
    """

    def __init__(
        self,
        path: str,
        *,
        realtime: bool,
        start_s: float,
        stop_s: float | None = None,
        fps: float | None = None,
        repeat: int,
        frames: int | None = None,
        rotate: int | None = None,
        mirror: bool | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self.live, self.start_s, self.stop_s = realtime, start_s, stop_s
        self.rate, self.repeat, self.frames = fps, repeat, frames
        super().__init__("video", f"video {path}", rotate=rotate, mirror=mirror, clock=clock)
        self._check_numbers()
        if not self.path.is_file():
            raise InputError(f"{self.description}: no such file; give the path of a video file")
        capture = self._open()
        file_fps = max(capture.get(cv2.CAP_PROP_FPS), 0.0)
        self.fps, self._file_fps = fps or file_fps or None, file_fps or 30.0
        self.count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
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

    def _reel(self) -> _Reel:
        """The file, open at the first picture of the span."""
        reel = _Reel(self._open_at_start(), self._file_fps)
        while reel.wind() and reel.time_s < self.start_s:
            pass
        return reel

    def _frames(self) -> Generator[Frame, None, None]:
        index, shift_s = 0, 0.0
        with ThreadPoolExecutor(1, thread_name_prefix=f"{self.name} ahead") as ahead:
            reel = self._reel()
            for turn in count(1):
                # Opened while this turn plays, so that the next turn's first picture is not late.
                following = None if turn == self.repeat else ahead.submit(self._reel)
                last = yield from self._turn(reel, index, shift_s)
                if last is not None and last.index + 1 == self.frames:
                    return
                self._check_end(reel, last, is_first=turn == 1)
                if last is None or following is None:
                    return
                index, reel = last.index + 1, following.result()
                shift_s = last.time_s + 1 / self._file_fps - reel.time_s

    def _turn(
        self, reel: _Reel, index: int, shift_s: float
    ) -> Generator[Frame, None, Frame | None]:
        """Play the span once, from `index` and `shift_s` on; returns the last frame."""
        frame = None
        stop_s = inf if self.stop_s is None else self.stop_s
        try:
            while reel.has_picture and reel.time_s < stop_s and index != self.frames:
                image = retrieve(reel.capture)
                if image is not None:
                    height, width = image.shape[:2]
                    time_s = index / self.rate if self.rate else reel.time_s + shift_s
                    frame = Frame(image, index, time_s, self.clock(), width, height)
                    yield frame
                    index += 1
                reel.wind()
        finally:
            reel.capture.release()
        return frame

    def _check_end(self, reel: _Reel, last: Frame | None, *, is_first: bool) -> None:
        if last is None:
            raise InputError(
                f"{self.description}: no picture from {self.start_s:g} s on could be read; "
                f"the last one is at {max(reel.time_s, 0):.2f} s"
            )
        frames, is_whole = last.index + 1, self.start_s == 0 and not reel.has_picture
        if is_first and is_whole and falls_short(frames, self.count):
            self.warn(
                f"{self.description} is damaged or cut short: {frames} of {self.count} pictures "
                "could be read"
            )

    def _check_numbers(self) -> None:
        wrong = None
        if self.stop_s is not None and self.stop_s <= self.start_s:
            wrong = f"stop_s={self.stop_s} must be above start_s={self.start_s}"
        elif self.rate is not None and not 0 < self.rate < inf:
            wrong = f"fps={self.rate} must be above 0, or null for the file's own"
        elif not isinstance(self.repeat, int) or self.repeat < 0:
            wrong = f"repeat={self.repeat} must be 1 or more, or 0 to play without end"
        elif self.frames is not None and (not isinstance(self.frames, int) or self.frames < 1):
            wrong = f"frames={self.frames} must be 1 or more, or null for all"
        if wrong is not None:
            raise InputError(f"{self.description}: {wrong}")
