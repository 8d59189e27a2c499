"""What makes a detector err: how fast a joint moves, what covers it, where the picture ends."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...gast.skeleton import Skeleton
from .completion import MIDDLE

SITUATIONS = (
    "rest", "slow", "fast", "covered rest", "covered slow", "covered fast", "edge", "beyond",
    "other",
)  # fmt: skip
"""Open and covered joints by speed; near or beyond the picture's edge; covered by somebody."""
SLOW, FAST = 0.3, 2.0
"""Torso lengths a second from which a joint is slow or fast."""
EDGE = 0.08
"""Torso lengths from the picture's edge within which a joint is at it."""
NEARER = 0.2
"""Torso lengths by which a body part must be nearer to cover a joint."""
TURNED = 0.1
"""Torso lengths behind the base of the neck from which the nose is behind the skull."""
EVERY = 3
"""Frames between two looks at what covers what."""
PARTS = {
    "torso": ("thorax", "hip", 0.0),
    "skull": ("nose", "head", 0.2),
    "upper arm": ("shoulder", "elbow", 0.1),
    "forearm": ("elbow", "wrist", 0.09),
    "thigh": ("hip", "knee", 0.15),
    "shank": ("knee", "ankle", 0.11),
}
"""Two ends and radius in torso lengths; the torso is as wide as the shoulders look."""


class Surroundings(NamedTuple):
    """What is around a person in the picture; None where it isn't known or there is nothing.

    Attributes:
        edges: (N, 4) left, top, right and bottom of the picture, in units of the joints.
        others: (N, T, P, J, 3) other people: x and y as the joints, z relative to this person's
            root, metres away.
    """

    edges: Tensor | None = None
    others: Tensor | None = None


class _Part(NamedTuple):
    ends: tuple[int, int]
    radius: float


def situations(
    xy: Tensor,
    xyz: Tensor | None,
    skeleton: Skeleton,
    *,
    fps: float,
    edges: Tensor | None = None,
    others: Tensor | None = None,
) -> Tensor:
    """Index (T, N, J) into `SITUATIONS` of joints (T, N, J, 2) in torso lengths.

    Args:
        xy: Exact places in the picture.
        xyz: (T, N, J, 3) relative to the root, z away, metres; without, nothing is covered.
        skeleton: The layout.
        fps: Frames per second.
        edges: (N, 4) left, top, right and bottom of the picture, infinite where it doesn't end.
        others: (T, N, P, J, 3) other people: x and y in torso lengths, z in metres away from the
            person's root.
    """
    speed = speeds(xy, fps)
    state = (speed > SLOW).long() + (speed > FAST)
    if xyz is not None:
        depth = xyz[..., 2] / _torso_m(xyz, skeleton)
        state += 3 * covered(xy, depth, skeleton)
        if others is not None and others.shape[2]:
            at = SITUATIONS.index("other")
            state.masked_fill_(by_others(xy, depth, others, xyz, skeleton), at)
    if edges is not None:
        inside = _inside(xy, edges)
        state.masked_fill_(inside < EDGE, SITUATIONS.index("edge"))
        state.masked_fill_(inside < 0, SITUATIONS.index("beyond"))
    return state


def speeds(xy: Tensor, fps: float) -> Tensor:
    """Speed (T, N, J) of joints (T, N, J, 2), a second, over five frames."""
    frames = len(xy)
    time = torch.arange(frames, device=xy.device)
    before, after = (time - 2).clamp_min(0), (time + 2).clamp_max(frames - 1)
    passed = (after - before).clamp_min(1)[:, None, None] / fps
    moved = xy[after] - xy[before]
    return torch.hypot(moved[..., 0], moved[..., 1]) / passed


