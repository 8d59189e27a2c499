"""What heads look at: joints, bones and how they move, for a body of any size.

All of it comes from joints in metres, relative to the root, in camera axes (x right, y down, z
forward), as lifters give them.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..gast.errors import InputError
from ..gast.skeleton import Skeleton
from ..gast.streaming import State, Streaming, begun
from ..gast.units import PersonUnits


def inward(skeleton: Skeleton) -> Tensor:
    """(J,) the parent of each joint; the root is its own."""
    inner = np.arange(len(skeleton))
    for child, parent in skeleton.bones:
        inner[child] = parent
    return torch.from_numpy(inner)


def bones(joints: Tensor, inner: Tensor) -> Tensor:
    """(..., J, C) to what leads from each joint's parent to it; the root has no length."""
    return joints - joints[..., inner, :]


def motion(clip: Tensor) -> Tensor:
    """(N, T, ...) to the change since the frame before; in the first frame nothing moves."""
    return clip - torch.cat([clip[:, :1], clip[:, :-1]], 1)


def angles(bones: Tensor, inner: Tensor, mirror: Tensor) -> Tensor:
    """How each bone lies to others, however the person is turned.

    Args:
        bones: (..., J, 3) in units of the body.
        inner: (J,) parents; the root is its own.
        mirror: (J,) the joint on the other side; in the middle it is the same.

    Returns:
        (..., J, 3), cosines of the angles to its parent's bone, to that one's parent's, and to the
        mirror image's; 0 where there is no bone.
    """
    length = bones.square().sum(-1, keepdim=True).sqrt()
    along = bones / length.clamp_min(1e-3)
    others = (inner, inner[inner], mirror)
    return torch.stack([(along * along[..., other, :]).sum(-1) for other in others], -1)


FEATURES = ("joint", "bone", "joint_motion", "bone_motion")
ALL_FEATURES = (*FEATURES, "angle")


class BodyFeatures(Streaming):
    """Joints, bones, the motion of both since the frame before, and angles; 3 numbers a joint each.

    Lengths are in units of the body: the root mean square of its bones, averaged over the last
    frames. In the first frame nothing moves.

    Args:
        skeleton: Layout of the joints.
        kinds: Which, in that order; of `ALL_FEATURES`.

    Raises:
        InputError: No kind, one that there is not, or one twice.

    Source: Shi et al. 2019, "Two-stream adaptive graph convolutional networks for skeleton-based
        action recognition", §4, for bones; motions follow its multi-stream successor (2020).
    """

    inner: Tensor
    mirror: Tensor

    def __init__(self, skeleton: Skeleton, *, kinds: Sequence[str] = FEATURES) -> None:
        super().__init__()
        self.kinds = tuple(str(kind) for kind in kinds)
        self.channels = 3 * len(self.kinds)
        if not kinds or len(set(kinds)) < len(kinds) or not set(kinds) <= set(ALL_FEATURES):
            raise InputError(
                f"features {list(self.kinds)}; give different ones of {', '.join(ALL_FEATURES)}"
            )
        self.units = PersonUnits(skeleton)
        self.register_buffer("inner", inward(skeleton), persistent=False)
        self.register_buffer("mirror", torch.from_numpy(skeleton.mirror), persistent=False)

    def _pose(self, joints: Tensor) -> Tensor:
        """(..., J, 3) to joints and bones (..., J, 6)."""
        return torch.cat([joints, bones(joints, self.inner)], -1)

    def _chosen(self, pose: Tensor, motion: Tensor) -> Tensor:
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
        pose = self._pose(self.units(xyz))
        return self._chosen(pose, motion(pose))

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to (N, J, channels); remembers the body's size and the pose before."""
        size, before = (None, None) if state is None else state
        joints, size = self.units.step(xyz, size)
        pose = self._pose(joints)
        return self._chosen(pose, pose - begun(before, pose)), (size, pose)


class WindowFeatures(nn.Module):
    """A window as one vector: joints and their motion, turned to the front, of one length.

    Hips at the origin, shoulders and hips along x on average, root mean square of the bones one,
    and as many frames however long the window is.

    Args:
        skeleton: Layout of the joints; has shoulders and hips.
        samples: Frames that a window is resampled to.
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

    Where left and right lie on top of each other, on average, nothing is turned.

    Args:
        skeleton: Layout of the joints; has shoulders and hips.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self.left, self.right = (
            [skeleton.index[f"{side}_{part}"] for part in ("hip", "shoulder")]
            for side in ("left", "right")
        )

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
