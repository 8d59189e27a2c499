"""The reference's way to run live: the whole receptive field anew for every frame.

Kept to be measured beside streaming, which gives the same numbers for a fraction of the work.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .errors import InputError
from .gastnet import GASTNet
from .skeleton import Skeleton
from .streaming import State, Streaming, begun, pad_past

WAYS = ("dilated", "strided")


class WindowedGASTNet(Streaming):
    """A causal lifter that remembers nothing but its last input frames.

    Args:
        net: Causal.
        way: ``dilated`` runs the net as in training, on every frame of the window; ``strided``
            leaves out what does not lead to the newest frame.
        flip: Lift the mirrored window as well and take the mean, as papers do for their figures.

    Raises:
        InputError: Unknown way, or the net is centred.

    Source: Pavllo et al. 2019, released code's ``TemporalModelOptimized1f`` for the strided way.
    """

    def __init__(self, net: GASTNet, *, way: str, flip: bool = False) -> None:
        super().__init__()
        if way not in WAYS:
            raise InputError(f"unknown way {way!r}; choose one of {', '.join(WAYS)}")
        if not net.causal:
            raise InputError("a centred lifter looks ahead; take a causal one")
        self.net, self.flip = net, flip
        self.lift = net.valid if way == "dilated" else net.strided

    def step(self, xy: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 2) and the frames before it to (N, J, 3) and the next past."""
        window = (*begun(state, (xy,) * (self.net.receptive_field - 1)), xy)
        clip = torch.stack(window, 1)
        lift = flipped(self.lift, self.net.skeleton) if self.flip else self.lift
        return lift(clip)[:, 0], window[1:]


def flipped(lift: Callable[[Tensor], Tensor], skeleton: Skeleton) -> Callable[[Tensor], Tensor]:
    """How to lift the mirrored clip as well and take the mean.

    Args:
        lift: Clips (N, T, J, 2), x from the middle, to (N, T', J, 3).
        skeleton: Layout of the joints.

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
def in_chunks(net: GASTNet, units: nn.Module, xy: Tensor, *, frames: int = 2000) -> Tensor:
    """What ``net(units(xy))`` gives, at most so many frames at once, however long the clip.

    Args:
        net: A causal one.
        units: That it was trained in.
        xy: (V, T, J, 2), screen units.
        frames: V times those of a chunk.
    """
    past = net.receptive_field - 1
    scaled = pad_past(units(xy), past)
    size = max(1, frames // len(xy))
    return torch.cat(
        [net.valid(scaled[:, t : t + size + past]) for t in range(0, xy.shape[1], size)], 1
    )
