"""What heads look at: joints, bones and how they move, for a body of any size.

All of it comes from joints in metres, relative to the root, in camera axes (x right, y down, z
forward), as lifters give them.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..gast.skeleton import Skeleton
from ..gast.streaming import State, Streaming, begun
from ..gast.units import PersonUnits


class BodyFeatures(Streaming):
    """Joints, bones, and the motion of both since the frame before; 12 numbers a joint.

    Lengths are in units of the body: the root mean square of its bones, averaged over the last
    frames. In the first frame nothing moves.

    Args:
        skeleton: Layout of the joints.

    Source: Shi et al. 2019, "Two-stream adaptive graph convolutional networks for skeleton-based
        action recognition", §4, for bones; motions follow its multi-stream successor (2020).
    """

    channels = 12
    inner: Tensor

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self.units = PersonUnits(skeleton)
        inner = np.arange(len(skeleton))
        for child, parent in skeleton.bones:
            inner[child] = parent
        self.register_buffer("inner", torch.from_numpy(inner), persistent=False)

    def _pose(self, joints: Tensor) -> Tensor:
        """(..., J, 3) to joints and bones (..., J, 6); the root has a bone of no length."""
        return torch.cat([joints, joints - joints[..., self.inner, :]], -1)

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to (N, T, J, 12)."""
        pose = self._pose(self.units(xyz))
        before = torch.cat([pose[:, :1], pose[:, :-1]], 1)
        return torch.cat([pose, pose - before], -1)

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to (N, J, 12); remembers the body's size and the pose before."""
        size, before = (None, None) if state is None else state
        joints, size = self.units.step(xyz, size)
        pose = self._pose(joints)
        return torch.cat([pose, pose - begun(before, pose)], -1), (size, pose)


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
        pairs = [
            skeleton.index[f"{side}_{part}"]
            for side in ("left", "right")
            for part in ("hip", "shoulder")
        ]
        self.left, self.right = pairs[:2], pairs[2:]
        self.child, self.parent = (list(ends) for ends in zip(*skeleton.bones, strict=True))
        self.channels = (2 * samples - 1) * len(skeleton) * 3

    def forward(self, window: Tensor) -> Tensor:
        """(N, T, J, 3) to (N, channels)."""
        centred = window - window[:, :, self.root : self.root + 1]
        bones = centred[:, :, self.child] - centred[:, :, self.parent]
        size = bones.square().sum(-1).mean((1, 2)).sqrt().clamp_min(1e-6)
        front = self._to_the_front(centred) / size[:, None, None, None]
        flat = front.flatten(2).transpose(1, 2)  # (N, J * 3, T)
        even = F.interpolate(flat, size=self.samples, mode="linear", align_corners=True)
        return torch.cat([even, even.diff(dim=-1)], -1).flatten(1)

    def _to_the_front(self, xyz: Tensor) -> Tensor:
        """Turned about the vertical until the person's left is on the picture's right."""
        across = (xyz[:, :, self.left] - xyz[:, :, self.right]).mean((1, 2))  # (N, 3)
        cos, sin = F.normalize(across[:, [0, 2]], dim=-1).T
        x, y, z = xyz.unbind(-1)
        cos, sin = cos[:, None, None], sin[:, None, None]
        return torch.stack([cos * x + sin * z, y, cos * z - sin * x], -1)
