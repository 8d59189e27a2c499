"""Network cameras."""

from collections.abc import Generator
from threading import Event

from ...gast.addresses import masked
from ...gast.errors import InputError
from ..clock import SYSTEM, Clock, paced
from ..packets import Frame
from .decoder import Decoder, Unreadable
from .source import TICK_S, Rising, Source

SCHEMES = ("rtsp", "rtsps", "http", "https")
TRANSPORTS = ("tcp", "udp")
PROTOCOLS = "http,https,httpproxy,rtp,srtp,tcp,udp,tls,crypto"
"""What an address may lead to; never a file."""


class Stream(Source):
    """A camera on the network, newest picture first, that reconnects.

    An address without a first picture is an error; a connection lost later is tried again after
    `retry_s`, then after twice as long each time. A recording (an mp4 on a web server) is played at
    its own speed until it ends. A picture that is damaged on its way is left out and counted.

    Args:
        url: With name and password where it needs them; neither is ever printed.
        transport: Of rtsp: tcp, or udp for cameras that have nothing else.
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
        transport: str,
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
        if transport not in TRANSPORTS:
            raise InputError(
                f"{self.description}: source.transport={transport} is none; give one of "
                f"{', '.join(TRANSPORTS)}"
            )
        self._stamp = Rising(TICK_S)
        self._url, self.transport, self.timeout_s = url, transport, timeout_s
        self.retry_s, self.retry_max_s, self.give_up_s = retry_s, retry_max_s, give_up_s
        # Only for a driver that hangs in spite of its time-outs; otherwise `read` gives up first.
        self.silence_s = give_up_s + 2 * timeout_s + retry_max_s

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """Pictures as they arrive, reconnecting where needed."""
        index, seen_s, pause_s = 0, self.clock(), self.retry_s
        while not stop.is_set():
            first, reason, is_over = index, "", False
            try:
                with self._connect() as decoder:
                    for frame in self._frames(decoder, index, stop=stop):
                        self.reconnects += index == first > 0
                        yield frame
                        index, seen_s, pause_s = index + 1, self.clock(), self.retry_s
                    reason = decoder.failure
                    is_over = decoder.is_recording and not reason
            except Unreadable as error:
                reason = str(error)
            if stop.is_set() or is_over:
                return
            self._check(index, self.clock() + pause_s - seen_s, reason)
            if index > first:
                self.warn(f"{self.description}: connection lost after {index} frames")
            if self.clock.wait(stop, pause_s):
                return
            pause_s = min(2 * pause_s, self.retry_max_s)

    def _connect(self) -> Decoder:
        options = {"protocol_whitelist": PROTOCOLS}
        if self._url.lower().startswith("rtsp"):
            options |= {"rtsp_transport": self.transport, "timeout": f"{self.timeout_s * 1e6:.0f}"}
        decoder = Decoder(self._url, options=options, timeout_s=self.timeout_s, is_live=True)
        self.fps = decoder.fps or self.fps
        return decoder

    def _frames(self, decoder: Decoder, index: int, *, stop: Event) -> Generator[Frame, None, None]:
        frames = self._arriving(decoder, index, stop=stop)
        yield from paced(frames, stop=stop, clock=self.clock) if decoder.is_recording else frames

    def _arriving(
        self, decoder: Decoder, index: int, *, stop: Event
    ) -> Generator[Frame, None, None]:
        is_recording = decoder.is_recording
        stamp = Rising(1 / (self.fps or 30)) if is_recording else self._stamp
        good_s = self.clock()
        for picture in decoder:
            captured_s = self.clock()
            image = None if picture is None else picture.image()
            if stop.is_set() or (image is None and captured_s - good_s > self.timeout_s):
                return
            if picture is None or image is None:
                self._lose_one()
                continue
            good_s = captured_s
            height, width = image.shape[:2]
            time_s = stamp(picture.time_s if is_recording else captured_s)
            yield Frame(image, index, time_s, captured_s, width, height)
            index += 1

    def _lose_one(self) -> None:
        if not self.damaged:
            self.warn(f"{self.description}: a damaged picture is left out, as will be others")
        self.damaged += 1

    def _check(self, index: int, silence_s: float, reason: str) -> None:
        why = f" ({reason})" if reason else ""
        if index == 0:
            raise InputError(
                f"{self.description} delivers no picture{why}; check the address, name and "
                f"password, and that it can be reached from here"
            )
        if silence_s > self.give_up_s:
            raise InputError(
                f"{self.description} stopped delivering after {index} frames and could not be "
                f"reached again for {self.give_up_s:g} s{why}; check the camera and the network"
            )
