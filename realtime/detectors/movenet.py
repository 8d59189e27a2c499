"""MoveNet MultiPose: up to six people in one pass."""

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import COCO17
from ..packets import Frame, Pose
from ..weights import fetch
from .network import Network
from .picture import Letterbox, picture_of

STRIDE = 32
"""Sides of the network's input are multiples of this."""

SAME_PERSON = 0.7
"""Two poses more similar than this are one person found twice."""

TOLERANCE = 0.1
"""Distance between two readings of a joint, relative to the person's size, that is still common."""


class MoveNet:
    """Finds several people's COCO joints; its cost doesn't grow with their number.

    The network sees the picture in its own proportions, the longer side `size` pixels, so that a
    wide picture costs less than a square one. When the proportions of the pictures change, the
    next one takes about a second.

    Args:
        threads: CPU threads.
        size: Longer side of the network's input, a multiple of 32.
        min_score: Below this a person is taken for a mistake. Scores are small by nature: about
            0.5 for a person in plain sight, 0.3 against the light.
        max_people: The best ones are kept; the network gives no more than six.
        path: Weights to use instead of the published ones.

    Raises:
        InputError: The weights can't be had, or `size` is no multiple of 32.

    Source: Google 2021, "MoveNet MultiPose Lightning", model card; Apache-2.0.
    """

    name = "detector"
    layout = COCO17

    def __init__(
        self,
        *,
        threads: int = 2,
        size: int = 256,
        min_score: float = 0.18,
        max_people: int = 6,
        path: str | None = None,
    ) -> None:
        if size < STRIDE or size % STRIDE:
            raise InputError(f"detector.size={size} is no multiple of {STRIDE}; try 256")
        self.threads, self.size, self.min_score = threads, size, min_score
        self.max_people = max_people
        self.path = path or str(fetch("movenet_multipose.tflite"))
        # A camera's usual proportions, so that the first picture needn't wait.
        self._prepare(self._fitting(640, 480))

    def reset(self) -> None:
        """Nothing to forget: each picture is read by itself."""

    def __call__(self, frame: Frame) -> Frame:
        """Put the people found into the frame, best first."""
        image = picture_of(frame, "movenet")
        size = self._fitting(*image.shape[1::-1])
        if size != self._size:
            self._prepare(size)
        (people,) = self._network(self._letterbox(image)).values()
        return frame.knowing(poses=tuple(self._poses(people[0])))

    def _fitting(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the smallest input that holds such a picture."""
        longer = max(width, height)
        return _rounded_up(self.size * width / longer), _rounded_up(self.size * height / longer)

    def _prepare(self, size: tuple[int, int]) -> None:
        self._size = size
        self._network = Network(self.path, threads=self.threads, size=size)
        self._letterbox = Letterbox(self._network.width, self._network.height)
        # Once on nothing: the first run is slow, and a wrong network shows here.
        shapes = [output.shape for output in self._network(self._letterbox.canvas).values()]
        row = 3 * len(COCO17) + 5
        if len(shapes) != 1 or shapes[0][::2] != (1, row):
            raise InputError(
                f"{self.path} gives {', '.join(map(str, shapes))}, expected (1, people, {row}); "
                f"give weights of MoveNet MultiPose"
            )

    def _poses(self, people: np.ndarray) -> list[Pose]:
        """From rows of 17 joints (y, x, confidence), then the box and its score, all 0..1."""
        rows = people[people[:, -1] >= self.min_score]
        rows = rows[np.argsort(-rows[:, -1], kind="stable")]
        joints = rows[:, : 3 * len(COCO17)].reshape(-1, len(COCO17), 3)
        xy = joints[..., 1::-1] * np.array([self._network.width, self._network.height], np.float32)
        xy = self._letterbox.undo(xy)
        confidence = joints[..., 2].clip(0, 1)
        poses = [
            Pose(COCO17, *person)
            for person in zip(xy, confidence, rows[:, -1].clip(0, 1).tolist(), strict=True)
        ]
        return distinct(poses)[: self.max_people]


def distinct(poses: list[Pose]) -> list[Pose]:
    """Without those that repeat an earlier one of the list."""
    kept: list[Pose] = []
    for pose in poses:
        if all(similarity(pose, other) < SAME_PERSON for other in kept):
            kept.append(pose)
    return kept


def similarity(one: Pose, other: Pose) -> float:
    """How much two poses are in one place, 0..1; sure joints count more.

    Source: Lin et al., "COCO keypoint evaluation", object keypoint similarity, here with one
    tolerance for all joints.
    """
    size = max(np.ptp(pose.xy, axis=0).max() for pose in (one, other))
    distance = np.linalg.norm(one.xy - other.xy, axis=-1) / max(size, 1e-6)
    weight = np.minimum(one.confidence, other.confidence) + 1e-6
    return float(np.average(np.exp(-0.5 * (distance / TOLERANCE) ** 2), weights=weight))


def _rounded_up(side: float) -> int:
    return -(-round(side) // STRIDE) * STRIDE
