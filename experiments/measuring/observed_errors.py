"""Errors of each joint in a take, in torso lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...datasets.seen.body import body_axes, body_size
from ...datasets.seen.completion import MIDDLE, kind_of
from ...datasets.seen.situations import Surroundings, situations
from ...gast.skeleton import H36M17
from .watching import Sight

SETTLING = 5
"""Frames after a person was found, in which smoothing has little past."""
STRANGER = 1.0
"""Median error, torso lengths, from which the joints are those of somebody else."""
LEAST = 15
"""Frames in which a person must be found for a take to count."""


@dataclass(frozen=True, eq=False)
class Errors:
    """One take in torso lengths, joints of `H36M17`, T frames since the person was found.

    Attributes:
        detected: (T, J, 2) detected minus exact, of joints beyond the picture minus the nearest
            place in it; NaN where not detected.
        final: (T, J, 2) input of the lifter minus exact; NaN outside the picture.
        astray: (T, J, 2) detected minus exact place of the twin, the same joint on the other side.
        lost: (T, J) 1 where a joint was not detected, NaN where the person wasn't.
        axes: (T, 3, 2) right, up and forward in the picture.
        situation: (T, J) as of `situations`.
        confidence: (T, J) of the detector.
        size: Torso length in pixels.
    """

    detected: np.ndarray
    final: np.ndarray
    astray: np.ndarray
    lost: np.ndarray
    axes: np.ndarray
    situation: np.ndarray
    confidence: np.ndarray
    size: float
    fps: float


def errors_of(sight: Sight) -> Errors | None:
    """Errors of a take; None if the person was found in fewer than `LEAST` frames."""
    found = np.flatnonzero(np.isfinite(sight.observed[:, 0, 0]))
    if len(found) < LEAST:
        return None
    since = slice(found[0], None)
    exact = sight.exact[since].astype(np.float64)
    size = float(body_size(torch.from_numpy(exact)[None], H36M17)[0])
    apart = np.median(np.linalg.norm(sight.observed[since] - exact, axis=-1), -1)
    known = (apart < STRANGER * size)[:, None]  # of nobody it is NaN
    inside = known & ((exact >= 0) & (exact <= sight.size)).all(-1)
    seen = known & sight.visible[since]
    place = np.clip(exact, 0, sight.size)
    return Errors(
        detected=_where(seen, (sight.detected[since] - place) / size),
        final=_where(inside, (sight.observed[since] - exact) / size),
        astray=_where(seen, (sight.detected[since] - place[:, H36M17.mirror]) / size),
        lost=np.where(known, ~sight.visible[since], np.nan),
        axes=body_axes(torch.from_numpy(sight.xyz[since]), H36M17)[..., :2].numpy(),
        situation=_situations(sight, since, size),
        confidence=sight.confidence[since],
        size=size,
        fps=float(sight.fps),
    )


def around(sight: Sight, since: slice) -> Surroundings:
    """The picture's edges (1, 4) and other people (1, T, P, J, 3) of a take."""
    edges = torch.tensor([[0.0, 0.0, *sight.size.tolist()]])
    return Surroundings(edges, torch.from_numpy(_others(sight, since))[None])


def _others(sight: Sight, since: slice) -> np.ndarray:
    others = sight.others[since].astype(np.float32)
    others[..., 2] -= sight.depth[since, None, None]
    return others


def _situations(sight: Sight, since: slice, size: float) -> np.ndarray:
    edges = torch.tensor([[0.0, 0.0, *sight.size.tolist()]])
    people = torch.from_numpy(_others(sight, since))[:, None]
    people[..., :2] /= size
    found = situations(
        torch.from_numpy(sight.exact[since] / size).float()[:, None],
        torch.from_numpy(sight.xyz[since]).float()[:, None],
        H36M17, fps=float(sight.fps), edges=edges / size, others=people,
    )  # fmt: skip
    return found[:, 0].numpy()


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
