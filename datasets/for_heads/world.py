"""Motion as bones, heading and path, so that pieces of many clips become one person's.

World axes (z up, metres). A frame's bones are unit vectors in the person's own axes: forward, left
and up, of which the heading says where forward points.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from ...gast.inputs.filling import TORSO
from ...gast.skeleton import Skeleton
from ..for_lifters.bodies import other_bodies
from ..seen.completion import MIDDLE, kind_of
from .manner import Manner
from .sway import Swaying

ARM, LEG = ("elbow", "wrist"), ("knee", "ankle")
"""Where the bones of arms and legs end; the length of a leg is the scale of heights and paths."""
FLOOR = 0.05
"""Share of a clip's frames in which the lower ankle may be below what is taken for standing."""
ACROSS = ("hip", "shoulder")
"""Joints from whose left to right the person is turned."""


class Course(NamedTuple):
    """What N people do in T frames.

    Attributes:
        one, other: (N, T) places among a `World`'s frames, between which a pose lies; float64,
            since float32 can't name every frame.
        share: (N, T) 0 is the pose at `one`, 1 that at `other`.
        pace: (N, T, 2) frames of the world a frame, by which people move on as at `one` and as at
            `other`; 0 stands, below 0 is backwards.
        turn: (N, T) radians to the left, in addition to what they turn by themselves.
        sway: (N, T) 0 to 1, of people who stand still.
        limbs: Whose arms or legs people have for a while, if not their own.
    """

    one: Tensor
    other: Tensor
    share: Tensor
    pace: Tensor
    turn: Tensor
    sway: Tensor
    limbs: "Limbs | None" = None

    def to(self, device: torch.device) -> "Course":
        """Itself on a device."""
        limbs = None if self.limbs is None else self.limbs.to(device)
        one, other, share, pace, turn, sway = (part.to(device) for part in self[:6])
        return Course(one, other, share, pace, turn, sway, limbs)


class Limbs(NamedTuple):
    """Arms and legs of somebody else, from the second joint on.

    Whose legs people have, that one carries them: height and steps are theirs.

    Attributes:
        course: Of the other ones.
        arms, legs: (N, T) 0 are people's own, 1 the other one's.
    """

    course: Course
    arms: Tensor
    legs: Tensor

    def to(self, device: torch.device) -> "Limbs":
        """Itself on a device."""
        return Limbs(self.course.to(device), self.arms.to(device), self.legs.to(device))


