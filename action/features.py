"""Input features of heads: joints, bones and their motion, for a body of any size.

Joints are in metres, relative to the root, in camera axes: x right, y down, z forward.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..gast.errors import InputError
from ..gast.skeleton import Skeleton
from ..gast.streaming import State, Streaming, begun
from ..gast.units import PersonUnits, running_mean


def inward(skeleton: Skeleton) -> Tensor:
    """(J,) parent of each joint; the root is its own."""
    inner = np.arange(len(skeleton))
    for child, parent in skeleton.bones:
        inner[child] = parent
    return torch.from_numpy(inner)


def bones(joints: Tensor, inner: Tensor) -> Tensor:
    """(..., J, C) to the vectors from each joint's parent to it; the root's is 0."""
    return joints - joints[..., inner, :]


def motion(clip: Tensor) -> Tensor:
    """(N, T, ...) to the change since the frame before; 0 in the first frame."""
    return clip - torch.cat([clip[:, :1], clip[:, :-1]], 1)


def angles(bones: Tensor, inner: Tensor, mirror: Tensor) -> Tensor:
    """Cosines (..., J, 3) of each bone's angles to parent, grandparent and mirror image; 0 if none.

    `bones` (..., J, 3) are in body units, `inner` (J,) are parents, `mirror` (J,) opposite joints.
    """
    length = bones.square().sum(-1, keepdim=True).sqrt()
    along = bones / length.clamp_min(1e-3)
    others = (inner, inner[inner], mirror)
    return torch.stack([(along * along[..., other, :]).sum(-1) for other in others], -1)


FEATURES = ("joint", "bone", "joint_motion", "bone_motion")
ALL_FEATURES = (*FEATURES, "angle")
FRONT = "front"


class BodyFeatures(Streaming):
    """Some `kinds` of `ALL_FEATURES`, in that order, 3 numbers a joint each, in `PersonUnits`.

    With "front" among the kinds, people are turned until they face the camera, see `Facing`.
    An InputError for no kind, an unknown one, or one twice.

    Source: Shi et al. 2019, "Two-stream adaptive graph convolutional networks", §4, for bones;
        motions follow its multi-stream successor (2020).
    """

    inner: Tensor
    mirror: Tensor

    def __init__(self, skeleton: Skeleton, *, kinds: Sequence[str] = FEATURES) -> None:
        super().__init__()
        self.kinds = tuple(str(kind) for kind in kinds if kind != FRONT)
        self.channels = 3 * len(self.kinds)
        if (
            not self.kinds
            or len(set(kinds)) < len(kinds)
            or not set(self.kinds) <= set(ALL_FEATURES)
        ):
            raise InputError(
                f"features {list(kinds)}; give different ones of {', '.join(ALL_FEATURES)} and, to "
                f"turn people to the camera, {FRONT}"
            )
        self.facing = Facing(skeleton) if FRONT in kinds else None
        self.units = PersonUnits(skeleton)
        self.register_buffer("inner", inward(skeleton), persistent=False)
        self.register_buffer("mirror", torch.from_numpy(skeleton.mirror), persistent=False)

    def _pose(self, joints: Tensor) -> Tensor:
        return torch.cat([joints, bones(joints, self.inner)], -1)

    def _features(self, pose: Tensor, motion: Tensor) -> Tensor:
        """Joints and bones (..., J, 6), and their motion, to (..., J, channels)."""
        if self.kinds == FEATURES:
            return torch.cat([pose, motion], -1)
        parts = {
            "joint": pose[..., :3], "bone": pose[..., 3:],
            "joint_motion": motion[..., :3], "bone_motion": motion[..., 3:],
        }  # fmt: skip
        if "angle" in self.kinds:
            parts["angle"] = angles(parts["bone"], self.inner, self.mirror)
        return torch.cat([parts[kind] for kind in self.kinds], -1)

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to (N, T, J, channels)."""
        pose = self._pose(self.units(xyz if self.facing is None else self.facing(xyz)))
        return self._features(pose, motion(pose))

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to (N, J, channels).

        The state is the body's size, the pose before and, if people are turned, where they face.
        """
        size, before, *faced = (None, None, None) if state is None else state
        turned = []
        if self.facing is not None:
            xyz, faced = self.facing.step(xyz, faced[0])
            turned = [faced]
        joints, size = self.units.step(xyz, size)
        pose = self._pose(joints)
        return self._features(pose, pose - begun(before, pose)), (size, pose, *turned)


class Facing(Streaming):
    """Turns people about the vertical until they face the camera, on a running average.

    That is an exponential mean (time constant 20 frames) of the way from right to left hips and
    shoulders, seen from above; the root has to be at the origin.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self.left, self.right = _sides(skeleton)
        self.share = 0.05

    def _across(self, xyz: Tensor) -> Tensor:
        """(..., J, 3) to (..., 2)."""
        left, right = xyz[..., self.left, :].mean(-2), xyz[..., self.right, :].mean(-2)
        return (left - right)[..., [0, 2]]

    def _turned(self, xyz: Tensor, across: Tensor) -> Tensor:
        length = across.square().sum(-1, keepdim=True).sqrt().clamp_min(1e-6)
        direction = across / length
        cos, sin = direction[..., 0, None], direction[..., 1, None]
        x, y, z = xyz[..., 0], xyz[..., 1], xyz[..., 2]
        return torch.stack([cos * x + sin * z, y, cos * z - sin * x], -1)

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3), camera axes, to the same: left is on the picture's right."""
        across = self._across(xyz).transpose(1, 2)  # (N, 2, T)
        return self._turned(
            xyz, running_mean(across.flatten(0, 1), self.share).view_as(across).transpose(1, 2)
        )

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to the same; the state is where they face (N, 2)."""
        across = self._across(xyz)
        before = begun(state, across)
        across = before + self.share * (across - before)
        return self._turned(xyz, across), across


def _sides(skeleton: Skeleton) -> list[list[int]]:
    """Hip and shoulder of the left, and of the right."""
    return [
        [skeleton.index[f"{side}_{part}"] for part in ("hip", "shoulder")]
        for side in ("left", "right")
    ]


class WindowFeatures(nn.Module):
    """A window as one vector: joints and their motion, `ToTheFront`, resampled to `samples` frames.

    The root is at the origin, the root mean square of the bones one.
    """

    def __init__(self, skeleton: Skeleton, *, samples: int) -> None:
        super().__init__()
        self.samples, self.root = samples, skeleton.root
        self.to_the_front = ToTheFront(skeleton)
        self.child, self.parent = (list(ends) for ends in zip(*skeleton.bones, strict=True))
        self.channels = (2 * samples - 1) * len(skeleton) * 3

    def forward(self, window: Tensor) -> Tensor:
        """(N, T, J, 3) to (N, channels)."""
        centred = window - window[:, :, self.root : self.root + 1]
        bones = centred[:, :, self.child] - centred[:, :, self.parent]
        size = bones.square().sum(-1).mean((1, 2)).sqrt().clamp_min(1e-6)
        front = self.to_the_front(centred) / size[:, None, None, None]
        flat = front.flatten(2).transpose(1, 2)  # (N, J * 3, T)
        even = F.interpolate(flat, size=self.samples, mode="linear", align_corners=True)
        return torch.cat([even, even.diff(dim=-1)], -1).flatten(1)


class ToTheFront(nn.Module):
    """Turns a window about the vertical until the person faces the camera, on average.

    Windows in which left and right hips and shoulders coincide, seen from above, are not turned.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self.left, self.right = _sides(skeleton)

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3), metres, camera axes, to the same: left is on the picture's right."""
        across = (xyz[:, :, self.left] - xyz[:, :, self.right]).mean((1, 2))[:, [0, 2]]  # (N, 2)
        apart = across.norm(dim=-1, keepdim=True) >= _APART_M
        direction = torch.where(apart, across, across.new_tensor([1.0, 0.0]))
        cos, sin = F.normalize(direction, dim=-1).T
        x, y, z = xyz.unbind(-1)
        cos, sin = cos[:, None, None], sin[:, None, None]
        return torch.stack([cos * x + sin * z, y, cos * z - sin * x], -1)


_APART_M = 0.01
"""A shorter mean way from right to left is noise and does not tell where a person faces."""
