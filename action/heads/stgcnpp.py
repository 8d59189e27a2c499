"""The strong baseline: graph and multi-branch temporal convolutions over a window."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..features import BodyFeatures, ToTheFront
from ..graphconv import GraphConv, JointNorm
from ..head import WindowedHead


class STGCNPP(WindowedHead):
    """ST-GCN++: a learnt graph, multi-branch temporal convolutions, global average pooling.

    Each block has a width, in `channels`, and a stride in time; `dilations` are those of the
    `TimeBranches`. Dropout is of whole channels. `features` are kinds of `BodyFeatures`; `front`
    turns each window `ToTheFront`. An InputError for no blocks, not as many strides as widths, a
    number below 1, or fewer channels than branches.

    Source: Duan et al. 2022, "PYSKL: Towards good practices for skeleton action recognition", §3.2.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        frames: int,
        channels: int,
        widths: Sequence[int],
        strides: Sequence[int],
        dilations: Sequence[int],
        dropout: float,
        features: Sequence[str],
        front: bool,
    ) -> None:
        widths, strides, dilations = (
            [int(number) for number in numbers] for numbers in (widths, strides, dilations)
        )
        _check(channels, widths, strides, dilations)
        settings = {
            "frames": frames, "channels": channels, "widths": widths, "strides": strides,
            "dilations": dilations, "dropout": dropout, "features": list(features),
            "front": front,
        }  # fmt: skip
        super().__init__(skeleton, labels=labels, fps=fps, settings=settings, frames=frames)
        self.turn = ToTheFront(skeleton) if front else nn.Identity()
        self.features = BodyFeatures(skeleton, kinds=features)
        self.input_norm = JointNorm(len(skeleton) * self.features.channels)
        sizes = [self.features.channels, *(width * channels for width in widths)]
        self.blocks = nn.Sequential(*(
            Block(skeleton, *size, stride=stride, dilations=dilations, dropout=dropout)
            for size, stride in zip(pairwise(sizes), strides, strict=True)
        ))  # fmt: skip
        self.drop = nn.Dropout(dropout)
        self.score = nn.Linear(sizes[-1], len(self.labels))

    def forward(self, window: Tensor) -> Tensor:
        """(N, frames, J, 3) to logits (N, K)."""
        features = self.input_norm(self.features(self.turn(window)))
        planes = features.permute(0, 3, 1, 2).contiguous()
        return self.score(self.drop(self.blocks(planes).mean((2, 3))))


def _check(
    channels: int, widths: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> None:
    numbers = [channels, *widths, *strides, *dilations]
    if not widths or len(widths) != len(strides) or min(numbers) < 1:
        raise InputError(
            f"a stgcn++ wants as many widths as strides and numbers from 1, got {channels=}, "
            f"{widths=}, {strides=}, {dilations=}"
        )
    if channels * min(widths) < len(dilations) + 2:
        raise InputError(
            f"a stgcn++ with {len(dilations)} dilations wants {len(dilations) + 2} channels or "
            f"more, got {channels}"
        )


class Block(nn.Module):
    """A graph and a temporal convolution, each with a residual connection.

    Everything here is (N, C, T, J), which torch is fastest with on a CPU.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        inputs: int,
        outputs: int,
        *,
        stride: int,
        dilations: Sequence[int],
        dropout: float,
    ) -> None:
        super().__init__()
        self.graph = GraphConv(skeleton, inputs, outputs)
        self.graph_norm = nn.BatchNorm2d(outputs)
        self.graph_around = _residual(inputs, outputs, 1)
        self.time = TimeBranches(outputs, stride=stride, dilations=dilations)
        self.time_norm = nn.BatchNorm2d(outputs)
        self.drop = nn.Dropout2d(dropout)
        self.around = _residual(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, T, J) to (N, outputs, T / stride, J)."""
        graph = F.relu(self.graph_norm(self.graph.planes(x)) + self.graph_around(x))
        return F.relu(self.drop(self.time_norm(self.time(graph))) + self.around(x))


def _residual(inputs: int, outputs: int, stride: int) -> nn.Module:
    if inputs == outputs and stride == 1:
        return nn.Identity()
    conv = nn.Conv2d(inputs, outputs, 1, stride=(stride, 1), bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class TimeBranches(nn.Module):
    """Channels in branches: three taps of each dilation, maximum of three frames, identity."""

    def __init__(self, channels: int, *, stride: int, dilations: Sequence[int]) -> None:
        super().__init__()
        size = channels // (len(dilations) + 2)
        self.sizes = [channels - (len(dilations) + 1) * size] + [size] * (len(dilations) + 1)
        self.stride = (stride, 1)
        self.split = nn.Conv2d(channels, channels, 1, bias=False)
        self.split_norm = nn.BatchNorm2d(channels)
        self.branches = nn.ModuleList(
            nn.Conv2d(
                width, width, (3, 1), stride=self.stride, padding=(d, 0), dilation=(d, 1),
                bias=False,
            )
            for width, d in zip(self.sizes, dilations, strict=False)
        )  # fmt: skip
        self.join_norm = nn.BatchNorm2d(channels)
        self.join = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, J) to (N, C, T / stride, J)."""
        *moving, highest, alone = F.relu(self.split_norm(self.split(x))).split(self.sizes, 1)
        parts = [conv(part) for conv, part in zip(self.branches, moving, strict=True)]
        parts.append(F.max_pool2d(highest, (3, 1), self.stride, (1, 0)))
        parts.append(alone[:, :, :: self.stride[0]])
        return self.join(F.relu(self.join_norm(torch.cat(parts, 1))))
