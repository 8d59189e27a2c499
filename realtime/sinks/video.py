"""The annotated picture as an mp4 that plays in a browser."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...gast.errors import InputError
from ..clock import SYSTEM
from ..opencv import cv2
from ..packets import Event, Frame, RunInfo
from ..pictures.annotator import Annotator
from ..run_folder import run_folder, unwritable
from .encoders import CODECS, codec_options

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_TICKS = 90_000
"""Time stamps a second."""
_BT601 = 6
"""ITU-T H.273 code points of the colours OpenCV converts to (SMPTE 170M)."""


class VideoSink:
    """Writes ``annotated.mp4``: every frame at its own stream time, so gaps stay gaps.

    While it runs, each frame is an mp4 fragment, so that the file of a killed program plays up to
    its last frame but one; a clean end rewrites it, without encoding again, so that players can
    seek. It has a thread of its own and may skip frames, see `background.apart`.

    Args:
        folder: Where the file goes; made if it is not there.
        max_height: Lines of the camera's picture; a larger one is scaled down.
        encoder: One of `CODECS`.
        crf: Quality, 0 (exact) to 51.
        preset: Slower ones make smaller files.

    Raises:
        InputError: The folder can't be written to, or see `codec_options`; in a call, the disk is
            full.
    """

    own_thread = may_skip = True

    def __init__(
        self,
        *,
        folder: str,
        max_height: int,
        encoder: str,
        crf: int,
        preset: str,
        clock: Callable[[], float] = SYSTEM,
    ) -> None:
        self._options = codec_options(encoder, crf=crf, preset=preset)
        self._codec = CODECS[encoder]
        if max_height < 120:
            raise InputError(f"sink.video.max_height={max_height}: give at least 120 lines")
        self.path = run_folder(folder) / "annotated.mp4"
        self.max_height, self._clock = max_height, clock
        self._annotator: Annotator | None = None
        self._file: _FragmentedFile | None = None
        self._frames, self._draw_s, self._encode_s = 0, 0.0, 0.0
        self._size, self._fps, self._seekable = (0, 0), 30.0, False

    def begin(self, info: RunInfo) -> None:
        """Get ready to draw; the file begins with the first frame."""
        self._annotator = Annotator(info, clock=self._clock, max_height=self.max_height)
        self._fps = info.fps or 30.0

    def __call__(self, frame: Frame) -> None:
        """Draw and encode one frame."""
        if self._annotator is None:
            raise RuntimeError("begin was not called")
        start = time.perf_counter()
        canvas = self._annotator(frame)
        drawn = time.perf_counter()
        try:
            if self._file is None:
                self._size = canvas.shape[1], canvas.shape[0]
                self._file = self._open(frame.time_s)
            self._file.write(canvas, frame.time_s)
        except OSError as error:
            file, self._file = self._file, None
            with suppress(OSError):  # there is no room for the end of the file either
                if file is not None:
                    file.close()
            cut_half_fragment(self.path)
            raise unwritable(self.path, error) from error
        self._frames += 1
        self._draw_s += drawn - start
        self._encode_s += time.perf_counter() - drawn

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """End the file and make it seekable; where that fails, the fragments stay."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.close()
        except OSError as error:
            cut_half_fragment(self.path)
            raise unwritable(self.path, error) from error
        with suppress(OSError):  # no room for a second copy: the first can only be played
            remux(self.path)
            self._seekable = True

    def summary(self) -> dict[str, Any]:
        """The file, its size, and what a frame cost on average."""
        count = max(self._frames, 1)
        return {
            "file": self.path.name,
            "frames": self._frames,
            "width": self._size[0],
            "height": self._size[1],
            "seekable": self._seekable,
            "draw_ms": round(self._draw_s / count * 1e3, 2),
            "encode_ms": round(self._encode_s / count * 1e3, 2),
        }

    def _open(self, start_s: float) -> "_FragmentedFile":
        return _FragmentedFile(
            self.path, size=self._size, fps=self._fps, start_s=start_s, codec=self._codec,
            options=self._options,
        )  # fmt: skip


class _FragmentedFile:
    """An mp4 that can be played after every frame; errors of writing are OSErrors."""

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        fps: float,
        start_s: float,
        codec: str,
        options: dict[str, str],
    ) -> None:
        import av

        flags = "frag_every_frame+empty_moov+default_base_moof"
        container_options = {"movflags": flags, "flush_packets": "1"}
        self._container: OutputContainer = av.open(
            str(path), "w", format="mp4", options=container_options
        )
        rate = Fraction(fps).limit_denominator(1001)
        stream: Any = self._container.add_stream(codec, rate, options=options)
        self._stream: VideoStream = stream
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = Fraction(1, _TICKS)
        context = self._stream.codec_context
        context.time_base, context.gop_size = Fraction(1, _TICKS), max(round(2 * fps), 1)
        context.thread_count = 1
        context.colorspace = context.color_primaries = context.color_trc = _BT601
        context.color_range = 1
        self._start_s, self._last = start_s, -1
        self._frame_ticks = round(_TICKS / fps)

    def write(self, picture: np.ndarray, time_s: float) -> None:
        """One BGR picture; a time that does not rise is moved to just after the last."""
        import av

        yuv = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        self._last = max(round((time_s - self._start_s) * _TICKS), self._last + 1)
        frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
        for packet in self._stream.encode(frame):
            packet.duration = self._frame_ticks
            self._container.mux(packet)

    def close(self) -> None:
        """Flush and end; the file is closed even when that fails."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


def remux(path: Path) -> None:
    """Replace the file by a plain mp4 of the same packets with its index in front."""
    import av

    part = path.with_suffix(".part")
    try:
        with (
            av.open(str(path)) as fragments,
            av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as whole,
        ):
            source = fragments.streams.video[0]
            stream = whole.add_stream_from_template(source)
            for packet in fragments.demux(source):
                if packet.dts is not None:
                    packet.stream = stream
                    whole.mux(packet)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def cut_half_fragment(path: Path) -> None:
    """Truncate the fragment that a full disk left unfinished: players would stop there.

    An mp4 is a row of boxes with length (4 bytes, big-endian) and kind (4 bytes); a fragment is a
    "moof" and its "mdat". A device is left alone.
    """
    if not path.is_file():
        return
    size, at, whole = path.stat().st_size, 0, 0
    with path.open("r+b") as file:
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[:4], "big")
            at += length
            if length < 8 or at > size:
                break
            if head[4:] != b"moof":
                whole = at
            file.seek(at)
        file.truncate(whole)
