"""A pinhole camera that looks at the place where a person acts."""

from functools import cached_property

import numpy as np

from ...gast.errors import InputError


class Camera:
    """Stands on a sphere about a point and looks at it.

    Args:
        azimuth_deg: 0 looks along +y, at the front of a person who looks along -y; positive
            stands to the right (+x) of that.
        elevation_deg: Above the horizon, so that the camera looks down; less than 90.
        distance_m: From the point.
        target_m: The point, world axes.
        field_of_view_deg: From the top to the bottom edge of the picture.
        width: Pixels, even.
        height: Pixels, even.

    Raises:
        InputError: The picture's size is not even and positive, or an angle or distance is invalid.
    """

    def __init__(
        self,
        *,
        azimuth_deg: float,
        elevation_deg: float,
        distance_m: float,
        target_m: tuple[float, float, float],
        field_of_view_deg: float,
        width: int,
        height: int,
    ) -> None:
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise InputError(f"camera of {width}x{height} pixels; give even numbers (H.264)")
        if not 0 < field_of_view_deg < 170 or not abs(elevation_deg) < 90 or distance_m <= 0:
            raise InputError(
                f"camera.field_of_view_deg={field_of_view_deg}, elevation_deg={elevation_deg}, "
                f"distance_m={distance_m}; wanted 0 to 170, -90 to 90, more than 0"
            )
        self.width, self.height = width, height
        self.focal_px = height / 2 / np.tan(np.radians(field_of_view_deg) / 2)
        self.azimuth = float(np.radians(azimuth_deg))
        up = np.radians(elevation_deg)
        ground = np.array([np.sin(self.azimuth), -np.cos(self.azimuth), 0.0])
        away = ground * np.cos(up) + np.array([0.0, 0.0, np.sin(up)])
        self.target_m = np.array(target_m, np.float64)
        self.position_m = self.target_m + away * distance_m

    @cached_property
    def rotation(self) -> np.ndarray:
        """(3, 3) from world to camera axes (x right, y down, z forward)."""
        forward = self.target_m - self.position_m
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])

    @cached_property
    def translation(self) -> np.ndarray:
        """(3,) metres: a world point X is ``rotation @ X + translation`` in camera axes."""
        return -self.rotation @ self.position_m

    @cached_property
    def intrinsics(self) -> np.ndarray:
        """(3, 3) pixels; the principal point is the middle of the picture."""
        return np.array(
            [[self.focal_px, 0, self.width / 2], [0, self.focal_px, self.height / 2], [0, 0, 1]]
        )

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in camera axes, metres."""
        return points @ self.rotation.T + self.translation

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) in camera axes to (..., 2) px; (0, 0) is the top left corner's edge."""
        image = points @ self.intrinsics.T
        return image[..., :2] / image[..., 2:]
