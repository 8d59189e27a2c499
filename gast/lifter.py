"""A lifter: a net together with the 2-D units that it was trained in."""

from typing import cast

import torch
from torch import Tensor

from .errors import InputError
from .gastnet import GASTNet, LiftingNet
from .skeleton import Skeleton
from .streaming import State, Streaming
from .units import UNITS


class Lifter(Streaming):
    """A net behind the units it was trained in, a key of `UNITS` (else an InputError).

    Joints have C = 2 channels, x and y in screen units, or C = 3, the last one the confidence of
    their detection, 0..1, 0 where a joint was not detected. See `with_channels` for a net that
    takes another number.
    """

    def __init__(self, net: LiftingNet, *, skeleton: Skeleton, normalisation: str) -> None:
        super().__init__()
        self.net, self.skeleton, self.normalisation = net, skeleton, normalisation
        self.units = NetInput(skeleton, normalisation=normalisation, channels=net.inputs)

    def forward(self, joints: Tensor) -> Tensor:
        """(N, T, J, C) to (N, T, J, 3), metres, camera axes, root-relative."""
        return self.net(self.units(joints))

    def strided(self, joints: Tensor) -> Tensor:
        """The K frames (N, K, J, 3) of windows (N, T, J, C) that have a whole receptive field."""
        fields, count = self.fields(joints)
        return frames_of(cast(GASTNet, self.net).strided(fields), count)

    def fields(self, joints: Tensor) -> tuple[Tensor, int]:
        """The K receptive fields (K * N, T', J, channels) of windows (N, T, J, C), and K.

        An InputError if the net has no strided path, or the windows are shorter than its field.
        """
        if not isinstance(self.net, GASTNet):
            raise InputError(f"{type(self.net).__name__} has no strided path; train it on clips")
        size = self.net.receptive_field
        if (count := joints.shape[1] - size + 1) < 1:
            raise InputError(
                f"windows of {joints.shape[1]} frames are shorter than the receptive field of "
                f"{size}; give frames={size} or more"
            )
        scaled = self.units(joints)
        return torch.cat([scaled[:, i : i + size] for i in range(count)]), count

    def step(self, joints: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, C) to (N, J, 3), as `forward` would."""
        sizes, past = (None, None) if state is None else state
        scaled, sizes = self.units.step(joints, sizes)
        xyz, past = self.net.step(scaled, past)
        return xyz, (sizes, past)


def frames_of(lifted: Tensor, count: int) -> Tensor:
    """(count * N, 1, J, 3), as lifted from `Lifter.fields`, to (N, count, J, 3)."""
    return torch.stack(list(lifted[:, 0].chunk(count)), 1)


class NetInput(Streaming):
    """Joints in a net's units, with their confidence as it is if the net takes 3 channels."""

    def __init__(self, skeleton: Skeleton, *, normalisation: str, channels: int) -> None:
        super().__init__()
        if normalisation not in UNITS:
            raise InputError(
                f"unknown normalisation {normalisation!r}; choose one of {', '.join(UNITS)}"
            )
        self.channels, self.scale = channels, UNITS[normalisation](skeleton)

    def forward(self, joints: Tensor) -> Tensor:
        """(N, T, J, C) in screen units to (N, T, J, channels)."""
        joints = with_channels(joints, self.channels)
        if self.channels == 2:
            return self.scale(joints)
        return torch.cat([self.scale(joints[..., :2]), joints[..., 2:]], -1)

    def step(self, joints: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, C) to (N, J, channels); the state is that of the units."""
        joints = with_channels(joints, self.channels)
        if self.channels == 2:
            return self.scale.step(joints, state)
        scaled, state = self.scale.step(joints[..., :2], state)
        return torch.cat([scaled, joints[..., 2:]], -1), state


def with_confidence(xy: Tensor, confidence: Tensor) -> Tensor:
    """A `Lifter`'s joints (..., J, 3) of places (..., J, 2) and confidences (..., J), or bools."""
    return torch.cat([xy, confidence[..., None].to(xy.dtype)], -1)


def with_channels(joints: Tensor, channels: int) -> Tensor:
    """(..., J, 2 or 3) to (..., J, channels): confidence is left out, or 1 if it is not known."""
    if joints.shape[-1] == channels:
        return joints
    if channels == 2:
        return joints[..., :2]
    return torch.cat([joints, torch.ones_like(joints[..., :1])], -1)
