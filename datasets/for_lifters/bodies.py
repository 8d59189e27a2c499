"""Bodies of other proportions."""

import numpy as np

from ...gast.skeleton import Skeleton


def scale_bones(
    xyz: np.ndarray, skeleton: Skeleton, *, spread: float, rng: np.random.Generator
) -> np.ndarray:
    """Other bodies: each pair of mirrored bones is longer or shorter by a random factor a clip.

    Args:
        xyz: (N, T, J, 3).
        skeleton: Layout of the joints.
        spread: Standard deviation of the factor.
        rng: Where the factors come from.
    """
    factors = 1 + spread * rng.standard_normal((len(xyz), len(skeleton)))
    first = np.minimum(np.arange(len(skeleton)), skeleton.mirror)
    factors = np.clip(factors, 1 - 2 * spread, 1 + 2 * spread)[:, first]
    scaled = xyz.copy()
    for child, parent in skeleton.outward_bones:
        bone = xyz[:, :, child] - xyz[:, :, parent]
        scaled[:, :, child] = scaled[:, :, parent] + bone * factors[:, child, None, None]
    return scaled
