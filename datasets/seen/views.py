"""Random virtual cameras: from world axes (z up) to camera axes (x right, y down, z forward)."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ..camera_axes import looking, turned_towards


@dataclass(frozen=True)
class Views:
    """How random cameras are placed; each pair is a range of a uniform distribution.

    Attributes:
        elevation_deg: Of the camera above the person's hips.
        roll_deg: Of the picture.
        distance_m: From the person's mean place, in addition to how far they walk from it.
        field_of_view_deg: Horizontal.
        off_centre: Of the person from the picture's middle, as a share of half the picture.
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
        """`film` in float32, the 3-D joints `turned_towards` the root."""
        xy, camera = self.film(xyz, root=root, rng=rng)
        return xy.astype(np.float32), turned_towards(camera, root=root)

    def film(
        self, xyz: np.ndarray, *, root: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Clips (N, T, J, 3), metres, world axes, seen by a random camera each.

        Returns (N, T, J, 2) in screen units and (N, T, J, 3), metres, camera axes, from the camera.
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
        turn = looking(-away, up=(0.0, 0.0, 1.0))
        picture = np.stack([np.ones(count), rng.uniform(*self.aspect, count)], -1)
        aside = rng.uniform(*self.off_centre, (count, 2)) * picture / focal[:, None]
        turn = looking(np.c_[aside, np.ones(count)], up=(0.0, -1.0, 0.0)) @ turn
        roll = Rotation.from_euler("z", rng.uniform(*self.roll_deg, (count, 1)), degrees=True)
        turn = roll.as_matrix() @ turn
        position = place + away * distance[:, None]
        camera = (xyz - position[:, None, None]) @ turn.swapaxes(-1, -2)[:, None]
        camera[..., 2] = np.maximum(camera[..., 2], 0.2)
        return focal[:, None, None, None] * camera[..., :2] / camera[..., 2:], camera
