"""Finding people: the whole picture, and parts of it in turns, so that small people are seen."""

from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import ceil
from typing import Self

import numpy as np

from ..later import Later
from ..packets import Frame, Pose
from .movenet import MoveNet
from .picture import picture_of

PARTS = ((1280, 960), (384, 288))
"""Widths and heights of parts in pixels, coarse to fine; the last shows a person 60 pixels high."""
FINER = 1.5
"""Parts are looked at if they are smaller than what is seen already by this factor."""
OVERLAP = 0.25
"""Share of a part that it has in common with the next one."""
SMALL = 0.12
"""Share of a view's longer side below which a person may not be found."""
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

    def shows(self, low: np.ndarray, high: np.ndarray) -> bool:
        """Whether somebody in that box, corners (2,) in pixels, is inside and large enough."""
        corner, extent = np.array([self.left, self.top]), np.array([self.width, self.height])
        inside = self.whole or bool(((low >= corner) & (high <= corner + extent)).all())
        return inside and bool((high - low).max() >= SMALL * extent.max())

    def cut(self, image: np.ndarray) -> np.ndarray:
        """That part of a picture (H, W, 3), not copied."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


def levels(width: int, height: int) -> list[list[View]]:
    """Sets of views, each showing everything, coarse to fine: the whole picture, then its parts.

    A panorama or a column begins with parts as large as its shorter side.
    """
    shorter, longer = sorted((width, height))
    if longer <= LONG * shorter:
        found = [[View(0, 0, width, height, whole=True)]]
    else:
        found = [_parts(width, height, (10 * longer, 7.5 * longer))]
    for size in PARTS:
        parts = _parts(width, height, size)
        before = found[-1][0]
        if FINER * max(parts[0].width, parts[0].height) <= max(before.width, before.height):
            found.append(parts)
    return found


def _parts(width: int, height: int, size: tuple[float, float]) -> list[View]:
    """Parts of one shape, at most of that size, row by row."""
    longer, shorter = size
    if width < height:
        longer, shorter = shorter, longer
    scale = min(1, width / longer, height / shorter)
    tile = round(longer * scale), round(shorter * scale)
    corners = product(_starts(height, tile[1]), _starts(width, tile[0]))
    return [View(left, top, *tile) for top, left in corners]


def _starts(length: int, tile: int) -> list[int]:
    """Where parts begin that cover the length with `OVERLAP`, evenly."""
    if length <= tile:
        return [0]
    count = 1 + ceil((length - tile) / (tile * (1 - OVERLAP)))
    return [round(start) for start in np.linspace(0, length - tile, count)]


class Finder:
    """Looks for people with MultiPose, one view of the picture at each call.

    Raises:
        InputError: The weights can't be had, or `size` is no multiple of 32.
    """

    def __init__(
        self,
        *,
        threads: int,
        precision: str,
        size: int,
        min_score: float,
        max_people: int,
        path: str | None,
    ) -> None:
        make = partial(
            MoveNet,
            threads=threads,
            precision=precision,
            size=size,
            min_score=min_score,
            max_people=max_people,
            path=path,
            whole_every_s=0,
            regions=[],
        )
        # One for each shape of view, so that neither is compiled again at every turn.
        self._whole, self._part = make(), Later(make)
        self.enter(640, 480)

    def another(self) -> Self:
        """One for another camera, with the same networks."""
        other, part = copy(self), self._part
        other._whole, other._part = self._whole.another(), Later(lambda: part.get().another())
        other.enter(640, 480)
        return other

    def enter(self, width: int, height: int) -> None:
        """Begin anew with pictures of that size."""
        self._levels = levels(width, height)
        self._turns = [0] * len(self._levels)

    @property
    def levels(self) -> list[int]:
        """How many views show everything, coarse to fine."""
        return [len(views) for views in self._levels]

    def __call__(self, frame: Frame, level: int) -> tuple[View, list[Pose]]:
        """The next view of that level and the people in it, best first, in the picture."""
        image = picture_of(frame, "movenet")
        views = self._levels[level]
        view = views[self._turns[level] % len(views)]
        self._turns[level] += 1
        self._part.begin()
        detector = self._whole if view.whole else self._part.get()
        poses = detector(frame.knowing(image=view.cut(image))).poses
        corner = np.array([view.left, view.top], np.float32)
        return view, [Pose(p.layout, p.xy + corner, p.confidence, p.score) for p in poses]
