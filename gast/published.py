"""GAST-Net computed as it was published: the numbers of `GASTNet` for more work, as a baseline."""

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .attention import GlobalGraph, GraphAttention, SemanticGraph
from .gastnet import GASTNet


def as_published(net: GASTNet) -> GASTNet:
    """A copy of a net whose graphs multiply whole matrices and attend by features of each pair."""
    made = copy.deepcopy(net)
    for graph in cast("list[GraphAttention]", list(made.graphs)):
        near = graph.local_graph
        near.register_module("symmetry", DenseGraph(near.symmetry))
        near.register_module("kinematics", DenseGraph(near.kinematics))
        graph.register_module("global_graph", PairwiseGraph(graph.global_graph))
    return made


class DenseGraph(nn.Module):
    """`SemanticGraph` with the whole (C, J, J) adjacency, made anew in every call.

    Source: Zhao et al. 2019, §3.1.
    """

    def __init__(self, graph: SemanticGraph) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: Tensor) -> Tensor:
        """(M, J, C) to (M, J, C)."""
        adjacency = self.graph.adjacency()
        own = torch.eye(x.shape[1], device=x.device)
        heard = (adjacency * own) @ _by_channel(x @ self.graph.own)
        heard = heard + (adjacency * (1 - own)) @ _by_channel(x @ self.graph.others)
        return heard.squeeze(-1).transpose(1, 2)


def _by_channel(x: Tensor) -> Tensor:
    """(M, J, C) to (M, C, J, 1)."""
    return x.transpose(1, 2).unsqueeze(-1)


class PairwiseGraph(nn.Module):
    """`GlobalGraph` with an attention logit from the 2 C / H features of each pair, head by head.

    Source: Liu et al. 2020, §3; the pair's features are those of Wang et al. 2018, "Non-local
        neural networks", §3.2, concatenation.
    """

    def __init__(self, graph: GlobalGraph) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: Tensor) -> Tensor:
        """(M, J, C) to (M, J, C)."""
        graph, joints = self.graph, x.shape[1]
        read = (layer(x).chunk(graph.heads, -1) for layer in (graph.theta, graph.phi, graph.value))
        attended = []
        for head, (theta, phi, value) in enumerate(zip(*read, strict=True)):  # (M, J, C / H)
            queries = theta.unsqueeze(2).expand(-1, -1, joints, -1)
            keys = phi.unsqueeze(1).expand(-1, joints, -1, -1)
            logits = torch.cat([queries, keys], -1) @ graph.project[head].flatten()  # (M, J, J)
            attention = F.leaky_relu(logits, 0.2).softmax(-1) + graph.constant[head]
            attended.append(attention @ value)
        return graph.drop(F.relu(graph.mix_norm(graph.mix(torch.cat(attended, -1)))))
