"""Graph convolution over the joints of a body."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..gast.attention import ChannelNorm
from ..gast.skeleton import Skeleton


def partition(skeleton: Skeleton) -> np.ndarray:
    """(3, J, J) float32 adjacency of each joint i (row) to itself, its children and its parent.

    Rows sum to one, or to zero without neighbours. Parents are the paper's "nearer to the centre".

    Source: Yan, Xiong, Lin 2018, "Spatial temporal graph convolutional networks", §3.3.
    """
    subsets = np.zeros((3, len(skeleton), len(skeleton)), np.float32)
    subsets[0] = np.eye(len(skeleton))
    for child, parent in skeleton.bones:
        subsets[1, parent, child] = subsets[2, child, parent] = 1
    return subsets / subsets.sum(-1, keepdims=True).clip(1)


class GraphConv(nn.Module):
    """A linear map for each subset of neighbours; the adjacency is learnt, at first `partition`.

    Source: Duan et al. 2022, "PYSKL: Towards good practices for skeleton action recognition", §3.2.
    """

    def __init__(self, skeleton: Skeleton, inputs: int, outputs: int) -> None:
        super().__init__()
        self.graph = nn.Parameter(torch.from_numpy(partition(skeleton)))
        self.mix = nn.Linear(inputs, len(self.graph) * outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., J, inputs) to (..., J, outputs)."""
        parts = self.mix(x).unflatten(-1, (len(self.graph), -1)).transpose(-2, -3)
        joints = parts.flatten(-3, -2)  # (..., 3 * J, outputs)
        return self.graph.transpose(0, 1).flatten(1) @ joints

    def planes(self, x: Tensor) -> Tensor:
        """(N, inputs, T, J) to (N, outputs, T, J): the same numbers, faster in training."""
        n, _, frames, joints = x.shape
        parts = F.conv2d(x, self.mix.weight[:, :, None, None])
        messages = parts.reshape(n, len(self.graph), -1, joints) @ self.graph.transpose(1, 2)
        return messages.sum(1).view(n, -1, frames, joints)


class JointNorm(ChannelNorm):
    """Batch normalisation of every channel of every joint by itself."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., J, C) to the same."""
        return super().forward(x.flatten(-2)).view(x.shape)
