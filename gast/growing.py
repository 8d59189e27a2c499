"""A net that goes on from the weights of a smaller one."""

from collections.abc import Mapping

import torch
from torch import Tensor

from .errors import InputError
from .lifter import GASTNet


def grow(net: GASTNet, weights: Mapping[str, Tensor], *, difference: float = 0.1) -> int:
    """Give a net the weights of a narrower or shorter one.

    A net `k` times as wide gets every channel `k` times and hears each of them with a k-th of the
    weight, so that it computes the same; `difference` then lets equal channels part. A net with a
    longer receptive field has more layers on top; these, and the output, keep what they had.

    Args:
        net: To change.
        weights: State of the other net.
        difference: Standard deviation of the random factors (around one) of repeated weights.

    Returns:
        How many tensors of the net come from the other.

    Raises:
        InputError: No tensor fits, or one can't be repeated to the width of the net.

    Source: Chen, Goodfellow, Shlens 2016, "Net2Net: Accelerating learning via knowledge transfer",
    §2 (wider nets).
    """
    own = net.state_dict()
    depth = sum(name.endswith(".local_graph.mix.weight") for name in own)
    before = sum(name.endswith(".local_graph.mix.weight") for name in weights)
    taken = {}
    for name, old in weights.items():
        if name in own and (name != "shrink.weight" or depth == before):
            taken[name] = _repeated(name, old, own[name].shape, difference)
    if not taken:
        raise InputError("the lifter to start from has no layer in common with the net")
    net.load_state_dict(taken, strict=False)
    return len(taken)


def _repeated(name: str, old: Tensor, shape: torch.Size, difference: float) -> Tensor:
    """`old` at `shape`: each channel several times, its weight shared where it is heard."""
    if old.ndim != len(shape) or any(
        new % max(size, 1) for new, size in zip(shape, old.shape, strict=True)
    ):
        raise InputError(
            f"can't start {name} of shape {tuple(shape)} from {tuple(old.shape)}; start from the "
            f"same layout and a width that divides the net's"
        )
    if old.shape == shape:
        return old
    new = old
    for axis, size in enumerate(shape):
        times = size // old.shape[axis]
        new = new.repeat_interleave(times, axis)
        if axis == _heard(name):
            new = new / times
    if name.endswith(("running_mean", "running_var")):
        return new
    return new * (1 + difference * torch.randn(new.shape))


def _heard(name: str) -> int | None:
    """The axis over which a tensor sums what it hears; None if it does not."""
    if name.endswith((".own", ".others")):
        return 0
    if name.endswith(".project"):
        return 2
    part = name.removesuffix(".weight").rsplit(".", 1)[-1]
    return 1 if part in ("mix", "value", "theta", "phi", "shrink") else None
