"""A lifted person's place and orientation in front of the camera.

Sideways and vertical metres follow from the size of the lifted body. The distance grows with the
focal length, which is assumed.
"""

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from ...gast.interpolation import frames_at, interpolated

MIN_JOINTS = 6
"""With fewer joints in view the distance is that of the frames around."""
MEDIAN_S, MEAN_S = 0.5, 0.2
"""The distance is smoothed: a median over that long, then a Gaussian mean of that deviation."""
LONGEST_GAP_S = 0.5
"""Before and after a longer absence the distance is smoothed by itself."""
NEAREST_M = 0.3


def in_camera_axes(
    time_s: np.ndarray,
    xy: np.ndarray,
    visible: np.ndarray,
    xyz: np.ndarray,
    *,
    root: int,
    width: int,
    height: int,
    field_of_view_deg: float,
    faces_person: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """One person's root (T, 3) and joints relative to it (T, J, 3), metres, camera axes.

    In each frame the root is on its ray through the picture, at the distance at which the lifted
    joints `xyz` (T, J, 3), metres from the root, fit the `visible` (T, J) ones of `xy` (T, J, 2),
    pixels, best by least squares. Times (T,) rise; `root` is a joint's index. The pinhole camera
    has its field of view along the longer side of the picture of `width` x `height` pixels. Lifters
    in person units (`faces_person`) give `xyz` in the axes of a camera turned towards the person,
    others in the camera's.
    """
    focal = max(width, height) / 2 / np.tan(np.radians(field_of_view_deg) / 2)
    rays = np.ones((*xy.shape[:2], 3))
    rays[..., :2] = (xy - np.array([width, height]) / 2) / focal
    at_root, body = rays[:, root], xyz
    if faces_person:
        at_root = at_root / np.linalg.norm(at_root, axis=-1, keepdims=True)
        facing = _facing(at_root)
        rays, body = rays @ np.swapaxes(facing, 1, 2), xyz @ facing
    distance = _steady(time_s, _distance(rays, visible, xyz, root))
    return distance[:, None] * at_root, body


def _distance(rays: np.ndarray, visible: np.ndarray, xyz: np.ndarray, root: int) -> np.ndarray:
    """(T,) metres along z, NaN where too little of the person is seen.

    A joint at (X, Y, Z) from a root at distance d is seen at x = (X + x0 d) / (Z + d), y likewise:
    (x - x0) d = X - x Z.
    """
    seen = rays[..., :2] / rays[..., 2:]
    aside = (seen - seen[:, [root]]) * visible[..., None]
    squares = (aside**2).sum((1, 2))
    products = (aside * (xyz[..., :2] - seen * xyz[..., 2:])).sum((1, 2))
    distance = products / np.maximum(squares, 1e-12)
    return np.where((visible.sum(1) >= MIN_JOINTS) & (distance > NEAREST_M), distance, np.nan)


def _steady(time_s: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Distances (T,) without gaps and jumps; all 1 where none is known."""
    known = np.isfinite(distance)
    if not known.any():
        return np.full(len(distance), 1.0)
    filled = interpolated(distance[known], frames_at(time_s[known], time_s))
    cuts = np.flatnonzero(np.diff(time_s) > LONGEST_GAP_S) + 1
    for start, stop in pairwise([0, *cuts, len(time_s)]):
        stay = filled[start:stop]
        frame_s = (time_s[stop - 1] - time_s[start]) / max(len(stay) - 1, 1) or 1.0
        stay = median_filter(stay, size=round(MEDIAN_S / frame_s / 2) * 2 + 1, mode="nearest")
        filled[start:stop] = gaussian_filter1d(stay, MEAN_S / frame_s, mode="nearest")
    return filled


def _facing(forward: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) whose rows are the axes of a camera that looks along `forward`."""
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], -2)
