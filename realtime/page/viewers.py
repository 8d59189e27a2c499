"""The browsers that watch, each at its own pace."""

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ..clock import Clock

IN_FLIGHT = 2
"""Frames sent and not yet shown: enough to hide the way, few enough to show the present."""
MAX_WORDS = 256
"""Messages other than frames that may wait for a viewer."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame as messages: with its picture, if it is sent, and without for who has it."""

    whole: bytes | None
    bare: bytes


class Viewer:
    """One connection: what waits for it, and how far it has come.

    Words are sent in order and all; of frames the newest, when the last but one was shown. A viewer
    that takes nothing for `stall_s` is let go: it may come back, and starts at the present.

    Attributes:
        wants_pictures: False of one whose own camera the pictures come from.
    """

    def __init__(
        self, socket: web.WebSocketResponse, request: web.Request, *, stall_s: float, clock: Clock
    ) -> None:
        self.socket, self._request = socket, request
        self.stall_s, self._clock = stall_s, clock
        self.wants_pictures = True
        self._words: deque[str] = deque()
        self._frame: Shown | None = None
        self._unshown, self._moved_s = 0, clock()
        self._wake = asyncio.Event()

    def tell(self, words: str) -> None:
        """Send a text."""
        if len(self._words) >= MAX_WORDS:
            return self.let_go()
        self._words.append(words)
        self._wake.set()

    def show(self, frame: Shown) -> None:
        """Send a frame, unless a newer one comes before there is room."""
        if self.wants_pictures and frame.whole is None:
            return
        if self._unshown >= IN_FLIGHT and self._clock() - self._moved_s > self.stall_s:
            return self.let_go()
        self._frame = frame
        self._wake.set()

    def shown(self) -> None:
        """The viewer has shown a frame."""
        self._unshown, self._moved_s = max(self._unshown - 1, 0), self._clock()
        self._wake.set()

    def let_go(self) -> None:
        """End the connection without waiting for the other side."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what waits, for ever; what can't be sent within `stall_s` ends the connection."""
        with suppress(ConnectionError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                for message in self._waiting():
                    try:
                        await asyncio.wait_for(self._send(message), self.stall_s)
                    except TimeoutError:
                        return self.let_go()

    def _waiting(self) -> Iterator[str | bytes]:
        while self._words:
            yield self._words.popleft()
        if self._frame is not None and self._unshown < IN_FLIGHT:
            frame, self._frame = self._frame, None
            if not self._unshown:
                self._moved_s = self._clock()
            self._unshown += 1
            yield frame.whole if self.wants_pictures and frame.whole else frame.bare

    async def _send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self.socket.send_str(message)
        else:
            await self.socket.send_bytes(message)


def as_text(message: dict[str, Any]) -> str:
    """A message other than a frame."""
    return json.dumps(message, allow_nan=False, separators=(",", ":"))
