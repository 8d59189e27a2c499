"""Continual graph convolutions over the last two seconds."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...gast.attention import ChannelNorm
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ...gast.streaming import State, Streaming, TemporalConv, begun, pad_past
from ..features import BodyFeatures
from ..graphconv import GraphConv, JointNorm
from ..head import StreamingHead


class CoSTGCN(StreamingHead):
    """Graph convolutions in each frame and causal ones over time, averaged over a sliding window.

    Each block has a width, in `channels`, and a dilation in time. The receptive field is ``1 +
    window + (kernel - 1) * sum(dilations)`` frames: 63 by default, 2.1 s at 30 a second. Dropout is
    of whole channels. `features` are kinds of `BodyFeatures`. An InputError for no blocks, not as
    many dilations as widths, or a number below 1.

    Source: Hedegaard et al. 2022, "Continual spatio-temporal graph convolutional networks", §3, but
        with dilations instead of long kernels: the same memory.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        channels: int,
        widths: Sequence[int],
        dilations: Sequence[int],
        kernel: int,
        window: int,
        dropout: float,
        features: Sequence[str],
    ) -> None:
        widths, dilations = [int(width) for width in widths], [int(d) for d in dilations]
        numbers = [channels, kernel, window, *widths, *dilations]
        if not widths or len(widths) != len(dilations) or min(numbers) < 1:
            raise InputError(
                f"a costgcn wants as many widths as dilations and numbers from 1, got {channels=}, "
                f"{widths=}, {dilations=}, {kernel=}, {window=}"
            )
        super().__init__(
            skeleton, labels=labels, fps=fps,
            settings={
                "channels": channels, "widths": widths, "dilations": dilations, "kernel": kernel,
                "window": window, "dropout": dropout, "features": list(features),
            },
            receptive_field=1 + window + (kernel - 1) * sum(dilations),
        )  # fmt: skip
        self.features = BodyFeatures(skeleton, kinds=features)
        self.input_norm = JointNorm(len(skeleton) * self.features.channels)
        sizes = pairwise([self.features.channels, *(width * channels for width in widths)])
        self.blocks: Any = nn.ModuleList([
            Block(skeleton, *size, kernel=kernel, dilation=dilation, dropout=dropout)
            for size, dilation in zip(sizes, dilations, strict=True)
        ])  # fmt: skip
        self.average = CausalMean(window)
        self.drop = nn.Dropout(dropout)
        self.score = nn.Linear(widths[-1] * channels, len(self.labels))

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to logits (N, T, K)."""
        x = self.input_norm(self.features(xyz))
        for block in self.blocks:
            x = block(x)
        return self.score(self.drop(self.average(x.mean(-2))))

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to logits (N, K)."""
        states = (None,) * (2 + len(self.blocks)) if state is None else state
        features, first = self.features.step(xyz, states[0])
        x, after = self.input_norm(features), [first]
        for block, past in zip(self.blocks, states[1:-1], strict=True):
            x, past = block.step(x, past)
            after.append(past)
        x, last = self.average.step(x.mean(-2), states[-1])
        return self.score(x), (*after, last)


class Block(Streaming):
    """A graph convolution, then a causal temporal one, with a residual connection."""

    def __init__(
        self,
        skeleton: Skeleton,
        inputs: int,
        outputs: int,
        *,
        kernel: int,
        dilation: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.graph = GraphConv(skeleton, inputs, outputs)
        self.graph_norm = ChannelNorm(outputs)
        self.time = TemporalConv(outputs, outputs, kernel=kernel, dilation=dilation)
        self.time_norm = ChannelNorm(outputs)
        self.drop = nn.Dropout2d(dropout)
        same = inputs == outputs
        self.around = nn.Identity() if same else nn.Linear(inputs, outputs, bias=False)
        self.around_norm = nn.Identity() if same else ChannelNorm(outputs)

    def _spatial(self, x: Tensor) -> Tensor:
        return F.relu(self.graph_norm(self.graph(x)))

    def _residual(self, x: Tensor) -> Tensor:
        return self.around_norm(self.around(x))

    def forward(self, clip: Tensor) -> Tensor:
        """(N, T, J, inputs) to (N, T, J, outputs)."""
        moved = self.time_norm(self.time(pad_past(self._spatial(clip), self.time.past)))
        dropped = self.drop(moved.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return F.relu(dropped + self._residual(clip))

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, inputs) to (N, J, outputs)."""
        moved, state = self.time.step(self._spatial(frame), state)
        return F.relu(self.time_norm(moved) + self._residual(frame)), state


class CausalMean(Streaming):
    """The mean of the last `window` frames, this one included, padded with the first frame."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window

    def forward(self, clip: Tensor) -> Tensor:
        """(N, T, C) to (N, T, C)."""
        past = pad_past(clip, self.window - 1).transpose(1, 2)
        return F.avg_pool1d(past, self.window, 1).transpose(1, 2)

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, C) to (N, C); the state is the `window` - 1 frames before."""
        window = (*begun(state, (frame,) * (self.window - 1)), frame)
        return torch.stack(window, 1).mean(1), window[1:]
