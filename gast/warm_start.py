"""Training that starts from the weights of a smaller net."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .attention import GraphAttention
from .errors import InputError
from .gastnet import GASTNet


def grow(
    net: GASTNet, weights: Mapping[str, Tensor], joints: Tensor, *, difference: float = 0.1
) -> int:
    """Give a net the weights of a narrower one, or of one with a shorter receptive field.

    Each channel is repeated to the net's width and each copy's input weight divided by the number
    of copies, which computes the same; random factors of standard deviation `difference` around one
    let the copies part. Frames that only a longer filter of the last layer sees have weight zero.
    So have confidences that the other net did not take. Layers on top pass on what they get, and
    add little at first; their norms are set by the features of `joints` (N, T, J, inputs), in the
    units of training, N * T at least a few hundred.

    Returns:
        How many tensors of the net come from the other.

    Raises:
        InputError: No tensor fits, one can't be repeated to the width of the net, or the other net
            takes confidences and this one does not.

    Source: Chen, Goodfellow, Shlens 2016, "Net2Net: Accelerating learning via knowledge transfer",
        §2.
    """
    own = net.state_dict()
    fits = {name: old for name, old in weights.items() if name in own}
    for i, width in enumerate(net.filter_widths[1:]):
        if (name := f"blocks.{i}.conv.mix.weight") in fits:
            fits[name] = _padded_filter(fits[name], width, net.causal)
    fits |= _with_confidence(fits, net)
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
        _pass_through(net, level, joints)
    return len(fits)


@torch.no_grad()
def _pass_through(net: GASTNet, level: int, joints: Tensor) -> None:
    """Let a layer on top put out its input in the first half of its channels."""
    block, graph = net.layers()[level - 1]
    nn.init.constant_(block.mix_norm.weight, _INITIAL_GAIN)
    nn.init.zeros_(block.mix_norm.bias)
    given = block.conv.mix.out_features
    graph.mix.weight[:given] = torch.eye(given, graph.mix.in_features)
    inputs: list[Tensor] = []
    hook = graph.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    training = net.training
    net.eval()(joints)
    net.train(training)
    hook.remove()
    _undo_norm(graph, inputs[0].flatten(0, -2), given)


def _undo_norm(graph: GraphAttention, features: Tensor, given: int) -> None:
    """Set the last norm of the first `given` channels so that it undoes itself."""
    variance, mean = torch.var_mean(features, 0, correction=0)
    norm = graph.mix_norm
    for buffer, value in ((norm.running_mean, mean), (norm.running_var, variance)):
        if buffer is not None:
            buffer[:given] = value
    norm.weight[:given], norm.bias[:given] = (variance + norm.eps).sqrt(), mean


def _padded_filter(old: Tensor, kernel: int, causal: bool) -> Tensor:
    """Weights (C, taps * C) with zeros for the frames that only a longer filter sees."""
    channels = len(old)
    more = kernel - old.shape[1] // channels
    later = 0 if causal else more // 2
    return F.pad(old, ((more - later) * channels, later * channels)) if more > 0 else old


def _with_confidence(fits: Mapping[str, Tensor], net: GASTNet) -> dict[str, Tensor]:
    """The tensors that see the input, with weight zero for a channel that they did not have."""
    if "input_norm.weight" not in fits or "expand.mix.weight" not in fits:
        return {}
    before = len(fits["input_norm.weight"])
    if before > net.inputs:
        raise InputError(
            f"the lifter to start from takes {before} channels with confidence, the net "
            f"{net.inputs}; give net.inputs={before}"
        )
    more = net.inputs - before
    norm = {name: old for name, old in fits.items() if name.startswith("input_norm.") and old.ndim}
    neutral = {name: float(name.endswith(("weight", "running_var"))) for name in norm}
    taps = fits["expand.mix.weight"].unflatten(1, (-1, before))
    return {name: F.pad(old, (0, more), value=neutral[name]) for name, old in norm.items()} | {
        "expand.mix.weight": F.pad(taps, (0, more)).flatten(1)
    }


_INITIAL_GAIN = 0.05
"""Scale of the last norm of a new block, which starts close to the identity."""


def _repeated(name: str, old: Tensor, shape: torch.Size, difference: float) -> Tensor:
    """`old` at `shape`: channels repeated, weights divided where copies are summed."""
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
        if axis == _input_axis(name):
            new = new / times
    if name.endswith(("running_mean", "running_var")):
        return new
    return new * (1 + difference * torch.randn(new.shape))


def _input_axis(name: str) -> int | None:
    """The axis of inputs, over which a layer sums; None for other tensors."""
    if name.endswith((".own", ".others")):
        return 0
    if name.endswith(".project"):
        return 2
    part = name.removesuffix(".weight").rsplit(".", 1)[-1]
    return 1 if part in ("mix", "value", "theta", "phi", "shrink") else None
