"""Joints that a read of one person has from somebody else in the crop."""

from collections.abc import Sequence

import numpy as np

from ...gast.skeleton import COCO17
from ..packets import Pose
from .followed import SEEN, TRUNK

THEIRS = 0.7
"""Length of a limb relative to another person's from which a shared joint is that person's."""
ELBOWS_KNEES = [COCO17.index[f"{s}_{j}"] for j in ("elbow", "knee") for s in ("left", "right")]
WRISTS_ANKLES = [COCO17.index[f"{s}_{j}"] for j in ("wrist", "ankle") for s in ("left", "right")]
OUTER, INNER = ELBOWS_KNEES + WRISTS_ANKLES, TRUNK + ELBOWS_KNEES


def joints_of_others(pose: Pose, reads: Sequence[Pose]) -> np.ndarray:
    """(17,) bool: joints that are another person's: at theirs, and far nearer to their limb.

    When legs are out of the picture, the network sees those of somebody else in the crop.
    """
    taken = np.zeros(len(COCO17), bool)
    bones = np.linalg.norm(pose.xy[OUTER] - pose.xy[INNER], axis=1)
    for other in reads:
        if other is pose:
            continue
        own = np.linalg.norm(other.xy[OUTER] - other.xy[INNER], axis=1)
        away = np.linalg.norm(other.xy[OUTER] - pose.xy[OUTER], axis=1)
        sure = other.confidence[OUTER] >= SEEN
        taken[OUTER] |= sure & (away < 0.4 * own) & (own < THEIRS * bones)
    # Beyond an elbow or a knee that is somebody else's nothing is one's own.
    taken[WRISTS_ANKLES] |= taken[ELBOWS_KNEES]
    return taken
