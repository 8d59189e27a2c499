"""MoveNet MultiPose: up to six people in one pass."""

from collections.abc import Sequence
from copy import copy
from typing import Self
from weakref import WeakValueDictionary

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import COCO17
from ..packets import Frame, Pose
from ..similarity import distinct, measured
from ..stages.stage import anew
from .network import Network, at_once_now, pictures_at_once
from .picture import Letterbox, picture_of
from .regions import Regions
from .weights import fetch

STRIDE = 32
"""Sides of the network's input are multiples of this."""


class MoveNet:
    """Finds the COCO joints of several people at a cost that doesn't grow with their number.

    The picture keeps its aspect ratio; when that changes, the next frame takes about a second.
    Between two whole pictures only the region around the people is read, in a smaller input at no
    lower resolution; a newcomer is found in the next whole picture.

    Args:
        size: Longer side of the network's input, a multiple of 32.
        min_score: People below are left out; about 0.5 in plain sight, 0.3 against the light.
        max_people: The best ones are kept; the network finds at most six.
        path: Weights to use instead of the published ones.
        whole_every_s: Stream time between two whole pictures; 0 reads all of each.
        regions: Width and height of the inputs for regions, multiples of 32.

    Raises:
        InputError: The weights can't be had, a side is no multiple of 32, or `whole_every_s` needs
            `regions`.

    Source: Google 2021, "MoveNet MultiPose Lightning", model card; Apache-2.0.
    """

    name = "detector"
    layout = COCO17

    def __init__(
        self,
        *,
        threads: int,
        precision: str,
        size: int,
        min_score: float,
        max_people: int,
        path: str | None = None,
        whole_every_s: float,
        regions: Sequence[Sequence[int]],
    ) -> None:
        if size < STRIDE or size % STRIDE:
            raise InputError(f"detector.size={size} is no multiple of {STRIDE}; try 256")
        sizes = _sizes(regions, whole_every_s)
        self.threads, self.precision = threads, precision
        self.size, self.min_score = size, min_score
        self._at_once = at_once_now()  # also for networks that are made later
        self.max_people = max_people
        self.path = path or str(fetch("movenet_multipose.tflite"))
        self._regions = Regions(sizes, whole_every_s=whole_every_s)
        self._networks = WeakValueDictionary[tuple[int, int], Network]()
        # A camera's usual aspect ratio, so that the first picture needn't wait.
        self._whole = self._reader(self._fitting(640, 480))
        self._readers = {size: self._reader(size) for size in sizes}

    def reset(self) -> None:
        """Forget where people were; the next picture is read whole."""
        self._regions = anew(self._regions)

    def another(self) -> Self:
        """One for another camera, with the same networks."""
        other = anew(self)
        other._whole = self._whole.another()
        other._readers = {size: reader.another() for size, reader in self._readers.items()}
        return other

    def __call__(self, frame: Frame) -> Frame:
        """Put the people found into the frame, best first."""
        image = picture_of(frame, "movenet")
        height, width = image.shape[:2]
        whole = self._fitting(width, height)
        region = self._regions.next((width, height), time_s=frame.time_s, whole=whole)
        if region is None:
            if whole != self._whole.size:
                self._whole = self._reader(whole)
            poses = self._poses(*self._whole(image))
        else:
            xy, confidence, scores = self._readers[region.size](region.cut(image))
            poses = self._poses(xy + region.corner, confidence, scores)
        self._regions.saw(poses, region)
        return frame.knowing(poses=tuple(poses))

    def _fitting(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the smallest input that holds such a picture."""
        longer = max(width, height)
        return _rounded_up(self.size * width / longer), _rounded_up(self.size * height / longer)

    def _reader(self, size: tuple[int, int]) -> "_Reader":
        network = self._networks.get(size)
        if network is None:
            with pictures_at_once(self._at_once):
                network = Network(
                    self.path, threads=self.threads, precision=self.precision, size=size
                )
            self._networks[size] = network
        return _Reader(network, size, self.path)

    def _poses(self, xy: np.ndarray, confidence: np.ndarray, scores: np.ndarray) -> list[Pose]:
        best = np.argsort(-scores, kind="stable")
        best = best[scores[best] >= self.min_score]
        found = zip(xy[best], confidence[best], scores[best].tolist(), strict=True)
        people = distinct(measured(Pose(COCO17, *person)) for person in found)
        return [person.pose for person in people[: self.max_people]]


class _Reader:
    """The network at one input size (width, height); an InputError if it is another network."""

    def __init__(self, network: Network, size: tuple[int, int], path: str) -> None:
        self.size, self._network = size, network
        self._extent = np.array([self._network.width, self._network.height], np.float32)
        self._letterbox = Letterbox(self._network.width, self._network.height)
        # Once on a black picture: the first run is slow, and a wrong network is noticed here.
        shapes = [output.shape for output in self._network(self._letterbox.canvas).values()]
        row = 3 * len(COCO17) + 5
        if len(shapes) != 1 or shapes[0][::2] != (1, row):
            raise InputError(
                f"{path} gives {', '.join(map(str, shapes))}, expected (1, people, {row}); "
                f"give weights of MoveNet MultiPose"
            )

    def another(self) -> Self:
        """One for another camera, with the same network."""
        other = copy(self)
        other._letterbox = Letterbox(self._network.width, self._network.height)
        return other

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Candidates: joints (P, 17, 2) in pixels, confidence (P, 17), scores (P,)."""
        (people,) = self._network(self._letterbox(image)).values()
        # Rows of 17 joints (y, x, confidence), then the box and its score, all 0..1.
        rows = people[0]
        joints = rows[:, : 3 * len(COCO17)].reshape(-1, len(COCO17), 3)
        xy = self._letterbox.undo(joints[..., 1::-1] * self._extent)
        return xy, joints[..., 2].clip(0, 1), rows[:, -1].clip(0, 1)


def _rounded_up(side: float) -> int:
    return -(-round(side) // STRIDE) * STRIDE


def _sizes(regions: Sequence[Sequence[int]], whole_every_s: float) -> list[tuple[int, int]]:
    """Inputs to prepare for regions: none if all of every picture is read."""
    if not whole_every_s >= 0:
        raise InputError(f"detector.whole_every_s={whole_every_s} is too short; give 0 or more")
    if whole_every_s == 0:
        return []
    sizes = [list(size) for size in regions]
    fit = [len(size) == 2 and all(s >= STRIDE and s % STRIDE == 0 for s in size) for size in sizes]
    if not sizes or not all(fit):
        raise InputError(
            f"detector.regions={sizes}: give the width and height of at least one input, "
            f"multiples of {STRIDE}; try [[96, 160], [160, 160]]"
        )
    return [(width, height) for width, height in sizes]
