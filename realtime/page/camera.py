"""A viewer's own camera or video file as a source."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from ..mailbox import Latest
from ..opencv import cv2
from ..packets import Frame
from ..sources.source import TICK_S, Rising, Source
from .server import PageServer
from .viewers import Viewer
from .wire import jpeg_size

MAX_PIXELS = 1920 * 1080
OLDEST_S = 2.0
"""A picture is taken to be no older when it arrives, whatever its browser says."""
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class _Picture:
    index: int
    captured_s: float
    jpeg: bytes


class BrowserCamera(Source):
    """What one viewer of the page sends, newest picture first.

    The viewer numbers its pictures and sends the next when the frame of the last has come back, so
    nothing queues. Each says when it was captured, on the pipeline's clock.

    Args:
        what: ``camera`` or ``film``, a file that the browser plays.
    """

    live = True

    def __init__(self, server: PageServer, *, what: str, clock: Clock = SYSTEM) -> None:
        name = "a browser's camera" if what == "camera" else "a video file that a browser plays"
        super().__init__(what, name, clock=clock)
        self.server = server
        self.owner: Viewer | None = None
        self._next = 0
        self._incoming: Latest[_Picture] = Latest()
        server.on_picture, server.on_leave = self.take, self.leave

    def grant(self, viewer: Viewer) -> None:
        """Take pictures from this viewer, and none from the one before."""
        if self.owner is not None and self.owner is not viewer:
            words = "The pictures come from another page now."
            self.server.tell(self.owner, {"kind": "taken", "words": words})
        if self.server.state.get("status", {}).get("is") == "waiting":
            self.server.update(status={"is": "running", "words": ""})
        self.owner = viewer
        self.server.tell(viewer, {"kind": "camera", "next": self._next})

    def take(self, viewer: Viewer, head: dict[str, Any], jpeg: bytes) -> None:
        """A picture has come; InputError if it is none of the agreed kind."""
        if viewer is not self.owner:
            return
        index, captured_s = head.get("index"), head.get("captured_s")
        if not isinstance(index, int) or not self._next <= index < 2**53:
            raise InputError(f"picture {index}, and the next is {self._next}")
        if not isinstance(captured_s, int | float):
            raise InputError("a picture that does not say when it was captured")
        width, height = jpeg_size(jpeg)
        if not 0 < width * height <= MAX_PIXELS:
            raise InputError(f"a picture of {width}x{height}")
        now_s = self.clock()
        self._next = index + 1
        since_s = min(max(captured_s, now_s - OLDEST_S), now_s)
        self._incoming.put(_Picture(index, since_s, jpeg))

    def leave(self, viewer: Viewer) -> None:
        """The viewer has gone; the source waits for another."""
        if viewer is self.owner:
            self.owner = None
            self.server.update(status={"is": "waiting", "words": f"{self.description} has gone"})

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """Pictures as they come; waits for ever when none does."""
        stamp = Rising(TICK_S)
        try:
            while not stop.is_set():
                for picture in self._arrived():
                    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
                    if image is not None:
                        yield self._frame(np.asarray(image), picture, stamp(picture.captured_s))
        finally:
            self.owner = None

    def _arrived(self) -> Iterator[_Picture]:
        """The next pictures, until none comes for a moment."""
        with suppress(TimeoutError):
            yield from self._incoming.items(timeout_s=_LOOK_S)

    def _frame(self, image: np.ndarray, picture: _Picture, time_s: float) -> Frame:
        height, width = image.shape[:2]
        return Frame(image, picture.index, time_s, picture.captured_s, width, height)
