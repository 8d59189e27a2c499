"""Video files and addresses, decoded as a player shows them; damage costs what is damaged."""

from collections.abc import Iterator, Mapping
from math import nan
from struct import unpack_from
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.error import ExitError, FFmpegError, InvalidDataError
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from ..opencv import cv2

MOST_PIXELS = 40_000_000
"""Larger pictures are refused; 8K has 33 million pixels."""
WIDEST_PIXEL = 4
"""A pixel aspect beyond this ratio is taken for a mistake in the file."""
MOST_FPS = 1000.0
"""A frame rate above is a time base that nobody filled in."""
LARGE = 31 << 20
"""A block so large, taken and freed once, makes the C library keep freed pictures instead of giving
their pages back to the system (mallopt(3), M_MMAP_THRESHOLD): a third of the cost of reading."""
GIVES_UP = 100
"""After so many unreadable pieces in a row nothing more is expected of a container."""


BROKEN = "its container is broken or unknown"
"""The reason of an `Unreadable` that has no codec and no container to name."""


class Unreadable(Exception):
    """Nothing can be decoded; says why, without path or address."""


class Picture:
    """A decoded picture, converted only when it is wanted.

    Attributes:
        time_s: From the beginning of its stream; NaN where it has no time stamp.
        is_patched: Parts of it were damaged, and the decoder has filled them in.
    """

    def __init__(self, frame: av.VideoFrame, time_s: float, decoder: "Decoder") -> None:
        self.time_s, self.is_patched = time_s, bool(frame.is_corrupt)
        self._frame, self._decoder = frame, decoder

    def image(self) -> np.ndarray | None:
        """(H, W, 3) uint8 BGR, upright and with square pixels; ``None`` if it can't be shown."""
        try:
            return self._decoder.image(self._frame)
        except (FFmpegError, ValueError, MemoryError):
            return None


class Decoder:
    """The video stream of a file or address that a player would choose.

    Iterating gives its pictures in order, each in its own size, and ``None`` for one that is too
    damaged to be decoded, or for unreadable data between them. It ends where the file or the
    connection does.

    Args:
        what: Path or address.
        options: FFmpeg's, for its protocols and containers.
        timeout_s: Longest wait for opening and for each picture.
        is_live: Pictures come without the delay of decoding on several cores.

    Attributes:
        kind: Codec and container, such as "h264 in mp4".
        fps: Nominal pictures per second, ``None`` if unknown.
        announced: Number of pictures by the container, 0 where it doesn't say.
        duration_s: By the container, 0 where it doesn't say.
        is_recording: It is known to have an end.
        packets: Coded pictures read so far.
        failure: Why no more could be read, if it was not the end.

    Raises:
        Unreadable: Nothing is there, or no video that can be decoded.
    """

    def __init__(
        self,
        what: str,
        *,
        options: Mapping[str, str],
        timeout_s: float | None = None,
        is_live: bool = False,
    ) -> None:
        try:
            self._container = av.open(
                what, options=dict(options), timeout=timeout_s, metadata_errors="replace"
            )
        except FFmpegError as error:
            raise Unreadable(_reason(error)) from None
        try:
            self._stream = _chosen(self._container)
        except Unreadable:
            self._container.close()
            raise
        stream = self._stream
        self.kind = f"{_codec(stream)} in {_container(self._container)}"
        self.fps = _fps(stream)
        self.announced = stream.frames
        self.duration_s = _duration_s(self._container, stream)
        self.is_recording = bool(self.announced or self.duration_s)
        self.packets, self.failure = 0, ""
        self._start, self._is_avi = stream.start_time, self.kind.endswith(" avi")
        self._aspects = stream.codec_context.sample_aspect_ratio, stream.sample_aspect_ratio
        self._turn: tuple[int, bytes] | None = None
        self._convert = VideoReformatter()
        np.empty(LARGE, np.uint8)  # freed at once
        stream.thread_type = "SLICE" if is_live else "AUTO"
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}  # should they grow

    def __iter__(self) -> Iterator[Picture | None]:
        for packet in self._packets():
            try:
                frames = packet.decode() if packet is not None else None
            except EOFError:
                return
            except FFmpegError:
                frames = None
            if frames is None:
                yield None
                continue
            for frame in frames:
                yield Picture(frame, self._time_s(frame), self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file or connection back."""
        self._container.close()

    def seek(self, time_s: float) -> bool:
        """Go to a picture at or before `time_s` that needs no other; false where that can't be."""
        if self._start is None or not self._stream.time_base:
            return False
        try:
            offset = self._start + int(time_s / self._stream.time_base)
            self._container.seek(offset, stream=self._stream)
        except FFmpegError:
            return False
        return True

    def image(self, frame: av.VideoFrame) -> np.ndarray:
        """(H, W, 3) uint8 BGR of one of its frames, as a player shows it."""
        width, height = self._shown_size(frame)
        shown = self._convert.reformat(frame, width=width, height=height, format="bgr24", threads=1)
        plane = shown.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:height]
        image = rows[:, : 3 * width].reshape(height, width, 3)  # a copy only if rows are padded
        matrix = self._matrix(frame)
        return turned(image, matrix) if matrix else image

    def _matrix(self, frame: av.VideoFrame) -> bytes:
        """The frame's display matrix, empty if it has none; looked up only where it changes.

        A frame that was asked for its side data refers to itself, and stays in memory for long.
        """
        if self._turn is None or self._turn[0] != frame.rotation:
            matrix: Any = frame.side_data.get("DISPLAYMATRIX")
            self._turn = frame.rotation, bytes(matrix or b"")
        return self._turn[1]

    def _packets(self) -> Iterator["av.Packet | None"]:
        failures = 0
        while failures < GIVES_UP:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    self.packets += packet.size > 0
                    yield packet
            except InvalidDataError:
                failures += 1
                if failures == 1:
                    yield None
            except FFmpegError as error:
                self.failure = "" if isinstance(error, EOFError) else _reason(error)
                return
            else:
                return
        self.failure = BROKEN

    def _time_s(self, frame: av.VideoFrame) -> float:
        # An avi says only when to decode; when to show is a guess, and errs.
        stamp = frame.dts if self._is_avi or frame.pts is None else frame.pts
        if stamp is None or not self._stream.time_base:
            return nan
        if self._start is None:
            self._start = stamp
        return float((stamp - self._start) * self._stream.time_base)

    def _shown_size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """With square pixels: never fewer in either direction than were filmed."""
        first, usual = self._aspects
        now = self._stream.codec_context.sample_aspect_ratio
        aspect = float((usual if now == first else now) or 1)
        if 1 < aspect <= WIDEST_PIXEL:
            return round(frame.width * aspect), frame.height
        if 1 / WIDEST_PIXEL <= aspect < 1:
            return frame.width, round(frame.height / aspect)
        return frame.width, frame.height


