"""Cameras that a data set's publisher has calibrated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Lens:
    """Focal length (2,) and centre (2,), pixels; radial (3,) and tangential (2,) distortion."""

    focal_px: np.ndarray
    centre_px: np.ndarray
    radial: np.ndarray
    tangential: np.ndarray

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) in camera axes to pixels (..., 2).

        Source: Ionescu et al. 2014, "Human3.6M", released code's ``ProjectPointRadial``; its
            tangential part has products of x and y once, Brown's model has them twice.
        """
        flat = points[..., :2] / points[..., 2:]
        squared = (flat**2).sum(-1, keepdims=True)
        powers = np.concatenate([squared, squared**2, squared**3], -1)
        stretch = 1 + (powers * self.radial).sum(-1, keepdims=True)
        stretch = stretch + (flat * self.tangential).sum(-1, keepdims=True)
        return (flat * stretch + squared * self.tangential) * self.focal_px + self.centre_px


@dataclass(frozen=True, eq=False)
class CalibratedCamera:
    """A camera: size in pixels, rotation (3, 3) from world to camera axes, position (3,) in it."""

    name: str
    width: int
    height: int
    rotation: np.ndarray
    position_m: np.ndarray
    lens: Lens | None = None

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in camera axes, metres, of the same type."""
        seen = (points - self.position_m) @ self.rotation.T
        return seen.astype(points.dtype)


def calibrated(dataset: str) -> Mapping[str, tuple[CalibratedCamera, ...]]:
    """The cameras of each subject, in the publisher's order."""
    path = Path(__file__).parent / "calibration" / f"{dataset}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    return {
        subject: tuple(_camera(name, content["cameras"][name], at) for name, at in places.items())
        for subject, places in content["subjects"].items()
    }


def _camera(name: str, kind: dict[str, Any], at: dict[str, Any]) -> CalibratedCamera:
    from scipy.spatial.transform import Rotation  # slow to import

    parts = [np.array(kind[part]) for part in _LENS if part in kind]
    w, *xyz = at["orientation"]
    return CalibratedCamera(
        name=name,
        width=kind["width"],
        height=kind["height"],
        rotation=Rotation.from_quat([*xyz, w]).as_matrix().T,
        position_m=np.array(at["position_mm"]) / 1000,
        lens=Lens(*parts) if parts else None,
    )


_LENS = ("focal_px", "centre_px", "radial", "tangential")
