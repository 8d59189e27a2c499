"""What a viewer says, within limits."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import WSMsgType

from ...gast.errors import InputError
from ...gast.limits import read_json
from ..clock import Clock
from .access import Allowance
from .viewers import Viewer, as_text
from .wire import unpacked

MAX_TEXT = 4096
# Why a connection was ended, for the page (RFC 6455: 4000 to 4999 are free for use).
WRONG, TOO_MUCH = 4400, 4429

Command = Callable[[Viewer, dict[str, Any]], None]
TakePicture = Callable[[Viewer, dict[str, Any], bytes], None]


class Hearing:
    """Listens to one viewer; one that says too much, or what nobody understands, is let go.

    Args:
        commands: By the ``kind`` of the message; an InputError is told to the viewer.
        picture: Takes the head and JPEG of a picture; an InputError ends the connection.

    Attributes:
        on_wish: Called when the viewer wants pictures, or none any more.
    """

    def __init__(
        self,
        viewer: Viewer,
        commands: Mapping[str, Command],
        *,
        picture: TakePicture,
        clock: Clock,
    ) -> None:
        self.viewer, self.commands, self._take, self._clock = viewer, commands, picture, clock
        self.on_wish: Callable[[], None] = lambda: None
        self._words = Allowance(per_s=150, burst=300, clock=clock)
        self._asked = Allowance(per_s=5, burst=30, clock=clock)
        self._pictures = Allowance(per_s=70, burst=70, clock=clock)

    async def listen(self) -> None:
        """Until the connection ends."""
        socket = self.viewer.socket
        async for message in socket:
            is_picture = message.type == WSMsgType.BINARY
            if not (self._pictures if is_picture else self._words).take():
                await socket.close(code=TOO_MUCH, message=b"too many messages")
            elif not (self._picture if is_picture else self._word)(message.data):
                await socket.close(code=WRONG, message=b"not understood, or too much")

    def _picture(self, message: bytes) -> bool:
        try:
            self._take(self.viewer, *unpacked(message))
        except InputError:
            return False
        return True

    def _word(self, text: Any) -> bool:
        message = read_text(text) or {}
        match message.get("kind"):
            case "shown":
                self.viewer.shown()
            case "ping" if _is_moderate(message.get("sent")):
                answer = {"kind": "pong", "sent": message["sent"], "now_s": self._clock()}
                self.viewer.tell(as_text(answer))
            case "pictures":
                self.viewer.wants_pictures = message.get("wanted") is True
                self.on_wish()
            case kind if isinstance(kind, str) and kind in self.commands and self._asked.take():
                self._command(self.commands[kind], message)
            case _:
                return False
        return True

    def _command(self, command: Command, message: dict[str, Any]) -> None:
        try:
            command(self.viewer, message)
        except InputError as error:
            self.viewer.tell(as_text({"kind": "refused", "words": str(error)}))


def read_text(text: Any) -> dict[str, Any] | None:
    """A small message; None if it is none."""
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        return None
    try:
        message = read_json(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _is_moderate(number: object) -> bool:
    return isinstance(number, int | float) and -1e15 < number < 1e15
