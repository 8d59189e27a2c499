"""How much two poses look like one person: for association, and for duplicates in one picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..gast.skeleton import Skeleton
from .packets import Pose

SPREADS = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072,
    "wrist": 0.062, "hip": 0.107, "knee": 0.087, "ankle": 0.089,
}  # fmt: skip
"""Standard deviation between two annotations of a joint, per square root of the person's area.

Source: COCO keypoint evaluation; other joints get `OTHER_SPREAD`.
"""
OTHER_SPREAD = 0.08
SLACK = 6.0
"""Spreads that a joint may be off before similarity falls to exp(-1/2): 2 is COCO's measure of an
accurate joint; the rest is for what a prediction misses between two pictures, a crouch say."""
FAR = 4.0
"""Poses whose boxes are further apart, in deviations, are not compared."""
PAIRS = 10_000
"""Pairs compared at a time, so that they fit in the processor's cache."""
FEW = 64
"""So few pairs are compared sooner than it is found out which of them are close."""
DUPLICATE = 0.8
"""Similarity from which two poses of one picture are the same person detected twice."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A pose prepared for comparison.

    Attributes:
        xy: (J, 2) pixels, finite.
        weight: (J,) confidence, 0 where not found.
        size: Pixels, about the square root of the person's area.
    """

    pose: Pose
    xy: np.ndarray
    weight: np.ndarray
    size: float

    @property
    def joints(self) -> int:
        """How many were seen."""
        return int(np.count_nonzero(self.weight))


def measured(pose: Pose) -> Measured:
    """The pose with its size, without what is not a number."""
    seen = np.isfinite(pose.xy).all(-1) & (pose.confidence > 0)
    xy = np.where(seen[:, None], pose.xy, 0).astype(np.float64)
    weight = np.where(seen, pose.confidence, 0).astype(np.float64)
    # 1.7 deviations of a standing person's joints are about the square root of the area.
    share = weight / max(weight.sum(), 1e-9)
    spread = share @ ((xy - share @ xy) ** 2).sum(-1)
    return Measured(pose, xy, weight, max(1.7 * float(np.sqrt(spread)), 1.0))


def tolerances(sizes: list[float], layout: Skeleton) -> np.ndarray:
    """(P, J) pixels that each joint may be off, for P people of `sizes` pixels."""
    return np.outer([size * SLACK / 2 for size in sizes], _spreads(layout))


def similarity(
    expected: np.ndarray,
    weight: np.ndarray,
    reach: np.ndarray,
    xy: np.ndarray,
    confidence: np.ndarray,
) -> np.ndarray:
    """How much P people resemble D poses of J joints, (P, D) in 0..1.

    The mean over joints of a Gaussian of their distance in pixels, `reach` (P, J) its deviation,
    weighted by both confidences; 0 without a joint in common, and of many pairs 0 for those so far
    apart that it would be less than exp(-8). Coordinates must be finite.

    Source: after COCO's object keypoint similarity (Ronchi and Perona 2017, section 3).
    """
    alike = np.zeros((len(expected), len(xy)))
    if alike.size > FEW:
        rows, columns = np.nonzero(near(expected, weight, reach, xy, confidence))
    else:
        rows, columns = np.divmod(np.arange(alike.size), max(len(xy), 1))
    for at in range(0, len(rows), PAIRS):
        p, d = rows[at : at + PAIRS], columns[at : at + PAIRS]
        squared = ((expected[p] - xy[d]) ** 2).sum(-1)
        both = weight[p] * confidence[d]
        gauss = np.exp(-squared / (2 * reach[p] ** 2))
        alike[p, d] = (both * gauss).sum(-1) / np.maximum(both.sum(-1), 1e-9)
    return alike


def near(
    expected: np.ndarray,
    weight: np.ndarray,
    reach: np.ndarray,
    xy: np.ndarray,
    confidence: np.ndarray,
) -> np.ndarray:
    """(P, D) bool, which pairs are worth comparing: their boxes are close, in terms of `reach`."""
    (low, high), (lower, higher) = _box(expected, weight), _box(xy, confidence)
    far = np.zeros((len(expected), len(xy)))
    for axis in range(2):
        before = lower[:, axis] - high[:, None, axis]
        behind = low[:, None, axis] - higher[:, axis]
        far += np.maximum(np.maximum(before, behind), 0) ** 2
    return far <= (FAR * reach.max(1)[:, None]) ** 2


def distinct(poses: Iterable[Measured], *, least: float = DUPLICATE) -> list[Measured]:
    """Highest score first, without those that are at least so similar to a better one."""
    ranked = sorted(poses, key=lambda pose: -pose.pose.score)
    if len(ranked) < 2:
        return ranked
    xy, weight = np.array([one.xy for one in ranked]), np.array([one.weight for one in ranked])
    reach = tolerances([one.size for one in ranked], ranked[0].pose.layout)
    repeats = similarity(xy, weight, reach, xy, weight) >= least
    kept = np.zeros(len(ranked), bool)
    for place, alike in enumerate(repeats.T):
        kept[place] = not (alike & kept).any()
    return [pose for pose, is_kept in zip(ranked, kept, strict=True) if is_kept]


def _box(xy: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (N, 2) each around the joints (N, J, 2) seen; of none, beyond all others."""
    seen = (weight > 0)[..., None]
    return np.where(seen, xy, np.inf).min(1), np.where(seen, xy, -np.inf).max(1)


@cache
def _spreads(layout: Skeleton) -> np.ndarray:
    stems = [joint.split("_", 1)[-1] for joint in layout.joints]
    return np.array([SPREADS.get(stem, OTHER_SPREAD) for stem in stems])
