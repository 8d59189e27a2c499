"""Folders of pictures."""

import re
from collections.abc import Generator
from math import inf
from pathlib import Path
from threading import Event

import numpy as np

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from ..opencv import cv2
from ..packets import Frame
from .source import Source

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


class Images(Source):
    """The pictures of a folder in natural order: ``frame2.jpg`` comes before ``frame10.jpg``.

    Args:
        folder: Where they lie; subfolders are not read.
        fps: Pictures per second, from which their time stamps are made.
        pattern: Only files whose name fits, such as ``left_*.png``.
        skip_broken: Warn of a picture that can't be read, and go on.
        rotate, mirror: See `Upright`.

    Raises:
        InputError: No such folder, no fitting picture in it; while iterating: one can't be read.
    """

    def __init__(
        self,
        folder: str,
        *,
        fps: float,
        pattern: str,
        skip_broken: bool,
        rotate: int | None = None,
        mirror: bool | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__("images", f"folder {folder}", rotate=rotate, mirror=mirror, clock=clock)
        path = Path(folder).expanduser()
        if not 0 < fps < inf:
            raise InputError(f"{self.description}: {fps=} must be above zero")
        if not path.is_dir():
            raise InputError(f"{self.description}: no such folder; give a folder of pictures")
        fitting = (p for p in path.glob(pattern) if p.is_file() and p.suffix.lower() in SUFFIXES)
        self.paths = sorted(fitting, key=_natural)
        if not self.paths:
            raise InputError(
                f"{self.description}: no picture fits {pattern!r} with one of {', '.join(SUFFIXES)}"
            )
        self.fps = self.rate = fps
        self.skip_broken = skip_broken

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """One picture after another, upright as its EXIF data says."""
        for index, path in enumerate(self.paths):
            image = self._decode(path)
            if stop.is_set():
                return
            if image is not None:
                height, width = image.shape[:2]
                yield Frame(image, index, index / self.rate, self.clock(), width, height)

    def _decode(self, path: Path) -> np.ndarray | None:
        try:
            image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        except (OSError, cv2.error):
            image = None
        if image is None:
            line = f"picture {path} can't be read"
            if not self.skip_broken:
                raise InputError(f"{line}; mend or remove it, or set source.skip_broken=true")
            self.warn(f"{line} and was left out")
        return image


def _natural(path: Path) -> tuple[list[tuple[bool, int, str]], str]:
    """Sort key: numbers by value and first, everything else by letter."""
    parts = re.findall(r"(\d+)|(\D+)", path.stem)
    return [(not digits, int(digits or 0), text) for digits, text in parts], path.name
