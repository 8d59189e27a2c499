"""Virtual cameras: motion in world axes seen as a detector would see it.

World axes are x right, y away, z up; camera axes x right, y down, z forward.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Views:
    """How random cameras are placed; each pair is a range, drawn evenly, angles in degrees.

    Attributes:
        elevation_deg: Of the camera above the person's hips.
        roll_deg: Of the picture.
        distance_m: From the person's mean place, beyond how far the person walks about.
        field_of_view_deg: Horizontal.
        off_centre: How far from the middle the person stands, as a share of half the picture.
        aspect: Height of the picture over its width.
    """

    elevation_deg: tuple[float, float] = (-10.0, 35.0)
    roll_deg: tuple[float, float] = (-5.0, 5.0)
    distance_m: tuple[float, float] = (1.8, 5.5)
    field_of_view_deg: tuple[float, float] = (45.0, 85.0)
    off_centre: tuple[float, float] = (-0.5, 0.5)
    aspect: tuple[float, float] = (0.5, 1.0)

    def see(
        self, xyz: np.ndarray, *, root: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """One random camera for each clip.

        Args:
            xyz: (N, T, J, 3), metres, world axes.
            root: Index of the root joint.
            rng: Where the cameras come from.

        Returns:
            (N, T, J, 2) in screen units, and (N, T, J, 3) in metres, relative to the root, in the
            axes of a camera that is turned towards the person: what can be told from the
            person's own shape, wherever in the picture it is.
        """
        count = len(xyz)
        place = xyz[:, :, root].mean(1)
        reach = np.linalg.norm(xyz[:, :, root] - place[:, None], axis=-1).max(1)
        azimuth = rng.uniform(-np.pi, np.pi, count)
        elevation = np.radians(rng.uniform(*self.elevation_deg, count))
        distance = reach + rng.uniform(*self.distance_m, count)
        focal = 1 / np.tan(np.radians(rng.uniform(*self.field_of_view_deg, count)) / 2)
        away = np.stack(
            [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation),
             np.sin(elevation)], -1,
        )  # fmt: skip
        turn = _looking(-away)
        picture = np.stack([np.ones(count), rng.uniform(*self.aspect, count)], -1)
        aside = rng.uniform(*self.off_centre, (count, 2)) * picture / focal[:, None]
        turn = _looking(np.c_[aside, np.ones(count)], up=np.array([0.0, -1.0, 0.0])) @ turn
        turn = _roll(np.radians(rng.uniform(*self.roll_deg, count))) @ turn
        camera = (xyz - (place + away * distance[:, None])[:, None, None]) @ _swap(turn)[:, None]
        camera[..., 2] = np.maximum(camera[..., 2], 0.2)
        xy = focal[:, None, None, None] * camera[..., :2] / camera[..., 2:]
        facing = _looking(camera[:, :, root], up=np.array([0.0, -1.0, 0.0]))
        relative = (camera - camera[:, :, root : root + 1]) @ _swap(facing)
        return xy.astype(np.float32), relative.astype(np.float32)


def _swap(matrix: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrix, -1, -2)


def _looking(forward: np.ndarray, up: np.ndarray | None = None) -> np.ndarray:
    """Rotations (..., 3, 3) whose rows are the camera axes x right, y down, z along `forward`."""
    up = np.array([0.0, 0.0, 1.0]) if up is None else up
    z = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    x = np.cross(z, up)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], -2)


def _roll(angle: np.ndarray) -> np.ndarray:
    cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    one = np.ones_like(angle)
    rows = [[cos, -sin, zero], [sin, cos, zero], [zero, zero, one]]
    return np.moveaxis(np.array(rows), -1, 0)