class World:
    """Frames of clips, and after them, in the same order, their mirror images.

    Args:
        clips: (T, J, 3) each, complete, world axes, two frames or more.
        people: Who each clip is of: their bodies are those that `bodies` draws.
        skeleton: With shoulders and hips.
        fps: Frames per second.

    Attributes:
        start: (clips + 1,) first frame of each clip, and the number of frames F.
    """

    def __init__(
        self, clips: Sequence[np.ndarray], people: Sequence[str], skeleton: Skeleton, *, fps: float
    ) -> None:
        self.skeleton, self.fps = skeleton, fps
        self.start = np.cumsum([0, *(len(clip) for clip in clips)])
        self._bones = skeleton.outward_bones
        joints = [skeleton.joints[child] for child, _ in self._bones]
        self._free = torch.tensor([[_is_free(joint)] for joint in joints])
        self._arms, self._legs = (
            torch.tensor([kind_of(joint) in kinds for joint in joints]) for kinds in (ARM, LEG)
        )
        own = [_lengths(clip, skeleton) for clip in clips]
        lengths = {
            who: np.median([own[i] for i, other in enumerate(people) if other == who], 0)
            for who in dict.fromkeys(people)
        }
        self.lengths = torch.from_numpy(np.stack(list(lengths.values()))).float()
        self._leg = _leg(skeleton)
        legs = [float(lengths[who][self._leg].sum()) for who in people]
        parts = [_frames(clip, skeleton, leg) for clip, leg in zip(clips, legs, strict=True)]
        together = (
            torch.from_numpy(np.concatenate(part)).float() for part in zip(*parts, strict=True)
        )
        directions, steps, heights, turns = together
        order = torch.tensor(_mirrored_bones(skeleton))
        flip = torch.tensor([1.0, -1.0, 1.0])
        self.directions = torch.cat([directions, directions[:, order] * flip])
        self.steps = torch.cat([steps, steps * flip[:2]])
        self.heights, self.turns = heights.repeat(2), torch.cat([turns, -turns])

    def __len__(self) -> int:
        """F; frame i's mirror image is frame F + i."""
        return int(self.start[-1])

    def to(self, device: torch.device) -> "World":
        """Itself, on a device."""
        for name in ("lengths", "directions", "steps", "heights", "turns"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    @property
    def device(self) -> torch.device:
        """Where the frames are."""
        return self.directions.device

    def bodies(self, count: int, *, spread: float, generator: Generator) -> Tensor:
        """(N, B) lengths of bones: those of a random person, then as of `other_bodies`."""
        who = torch.randint(len(self.lengths), (count,), generator=generator, device=self.device)
        lengths = self.lengths[who]
        if not spread:
            return lengths
        up = torch.zeros(count, 1, len(self._bones), 3, device=self.device)
        up[..., 2] = 1
        sticks = self._joints(up * lengths[:, None, :, None])
        varied = other_bodies(sticks, self.skeleton, spread=spread, generator=generator)
        child, parent = zip(*self._bones, strict=True)
        return (varied[:, 0, child] - varied[:, 0, parent]).norm(dim=-1)

    def bones_to(self, kind: str) -> list[int]:
        """The left and the right bone that ends in such a joint, such as ``wrist``."""
        children = [child for child, _ in self._bones]
        return [children.index(self.skeleton.index[f"{s}_{kind}"]) for s in ("left", "right")]

    @torch.no_grad()
    def perform(
        self, course: Course, lengths: Tensor, *, sway: Swaying, manner: Manner | None = None,
        generator: Generator,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """People with bones of these `lengths` (N, B) on a course.

        Returns joints (N, T, J, 3), root above the origin at first, and headings (N, T): radians
        from x to the direction that the person faces.
        """
        pose, height, step = self._posed(course)
        swaying = course.sway
        if (limbs := course.limbs) is not None:
            theirs = self._posed(limbs.course)
            mask = limbs.arms[..., None] * self._arms.to(pose)
            mask = mask + limbs.legs[..., None] * self._legs.to(pose)
            pose = _between(pose, theirs.pose, mask)
            height = torch.lerp(height, theirs.height, limbs.legs)
            step = torch.lerp(step, theirs.step, limbs.legs[..., None])
            borrowed = torch.maximum(limbs.arms, limbs.legs)
            swaying = torch.maximum(swaying, borrowed * limbs.course.sway)
        if manner is not None:
            pose = manner(pose, self.skeleton, generator)
        pose = sway(pose, swaying, self._free.to(pose), generator, fps=self.fps)
        leg = lengths[:, self._leg].sum(-1)[:, None]
        heading = _summed(self._moved(self.turns, course) + course.turn)
        way = _turned(step, heading) * leg[..., None]
        root = torch.cat([_summed(way), (height * leg)[..., None]], -1)
        bones = torch.cat([_turned(pose[..., :2], heading[..., None]), pose[..., 2:]], -1)
        return self._joints(bones * lengths[:, None, :, None], root), heading

    def _posed(self, course: Course) -> "_Posed":
        one, other = (self._at(self.directions, at) for at in course[:2])
        low, high = (self._at(self.heights, at) for at in course[:2])
        pose = _between(one, other, course.share[..., None])
        height = torch.lerp(low, high, course.share)
        return _Posed(pose, height, self._moved(self.steps, course))

    def _moved(self, values: Tensor, course: Course) -> Tensor:
        """Values (2F, ...) a frame as passed on a course."""
        one, other = self._at(values, course.one), self._at(values, course.other)
        paces = torch.stack([1 - course.share, course.share], -1) * course.pace
        paces = paces.reshape(*paces.shape, *[1] * (values.ndim - 1))
        return paces[:, :, 0] * one + paces[:, :, 1] * other

    def _at(self, values: Tensor, places: Tensor) -> Tensor:
        """Values (2F, ...) at places (N, T) between them."""
        before = places.floor().long()
        share = (places - before).to(values).reshape(*places.shape, *[1] * (values.ndim - 1))
        after = (before + 1).clamp_max(len(values) - 1)
        return torch.lerp(values[before], values[after], share)

    def _joints(self, bones: Tensor, root: Tensor | None = None) -> Tensor:
        """(N, T, B, 3) to joints (N, T, J, 3)."""
        first = torch.zeros_like(bones[:, :, 0]) if root is None else root
        placed = [first] * len(self.skeleton)
        for i, (child, parent) in enumerate(self._bones):
            placed[child] = placed[parent] + bones[:, :, i]
        return torch.stack(placed, 2)


class _Posed(NamedTuple):
    """Bones (N, T, B, 3), the root's height in legs (N, T), its steps in legs (N, T, 2)."""

    pose: Tensor
    height: Tensor
    step: Tensor


def headings(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(T,) radians from x to where people (T, J, 3) face, without jumps.

    By the line through shoulders and hips; where it stands upright, from the frames around.
    """
    across = sum(
        xyz[:, skeleton.index[f"right_{joint}"]] - xyz[:, skeleton.index[f"left_{joint}"]]
        for joint in ACROSS
    )
    level = np.linalg.norm(across[:, :2], axis=-1) > 0.4 * np.linalg.norm(across, axis=-1)
    known = np.flatnonzero(level) if level.any() else np.arange(len(xyz))
    angles = np.unwrap(np.arctan2(across[known, 0], -across[known, 1]))
    return np.interp(np.arange(len(xyz)), known, angles)


def _frames(
    xyz: np.ndarray, skeleton: Skeleton, leg: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Bones (T, B, 3), steps (T, 2), heights (T,) in legs, turns (T,) to the next frame."""
    heading = headings(xyz, skeleton)
    child, parent = zip(*skeleton.outward_bones, strict=True)
    bones = xyz[:, child] - xyz[:, parent]
    bones = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-6)
    bones[..., :2] = _turned_back(bones[..., :2], heading[:, None])
    ankles = xyz[:, [skeleton.index[f"{side}_ankle"] for side in ("left", "right")], 2].min(1)
    height = xyz[:, skeleton.root, 2] - np.quantile(ankles, FLOOR)
    step = np.diff(xyz[:, skeleton.root, :2], axis=0, append=xyz[-1:, skeleton.root, :2])
    turn = np.diff(heading, append=heading[-1:])
    step[-1], turn[-1] = step[-2], turn[-2]
    return bones, _turned_back(step, heading) / leg, height / leg, turn


def _turned_back(xy: np.ndarray, angle: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * xy[..., 0] + sin * xy[..., 1], cos * xy[..., 1] - sin * xy[..., 0]], -1)


def _turned(xy: Tensor, angle: Tensor) -> Tensor:
    cos, sin = angle.cos(), angle.sin()
    x, y = xy.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], -1)


