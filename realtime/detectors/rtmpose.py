"""RTMPose and similar networks from local ONNX files."""

from collections.abc import Mapping
from copy import copy
from typing import Self

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import named
from ..packets import Frame, Pose
from .network import Network, Normalisation
from .picture import Letterbox, cut_out, picture_of

IMAGENET = Normalisation(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
FAMILIES: Mapping[str, Normalisation] = {
    "yolox": Normalisation(rgb=False),
    "rtmdet": Normalisation(mean=IMAGENET.mean[::-1], std=IMAGENET.std[::-1], rgb=False),
}
"""What person detectors were trained on, by their family."""

PADDING = 1.25
"""Side of the crop relative to the person's box."""

FINDER_SIZE = 640
"""Input of a person detector whose file leaves it open, pixels a side."""


class RTMPose:
    """Top-down pose estimation with networks of the user's own, as MMDeploy exports them.

    Args:
        pose: Path of the pose network: outputs ``simcc_x`` (1, J, bins) and ``simcc_y``.
        detector: Path of a person detector: outputs ``dets`` (1, N, 5), corners in pixels of its
            input and score, and ``labels`` (1, N), 0 for a person. By default the whole picture is
            one person.
        layout: Name of the pose network's joint layout.
        threads: CPU threads, for each of the two networks in turn.
        precision: See `Network`.
        min_score: People found with less are left out.
        max_people: The best ones are kept; each takes one run of the pose network.
        family: Kind of person detector, ``yolox`` or ``rtmdet``: they want different colours.

    Raises:
        InputError: A file is missing or is not such a network.

    Source: Jiang et al. 2023, "RTMPose"; Li et al. 2022, "SimCC", section 3.
    """

    name = "detector"

    def __init__(
        self,
        *,
        pose: str,
        detector: str | None = None,
        layout: str,
        threads: int,
        precision: str,
        min_score: float,
        max_people: int,
        family: str,
    ) -> None:
        if family not in FAMILIES:
            raise InputError(f"detector.family={family}: choose one of {', '.join(FAMILIES)}")
        self.layout = named(layout)
        self.min_score, self.max_people = min_score, max_people
        self._reader = Network(
            pose,
            threads=threads,
            precision=precision,
            normalisation=IMAGENET,
            outputs=["simcc_x", "simcc_y"],
        )
        self._finder: Network | None = None
        if detector is not None:
            self._finder = Network(
                detector,
                threads=threads,
                precision=precision,
                normalisation=FAMILIES[family],
                size=(FINDER_SIZE, FINDER_SIZE),
                outputs=["dets", "labels"],
            )
            self._letterbox = self._new_letterbox(self._finder)
        self._check(pose)

    def reset(self) -> None:
        """Nothing to reset: each picture is read by itself."""

    def another(self) -> Self:
        """One for another camera, with the same networks."""
        other = copy(self)
        if self._finder is not None:
            other._letterbox = self._new_letterbox(self._finder)
        return other

    def __call__(self, frame: Frame) -> Frame:
        """Put the people found into the frame, best first."""
        image = picture_of(frame, "rtmpose")
        poses = [self._read(image, box, float(score)) for *box, score in self._find(image)]
        return frame.knowing(poses=tuple(poses))

    def _new_letterbox(self, finder: Network) -> Letterbox:
        return Letterbox(finder.width, finder.height, fill=114, centred=False)

    def _check(self, path: str) -> None:
        """Run once on a black picture, so that a wrong network is refused at the start."""
        blank = np.zeros((self._reader.height, self._reader.width, 3), np.uint8)
        shapes = [output.shape for output in self._reader(blank).values()]
        x, y = shapes
        if len(x) != 3 or x[:2] != y[:2] or x[:2] != (1, len(self.layout)):
            raise InputError(
                f"{path} gives simcc_x {x} and simcc_y {y}, expected "
                f"(1, {len(self.layout)}, bins) for detector.layout={self.layout.name}; "
                f"give the layout that the network was trained on"
            )

    def _find(self, image: np.ndarray) -> np.ndarray:
        """People (N, 5), best first: left, top, right, bottom in pixels, score."""
        if self._finder is None:
            height, width = image.shape[:2]
            return np.array([[0, 0, width, height, 1.0]])
        outputs = self._finder(self._letterbox(image))
        boxes, labels = outputs["dets"][0], outputs["labels"][0]
        boxes = boxes[(labels == 0) & (boxes[:, 4] >= self.min_score)]
        boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")][: self.max_people].copy()
        boxes[:, :4] = self._letterbox.undo(boxes[:, :4].reshape(-1, 2)).reshape(-1, 4)
        boxes[:, 4] = boxes[:, 4].clip(0, 1)
        return boxes

    def _read(self, image: np.ndarray, box: list[float], score: float) -> Pose:
        size = np.array([self._reader.width, self._reader.height])
        low, high = np.array(box[:2]), np.array(box[2:])
        scale = PADDING * max(((high - low) / size).max(), 1e-6)
        corner = (low + high) / 2 - scale * size / 2
        matrix = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        outputs = self._reader(cut_out(image, matrix, *size.tolist()))
        xy, confidence = decoded(outputs["simcc_x"][0], outputs["simcc_y"][0], size)
        return Pose(self.layout, (xy * scale + corner).astype(np.float32), confidence, score)


def decoded(x: np.ndarray, y: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints (J, 2) in pixels of the input, NaN where not seen, and confidence (J,).

    `x` and `y` (J, bins) are likelihoods along the width and height, `size` (2,), of the input.
    """
    bins_per_pixel = np.array([x.shape[-1], y.shape[-1]]) / size
    xy = np.stack([x.argmax(-1), y.argmax(-1)], axis=-1) / bins_per_pixel
    confidence = np.minimum(x.max(-1), y.max(-1))
    xy[confidence <= 0] = np.nan
    return xy, confidence.clip(0, 1).astype(np.float32)
