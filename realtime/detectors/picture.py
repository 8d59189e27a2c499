"""Fits pictures into the input of networks and maps coordinates back."""

import numpy as np

from ...gast.errors import InputError
from ..opencv import cv2
from ..packets import Frame


def picture_of(frame: Frame, detector: str) -> np.ndarray:
    """The frame's picture (H, W, 3); an InputError if the source has none."""
    if frame.image is None:
        raise InputError(
            f"detector={detector} needs pictures and this source gives only keypoints; "
            f"use detector=none"
        )
    return frame.image


class Letterbox:
    """Fits a picture into a canvas of `width` x `height` pixels and maps coordinates back.

    The aspect ratio is kept; bars have the grey value `fill`. They are on both sides if `centred`;
    otherwise the picture is in the top left corner.
    """

    def __init__(self, width: int, height: int, *, fill: int = 0, centred: bool = True) -> None:
        self.fill, self.centred = fill, centred
        self.canvas = np.full((height, width, 3), fill, np.uint8)
        self._size: tuple[int, int] | None = None

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The canvas with a picture (H, W, 3) on it; the next call draws on it again."""
        if self._size != image.shape[:2]:
            self._fit(*image.shape[:2])
        shrinks = self._scale[0] < 1
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        height, width = self._inner.shape[:2]
        cv2.resize(image, (width, height), dst=self._inner, interpolation=interpolation)
        return self.canvas

    def undo(self, xy: np.ndarray) -> np.ndarray:
        """Coordinates (..., 2) on the canvas in pixels of the picture last put there."""
        return (xy - self._offset) / self._scale

    def _fit(self, height: int, width: int) -> None:
        canvas_height, canvas_width = self.canvas.shape[:2]
        scale = min(canvas_width / width, canvas_height / height)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        x, y = ((canvas_width - w) // 2, (canvas_height - h) // 2) if self.centred else (0, 0)
        self.canvas[:] = self.fill
        self._inner = self.canvas[y : y + h, x : x + w]
        # Whole pixels: the two axes are scaled by slightly different factors.
        self._scale = np.array([w / width, h / height], np.float32)
        self._offset = np.array([x, y], np.float32)
        self._size = (height, width)


def cut_out(image: np.ndarray, matrix: np.ndarray, width: int, height: int) -> np.ndarray:
    """A crop (height, width, 3) of a picture (H, W, 3), black beyond it.

    `matrix` (2, 3) maps pixels of the crop to pixels of the picture, without shear.
    """
    factor = int(np.hypot(*matrix[:, 0]))
    if factor > 1:
        # Without averaging first, interpolation would skip pixels (aliasing), so joints jitter.
        image, matrix = _shrunk(image, matrix, width, height, factor=factor)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, (width, height), flags=flags)


def _shrunk(
    image: np.ndarray, matrix: np.ndarray, width: int, height: int, *, factor: int
) -> tuple[np.ndarray, np.ndarray]:
    """The part of the picture around the crop, `factor` times smaller, and the matrix into it."""
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]])
    corners = corners @ matrix[:, :2].T + matrix[:, 2]
    limit = np.array(image.shape[1::-1])
    low = np.floor(corners.min(axis=0)).astype(int).clip(0, (limit - factor).clip(0))
    high = np.ceil(corners.max(axis=0)).astype(int).clip(low + factor, limit)
    # Whole blocks of pixels are fast to average; at most the picture's last pixels are lost.
    size = np.minimum(-(-(high - low) // factor), (limit - low) // factor).clip(1)
    right, bottom = low + size * factor
    part = image[low[1] : bottom, low[0] : right]
    small = cv2.resize(part, size.tolist(), interpolation=cv2.INTER_AREA)
    # Pixels are counted from their centres here, hence the halves.
    shift = (matrix[:, 2] - low + 0.5) / factor - 0.5
    return small, np.column_stack([matrix[:, :2] / factor, shift])
