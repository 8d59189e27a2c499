"""The picture with its 2D skeletons, and beside it the same people in 3D."""

import numpy as np

from ...realtime.packets import Frame, RunInfo
from ...realtime.pictures.annotator import PANEL, WELL, Annotator
from ...realtime.pictures.drawing import GREY, INK, write
from ...realtime.sinks.video import VideoSink


class SideBySide(Annotator):
    """An `Annotator` of picture and swaying 3-D view only, without actions and speed.

    A frame without a picture shows its people on a dark ground.
    """

    bodies = 6

    def __call__(self, frame: Frame) -> np.ndarray:
        """The canvas, (H, W, 3) uint8 BGR with even H and W; the next call draws on it again."""
        if self._canvas is None:
            self._canvas = self._lay_out(frame)
        picture, panel = self._canvas[:, : self._width], self._canvas[:, self._width :]
        self._draw_picture(picture, frame)
        panel[:] = self._ground[:, self._width :]
        self._draw_bodies(self._well(panel), frame)
        unit = self._unit
        words = f"{frame.time_s - self._start_s:.2f} s"
        at = panel.shape[1] - round(18 * unit), round(28 * unit)
        write(panel, words, at, size=0.42 * unit, colour=GREY, align_right=True)
        return self._canvas

    def _lay_out(self, frame: Frame) -> np.ndarray:
        self._measure(frame)
        size = (self._height, self._width + self._height // 2 * 2, 3)
        self._ground = np.full(size, PANEL, np.uint8)
        self._ground[:, : self._width] = INK
        self._well(self._ground[:, self._width :])[:] = WELL
        return self._ground.copy()

    def _well(self, panel: np.ndarray) -> np.ndarray:
        margin = round(10 * self._unit)
        return panel[margin:-margin, margin:-margin]


class SideBySideSink(VideoSink):
    """Writes what `SideBySide` draws as ``annotated.mp4``, as `VideoSink` does."""

    def begin(self, info: RunInfo) -> None:
        """Get ready to draw; the file begins with the first frame."""
        super().begin(info)
        self._annotator = SideBySide(info, clock=self._clock, max_height=self.max_height)
