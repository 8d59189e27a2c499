"""MoveNet Thunder and Lightning: the joints of one person in a square crop."""

from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import COCO17
from .network import Network
from .picture import cut_out

FOLDER = Path(__file__).parent.parent / "networks"


class SinglePose:
    """Reads one person at a time; `name` is thunder (256 pixels a side) or lightning (192).

    Source: Google 2021, "MoveNet SinglePose", model card; Apache-2.0.
    """

    def __init__(self, name: str, *, threads: int, precision: str) -> None:
        path = FOLDER / f"movenet_{name}.xml"
        self._network = Network(path, threads=threads, precision=precision)
        side = self._network.width
        (output,) = self._network(np.zeros((side, side, 3), np.uint8)).values()
        if output.shape != (1, 1, len(COCO17), 3):
            raise InputError(f"{path} gives {output.shape}, expected (1, 1, 17, 3)")

    def __call__(
        self, image: np.ndarray, centre: np.ndarray, side: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Joints (17, 2) in pixels of the picture and confidence (17,), in a square of it."""
        pixels = self._network.width
        corner, scale = centre - side / 2, side / pixels
        # Pixels are counted from their centres.
        shift = corner + (scale - 1) / 2
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        (output,) = self._network(cut_out(image, matrix, pixels, pixels)).values()
        joints = output[0, 0]
        xy = corner + joints[:, 1::-1] * side
        return xy.astype(np.float32), joints[:, 2].clip(0, 1).astype(np.float32)
