"""Augmentation by bodies of other proportions."""

import numpy as np

from ...gast.skeleton import Skeleton


def scale_bones(
    xyz: np.ndarray, skeleton: Skeleton, *, spread: float, rng: np.random.Generator
) -> np.ndarray:
    """Clips (N, T, J, 3) with each pair of mirrored bones scaled by a random factor a clip.

    The factors' standard deviation is `spread`; they are cut off at two of those.
    """
    factors = 1 + spread * rng.standard_normal((len(xyz), len(skeleton)))
    first = np.minimum(np.arange(len(skeleton)), skeleton.mirror)
    factors = np.clip(factors, 1 - 2 * spread, 1 + 2 * spread)[:, first]
    scaled = xyz.copy()
    for child, parent in skeleton.outward_bones:
        bone = xyz[:, :, child] - xyz[:, :, parent]
        scaled[:, :, child] = scaled[:, :, parent] + bone * factors[:, child, None, None]
    return scaled
