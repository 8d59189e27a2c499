"""The reference's way to run live, as a baseline: each frame recomputes its receptive field."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .errors import InputError
from .gastnet import GASTNet, LiftingNet
from .skeleton import Skeleton
from .streaming import State, begun, pad_past

WAYS = ("dilated", "strided")


class WindowedGASTNet(LiftingNet):
    """A causal lifter whose state is its last input frames.

    ``way="dilated"`` runs the net as in training, on every frame of the window; ``strided`` leaves
    out what does not lead to the newest frame. `flip` averages with the mirrored window, as papers
    do.

    Source: Pavllo et al. 2019, released code's ``TemporalModelOptimized1f`` for the strided way.
    """

    def __init__(self, net: GASTNet, *, way: str, flip: bool = False) -> None:
        super().__init__()
        if way not in WAYS:
            raise InputError(f"unknown way {way!r}; choose one of {', '.join(WAYS)}")
        if not net.causal:
            raise InputError("a centred lifter looks ahead; take a causal one")
        self.net, self.inputs, self.flip = net, net.inputs, flip
        self.lift = net.valid if way == "dilated" else net.strided

    def step(self, joints: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, inputs) to (N, J, 3); the state is the frames before it."""
        window = (*begun(state, (joints,) * (self.net.receptive_field - 1)), joints)
        clip = torch.stack(window, 1)
        lift = flipped(self.lift, self.net.skeleton) if self.flip else self.lift
        return lift(clip)[:, 0], window[1:]


def flipped(lift: Callable[[Tensor], Tensor], skeleton: Skeleton) -> Callable[[Tensor], Tensor]:
    """The mean of `lift`, (N, T, J, C) to (N, T', J, 3), over a clip and its mirror image in x.

    Source: Pavllo et al. 2019, released code's test-time augmentation.
    """

    def lift_both(clip: Tensor) -> Tensor:
        as_seen, in_mirror = lift(torch.cat([clip, mirrored(clip, skeleton)])).chunk(2)
        return (as_seen + mirrored(in_mirror, skeleton)) / 2

    return lift_both


def mirrored(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """(..., J, C) left for right."""
    swapped = joints[..., skeleton.mirror, :]
    return torch.cat([-swapped[..., :1], swapped[..., 1:]], -1)


@torch.inference_mode()
def in_chunks(net: GASTNet, units: nn.Module, joints: Tensor, *, frames: int = 2000) -> Tensor:
    """``net(units(joints))`` of a causal net for (V, T, J, C), at most `frames` frames at once."""
    past = net.receptive_field - 1
    scaled = pad_past(units(joints), past)
    size = max(1, frames // len(joints))
    return torch.cat(
        [net.valid(scaled[:, t : t + size + past]) for t in range(0, joints.shape[1], size)], 1
    )
