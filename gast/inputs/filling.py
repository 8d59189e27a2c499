"""Completion of joints that the camera doesn't see; those that it sees are never moved.

A missing joint keeps its last place relative to the nearest joint that is seen, and eases from
there into a standing rest pose; one that was never seen is in the rest pose at once. That pose is
as large as the visible torso, leans and is turned as it does; without both shoulders and hips it
stands upright, so that the legs of somebody at a desk hang down, outside the picture.
"""

from collections.abc import Mapping
from math import exp

import numpy as np

from ..errors import InputError
from ..skeleton import Skeleton

REST: Mapping[str, tuple[float, float]] = {
    "hip": (0, 0), "lower_spine": (0, -0.12), "spine": (0, -0.25), "thorax": (0, -0.5),
    "lower_neck": (0, -0.53), "neck": (0, -0.58), "nose": (0, -0.68),
    "head_center": (0, -0.7), "head": (0, -0.83),
    "left_eye": (0.03, -0.72), "left_ear": (0.07, -0.7),
    "left_shoulder": (0.18, -0.5), "left_elbow": (0.23, -0.22), "left_forearm": (0.24, -0.05),
    "left_wrist": (0.25, 0.03), "left_hand": (0.25, 0.1), "left_hand_tip": (0.25, 0.18),
    "left_hip": (0.1, 0), "left_knee": (0.11, 0.42), "left_ankle": (0.11, 0.83),
    "left_heel": (0.11, 0.88), "left_foot": (0.13, 0.9), "left_toe": (0.14, 0.91),
}  # fmt: skip
"""Somebody of 1.75 m who stands and faces the camera: metres from the hip, x to the person's left,
y down. The right side mirrors the left; a joint that isn't listed is where its parent is."""

TORSO = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


ENDS = ("elbow", "wrist", "knee", "ankle")
"""Joints that act, of either side."""


