"""BlazePose: one person, 33 joints, followed from frame to frame."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from ...gast.skeleton import BLAZEPOSE33
from ..packets import Frame, Pose
from ..stages.stage import anew
from .network import Network, Normalisation
from .picture import Letterbox, cut_out, picture_of
from .weights import fetch

STRIDES = ((8, 2), (16, 2), (32, 6))
"""Grids of anchors of the person detector: pixels between two, and how many at each place."""

SAME_BOX = 0.3
"""Boxes whose intersection over union is larger belong to one person and are averaged."""

REACH = 1.25
"""Side of the region read, relative to the diameter of the circle round a person."""

LOGIT_LIMIT = 80.0
"""The exponential stays finite; the sigmoid is 0 or 1 long before."""


@dataclass(frozen=True)
class Region:
    """A square of a picture, pixels, in which a person stands upright.

    `centre` (2,) is between the hips, `angle` how far the person leans clockwise, radians.
    """

    centre: np.ndarray
    side: float
    angle: float

    @classmethod
    def around(cls, centre: np.ndarray, top: np.ndarray) -> "Region":
        """From the middle of the hips and the top of the circle around the person."""
        x, y = top - centre
        return cls(centre, 2 * REACH * math.hypot(x, y), math.atan2(x, -y))

    def to_picture(self, size: int) -> np.ndarray:
        """Matrix (2, 3) from a crop of `size` pixels a side to the picture."""
        scale = self.side / size
        cos, sin = scale * math.cos(self.angle), scale * math.sin(self.angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        shift = self.centre - turn @ [size / 2, size / 2]
        return np.column_stack([turn, shift])


class BlazePose:
    """Follows one person with a region of interest; without one, searches the whole picture.

    A joint's confidence is the lesser of its visibility and its presence in the picture. InputError
    if the weights can't be had.

    Args:
        refine: Move joints to the centroid of their heat map, as published; a sixth of the time.
        min_score: Below this a detection is ignored and a followed person is lost.

    Source: Bazarevsky et al. 2020, "BlazePose: On-device real-time body pose tracking"; weights
    "full" of MediaPipe 0.10.21, Apache-2.0.
    """

    name = "detector"
    layout = BLAZEPOSE33

    def __init__(self, *, threads: int, precision: str, refine: bool, min_score: float) -> None:
        self.refine, self.min_score = refine, min_score
        self._finder = Network(
            fetch("pose_detection.tflite"),
            threads=threads,
            precision=precision,
            normalisation=Normalisation(mean=(127.5,) * 3, std=(127.5,) * 3),
            outputs=["Identity", "Identity_1"],
        )
        self._reader = Network(
            fetch("pose_landmark_full.tflite"),
            threads=threads,
            precision=precision,
            normalisation=Normalisation(std=(255.0,) * 3),
            outputs=["Identity", "Identity_1", *(["Identity_3"] if refine else [])],
        )
        self._letterbox = Letterbox(self._finder.width, self._finder.height)
        self._anchors = anchors(self._finder.width)
        self.reset()

    def reset(self) -> None:
        """Forget where the person was."""
        self._region: Region | None = None
        self._size: tuple[int, ...] = ()

    def another(self) -> Self:
        """One for another camera, with the same networks."""
        other = anew(self)
        other._letterbox = Letterbox(self._finder.width, self._finder.height)
        return other

    def __call__(self, frame: Frame) -> Frame:
        """Put the person into the frame, if there is one."""
        image = picture_of(frame, "blazepose")
        if image.shape != self._size:
            self.reset()
            self._size = image.shape
        pose = self._read(image, self._region) or self._read(image, self._find(image))
        return frame.knowing(poses=() if pose is None else (pose,))

    def _find(self, image: np.ndarray) -> Region | None:
        """The person with the highest score in the whole picture."""
        outputs = self._finder(self._letterbox(image))
        scores = sigmoid(outputs["Identity_1"][0, :, 0])
        best = int(scores.argmax())
        if scores[best] < self.min_score:
            return None
        likely = np.flatnonzero(scores >= self.min_score)
        best = int(np.searchsorted(likely, best))
        # Box centre, box size, then points: hips, circle round the person, two more.
        rows = outputs["Identity"][0, likely].reshape(len(likely), -1, 2)
        centre = rows[:, 0] + self._anchors[likely]
        points = rows[:, 2:4] + self._anchors[likely, None]
        same = overlap(centre, rows[:, 1], best) > SAME_BOX
        mean = np.average(points[same], axis=0, weights=scores[likely][same])
        return Region.around(*self._letterbox.undo(mean))

    def _read(self, image: np.ndarray, region: Region | None) -> Pose | None:
        """The joints of the person in a region; the person is lost if the score is too low."""
        self._region = None
        if region is None or region.side < 1:
            return None
        size = self._reader.width
        matrix = region.to_picture(size)
        outputs = self._reader(cut_out(image, matrix, size, size))
        score = float(outputs["Identity_1"].item())
        if not score >= self.min_score:
            return None
        rows = outputs["Identity"].reshape(-1, 5)
        xy = rows[:, :2].astype(np.float64)
        if self.refine:
            xy = refined(xy, outputs["Identity_3"][0], size)
        xy = xy @ matrix[:, :2].T + matrix[:, 2]
        joints = len(BLAZEPOSE33)
        # The two rows after the joints are the hips and circle that make the next region.
        self._region = Region.around(xy[joints], xy[joints + 1])
        confidence = sigmoid(rows[:joints, 3:5].min(axis=-1))
        return Pose(BLAZEPOSE33, xy[:joints].astype(np.float32), confidence, min(score, 1.0))


def anchors(size: int) -> np.ndarray:
    """Anchors (A, 2) of the person detector, pixels of its input of `size` pixels a side."""
    grids = []
    for stride, repeats in STRIDES:
        ticks = (np.arange(size // stride, dtype=np.float32) + 0.5) * stride
        places = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(places, repeats, axis=0))
    return np.concatenate(grids)


def overlap(centres: np.ndarray, sizes: np.ndarray, one: int) -> np.ndarray:
    """Intersection over union (A,) of boxes (A, 2), (A, 2) with one of them."""
    low, high = centres - sizes / 2, centres + sizes / 2
    shared = np.minimum(high, high[one]) - np.maximum(low, low[one])
    shared = shared.clip(0).prod(axis=-1)
    areas = sizes.prod(axis=-1)
    return shared / (areas + areas[one] - shared).clip(1e-6)


def refined(xy: np.ndarray, heat: np.ndarray, size: int, *, reach: int = 3) -> np.ndarray:
    """Joints (J, 2) moved to the centroid of their heat within `reach` cells, where it is clear.

    Coordinates are pixels of the network's input, `size` a side; `heat` (H, W, J) holds logits.
    """
    height, width, joints = heat.shape
    cell = size / np.array([width, height])
    at = np.floor(xy / cell).astype(int)
    inside = ((at >= 0) & (at < [width, height])).all(axis=-1)
    steps = np.arange(-reach, reach + 1)
    x, y = at[:, :1] + steps, at[:, 1:] + steps
    valid = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None]
    logits = heat[
        y.clip(0, height - 1)[:, :, None],
        x.clip(0, width - 1)[:, None],
        np.arange(joints)[:, None, None],
    ]
    weight = np.where(valid, sigmoid(logits), 0.0)
    clear = inside & (weight.max(axis=(1, 2)) >= 0.5)
    total = weight.sum(axis=(1, 2)).clip(1e-6)
    centre = (
        np.stack([(weight.sum(1) * x).sum(-1), (weight.sum(2) * y).sum(-1)], -1) / total[:, None]
    )
    return np.where(clear[:, None], centre * cell, xy)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logits as probabilities."""
    return 1 / (1 + np.exp(-logits.clip(-LOGIT_LIMIT, LOGIT_LIMIT)))