def covered(xy: Tensor, depth: Tensor, skeleton: Skeleton) -> Tensor:
    """(T, N, J) bool: another part of the body lies before the joint; depth in torso lengths."""
    few, deep = xy[::EVERY], depth[::EVERY]
    hidden = torch.zeros_like(deep, dtype=torch.bool)
    for part in _parts(skeleton):
        hit = _behind(few, deep, _ends(few, deep, part), _radius(few, part, skeleton))
        hit[..., list(part.ends)] = False
        hidden |= hit
    if "nose" in skeleton.index:
        behind = deep[..., skeleton.index["nose"]] - deep[..., skeleton.index["thorax"]]
        hidden[..., skeleton.index["nose"]] |= behind > TURNED
    hidden[..., [i for i, joint in enumerate(skeleton.joints) if joint in MIDDLE]] = False
    return hidden.repeat_interleave(EVERY, 0)[: len(xy)]


def by_others(xy: Tensor, depth: Tensor, others: Tensor, xyz: Tensor, skeleton: Skeleton) -> Tensor:
    """(T, N, J) bool: somebody else is before the joint, or so near that limbs are mistaken."""
    few, deep = xy[::EVERY], depth[::EVERY]
    torso = _torso_m(xyz, skeleton)[::EVERY]
    hidden = torch.zeros_like(deep, dtype=torch.bool)
    for person in others[::EVERY].unbind(2):
        where, away = person[..., :2], person[..., 2] / torso
        for part in _parts(skeleton):
            ends = _ends(where, away, part)
            hidden |= _behind(few, deep, ends, _radius(where, part, skeleton))
    return hidden.repeat_interleave(EVERY, 0)[: len(xy)]


def into_picture(xy: Tensor, edges: Tensor | None) -> Tensor:
    """Joints (T, N, J, 2), those beyond the picture's edges at the nearest place in it."""
    if edges is None:
        return xy
    return torch.maximum(torch.minimum(xy, edges[:, None, 2:]), edges[:, None, :2])


def _parts(skeleton: Skeleton) -> Sequence[_Part]:
    at, parts = skeleton.index, []
    for upper, lower, radius in PARTS.values():
        for side in ("left_", "right_") if f"left_{upper}" in at else ("",):
            if side + upper in at and side + lower in at:
                parts.append(_Part((at[side + upper], at[side + lower]), radius))
    return parts


def _ends(xy: Tensor, depth: Tensor, part: _Part) -> tuple[Tensor, Tensor]:
    """Both ends of a part (T, N, 1, 3): x, y and depth."""
    one, other = (torch.cat([xy[:, :, i], depth[:, :, i, None]], -1)[:, :, None] for i in part.ends)
    return one, other


def _radius(xy: Tensor, part: _Part, skeleton: Skeleton) -> Tensor | float:
    if part.radius:
        return part.radius
    sides = (xy[..., skeleton.index[f"{side}_shoulder"], :] for side in ("left", "right"))
    left, right = sides
    return (0.45 * (left - right).norm(dim=-1, keepdim=True)).clamp(0.2, 0.35)


def _behind(
    xy: Tensor, depth: Tensor, ends: tuple[Tensor, Tensor], radius: Tensor | float
) -> Tensor:
    """(T, N, J) bool: within the radius of a capsule and further away than it."""
    start, along = ends[0], ends[1] - ends[0]
    x, y = xy[..., 0] - start[..., 0], xy[..., 1] - start[..., 1]
    length = (along[..., 0] ** 2 + along[..., 1] ** 2).clamp_min(1e-6)
    share = ((x * along[..., 0] + y * along[..., 1]) / length).clamp_(0, 1)
    away = (x - share * along[..., 0]).square_() + (y - share * along[..., 1]).square_()
    nearer = start[..., 2] + share * along[..., 2] + NEARER
    return (away < radius**2) & (depth > nearer)


def _inside(xy: Tensor, edges: Tensor) -> Tensor:
    """Distance (T, N, J) to the nearest edge of the picture; negative beyond."""
    near = torch.minimum(xy - edges[:, None, :2], edges[:, None, 2:] - xy)
    return near.amin(-1)


def _torso_m(xyz: Tensor, skeleton: Skeleton) -> Tensor:
    """Torso length (T, N, 1), metres."""
    at = skeleton.index
    torso = xyz[..., at["thorax"], :] - xyz[..., at["hip"], :]
    return torso.norm(dim=-1, keepdim=True).clamp_min(1e-3)
