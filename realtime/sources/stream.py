"""Network cameras."""

import re
from collections.abc import Generator
from threading import Event

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock, paced
from ..opencv import cv2, falls_short, open_capture, retrieve
from ..packets import Frame
from .source import TICK_S, Rising, Source

SCHEMES = ("rtsp", "rtsps", "http", "https")


class Stream(Source):
    """A camera on the network, newest picture first, that reconnects.

    An address without a first picture is an error; a connection lost later is tried again after
    `retry_s`, then after twice as long each time. A recording (an mp4 on a web server) is played at
    its own speed until it ends.

    Args:
        url: With name and password where it needs them; neither is ever printed.
        timeout_s: Longest wait for a connection and for a picture.
        retry_s: First pause before connecting again.
        retry_max_s: Longest pause.
        give_up_s: Without a picture for so long, it ends with an error.
        rotate, mirror: See `Upright`.

    Raises:
        InputError: Not such an address; while iterating: no connection.
    """

    live = True

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        retry_s: float,
        retry_max_s: float,
        give_up_s: float,
        rotate: int | None = None,
        mirror: bool | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(
            "stream", f"stream {masked(url)}", rotate=rotate, mirror=mirror, clock=clock
        )
        if url.partition("://")[0].lower() not in SCHEMES:
            raise InputError(
                f"{self.description}: the address must begin with "
                f"{', '.join(f'{scheme}://' for scheme in SCHEMES)}"
            )
        self._stamp = Rising(TICK_S)
        self._url, self.timeout_s = url, timeout_s
        self.retry_s, self.retry_max_s, self.give_up_s = retry_s, retry_max_s, give_up_s
        # Only for a driver that hangs in spite of its time-outs; otherwise `read` gives up first.
        self.silence_s = give_up_s + 2 * timeout_s + retry_max_s

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """Pictures as they arrive, reconnecting where needed."""
        index, seen_s, pause_s = 0, self.clock(), self.retry_s
        while not stop.is_set():
            capture = self._connect()
            expected = capture.get(cv2.CAP_PROP_FRAME_COUNT)
            first = index
            try:
                for frame in self._frames(capture, index, stop=stop, is_recording=expected > 0):
                    yield frame
                    index, seen_s, pause_s = index + 1, self.clock(), self.retry_s
            finally:
                capture.release()
            if stop.is_set() or (expected > 0 and not falls_short(index - first, expected)):
                return
            self._check(index, self.clock() + pause_s - seen_s)
            if index > first:
                self.warn(f"{self.description}: connection lost after {index} frames")
            if self.clock.wait(stop, pause_s):
                return
            pause_s = min(2 * pause_s, self.retry_max_s)

    def _connect(self) -> cv2.VideoCapture:
        timeout_ms = int(1000 * self.timeout_s)
        options = (
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms),
        )
        capture = open_capture(self._url, backend=cv2.CAP_FFMPEG, options=options)
        fps = capture.get(cv2.CAP_PROP_FPS)
        if fps > 0:
            self.fps = fps
        return capture

    def _frames(
        self, capture: cv2.VideoCapture, index: int, *, stop: Event, is_recording: bool
    ) -> Generator[Frame, None, None]:
        frames = self._arriving(capture, index, stop=stop, is_recording=is_recording)
        yield from paced(frames, stop=stop, clock=self.clock) if is_recording else frames

    def _arriving(
        self, capture: cv2.VideoCapture, index: int, *, stop: Event, is_recording: bool
    ) -> Generator[Frame, None, None]:
        stamp = Rising(1 / (self.fps or 30)) if is_recording else self._stamp
        while not stop.is_set() and capture.grab():
            captured_s = self.clock()
            time_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if is_recording else captured_s
            image = retrieve(capture)
            if image is None:
                continue
            height, width = image.shape[:2]
            yield Frame(image, index, stamp(time_s), captured_s, width, height)
            index += 1

    def _check(self, index: int, silence_s: float) -> None:
        if index == 0:
            raise InputError(
                f"{self.description} delivers no picture; check the address, name and password, "
                "and that it can be reached from here"
            )
        if silence_s > self.give_up_s:
            raise InputError(
                f"{self.description} stopped delivering after {index} frames and could not be "
                f"reached again for {self.give_up_s:g} s; check the camera and the network"
            )


def masked(url: str) -> str:
    """The address without name, password and parameters; if unclear, only the scheme."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return "***"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in tail:
        return f"{scheme}://***"
    host = "***@" + authority.rpartition("@")[2] if "@" in authority else authority
    # Some cameras want `user=...&password=...` in the path.
    return f"{scheme}://{host}" + re.sub(r"[?#=&;].*", "***", tail, flags=re.DOTALL)