class Filler:
    """Completes poses of a layout; held joints ease into the rest pose (time constant `ease_s`)."""

    def __init__(self, layout: Skeleton, *, ease_s: float = 0.5) -> None:
        lacking = [joint for joint in TORSO if joint not in layout.index]
        if lacking:
            raise InputError(
                f"layout {layout.name!r} lacks {', '.join(lacking)}, by which missing joints are "
                f"filled in; use a lifter of a layout with shoulders and hips"
            )
        if not ease_s > 0:
            raise InputError(f"joints.ease_s={ease_s} is too short; give more than 0 seconds")
        self.ease_s = ease_s
        self._rest = np.array([_rest(joint, layout) for joint in layout.joints])
        self._hops = _hops(layout)
        self._torso = np.array([layout.index[joint] for joint in TORSO])
        self._limbs = _limbs(layout)
        first, second = np.triu_indices(4, k=1)
        # The hips are too near each other to tell a size.
        self._pairs = self._torso[first[:-1]], self._torso[second[:-1]]

    def size(self, xy: np.ndarray, seen: np.ndarray, before: float | None) -> float:
        """Pixels from hip to thorax, had the person stood upright; two joints must be `seen`.

        The largest that any two of the shoulders and hips tell, as leaning and turning only bring
        them nearer; else the size `before`; else by how far the joints `xy` (J, 2) spread.
        """
        one, other = self._pairs
        both = seen[one] & seen[other]
        if both.any():
            apart = np.linalg.norm(xy[one] - xy[other], axis=-1)
            at_rest = np.linalg.norm(self._rest[one] - self._rest[other], axis=-1)
            metre = (apart / at_rest)[both].max()
        elif before is not None:
            return before
        else:
            metre = np.sqrt(_variance(xy[seen]) / max(_variance(self._rest[seen]), 1e-6))
        return max(float(metre) * -REST["thorax"][1], 1.0)

    def __call__(
        self,
        xy: np.ndarray,
        seen: np.ndarray,
        *,
        size: float,
        before: np.ndarray | None = None,
        dt_s: float = 0.0,
    ) -> np.ndarray:
        """Complete pose (J, 2) in pixels of `xy` (J, 2), of which those `seen` (J,) count.

        At least one is seen. `size` is as `size` says, `before` the complete pose (J, 2) of the
        same person `dt_s` seconds ago.
        """
        known = np.where(seen[:, None], xy, 0)
        guess = self._standing(known, seen, size)
        if before is not None:
            guess = guess + exp(-dt_s / self.ease_s) * (before - guess)
        hops = np.where(seen, self._hops, np.inf)
        nearest = hops == hops.min(-1, keepdims=True)
        shift = nearest @ np.where(seen[:, None], xy - guess, 0)
        return np.where(seen[:, None], xy, guess + shift / nearest.sum(-1, keepdims=True))

    def otherwise(self, xy: np.ndarray, never: np.ndarray) -> np.ndarray | None:
        """Another guess at joints that were `never` seen, (J,) bool, of a complete pose (J, 2).

        What one arm or leg hides does as the other one does, mirrored; ``None`` if that hides it
        too, or nothing is hidden.
        """
        guess = xy.copy()
        shoulders, hips = xy[self._torso[:2]].mean(0), xy[self._torso[2:]].mean(0)
        up = (shoulders - hips) / max(float(np.linalg.norm(shoulders - hips)), 1e-6)
        left = np.array([-up[1], up[0]])
        guessed = [limb for limb in self._limbs if never[limb[0]] and not never[limb[2]]]
        for joint, parent, twin, twin_parent in guessed:
            offset = xy[twin] - xy[twin_parent]
            guess[joint] = guess[parent] + offset - 2 * (offset @ left) * left
        return guess if guessed else None

    def _standing(self, xy: np.ndarray, seen: np.ndarray, size: float) -> np.ndarray:
        """The rest pose (J, 2) around the origin, in this person's size and posture."""
        metre = size / -REST["thorax"][1]
        shoulders, hips = self._torso[:2], self._torso[2:]
        up = np.array([0.0, -1.0])
        if seen[shoulders].any() and seen[hips].any():
            torso = xy[shoulders][seen[shoulders]].mean(0) - xy[hips][seen[hips]].mean(0)
            up = torso / max(float(np.linalg.norm(torso)), 1e-6)
        left = np.array([-up[1], up[0]])
        widths = [pair for pair in (shoulders, hips) if seen[pair].all()]
        across = metre
        if widths:
            visible = np.array([(xy[pair[0]] - xy[pair[1]]) @ left for pair in widths])
            rest = np.array([self._rest[pair[0], 0] - self._rest[pair[1], 0] for pair in widths])
            across = float(np.clip(visible @ rest / (rest @ rest), -metre, metre))
        return np.outer(self._rest[:, 0], left * across) - np.outer(self._rest[:, 1], up * metre)


def _rest(joint: str, layout: Skeleton) -> tuple[float, float]:
    side, _, stem = joint.partition("_")
    if joint in REST:
        return REST[joint]
    if side == "right" and f"left_{stem}" in REST:
        x, y = REST[f"left_{stem}"]
        return -x, y
    parent = layout.parents[joint]
    return _rest(parent, layout) if parent else (0.0, 0.0)


def _limbs(layout: Skeleton) -> list[tuple[int, int, int, int]]:
    """Joints of arms and legs, each with the one before it, and both of the other side; outward."""
    found = []
    for child, parent in layout.outward_bones:
        twin, twin_parent = int(layout.mirror[child]), int(layout.mirror[parent])
        if layout.joints[child].partition("_")[2] in ENDS:
            found.append((child, parent, twin, twin_parent))
    return found


def _hops(layout: Skeleton) -> np.ndarray:
    """(J, J) bones between any two joints."""
    near = layout.adjacency
    reached = np.eye(len(layout), dtype=bool)
    hops = np.zeros((len(layout), len(layout)))
    while not reached.all():
        hops += ~reached
        reached = reached @ near
    return hops


def _variance(points: np.ndarray) -> float:
    return float(points.var(0).sum())
