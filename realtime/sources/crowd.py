"""The demo clip's person several times in one picture, to measure with several people."""

from collections import deque
from collections.abc import Generator
from dataclasses import replace

import numpy as np

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from ..opencv import cv2
from ..packets import Frame
from .demo import PATH, Demo

TRUTH = PATH.with_name("demo_truth.npz")
MOST = 12
BEHIND_S = 1.7
"""Each person is so much behind the one before, so that no two do the same."""


class Crowd(Demo):
    """The demo's person in `people` tiles of one picture; more than three stand in two rows.

    The other arguments are those of `Video`. An InputError for fewer than one or more than `MOST`.
    """

    def __init__(
        self,
        *,
        people: int,
        realtime: bool,
        fps: float | None = None,
        repeat: int,
        frames: int | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        if not isinstance(people, int) or not 1 <= people <= MOST:
            raise InputError(f"people={people} can't be shown; give 1 to {MOST}")
        super().__init__(realtime=realtime, fps=fps, repeat=repeat, frames=frames, clock=clock)
        self.people = people
        self.name, self.description = "crowd", f"the embedded demo clip, {people} times"

    def _frames(self) -> Generator[Frame, None, None]:
        rows = 1 if self.people <= 3 else 2
        columns = -(-self.people // rows)
        behind, middles = round(BEHIND_S * (self.fps or 30.0)), _middles()
        past = deque[np.ndarray](maxlen=behind * (self.people - 1) + 1)
        for frame in super()._frames():
            assert frame.image is not None
            middle = middles[frame.index % len(middles)]
            past.append(_tile(frame.image, middle, rows, columns))
            image = np.zeros_like(frame.image)
            height, width = past[-1].shape[:2]
            for person in range(self.people):
                row, column = divmod(person, columns)
                shown = past[max(-1 - person * behind, -len(past))]
                image[row * height :, column * width :][:height, :width] = shown
            yield replace(frame, image=image)


def _middles() -> np.ndarray:
    """(T,) columns of the demo's person, as someone who turns a camera after them has them."""
    with np.load(TRUTH, allow_pickle=False) as truth:
        hips = truth["coco17_px"][:, [11, 12], 0].mean(1)
    window = np.hanning(61)
    return np.convolve(np.pad(hips, 30, mode="edge"), window / window.sum(), mode="valid")


def _tile(image: np.ndarray, middle: float, rows: int, columns: int) -> np.ndarray:
    """The columns around the person, as large as one person's share of the picture."""
    height, width = image.shape[0] // rows, image.shape[1] // columns
    taken = min(image.shape[1], width * rows)
    left = int(np.clip(middle - taken / 2, 0, image.shape[1] - taken))
    return cv2.resize(image[:, left : left + taken], (width, height), interpolation=cv2.INTER_AREA)
