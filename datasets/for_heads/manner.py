"""How one person does a thing otherwise than another."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from ...gast.skeleton import Skeleton
from ..seen.completion import kind_of

_LEG_JOINTS = ("hip", "knee", "ankle")


@dataclass(frozen=True)
class Manner:
    """Parts of the body that are turned a little, the same way all along.

    All are standard deviations, in degrees, about the axes forward, left and up.

    Attributes:
        trunk: Of all that is above the hips.
        arms: Of both arms, one the mirror image of the other.
        arm: Of each arm besides, and of its forearm once more.
        leg: Of each leg, and of its shin once more.
    """

    trunk: tuple[float, float, float] = (2.0, 5.0, 4.0)
    arms: tuple[float, float, float] = (6.0, 12.0, 6.0)
    arm: float = 4.0
    leg: float = 3.0

    def __call__(self, pose: Tensor, skeleton: Skeleton, generator: Generator) -> Tensor:
        """Unit vectors (N, T, B, 3) along `outward_bones`, in axes forward, left and up."""

        def normal() -> Tensor:
            return torch.randn(len(pose), 3, generator=generator, device=pose.device)

        trunk = normal() * torch.tensor(self.trunk).to(pose)
        both = normal() * torch.tensor(self.arms).to(pose)
        image = torch.tensor([-1.0, 1.0, -1.0]).to(pose)  # of a turn, seen in a mirror
        turned = {}
        for side, factor in (("left", torch.ones_like(image)), ("right", image)):
            turned[side, "elbow"] = trunk + both * factor + normal() * self.arm
            turned[side, "wrist"] = turned[side, "elbow"] + normal() * self.arm
            turned[side, "knee"] = normal() * self.leg
            turned[side, "ankle"] = turned[side, "knee"] + normal() * self.leg
        angles = []
        for child, _ in skeleton.outward_bones:
            joint = skeleton.joints[child]
            kind, side = kind_of(joint), joint.split("_")[0]
            own = torch.zeros_like(trunk) if kind in _LEG_JOINTS else trunk
            angles.append(turned.get((side, kind), own))
        x, y, z = (torch.stack(angles, 1) * np.pi / 180).unbind(-1)
        none = torch.zeros_like(x)
        cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], -1)
        turns = torch.linalg.matrix_exp(cross.unflatten(-1, (3, 3)))  # (N, B, 3, 3)
        return (turns[:, None] @ pose[..., None])[..., 0]
