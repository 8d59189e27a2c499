"""Finding people: the whole picture, and parts of it in turns, so that small people are seen."""

from dataclasses import dataclass
from functools import partial
from itertools import product
from math import ceil

import numpy as np

from ..packets import Frame, Pose
from .movenet import MoveNet
from .picture import picture_of

TILE = (384, 288)
"""Width and height of a part in pixels: a person 60 pixels high is found in it."""
OVERLAP = 0.25
"""Share of a part that it has in common with the next one."""
LONG = 2.2
"""Aspect ratio beyond which the whole picture is too small to be read at once."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture, pixels; `whole` if it is all of it."""

    left: int
    top: int
    width: int
    height: int
    whole: bool = False

    def cut(self, image: np.ndarray) -> np.ndarray:
        """That part of a picture (H, W, 3), not copied."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


def views(width: int, height: int) -> list[View]:
    """What to look at in turns: all of the picture first, then its parts, row by row.

    A panorama or a column has no whole view, and its parts are as large as its shorter side.
    """
    shorter, longer = sorted((width, height))
    wide = longer > LONG * shorter
    tile = TILE
    if wide and shorter > TILE[1]:
        tile = (round(shorter * TILE[0] / TILE[1]), shorter)
    if width < height:
        tile = (tile[1], tile[0])
    parts = [
        View(left, top, min(tile[0], width), min(tile[1], height))
        for top, left in product(_starts(height, tile[1]), _starts(width, tile[0]))
    ]
    whole = View(0, 0, width, height, whole=True)
    if len(parts) == 1:
        return [whole]
    return parts if wide else [whole, *parts]


def _starts(length: int, tile: int) -> list[int]:
    """Where parts begin that cover the length with `OVERLAP`, evenly."""
    if length <= tile:
        return [0]
    count = 1 + ceil((length - tile) / (tile * (1 - OVERLAP)))
    return [round(start) for start in np.linspace(0, length - tile, count)]


class Finder:
    """Looks for people with MultiPose, one view of the picture at each call.

    Every other call is the whole picture where it has a view, so that it is never long unseen.

    Raises:
        InputError: The weights can't be had, or `size` is no multiple of 32.
    """

    def __init__(
        self, *, threads: int, size: int, min_score: float, max_people: int, path: str | None
    ) -> None:
        self._make = partial(
            MoveNet,
            threads=threads,
            size=size,
            min_score=min_score,
            max_people=max_people,
            path=path,
            whole_every_s=0,
            regions=[],
        )
        # One for each shape of view, so that neither is compiled again at every turn.
        self._whole, self._part = self._make(), self._make()
        self._turns = 1
        self.reset()

    def reset(self) -> None:
        """Begin with the whole picture again."""
        self._scene: tuple[int, int] | None = None
        self._turn = 0

    @property
    def turns(self) -> int:
        """How many calls it takes to see everything; 1 if the whole picture shows it."""
        return self._turns

    def __call__(self, frame: Frame) -> tuple[View, list[Pose]]:
        """The part looked at, and the people in it, best first, in pixels of the picture."""
        image = picture_of(frame, "movenet")
        scene = image.shape[1], image.shape[0]
        if scene != self._scene:
            self._scene, self._turn = scene, 0
            self._views = views(*scene)
        view = self._next()
        detector = self._whole
        if not view.whole:
            detector = self._part
        poses = detector(frame.knowing(image=view.cut(image))).poses
        corner = np.array([view.left, view.top], np.float32)
        return view, [Pose(p.layout, p.xy + corner, p.confidence, p.score) for p in poses]

    def _next(self) -> View:
        has_whole = self._views[0].whole
        parts = self._views[1:] if has_whole else self._views
        self._turns = len(parts) * (2 if has_whole else 1) or 1
        turn, self._turn = self._turn, self._turn + 1
        if has_whole and (turn % 2 == 0 or not parts):
            return self._views[0]
        return parts[(turn // 2 if has_whole else turn) % len(parts)]
