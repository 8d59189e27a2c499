"""Errors of each joint in a take, in torso lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets.seen.body import body_axes, body_depth, body_size
from ...datasets.seen.completion import MIDDLE, kind_of
from ...gast.skeleton import H36M17
from .watching import Sight

FAR = 0.25
"""Lengths of the torso behind its middle from which a joint is on the far side."""
SETTLING = 5
"""Frames after a person was found, in which smoothing has little past."""
LEAST = 15
"""Frames in which a person must be found for a take to count."""


@dataclass(frozen=True, eq=False)
class Errors:
    """One take in torso lengths, joints of `H36M17`, T frames since the person was found.

    Attributes:
        detected: (T, J, 2) detected minus exact; NaN where not detected or outside the picture.
        final: (T, J, 2) input of the lifter minus exact; NaN outside.
        astray: (T, J, 2) detected minus exact place of the twin, the same joint on the other side.
        lost: (T, J) 1 where a joint in the picture was not detected, NaN outside.
        axes: (T, 3, 2) right, up and forward in the picture.
        far: (T, J) bool: on the far side.
        confidence: (T, J) of the detector.
        size: Torso length in pixels.
    """

    detected: np.ndarray
    final: np.ndarray
    astray: np.ndarray
    lost: np.ndarray
    axes: np.ndarray
    far: np.ndarray
    confidence: np.ndarray
    size: float
    fps: float


def errors_of(sight: Sight) -> Errors | None:
    """Errors of a take; None if the person was found in fewer than `LEAST` frames."""
    found = np.flatnonzero(np.isfinite(sight.observed[:, 0, 0]))
    if len(found) < LEAST:
        return None
    since = slice(found[0], None)
    size = body_size(sight.exact[None].astype(np.float64), H36M17)[0]
    exact = sight.exact[since].astype(np.float64)
    inside = ((exact >= 0) & (exact <= sight.size)).all(-1)
    inside &= np.isfinite(sight.observed[since, :1, 0])
    seen = inside & sight.visible[since]
    xyz = sight.xyz[since].astype(np.float64)
    twins = exact[:, H36M17.mirror]
    return Errors(
        detected=_where(seen, (sight.detected[since] - exact) / size),
        final=_where(inside, (sight.observed[since] - exact) / size),
        astray=_where(seen, (sight.detected[since] - twins) / size),
        lost=np.where(inside, ~sight.visible[since], np.nan),
        axes=body_axes(xyz, H36M17)[..., :2],
        far=body_depth(xyz, H36M17) > FAR,
        confidence=sight.confidence[since],
        size=float(size),
        fps=float(sight.fps),
    )


def _where(known: np.ndarray, error: np.ndarray) -> np.ndarray:
    return np.where(known[..., None], error, np.nan)


def columns(kind: str) -> list[tuple[int, float]]:
    """Indices of a kind's joints, and the factor that mirrors each onto the left: 1 or -1."""
    return [
        (i, -1.0 if joint.startswith("right_") else 1.0)
        for i, joint in enumerate(H36M17.joints)
        if kind_of(joint) == kind and joint not in MIDDLE
    ]


def kinds() -> Sequence[str]:
    """Kinds of joints that detectors see."""
    return list(dict.fromkeys(kind_of(j) for j in H36M17.joints if j not in MIDDLE))
