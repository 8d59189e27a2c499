"""Attention over the joints of one frame, on tensors (..., J, C): the graph half of GAST-Net.

Source: Liu et al. 2020, "A Graph Attention Spatio-temporal Convolutional Network for 3D Human Pose
    Estimation in Video" (arXiv 2003.14179), §3; the channel-wise semantic weights are from Zhao et
    al. 2019, "Semantic Graph Convolutional Networks for 3D Human Pose Regression", §3.1.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .skeleton import Skeleton

_DISTAL = ("wrist", "ankle", "foot", "toe")


def symmetry(skeleton: Skeleton) -> np.ndarray:
    """(J, J) bool: each joint with itself and its mirror image."""
    links = np.eye(len(skeleton), dtype=bool)
    links[np.arange(len(skeleton)), skeleton.mirror] = True
    return links


def kinematics(skeleton: Skeleton) -> np.ndarray:
    """(J, J) bool: neighbours along the bones; from the ends of limbs, two bones far.

    The head counts as an end where the layout has a spine, as in the reference implementation.
    """
    ends = [i for i, joint in enumerate(skeleton.joints) if joint.split("_")[-1] in _DISTAL]
    if "spine" in skeleton.index and "head" in skeleton.index:
        ends.append(skeleton.index["head"])
    near = skeleton.adjacency
    links = near.copy()
    links[ends] = (near.astype(int) @ near.astype(int) > 0)[ends]
    return links


class ChannelNorm(nn.BatchNorm1d):
    """Batch normalisation over all axes but the last."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to (..., C)."""
        return super().forward(x.reshape(-1, x.shape[-1])).view(x.shape)


class SemanticGraph(nn.Module):
    """Graph convolution with a learnt weight for each link and channel.

    Row i of `links` (J, J) bool lists the joints that joint i is computed from, itself included.
    """

    links: Tensor
    heard: Tensor

    def __init__(self, links: np.ndarray, channels: int) -> None:
        super().__init__()
        self.register_buffer("links", torch.from_numpy(links), persistent=False)
        self.register_buffer("heard", torch.from_numpy(_slots(links)), persistent=False)
        self.own = nn.Parameter(torch.empty(channels, channels))
        self.others = nn.Parameter(torch.empty(channels, channels))
        self.edges = nn.Parameter(torch.ones(channels, int(links.sum())))
        for weight in (self.own, self.others):
            nn.init.xavier_uniform_(weight, gain=math.sqrt(2))

    def adjacency(self) -> Tensor:
        """(C, J, J), rows sum to one; constant once trained."""
        logits = self.edges.new_full((len(self.edges), *self.links.shape), -math.inf)
        return logits.masked_scatter(self.links, self.edges).softmax(-1)

    def forward(self, x: Tensor) -> Tensor:
        """(M, J, C) to (M, J, C)."""
        adjacency = self.adjacency().permute(1, 2, 0)  # (J, J, C)
        at = torch.arange(len(self.links), device=x.device)
        heard, others = adjacency[at, at] * (x @ self.own), x @ self.others
        # A gather and a product for each slot: an einsum over the channels takes most of the step.
        for neighbour in self.heard:
            weight = adjacency[at, neighbour] * (neighbour != at)[:, None]
            heard = heard + weight * others[:, neighbour]
        return heard


def _slots(links: np.ndarray) -> np.ndarray:
    """(K, J): the k-th other joint that each joint hears, or the joint itself for none."""
    near = links & ~np.eye(len(links), dtype=bool)
    slots = np.tile(np.arange(len(links)), (int(near.sum(1).max()), 1))
    for joint, row in enumerate(near):
        others = np.flatnonzero(row)
        slots[: len(others), joint] = others
    return slots


class LocalGraph(nn.Module):
    """Features of each joint's mirror image and of its neighbours along the bones."""

    def __init__(self, skeleton: Skeleton, channels: int, *, dropout: float) -> None:
        super().__init__()
        self.symmetry = SemanticGraph(symmetry(skeleton), channels)
        self.symmetry_norm = ChannelNorm(channels)
        self.kinematics = SemanticGraph(kinematics(skeleton), channels)
        self.kinematics_norm = ChannelNorm(channels)
        self.mix = nn.Linear(2 * channels, channels, bias=False)
        self.mix_norm = ChannelNorm(channels)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(M, J, C) to (M, J, C)."""
        mirrored = F.relu(self.symmetry_norm(self.symmetry(x)))
        linked = F.relu(self.kinematics_norm(self.kinematics(x)))
        return self.drop(F.relu(self.mix_norm(self.mix(torch.cat([mirrored, linked], -1)))))


class GlobalGraph(nn.Module):
    """Multi-head attention of every joint to every joint, plus a learnt constant graph.

    The attention logit w·[theta_i; phi_j] is separable: a_i + b_j, so no (J, J, C) tensor is made.
    """

    def __init__(self, skeleton: Skeleton, channels: int, *, heads: int, dropout: float) -> None:
        super().__init__()
        joints, size = len(skeleton), channels // heads
        self.heads = heads
        self.value = nn.Linear(channels, channels)
        self.theta = nn.Linear(channels, channels)
        self.phi = nn.Linear(channels, channels)
        self.project = nn.Parameter(torch.empty(heads, 2, size))
        self.constant = nn.Parameter(torch.zeros(heads, joints, joints))
        self.mix = nn.Linear(channels, channels, bias=False)
        self.mix_norm = ChannelNorm(channels)
        self.drop = nn.Dropout(dropout)
        nn.init.normal_(self.project, std=math.sqrt(1 / size))
        for layer in (self.value, self.theta, self.phi):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def logits(self, layer: nn.Linear, part: int) -> tuple[Tensor, Tensor]:
        """`layer` and its half of `project` as one map: weight (C, H) and bias (H,)."""
        project = self.project[:, part]
        weight = torch.einsum("hs,hsc->ch", project, layer.weight.unflatten(0, (self.heads, -1)))
        return weight, (project * layer.bias.unflatten(0, (self.heads, -1))).sum(-1)

    def forward(self, x: Tensor) -> Tensor:
        """(M, J, C) to (M, J, C)."""
        query_weight, query_bias = self.logits(self.theta, 0)
        key_weight, key_bias = self.logits(self.phi, 1)
        query = (x @ query_weight + query_bias).transpose(1, 2).unsqueeze(-1)  # (M, H, J, 1)
        key = (x @ key_weight + key_bias).transpose(1, 2).unsqueeze(-2)  # (M, H, 1, J)
        attention = F.leaky_relu(query + key, 0.2).softmax(-1) + self.constant
        value = self.value(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (M, H, J, C / H)
        attended = (attention @ value).transpose(1, 2).flatten(2)
        return self.drop(F.relu(self.mix_norm(self.mix(attended))))


class GraphAttention(nn.Module):
    """Local and global graph side by side, then twice as many channels."""

    def __init__(self, skeleton: Skeleton, channels: int, *, dropout: float) -> None:
        super().__init__()
        self.local_graph = LocalGraph(skeleton, channels, dropout=dropout)
        self.global_graph = GlobalGraph(skeleton, channels, heads=4, dropout=dropout)
        self.mix = nn.Linear(3 * channels, 2 * channels, bias=False)
        self.mix_norm = ChannelNorm(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """(..., J, C) to (..., J, 2C)."""
        frames = x.reshape(-1, *x.shape[-2:])  # (M, J, C)
        parts = torch.cat([frames, self.local_graph(frames), self.global_graph(frames)], -1)
        return F.relu(self.mix_norm(self.mix(parts))).view(*x.shape[:-1], -1)
