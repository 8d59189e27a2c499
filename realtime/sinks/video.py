"""The annotated picture as an mp4 that plays in a browser."""

import os
import time
from collections import deque
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
from ..run_folder import RecordFile, run_folder
from .encoders import CODECS, codec_options

if TYPE_CHECKING:
    from av import Packet
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
    seek. While the disk is full frames are lost and counted, and then until the next one that needs
    no other, within 2 seconds. It has a thread of its own and may skip frames, see
    `background.apart`.

    Args:
        folder: Where the file goes; made if it is not there.
        max_height: Lines of the camera's picture; a larger one is scaled down.
        encoder: One of `CODECS`.
        crf: Quality, 0 (exact) to 51.
        preset: Slower ones make smaller files.
        name: Of the file, without ``.mp4``, in place of ``annotated``: of several cameras each has
            one (`EachCamera`).

    Raises:
        InputError: The folder can't be written to, or see `codec_options`.
    """

    own_thread = may_skip = per_camera = True

    def __init__(
        self,
        *,
        folder: str,
        max_height: int,
        encoder: str,
        crf: int,
        preset: str,
        name: str | None = None,
        clock: Callable[[], float] = SYSTEM,
    ) -> None:
        self._options = codec_options(encoder, crf=crf, preset=preset)
        self._codec = CODECS[encoder]
        if max_height < 120:
            raise InputError(f"sink.video.max_height={max_height}: give at least 120 lines")
        self.path = run_folder(folder) / f"{name or 'annotated'}.mp4"
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
        if self._file is None:
            self._size = canvas.shape[1], canvas.shape[0]
            self._file = self._open(frame.time_s)
        self._file.write(canvas, frame.time_s)
        self._frames += 1
        self._draw_s += drawn - start
        self._encode_s += time.perf_counter() - drawn

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """End the file and make it seekable; where that fails, the fragments stay."""
        if self._file is None:
            return
        self._file.close()
        with suppress(OSError, ValueError):  # no room for a second copy, or not even for a first
            remux(self.path)
            self._seekable = True

    def summary(self) -> dict[str, Any]:
        """The file, its size, how many frames were lost, and what a frame cost on average."""
        count = max(self._frames, 1)
        return {
            "file": self.path.name,
            "frames": self._frames,
            "lost": 0 if self._file is None else self._file.lost,
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
    """An mp4 that can be played after every frame, whose fragments are written whole or not."""

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

        self._file, self._muxed = RecordFile(path), _Muxed()
        self._keys: deque[bool] = deque()  # of frames whose fragment has not come yet
        self._needs_key = False
        flags = "frag_every_frame+empty_moov+default_base_moof+skip_trailer"
        container_options = {"movflags": flags, "flush_packets": "1"}
        self._container: OutputContainer = av.open(
            self._muxed, "w", format="mp4", options=container_options
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

    @property
    def lost(self) -> int:
        """Pictures that are not in it."""
        return self._file.lost

    def write(self, picture: np.ndarray, time_s: float) -> None:
        """One BGR picture; a time that does not rise is moved to just after the last."""
        import av

        yuv = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        self._last = max(round((time_s - self._start_s) * _TICKS), self._last + 1)
        frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
        for packet in self._stream.encode(frame):
            packet.duration = self._frame_ticks
            self._mux(packet)

    def close(self) -> None:
        """Flush and end."""
        for packet in self._stream.encode(None):
            self._mux(packet)
        self._container.close()
        if self._keys:
            self._save(self._muxed.taken())
        self._file.close()

    def _mux(self, packet: "Packet") -> None:
        """A packet, after which the fragment of the one before is written."""
        is_first = not self._keys
        self._container.mux(packet)
        made = self._muxed.taken()
        if is_first:
            self._file.begin(made)
        else:
            self._save(made)
        self._keys.append(packet.is_keyframe)

    def _save(self, fragment: bytes) -> None:
        """Write it unless it builds on one that was lost."""
        is_key = self._keys.popleft()
        if self._needs_key and not is_key:
            self._file.lost += 1
        else:
            self._needs_key = not self._file.write(fragment)


class _Muxed:
    """Takes what a container writes, until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


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