def turned(image: np.ndarray, matrix: bytes) -> np.ndarray:
    """A picture as a container's display matrix, nine 16.16 numbers by rows, says to show it."""
    a, b, _, c, d = unpack_from("=5i", matrix)  # x goes to (a, b), y to (c, d)
    if abs(b) > abs(a):
        image, a, d = cv2.transpose(image), c, b
    code = {(True, True): -1, (True, False): 1, (False, True): 0}.get((a < 0, d < 0))
    return np.asarray(image if code is None else cv2.flip(image, code))


def _reason(error: FFmpegError) -> str:
    """Without the address, which may hold a password."""
    if isinstance(error, InvalidDataError):
        return BROKEN
    return "no answer in time" if isinstance(error, ExitError) else f"{error.strerror}".lower()


def _container(container: "av.container.InputContainer") -> str:
    """The container's format, the first of its names but for mp4, which FFmpeg calls mov."""
    names = container.format.name.split(",")
    return "mp4" if "mp4" in names else names[0]


def _chosen(container: "av.container.InputContainer") -> "av.VideoStream":
    """The default video; never the cover picture of a song."""
    kind, stream = _container(container), container.streams.best("video")
    if not isinstance(stream, av.VideoStream) or stream.disposition & Disposition.attached_pic:
        inside = " and ".join(f"{one.type} ({_codec(one)})" for one in container.streams)
        raise Unreadable(f"holds no video but {inside or 'nothing'} in {kind}")
    context = stream.codec_context
    if context is None:
        raise Unreadable(f"its video in {kind} has a codec that is unknown here")
    if context.width * context.height > MOST_PIXELS:
        raise Unreadable(
            f"its pictures of {context.width}x{context.height} ({_codec(stream)} in {kind}) are "
            f"larger than {MOST_PIXELS / 1e6:g} million pixels"
        )
    return stream


def _codec(stream: "av.stream.Stream") -> str:
    context = stream.codec_context
    return "unknown codec" if context is None else str(context.codec.canonical_name)


def _fps(stream: "av.VideoStream") -> float | None:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= MOST_FPS:
            return float(rate)
    return None


def _duration_s(container: "av.container.InputContainer", stream: "av.VideoStream") -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float((container.duration or 0) / av.time_base)
