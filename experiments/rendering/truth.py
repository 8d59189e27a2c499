"""Ground truth of a rendered person: joints in picture and space, and the action."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...gast.skeleton import COCO17, H36M17
from .body import Body
from .camera import Camera
from .scene import Performance


@dataclass(frozen=True, eq=False)
class Truth:
    """Ground truth of T frames; each field is an array of that name in the npz.

    Attributes:
        coco17_px: (T, 17, 2) float32 pixels, x right, y down, from the picture's top left corner.
        coco17_m: (T, 17, 3) float32, camera axes (x right, y down, z forward), metres.
        h36m17_px: (T, 17, 2) float32 pixels.
        h36m17_m: (T, 17, 3) float32, camera axes, metres.
        h36m17_relative_m: The same, relative to the hip.
        labels: (T,) name of the action.
        sources: (T,) ``dataset/clip`` that moves the person, empty in a transition.
        fps: () frames per second.
        size_px: (2,) width and height.
        intrinsics: (3, 3) pixels.
        rotation: (3, 3) from world (x right, y away, z up) to camera axes.
        translation: (3,) metres; a world point X is ``rotation @ X + translation`` in camera axes.
    """

    coco17_px: np.ndarray
    coco17_m: np.ndarray
    h36m17_px: np.ndarray
    h36m17_m: np.ndarray
    h36m17_relative_m: np.ndarray
    labels: np.ndarray
    sources: np.ndarray
    fps: np.ndarray
    size_px: np.ndarray
    intrinsics: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray

    @classmethod
    def of(cls, performance: Performance, body: Body, camera: Camera) -> "Truth":
        """The ground truth of a performance before a camera."""
        coco = camera.to_camera(body.coco17(performance.posing))
        h36m = camera.to_camera(h36m17(performance, body))
        relative = h36m - h36m[:, H36M17.root, None]
        return cls(
            coco17_px=camera.to_pixels(coco).astype(np.float32),
            coco17_m=coco.astype(np.float32),
            h36m17_px=camera.to_pixels(h36m).astype(np.float32),
            h36m17_m=h36m.astype(np.float32),
            h36m17_relative_m=relative.astype(np.float32),
            labels=np.array(performance.labels),
            sources=np.array(performance.sources),
            fps=np.array(performance.fps),
            size_px=np.array([camera.width, camera.height]),
            intrinsics=camera.intrinsics,
            rotation=camera.rotation,
            translation=camera.translation,
        )

    def save(self, path: Path, *, frames: int) -> None:
        """Write the first `frames` frames as npz; it holds no pickled objects."""
        arrays = {
            name: value if name in _OF_THE_CAMERA else value[:frames]
            for name, value in vars(self).items()
        }
        np.savez_compressed(path, **arrays)


_OF_THE_CAMERA = ("fps", "size_px", "intrinsics", "rotation", "translation")


def h36m17(performance: Performance, body: Body) -> np.ndarray:
    """Joints (T, 17, 3) in world axes: centres of the rig's joints, and the tip of the nose."""
    joints = body.rig.joints_of(performance.posing)
    nose = body.coco17(performance.posing)[:, COCO17.index["nose"]]
    return np.stack([nose if joint == "nose" else joints[joint] for joint in H36M17.joints], 1)
