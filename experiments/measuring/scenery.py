"""A random room: floor, walls and furniture with pictures on them, all behind the people."""

import numpy as np

from ..rendering.backdrops import KINDS
from ..rendering.camera import Camera
from ..rendering.studio import Surface

TEXTURE_PX = 128
ROOM_M = 14.0
"""From side to side, and from the camera's end to the people."""


def backdrop_of(kind: str, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8, RGB."""
    return KINDS[kind](size, rng)


def scenery(rng: np.random.Generator, *, camera: Camera, reach_m: float) -> list[Surface]:
    """Floor, mostly a back wall, and up to six boxes; nothing if the camera is near the floor."""
    if camera.position_m[2] < 0.15:
        return []
    back = reach_m + rng.uniform(1.2, 5.0)
    side = ROOM_M / 2
    floor = [(-side, -ROOM_M, 0), (side, -ROOM_M, 0), (side, back, 0), (-side, back, 0)]
    made = [_rectangle(floor, (0, 0, 1), _texture(rng), per_m=rng.uniform(0.3, 1.2))]
    if rng.random() < 0.7:
        wall = [floor[3], floor[2], (side, back, 3.5), (-side, back, 3.5)]
        made.append(_rectangle(wall, (0, -1, 0), _texture(rng), per_m=rng.uniform(0.2, 1.0)))
    for _ in range(rng.integers(7)):
        low = np.array([rng.uniform(-2.5, 2.2), reach_m + rng.uniform(0.6, 1.0), 0.0])
        made += _box(low, rng.uniform([0.2, 0.2, 0.25], [1.3, 0.7, 1.9]), _texture(rng))
    return made


def _texture(rng: np.random.Generator) -> np.ndarray:
    size = (TEXTURE_PX, TEXTURE_PX)
    kind = rng.choice([*KINDS, "plain"], p=[0.25, 0.15, 0.15, 0.45])
    if kind != "plain":
        return KINDS[kind](size, rng)
    colour = rng.uniform(60, 240) * rng.uniform(0.8, 1.0, 3)
    return np.clip(colour + rng.normal(0, 4, (*size, 3)), 0, 255).astype(np.uint8)


def _rectangle(corners: object, normal: object, picture: np.ndarray, *, per_m: float) -> Surface:
    """Two triangles; the picture repeats every ``1 / per_m`` metres."""
    corner = np.array(corners, np.float64)[[0, 1, 2, 0, 2, 3]]
    edges = [corner[i] - corner[0] for i in (1, 5)]
    axes = np.stack([edge / np.linalg.norm(edge) for edge in edges], 1)
    uv = (corner - corner[0]) @ axes * per_m
    return Surface(corner, np.tile(np.array(normal, np.float64), (6, 1)), uv, picture)


def _box(low: np.ndarray, size: np.ndarray, picture: np.ndarray) -> list[Surface]:
    """The sides that a camera in front may see: front, top, left and right."""
    x, y, z = low
    X, Y, Z = low + size
    sides = [
        ([(x, y, z), (X, y, z), (X, y, Z), (x, y, Z)], (0, -1, 0)),
        ([(x, y, Z), (X, y, Z), (X, Y, Z), (x, Y, Z)], (0, 0, 1)),
        ([(x, Y, z), (x, y, z), (x, y, Z), (x, Y, Z)], (-1, 0, 0)),
        ([(X, y, z), (X, Y, z), (X, Y, Z), (X, y, Z)], (1, 0, 0)),
    ]
    return [_rectangle(corners, normal, picture, per_m=1.0) for corners, normal in sides]
