"""Completes and smooths 2-D joints of many clips at once, with the live program's result."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...gast.inputs.filling import REST
from ...gast.inputs.smoothing import Smoothed, Smoothing
from ...gast.skeleton import COCO17, Skeleton, joint_map
from .body import unit

MIDDLE = ("hip", "lower_spine", "spine", "thorax")
"""Joints that the live program computes from shoulders and hips."""
HANGING = ({"nose": "thorax", "elbow": "shoulder", "knee": "hip"},
           {"head": "nose", "wrist": "elbow", "ankle": "knee"})  # fmt: skip
"""Kinds of joints that may be lost, each with its parent; those nearer to the torso first."""
TORSO_M = -REST["thorax"][1]


def kind_of(joint: str) -> str:
    """A joint's name without its side."""
    return joint.removeprefix("left_").removeprefix("right_")


def is_hanging(joint: str) -> bool:
    """Whether a joint may be lost."""
    return any(kind_of(joint) in level for level in HANGING)


def make_middle(xy: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Joints (..., J, C) with `MIDDLE` computed from shoulders and hips; of NaN it is NaN."""
    middle = [i for i, joint in enumerate(skeleton.joints) if joint in MIDDLE]
    if not middle:
        return xy
    weights = joint_map(COCO17, skeleton).weights[middle]
    sources = np.flatnonzero(weights.any(0))
    weights = weights[:, sources]
    given = xy[..., [skeleton.index[COCO17.joints[i]] for i in sources], :]
    missing = np.isnan(given).any(-1)
    between = weights @ np.where(missing[..., None], 0, given)
    between[(missing[..., None, :] & (weights != 0)).any(-1)] = np.nan
    made = xy.copy()
    made[..., middle, :] = between
    return made


def complete(
    xy: np.ndarray,
    lost: np.ndarray,
    skeleton: Skeleton,
    *,
    fps: float,
    ease_s: float,
    smoothing: Smoothing,
) -> np.ndarray:
    """Joints (T, N, J, 2), torso lengths, completed and smoothed as by the stage `Joints`, live.

    Of those that are `lost`, (T, N, J) bool, shoulders and hips count as seen. `ease_s` as live.
    """
    keep, done = float(np.exp(-1 / (fps * ease_s))), np.empty_like(xy)
    state: Smoothed | None = None
    levels = [_Level(level, skeleton) for level in HANGING]
    frames = _frames_of(xy, skeleton)
    rests = [level.rest @ frames for level in levels]
    for t in range(len(xy)):
        now = xy[t].copy()
        for level, rest in zip(levels, rests, strict=True):
            held = rest[t] if state is None else level.hanging(state.value)
            guess = now[:, level.parents] + rest[t] + keep * (held - rest[t])
            own = now[:, level.joints]
            now[:, level.joints] = np.where(lost[t][:, level.joints, None], guess, own)
        state = smoothing(now, state, dt_s=1 / fps, unit=1.0)
        done[t] = state.value
    return done


class _Level:
    """Joints of one level of `HANGING`, their parents, and their offsets from them at rest."""

    def __init__(self, level: Mapping[str, str], skeleton: Skeleton) -> None:
        pairs: list[tuple[str, str]] = []
        for joint in skeleton.joints:
            if (kind := kind_of(joint)) in level:
                pairs.append((joint, joint.removesuffix(kind) + level[kind]))
        self.joints, self.parents = (
            np.array([skeleton.index[pair[i]] for pair in pairs]) for i in (0, 1)
        )
        self.rest = np.array([_rest(joint) - _rest(parent) for joint, parent in pairs]) / TORSO_M

    def hanging(self, xy: np.ndarray) -> np.ndarray:
        """(N, J', 2): offsets from the parents, of joints (N, J, 2)."""
        return xy[:, self.joints] - xy[:, self.parents]


def _rest(joint: str) -> np.ndarray:
    across, down = REST[joint.replace("right_", "left_")]
    return np.array([-across if joint.startswith("right_") else across, down], np.float32)


def _frames_of(xy: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(T, N, 2, 2): the person's left, as long as they look wide, and down in the picture."""
    at = skeleton.index
    up = unit(xy[..., at["thorax"], :] - xy[..., at["hip"], :])
    left = np.stack([-up[..., 1], up[..., 0]], -1)
    pairs: Sequence[str] = ("shoulder", "hip")
    rest = np.array([2 * REST[f"left_{joint}"][0] for joint in pairs]) / TORSO_M
    widths = np.stack([
        ((xy[..., at[f"left_{joint}"], :] - xy[..., at[f"right_{joint}"], :]) * left).sum(-1)
        for joint in pairs
    ], -1)  # fmt: skip
    wide = np.clip(widths @ rest / (rest @ rest), -1, 1)
    return np.stack([left * wide[..., None], -up], -2).astype(xy.dtype)
