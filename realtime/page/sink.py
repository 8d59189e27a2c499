"""The page in the browser, as a sink."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Protocol

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from ..packets import Event, Frame, RunInfo
from ..sinks.background import Background
from .figures import Figures
from .recorder import Recorder
from .server import PageServer
from .viewers import Shown, Viewer
from .wire import encoded, events_of, frame_head, packed, run_of

LOOK_S = 1.0
"""How the cameras are is looked at so often."""


class Cameras(Protocol):
    """Several cameras that a viewer may start again or take away (`Many`)."""

    def figures(self) -> Mapping[str, Mapping[str, Any]]:
        """What is known of each, by name."""

    def ask(self, name: str, *, again: bool) -> None:
        """Have one started again, or taken away."""


class PageSink:
    """Shows the run on a page that it serves (`PageServer`), whoever has the address.

    A thread of its own makes each frame's message, once for all viewers and only while there are
    any, and skips frames when it is too slow. The server goes on between `pause` and the next
    `begin`, and ends with `close`.

    Args:
        host, port, token: See `PageServer`; `port` 0 takes a free one, `token` null a random one.
        max_height: Lines of the picture sent; a larger one is scaled down.
        quality: Of its JPEG, 1 to 100.
        pictures: So many a second are sent, at most, whatever the source gives.
        folder: Where recordings go.
        video: Options of their `VideoSink`.
        say: Tells the user the address.

    Raises:
        InputError: See `PageServer`; its address is taken up in `begin` or `open`.
    """

    one_picture = True

    def __init__(
        self,
        *,
        host: str,
        port: int,
        token: str | None,
        max_height: int,
        quality: int,
        pictures: float,
        folder: str,
        video: Mapping[str, Any],
        say: Callable[[str], None] = lambda line: print(line, flush=True),
        clock: Clock = SYSTEM,
    ) -> None:
        self.server = PageServer(host=host, port=port, token=token, clock=clock)
        self.recorder = Recorder(folder, video=video, changed=self._tell_recordings)
        self.server.commands["record"] = self._record
        self.server.file = self.recorder.files.get
        self._messages = Messages(
            self.server, max_height=max_height, quality=quality, pictures=pictures
        )
        self._say, self._clock = say, clock
        self._figures, self._frames = Figures(), 0
        self._kept = ("", "")  # the source and layout of what is kept of the last minutes
        self._sending: Background | None = None
        self._cameras: Cameras | None = None
        self._look_s, self._known = -inf, list[dict[str, Any]]()

    def offer(self, cameras: Cameras) -> None:
        """List these cameras on the page, where a viewer may start them again or take them away."""
        self._cameras = cameras
        self.server.commands["camera"] = self._ask

    def open(self) -> None:
        """Start the server, and tell its address."""
        self.server.start()
        self._tell_recordings()
        self._say(f"the page is at {self.server.address}")

    def begin(self, info: RunInfo) -> None:
        """Open the page if that was not done, and show the new run on it."""
        if not self.server.is_open:
            self.open()
        if (info.source, info.lifter_layout) != self._kept:
            self._kept = info.source, info.lifter_layout
            self.server.forget_events()
        self._figures = Figures()
        self.server.update(run=run_of(info), status={"is": "running", "words": ""})
        self._sending = Background(self._messages, may_skip=True, capacity=1)
        self._sending.begin(info)
        self.recorder.begin(info)

    def __call__(self, frame: Frame) -> None:
        """Hand the frame over."""
        if self._sending is None:
            raise RuntimeError("begin was not called")
        self._frames += 1
        now_s = self._clock() if frame.finished_s is None else frame.finished_s
        self._messages.figures = self._figures(frame, now_s)
        if self._cameras is not None and now_s >= self._look_s:
            self._look_s = now_s + LOOK_S
            self._tell_cameras(self._cameras)
        if frame.events:
            self.server.tell_events(events_of(frame.events))
        self._sending(frame)
        self.recorder(frame)

    def pause(self, events: tuple[Event, ...] = ()) -> None:
        """End the run, but not the server."""
        sending, self._sending = self._sending, None
        if events:
            self.server.tell_events(events_of(events))
        self.recorder.close(events)
        if sending is not None:
            sending.close()

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """End the run and the server."""
        try:
            self.pause(events)
            self.recorder.wait()
            self.server.update(status={"is": "over", "words": "the program has ended"})
        finally:
            self.server.close()

    def summary(self) -> dict[str, Any]:
        """How many frames came, and for how many a message was made."""
        return {"frames": self._frames, "sent": self._messages.made}

    def _record(self, viewer: Viewer, message: dict[str, Any]) -> None:
        if message.get("on") is True:
            self.recorder.start()
        else:
            self.recorder.stop()

    def _ask(self, viewer: Viewer, message: dict[str, Any]) -> None:
        if self._cameras is not None:
            self._cameras.ask(str(message.get("name")), again=message.get("again") is True)
            self._look_s = -inf

    def _tell_cameras(self, cameras: Cameras) -> None:
        told = [
            {"name": name, "source": about["source"], "words": about["ended"]}
            for name, about in cameras.figures().items()
        ]
        if told != self._known:
            self._known = told
            self.server.update(cameras=told)

    def _tell_recordings(self) -> None:
        recorder = self.recorder
        self.server.update(recording={"on": recorder.is_on}, recordings=list(recorder.recordings))


class OneRun:
    """The page as a sink of one run of several: its end does not end the page."""

    def __init__(self, page: PageSink) -> None:
        self.page = page

    def begin(self, info: RunInfo) -> None:
        """Show the run."""
        self.page.begin(info)

    def __call__(self, frame: Frame) -> None:
        """Show a frame."""
        self.page(frame)

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """End the run."""
        self.page.pause(events)

    def summary(self) -> dict[str, Any]:
        """That of the page."""
        return self.page.summary()


class Messages:
    """Makes and sends each frame's messages; to who sees the pictures, `pictures` a second.

    Attributes:
        figures: Sent with every frame.
        made: Frames for which a message was made.
    """

    def __init__(
        self, server: PageServer, *, max_height: int, quality: int, pictures: float
    ) -> None:
        if not pictures > 0:
            raise InputError(f"pictures={pictures:g} a second; give more than 0")
        self.server, self.max_height, self.quality = server, max_height, quality
        self._every_s, self._due_s = 1 / pictures, -inf
        self.figures: dict[str, Any] = {}
        self.made = 0

    def begin(self, info: RunInfo) -> None:
        """Nothing to begin."""

    def __call__(self, frame: Frame) -> None:
        """Send one frame to all viewers."""
        is_whole = self.server.wants_pictures and self._is_due(frame.captured_s)
        if not is_whole and not self.server.wants_bare:
            return
        bare, jpeg = packed(frame_head(frame) | {"figures": self.figures}), b""
        if is_whole and frame.image is not None:
            jpeg = encoded(frame.image, max_height=self.max_height, quality=self.quality)
        self.server.show(Shown(whole=bare + jpeg if is_whole else None, bare=bare))
        self.made += 1

    def _is_due(self, captured_s: float) -> bool:
        """Whether a picture is sent; between pauses they come as evenly as the source's."""
        if self._due_s - self._every_s < captured_s < self._due_s:
            return False
        self._due_s = max(self._due_s, captured_s - self._every_s) + self._every_s
        return True

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Nothing to finish."""

    def summary(self) -> dict[str, Any]:
        """Not a sink of its own."""
        return {}
