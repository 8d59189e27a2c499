"""GAST-Net folded for streaming: what is constant once trained becomes part of a few products.

Batch norms go into the matrices beside them, the semantic graphs' softmax becomes a table, the two
halves of the attention's projection two columns, and products of the same features become one.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .attention import ChannelNorm, GraphAttention, SemanticGraph
from .errors import InputError
from .gastnet import GASTNet, LiftingNet, TemporalBlock
from .streaming import State, begun


class FoldedGASTNet(LiftingNet):
    """The step of a trained net, faster; an InputError if the net is centred."""

    def __init__(self, net: GASTNet) -> None:
        super().__init__()
        if not net.causal:
            raise InputError("a centred lifter can't stream: it looks ahead; take a causal one")
        with torch.no_grad():
            blocks, graphs = zip(*net.layers(), strict=True) if net.layers() else ((), ())
            graphs = (cast(GraphAttention, net.graphs[0]), *graphs)
            self.skeleton, self.inputs = net.skeleton, net.inputs
            self.dilations = [b.conv.dilation for b in blocks]
            scale, shift = _affine(net.input_norm)
            taps = net.expand.kernel
            weight = net.expand.mix.weight * scale.repeat(taps)
            bias = net.expand.mix.weight @ shift.repeat(taps)
            self.expand = _Product(*_normed(weight, bias, net.expand_norm))
            self.past: list[int] = [net.expand.past, *(block.conv.past for block in blocks)]
            self.graphs = nn.ModuleList(_FoldedGraph(graph) for graph in graphs)
            self.blocks = nn.ModuleList(_FoldedBlock(block) for block in blocks)
            self.shrink = _Product(net.shrink.weight, None)
        self.eval()

    def step(self, joints: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, inputs) to (N, J, 3), and the next state."""
        states: Sequence[State] = (None,) * len(self.past) if state is None else state
        window = _window(joints, states[0], self.past[0])
        x = self.graphs[0](self.expand(torch.cat(window, -1)).relu_())
        after = [window[1:]]
        for i, dilation in enumerate(self.dilations, start=1):
            window = _window(x, states[i], self.past[i])
            x = self.graphs[i](self.blocks[i - 1](torch.cat(window[::dilation], -1), x))
            after.append(window[1:])
        return self.shrink(x), tuple(after)


def _window(frame: Tensor, past: State, length: int) -> tuple[Tensor, ...]:
    return (*begun(past, (frame,) * length), frame)


def _affine(norm: ChannelNorm) -> tuple[Tensor, Tensor]:
    """A trained norm as ``x * scale + shift``."""
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return scale, norm.bias - mean * scale


def _normed(weight: Tensor, bias: Tensor | None, norm: ChannelNorm) -> tuple[Tensor, Tensor]:
    """Weight (out, in) and bias of a product with the norm after it."""
    scale, shift = _affine(norm)
    return weight * scale[:, None], shift if bias is None else bias * scale + shift


class _Product(nn.Module):
    """``x @ weight.T + bias`` over any leading axes."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().clone())
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class _FoldedBlock(nn.Module):
    """`TemporalBlock` on one window."""

    def __init__(self, block: TemporalBlock) -> None:
        super().__init__()
        self.conv = _Product(*_normed(block.conv.mix.weight, None, block.conv_norm))
        self.mix = _Product(*_normed(block.mix.weight, None, block.mix_norm))

    def forward(self, window: Tensor, newest: Tensor) -> Tensor:
        """(N, J, taps * C) and (N, J, C) to (N, J, C)."""
        return newest + self.mix(self.conv(window).relu_()).relu_()


class _Neighbours(nn.Module):
    """`SemanticGraph` with its norm, as a short list of neighbours for each joint."""

    neighbour_index: Tensor
    weight: Tensor
    own: Tensor
    shift: Tensor

    def __init__(self, graph: SemanticGraph, norm: ChannelNorm) -> None:
        super().__init__()
        scale, shift = _affine(norm)
        adjacency = graph.adjacency().permute(1, 2, 0) * scale  # (J, J, C)
        others = graph.links & ~torch.eye(len(graph.links), dtype=torch.bool)
        count = int(others.sum(1).max())
        neighbour_index = others.int().topk(count, dim=1).indices  # (J, count)
        present = torch.take_along_dim(others, neighbour_index, 1)
        weight = torch.take_along_dim(adjacency, neighbour_index[..., None], 1) * present[..., None]
        self.count = count
        self.register_buffer("neighbour_index", neighbour_index.flatten())
        self.register_buffer("weight", weight)
        self.register_buffer("own", torch.diagonal(adjacency).T.contiguous())
        self.register_buffer("shift", shift.detach().clone())

    def forward(self, own: Tensor, others: Tensor) -> Tensor:
        """Each joint's own and outgoing features (N, J, C) to (N, J, C)."""
        neighbours = others[:, self.neighbour_index].unflatten(1, (-1, self.count))
        return (
            torch.addcmul(self.shift, own, self.own).add_((neighbours * self.weight).sum(2)).relu_()
        )


class _FoldedGraph(nn.Module):
    """`GraphAttention` of one frame."""

    constant: Tensor

    def __init__(self, graph: GraphAttention) -> None:
        super().__init__()
        near, far = graph.local_graph, graph.global_graph
        channels, self.heads = near.mix.out_features, far.heads
        self.sizes = [channels] * 5 + [self.heads] * 2
        query, query_bias = far.logits(far.theta, 0)
        key, key_bias = far.logits(far.phi, 1)
        weights = [near.symmetry.own.T, near.symmetry.others.T]
        weights += [near.kinematics.own.T, near.kinematics.others.T]
        weights += [far.value.weight, query.T, key.T]
        bias = torch.cat([torch.zeros(4 * channels), far.value.bias, query_bias, key_bias])
        self.read = _Product(torch.cat(weights), bias)
        self.symmetry = _Neighbours(near.symmetry, near.symmetry_norm)
        self.kinematics = _Neighbours(near.kinematics, near.kinematics_norm)
        self.near = _Product(*_normed(near.mix.weight, None, near.mix_norm))
        self.far = _Product(*_normed(far.mix.weight, None, far.mix_norm))
        self.mix = _Product(*_normed(graph.mix.weight, None, graph.mix_norm))
        self.register_buffer("constant", far.constant.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """(N, J, C) to (N, J, 2C)."""
        mirror_own, mirror, bone_own, bone, value, query, key = self.read(x).split(self.sizes, -1)
        near = torch.cat([self.symmetry(mirror_own, mirror), self.kinematics(bone_own, bone)], -1)
        logits = query.transpose(1, 2).unsqueeze(-1) + key.transpose(1, 2).unsqueeze(-2)
        attention = F.leaky_relu_(logits, 0.2).softmax(-1) + self.constant  # (N, H, J, J)
        heads = value.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (N, H, J, C / H)
        far = (attention @ heads).transpose(1, 2).flatten(2)
        parts = [x, self.near(near).relu_(), self.far(far).relu_()]
        return self.mix(torch.cat(parts, -1)).relu_()
