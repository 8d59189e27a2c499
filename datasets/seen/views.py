"""Random virtual cameras: from world axes (z up) to camera axes (x right, y down, z forward)."""

from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor

from ..camera_axes import facing_root, looking

NEAR_M = 0.2
"""Nothing is nearer to a camera."""


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

    def see(self, xyz: Tensor, *, root: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """`film`, the 3-D joints as of `facing_root`."""
        xy, camera = self.film(xyz, root=root, generator=generator)
        return xy, facing_root(camera, root=root)

    def film(
        self, xyz: Tensor, *, root: int, generator: Generator, azimuth: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Clips (N, T, J, 3), metres, world axes, seen by a random camera each.

        Returns (N, T, J, 2) in screen units and (N, T, J, 3), metres, camera axes, from the camera.
        The generator is on the clips' device. Cameras are all around, or where `azimuth` (N,) says,
        radians from x to the direction from the person to the camera.
        """

        def uniform(limits: tuple[float, float], *more: int) -> Tensor:
            chance = torch.rand(len(xyz), *more, generator=generator, device=xyz.device)
            return limits[0] + (limits[1] - limits[0]) * chance.to(xyz.dtype)

        place = xyz[:, :, root].mean(1)
        reach = (xyz[:, :, root] - place[:, None]).norm(dim=-1).amax(1)
        azimuth = uniform((-pi, pi)) if azimuth is None else azimuth
        elevation = uniform(self.elevation_deg).deg2rad()
        distance = reach + uniform(self.distance_m)
        focal = 1 / (uniform(self.field_of_view_deg).deg2rad() / 2).tan()
        away = torch.stack(
            [azimuth.cos() * elevation.cos(), azimuth.sin() * elevation.cos(), elevation.sin()], -1
        )
        turn = looking(-away, up=(0.0, 0.0, 1.0))
        picture = torch.stack([torch.ones_like(focal), uniform(self.aspect)], -1)
        aside = uniform(self.off_centre, 2) * picture / focal[:, None]
        ahead = torch.cat([aside, torch.ones_like(focal)[:, None]], -1)
        turn = looking(ahead, up=(0.0, -1.0, 0.0)) @ turn
        turn = _rolled(uniform(self.roll_deg).deg2rad()) @ turn
        from_camera = xyz - (place + away * distance[:, None])[:, None, None]
        # One product a clip: a broadcast one would be as many as there are frames.
        camera = (from_camera.flatten(1, 2) @ turn.transpose(1, 2)).unflatten(1, xyz.shape[1:3])
        camera[..., 2].clamp_min_(NEAR_M)
        return focal[:, None, None, None] * camera[..., :2] / camera[..., 2:], camera


def _rolled(angle: Tensor) -> Tensor:
    """Rotations (N, 3, 3) about z."""
    cos, sin, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    rows = ((cos, -sin, zero), (sin, cos, zero), (zero, zero, one))
    return torch.stack([torch.stack(row, -1) for row in rows], -2)