def _between(one: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Unit vectors (N, T, B, 3) on the arc from one to the other; shares (N, T, B or 1)."""
    cos = (one * other).sum(-1, keepdim=True).clamp(-1 + 1e-6, 1 - 1e-6)
    angle, share = cos.acos(), share[..., None]
    mixed = ((1 - share) * angle).sin() * one + (share * angle).sin() * other
    return torch.nn.functional.normalize(mixed, dim=-1)


def _summed(steps: Tensor) -> Tensor:
    """Places (N, T, ...) after steps (N, T, ...) that lead from each frame to the next."""
    return torch.cat([torch.zeros_like(steps[:, :1]), steps[:, :-1].cumsum(1)], 1)


def _is_free(joint: str) -> bool:
    """Whether the bone that ends there is in no straight line with another."""
    return joint not in TORSO and kind_of(joint) not in MIDDLE


def _lengths(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(B,) median lengths of bones, both sides alike."""
    child, parent = zip(*skeleton.outward_bones, strict=True)
    own = np.median(np.linalg.norm(xyz[:, child] - xyz[:, parent], axis=-1), 0)
    return (own + own[_mirrored_bones(skeleton)]) / 2


def _mirrored_bones(skeleton: Skeleton) -> list[int]:
    children = [child for child, _ in skeleton.outward_bones]
    return [children.index(int(skeleton.mirror[child])) for child in children]


def _leg(skeleton: Skeleton) -> list[int]:
    """Bones of the left leg."""
    children = [child for child, _ in skeleton.outward_bones]
    return [children.index(skeleton.index[f"left_{joint}"]) for joint in LEG]
