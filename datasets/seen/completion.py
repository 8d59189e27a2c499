"""Completes and smooths 2-D joints of many clips at once, with the live program's result."""

from collections.abc import Mapping
from math import exp

import numpy as np
import torch
from torch import Tensor

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


def make_middle(xy: Tensor, skeleton: Skeleton) -> Tensor:
    """Joints (..., J, C) with `MIDDLE` computed from shoulders and hips; of NaN it is NaN."""
    if not (middle := _made_of(skeleton)):
        return xy
    made = xy.clone()
    for i, parts in middle.items():
        between = torch.stack([share * xy[..., part, :] for part, share in parts.items()]).sum(0)
        # Only one coordinate may be missing.
        made[..., i, :] = between + 0 * between.sum(-1, keepdim=True)
    return made


def trust_middle(confidence: Tensor, skeleton: Skeleton) -> Tensor:
    """Confidences (..., J) with `MIDDLE` as sure as the least sure of what they are made of."""
    trusted = confidence.clone()
    for i, parts in _made_of(skeleton).items():
        trusted[..., i] = confidence[..., list(parts)].amin(-1)
    return trusted


def _made_of(skeleton: Skeleton) -> dict[int, dict[int, float]]:
    """Index of each of `MIDDLE` to those of the shoulders and hips, with their weights."""
    middle = [i for i, joint in enumerate(skeleton.joints) if joint in MIDDLE]
    if not middle:
        return {}
    shares, made = joint_map(COCO17, skeleton).weights, dict[int, dict[int, float]]()
    for i in middle:
        used = np.flatnonzero(shares[i])
        made[i] = {skeleton.index[COCO17.joints[part]]: float(shares[i, part]) for part in used}
    return made


def complete(
    xy: Tensor,
    lost: Tensor,
    skeleton: Skeleton,
    *,
    fps: float,
    ease_s: float,
    smoothing: Smoothing,
) -> Tensor:
    """Joints (T, N, J, 2), torso lengths, completed and smoothed as by the stage `Joints`, live.

    Of those that are `lost`, (T, N, J) bool, shoulders and hips count as seen. `ease_s` as live.
    """
    keep, done = exp(-1 / (fps * ease_s)), xy.clone()
    state: Smoothed[Tensor] | None = None
    levels = [_Level(level, skeleton, xy) for level in HANGING]
    frames = _frames_of(xy, skeleton)
    rests = [level.rest @ frames for level in levels]
    for t, now in enumerate(done):
        for level, rest in zip(levels, rests, strict=True):
            held = rest[t] if state is None else level.hanging(state.value)
            guess = now[:, level.parents] + torch.lerp(rest[t], held, keep)
            own = now[:, level.joints]
            now[:, level.joints] = torch.where(lost[t][:, level.joints, None], guess, own)
        state = smoothing(now.clone(), state, dt_s=1 / fps, unit=1.0)
        done[t] = state.value
    return done


class _Level:
    """Joints of one level of `HANGING`, their parents, and their offsets from them at rest."""

    def __init__(self, level: Mapping[str, str], skeleton: Skeleton, like: Tensor) -> None:
        pairs: list[tuple[str, str]] = []
        for joint in skeleton.joints:
            if (kind := kind_of(joint)) in level:
                pairs.append((joint, joint.removesuffix(kind) + level[kind]))
        self.joints, self.parents = (
            torch.tensor([skeleton.index[pair[i]] for pair in pairs], device=like.device)
            for i in (0, 1)
        )
        rest = np.array([_rest(joint) - _rest(parent) for joint, parent in pairs]) / TORSO_M
        self.rest = torch.from_numpy(rest).to(like)

    def hanging(self, xy: Tensor) -> Tensor:
        """(N, J', 2): offsets from the parents, of joints (N, J, 2)."""
        return xy[:, self.joints] - xy[:, self.parents]


def _rest(joint: str) -> np.ndarray:
    across, down = REST[joint.replace("right_", "left_")]
    return np.array([-across if joint.startswith("right_") else across, down], np.float32)


def _frames_of(xy: Tensor, skeleton: Skeleton) -> Tensor:
    """(T, N, 2, 2): the person's left, as long as they look wide, and down in the picture."""
    at = skeleton.index
    up = unit(xy[..., at["thorax"], :] - xy[..., at["hip"], :])
    left = torch.stack([-up[..., 1], up[..., 0]], -1)
    wide, square = torch.zeros_like(left[..., 0]), 0.0
    for joint in ("shoulder", "hip"):
        rest = 2 * REST[f"left_{joint}"][0] / TORSO_M
        across = xy[..., at[f"left_{joint}"], :] - xy[..., at[f"right_{joint}"], :]
        wide = wide + rest * (across * left).sum(-1)
        square += rest * rest
    return torch.stack([left * (wide / square).clamp(-1, 1)[..., None], -up], -2)
