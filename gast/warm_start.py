"""A net that goes on from the weights of a smaller one."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .attention import GraphAttention
from .errors import InputError
from .gastnet import GASTNet


def grow(
    net: GASTNet, weights: Mapping[str, Tensor], xy: Tensor, *, difference: float = 0.1
) -> int:
    """Give a net the weights of a narrower one, or of one with a shorter receptive field.

    A net `k` times as wide gets every channel `k` times and hears each of them with a k-th of the
    weight, so that it computes the same; `difference` then lets equal channels part. A net whose
    last layer looks at more frames than the other's hears nothing in the older ones at first and
    computes the same. More layers on top pass on what they get, but for a little of their own that
    is there to be learnt, so that the net computes about the same.

    Args:
        net: To change.
        weights: State of the other net.
        xy: (N, T, J, 2) in the units the weights were trained in, N * T at least a few hundred;
            tells how large the features are that the layers on top have to pass on.
        difference: Standard deviation of the random factors (around one) of repeated weights.

    Returns:
        How many tensors of the net come from the other.

    Raises:
        InputError: No tensor fits, or one can't be repeated to the width of the net.

    Source: Chen, Goodfellow, Shlens 2016, "Net2Net: Accelerating learning via knowledge transfer",
    §2.
    """
    own = net.state_dict()
    fits = {name: old for name, old in weights.items() if name in own}
    for i, width in enumerate(net.filter_widths[1:]):
        if (name := f"blocks.{i}.conv.mix.weight") in fits:
            fits[name] = _longer(fits[name], width, net.causal)
    levels = len({name.split(".")[1] for name in fits if name.startswith("graphs.")})
    if not levels:
        raise InputError("the lifter to start from has no layer in common with the net")
    width = own["shrink.weight"].shape[1] >> (len(net.graphs) - levels)
    shapes = {name: own[name].shape for name in fits} | {"shrink.weight": torch.Size([3, width])}
    grown = {name: _repeated(name, old, shapes[name], difference) for name, old in fits.items()}
    output = torch.zeros_like(own["shrink.weight"])
    output[:, :width] = grown.pop("shrink.weight")
    net.load_state_dict(grown | {"shrink.weight": output}, strict=False)
    for level in range(levels, len(net.graphs)):
        _pass_on(net, level, xy)
    return len(fits)


@torch.no_grad()
def _pass_on(net: GASTNet, level: int, xy: Tensor) -> None:
    """Let a layer on top give what it gets in the first half of its channels."""
    block, graph = net.layers()[level - 1]
    nn.init.constant_(block.mix_norm.weight, _LITTLE)
    nn.init.zeros_(block.mix_norm.bias)
    given = block.conv.mix.out_features
    graph.mix.weight[:given] = torch.eye(given, graph.mix.in_features)
    inputs: list[Tensor] = []
    watching = graph.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    training = net.training
    net.eval()(xy)
    net.train(training)
    watching.remove()
    _keep(graph, inputs[0].flatten(0, -2), given)


def _keep(graph: GraphAttention, features: Tensor, given: int) -> None:
    """Norm the first channels by what they are like, and undo just that."""
    variance, mean = torch.var_mean(features, 0, correction=0)
    norm = graph.mix_norm
    for buffer, value in ((norm.running_mean, mean), (norm.running_var, variance)):
        if buffer is not None:
            buffer[:given] = value
    norm.weight[:given], norm.bias[:given] = (variance + norm.eps).sqrt(), mean


def _longer(old: Tensor, kernel: int, causal: bool) -> Tensor:
    """Weights (C, taps * C) with zeros for the frames that only a longer kernel looks at."""
    channels = len(old)
    more = kernel - old.shape[1] // channels
    later = 0 if causal else more // 2
    return F.pad(old, ((more - later) * channels, later * channels)) if more > 0 else old


_LITTLE = 0.05
"""What a new block adds at first, as the scale of its last norm."""


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
