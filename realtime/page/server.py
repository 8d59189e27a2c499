"""The page's server: HTTP and WebSocket, in a thread of its own."""

import asyncio
import errno
import logging
import mimetypes
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from aiohttp import WSMsgType, web

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from .access import Access, checked_token, is_loopback
from .hearing import Command, Hearing, TakePicture, read_text
from .viewers import Shown, Viewer, as_text

STATIC = Path(__file__).parent / "static"
MAX_MESSAGE = 2**20
MAX_VIEWERS, MAX_STRANGERS = 8, 16
TOKEN_S = 5.0
"""So long a connection may take to give its token."""
PAST_EVENTS = 50
# Why a connection was ended, for the page (RFC 6455: 4000 to 4999 are free for use).
UNKNOWN, FULL = 4401, 4503

log = logging.getLogger(__name__)


class PageServer:
    """Shows a run to the browsers that know the token, and passes on what they ask for.

    All methods may be called from any thread; commands are called in the server's own and must not
    wait.

    Args:
        host: Address to listen at; another than loopback is warned of.
        port: 0 takes a free one.
        token: ``None`` draws a random one.
        stall_s: A viewer that takes nothing for so long is let go.

    Attributes:
        commands: By the ``kind`` of the message that asks for it.
        on_picture: What a viewer's own camera sends goes there: its head and the JPEG.
        on_leave: Called with a viewer that has gone.
        file: The recorded file of a name, if there is one.
        watching: How many viewers there are.
        wants_pictures: Whether one of them wants pictures.
        wants_bare: Whether one of them has the pictures, and wants the rest.

    Raises:
        InputError: The token or address can't be used; in `start`, neither can address and port.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        token: str | None,
        stall_s: float = 10.0,
        clock: Clock = SYSTEM,
    ) -> None:
        self.host, self.port, self.token = host, port, checked_token(token)
        self.is_public = not is_loopback(host)
        self.stall_s, self.clock = stall_s, clock
        self.commands: dict[str, Command] = {}
        self.on_picture: TakePicture | None = None
        self.on_leave: Callable[[Viewer], None] | None = None
        self.file: Callable[[str], Path | None] = lambda name: None
        self.watching, self.wants_pictures, self.wants_bare = 0, False, False
        self._viewers: set[Viewer] = set()
        self._strangers = 0
        self._state: dict[str, Any] = {"kind": "state", "status": {"is": "loading", "words": ""}}
        self._changing = Lock()
        self._past: deque[dict[str, Any]] = deque(maxlen=PAST_EVENTS)
        self._files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.is_file()}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._stop: asyncio.Event | None = None
        self._ready = Event()
        self._error: InputError | None = None
        self._access: Access

    @property
    def address(self) -> str:
        """What to open in the browser; whoever has it may watch."""
        return self._access.address

    @property
    def state(self) -> Mapping[str, Any]:
        """What every viewer is told."""
        return self._state

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._thread is not None and self._ready.is_set()

    def start(self) -> None:
        """Listen; InputError if that can't be done at this address."""
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="page", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            error, self._error, self._thread = self._error, None, None
            raise error
        if self.is_public:
            log.warning(
                f"page.host={self.host}: whoever can reach it there and reads along the way sees "
                f"token and pictures, which go unencrypted; only in a network that you trust"
            )

    def close(self) -> None:
        """End all connections and stop listening."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join()
            self._ready.clear()

    def show(self, frame: Shown) -> None:
        """Send a frame to all viewers."""
        self._soon(self._show_all, frame)

    def update(self, **state: Any) -> None:
        """Change part of the state, which every viewer is told, also one that comes later."""
        with self._changing:
            self._state = self._state | state
            self._soon(self._tell_all, self._state)

    def tell(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """Tell one viewer."""
        self._soon(viewer.tell, as_text(message))

    def tell_events(self, events: list[dict[str, Any]]) -> None:
        """Tell all of finished actions; who comes later is told the last of them."""
        self._past.extend(events)
        self._soon(self._tell_all, {"kind": "events", "events": events})

    def forget_events(self) -> None:
        """Another stream of times begins."""
        self._past.clear()

    def _soon(self, what: Callable[..., Any], *given: Any) -> None:
        if self._loop is not None and self._thread is not None:
            with suppress(RuntimeError):  # the loop has ended in this moment
                self._loop.call_soon_threadsafe(what, *given)

    def _show_all(self, frame: Shown) -> None:
        for viewer in self._viewers:
            viewer.show(frame)

    def _tell_all(self, message: dict[str, Any]) -> None:
        text = as_text(message)
        for viewer in self._viewers:
            viewer.tell(text)

    async def _serve(self) -> None:
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
        try:
            await runner.setup()
            site = web.TCPSite(runner, self.host, self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            self._access = Access(host=self.host, port=self.port, token=self.token)
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        except OSError as error:
            self._error = _unusable(self.host, self.port, error)
        self._ready.set()
        try:
            if self._stop is not None and self._error is None:
                await self._stop.wait()
                for viewer in tuple(self._viewers):  # who goes meanwhile is taken away
                    await viewer.socket.close(code=1001)
        finally:
            await runner.cleanup()

    def _app(self) -> web.Application:
        @web.middleware
        async def checked(request: web.Request, handler: Any) -> web.StreamResponse:
            self._access.check(request, must_name_origin=request.path == "/socket")
            answer: web.StreamResponse = await handler(request)
            return answer

        async def head(request: web.Request, answer: web.StreamResponse) -> None:
            answer.headers.update(self._access.headers())

        app = web.Application(middlewares=[checked], client_max_size=0)
        app.on_response_prepare.append(head)
        app.router.add_get("/socket", self._socket)
        app.router.add_get("/recordings/{name}", self._recording)
        app.router.add_get("/", self._static)
        app.router.add_get("/{name}", self._static)
        return app

    async def _static(self, request: web.Request) -> web.Response:
        """A file of the page, which is nothing but its files: no path is made of the name."""
        name = request.match_info.get("name", "index.html")
        if name not in self._files:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        kind = "text/javascript" if name.endswith(".js") else kind
        return web.Response(body=self._files[name], content_type=kind, charset="utf-8")

    async def _recording(self, request: web.Request) -> web.FileResponse:
        self._access.check_token(request)
        path = self.file(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if self._strangers >= MAX_STRANGERS:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, heartbeat=15.0, compress=False)
        await socket.prepare(request)
        if not await self._is_known(socket):
            await socket.close(code=UNKNOWN, message=b"the token is missing or wrong")
        elif len(self._viewers) >= MAX_VIEWERS:
            await socket.close(code=FULL, message=b"too many viewers")
        else:
            await self._attend(socket, request)
        return socket

    async def _is_known(self, socket: web.WebSocketResponse) -> bool:
        self._strangers += 1
        try:
            first = await socket.receive(timeout=TOKEN_S)
        except TimeoutError:
            return False
        finally:
            self._strangers -= 1
        head = read_text(first.data) if first.type == WSMsgType.TEXT else None
        return head is not None and self._access.knows(head.get("token"))

    async def _attend(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        viewer = Viewer(socket, request, stall_s=self.stall_s, clock=self.clock)
        self._viewers.add(viewer)
        self._count()
        viewer.tell(as_text(self._state))
        viewer.tell(as_text({"kind": "events", "events": list(self._past)}))
        writing = asyncio.create_task(viewer.write())
        hearing = Hearing(viewer, self.commands, picture=self._picture, clock=self.clock)
        hearing.on_wish = self._count
        try:
            await hearing.listen()
        finally:
            writing.cancel()
            self._viewers.discard(viewer)
            self._count()
            if self.on_leave is not None:
                self.on_leave(viewer)

    def _picture(self, viewer: Viewer, head: dict[str, Any], jpeg: bytes) -> None:
        if self.on_picture is not None:
            self.on_picture(viewer, head, jpeg)

    def _count(self) -> None:
        self.watching = len(self._viewers)
        self.wants_pictures = any(viewer.wants_pictures for viewer in self._viewers)
        self.wants_bare = not all(viewer.wants_pictures for viewer in self._viewers)


def _unusable(host: str, port: int, error: OSError) -> InputError:
    if error.errno == errno.EADDRINUSE:
        return InputError(
            f"page.port={port} is taken by another program; give another, or page.port=0 for a "
            f"free one"
        )
    reason = error.strerror or str(error)
    return InputError(f"page.host={host} page.port={port}: can't listen there: {reason}")
