"""Video files."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from math import inf
from pathlib import Path
from threading import Event

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock, paced
from ..packets import Frame
from .decoder import BROKEN, Decoder, Unreadable
from .files import container, refusal, shown
from .reel import Reel
from .source import Source

# A file, and what a playlist names, is read from disk only.
OPTIONS = {"protocol_whitelist": "file"}


class Video(Source):
    """A file, read whole as fast as the pipeline goes, or like a camera.

    Pictures come as a player shows them: upright as the file's rotation mark says, with square
    pixels, in their own size where it changes. Damaged ones are left out and counted. `time_s` is
    seconds from the beginning, by the file's own time stamps; where these are missing or go back,
    it goes on at the frame rate. Repeated, it is one longer file: the first picture follows the
    last at that rate.

    Args:
        path: Anything FFmpeg reads; of several videos in it the default one.
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
        super().__init__("video", f"video {shown(path)}", rotate=rotate, mirror=mirror, clock=clock)
        self._check_numbers()
        folder = f", or for pictures source=images source.folder={shown(path)}"
        if refused := refusal(self.path, wanted="video file", folder=folder):
            raise InputError(f"{self.description}: {refused}")
        with self._open() as decoder:
            self.fps, self._file_fps = fps or decoder.fps, decoder.fps or 30.0
            self.count = decoder.announced or round(decoder.duration_s * (decoder.fps or 0))

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """The span's frames; paced by their time stamps if live."""
        frames = self._frames()
        try:
            yield from paced(frames, stop=stop, clock=self.clock) if self.live else frames
        finally:
            frames.close()

    def _open(self) -> Decoder:
        try:
            return Decoder(str(self.path), options=OPTIONS)
        except Unreadable as error:
            raise InputError(
                f"{self.description}: not a video that can be read: {self._told(str(error))}; "
                f"give another file, or mend or convert this one with ffmpeg"
            ) from error

    def _told(self, reason: str) -> str:
        """Why it can't be opened; by its first bytes where its container is broken."""
        try:
            return reason if reason != BROKEN else f"its container is {container(self.path)}"
        except OSError as error:
            return f"{error.strerror}".lower()

    def _reel(self) -> Reel:
        """The file, open at the first picture of the span."""
        if self.start_s > 0:
            reel = self._unwound()
            if reel.decoder.seek(self.start_s) and reel.wind() and reel.is_by(self.start_s):
                return self._wound(reel)
            reel.decoder.close()  # its index leads elsewhere
        reel = self._unwound()
        reel.wind()
        return self._wound(reel)

    def _unwound(self) -> Reel:
        return Reel(self._open(), path=self.path, fps=self._file_fps)

    def _wound(self, reel: Reel) -> Reel:
        while reel.picture is not None and reel.time_s < self.start_s:
            reel.wind()
        return reel

    def _frames(self) -> Generator[Frame, None, None]:
        index, shift_s = 0, 0.0
        with ThreadPoolExecutor(1, thread_name_prefix=f"{self.name} ahead") as ahead:
            reel = self._reel()
            for turn in count(1):
                # Opened while this turn plays, so that the next turn's first picture is not late.
                following = None if turn == self.repeat else ahead.submit(self._reel)
                last = yield from self._turn(reel, index, shift_s)
                if turn == 1 and last is not None and (losses := reel.losses()):
                    self.warn(f"{self.description} {losses}")
                if last is not None and last.index + 1 == self.frames:
                    return
                if last is None:
                    raise self._nothing(reel)
                if following is None:
                    return
                index, reel = last.index + 1, following.result()
                shift_s = last.time_s + 1 / self._file_fps - reel.time_s

    def _turn(self, reel: Reel, index: int, shift_s: float) -> Generator[Frame, None, Frame | None]:
        """Play the span once, from `index` and `shift_s` on; returns the last frame."""
        frame = None
        stop_s = inf if self.stop_s is None else self.stop_s
        try:
            while reel.picture is not None and reel.time_s < stop_s and index != self.frames:
                image = reel.picture.image()
                if image is None:
                    reel.damaged += 1
                else:
                    height, width = image.shape[:2]
                    time_s = index / self.rate if self.rate else reel.time_s + shift_s
                    frame = Frame(image, index, time_s, self.clock(), width, height)
                    yield frame
                    index += 1
                reel.wind()
        finally:
            self.damaged += reel.damaged
            reel.decoder.close()
        return frame

    def _nothing(self, reel: Reel) -> InputError:
        if not reel.read:
            return InputError(
                f"{self.description}: none of its {reel.decoder.packets} pictures could be decoded "
                f"({reel.decoder.kind}); give another file"
            )
        return InputError(
            f"{self.description}: no picture from {self.start_s:g} s on could be read; "
            f"the last one is at {max(reel.time_s, 0):.2f} s"
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
