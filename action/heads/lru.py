"""A state-space head: diagonal linear recurrences, which remember from a frame to seconds."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...gast.attention import ChannelNorm
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ...gast.streaming import State, Streaming, begun
from ..body_head import BodyHead

_SHORTEST_S, _LONGEST_S, _FASTEST_HZ = 0.1, 4.0, 4.0
"""What the memories begin training with: how long they last, and how fast they oscillate."""


class LRU(BodyHead):
    """Linear recurrent units over the features of the whole body.

    `states` are complex memories of each of the `layers`. `features` are kinds of `BodyFeatures`.
    An InputError for a width or number below 1.

    Source: Orvieto et al. 2023, "Resurrecting recurrent neural networks for long sequences", §3,
        with batch normalisation and relu.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        channels: int,
        states: int,
        layers: int,
        dropout: float,
        features: Sequence[str],
    ) -> None:
        if min(channels, states, layers) < 1:
            raise InputError(
                f"a lru wants channels, states and layers from 1, got {channels}, {states}, "
                f"{layers}"
            )
        super().__init__(
            skeleton, labels=labels, fps=fps,
            settings={
                "channels": channels, "states": states, "layers": layers, "dropout": dropout,
                "features": list(features),
            },
            receptive_field=None, features=features,
        )  # fmt: skip
        inputs = len(skeleton) * self.features.channels
        self.input_norm = ChannelNorm(inputs)
        self.expand = nn.Linear(inputs, channels, bias=False)
        self.expand_norm = ChannelNorm(channels)
        self.blocks: Any = nn.ModuleList(
            [Block(channels, states, dropout, fps=self.fps) for _ in range(layers)]
        )
        self.score = nn.Linear(channels, len(self.labels))

    def _embed(self, features: Tensor) -> Tensor:
        return F.relu(self.expand_norm(self.expand(self.input_norm(features.flatten(-2)))))

    def describe(self, features: Tensor) -> Tensor:
        """See `BodyHead`."""
        x = self._embed(features)
        for block in self.blocks:
            x = block(x)
        return x

    def describe_step(self, features: Tensor, state: State = None) -> tuple[Tensor, State]:
        """See `BodyHead`."""
        x, after = self._embed(features), []
        for block, memory in zip(self.blocks, state or (None,) * len(self.blocks), strict=True):
            x, memory = block.step(x, memory)
            after.append(memory)
        return x, tuple(after)


class Block(Streaming):
    """``x + relu(mix(memory, x))``; memories fade, and turn in the complex plane, by themselves."""

    def __init__(self, channels: int, states: int, dropout: float, *, fps: float) -> None:
        super().__init__()
        self.states = states
        self.drive = nn.Linear(channels, 2 * states, bias=False)
        self.mix = nn.Linear(2 * states + channels, channels, bias=False)
        self.norm = ChannelNorm(channels)
        self.drop = nn.Dropout(dropout)
        lasting_s = _SHORTEST_S * (_LONGEST_S / _SHORTEST_S) ** torch.rand(states)
        self.log_rate = nn.Parameter(-torch.log(lasting_s * fps))  # of the size, in each frame
        self.turn = nn.Parameter(torch.rand(states) * 2 * math.pi * _FASTEST_HZ / fps)  # radians

    def _driven(self, x: Tensor) -> Tensor:
        """(..., C) to the real and imaginary parts (..., 2 * states) that memories are given.

        Scaled so that noise drives short and long memories to the same size.
        """
        gain = torch.sqrt(-torch.expm1(-2 * self.log_rate.exp()))
        return self.drive(x) * torch.cat([gain, gain])

    def _rest(self, x: Tensor, memory: Tensor) -> Tensor:
        mixed = self.mix(torch.cat([memory, x], -1))
        return x + self.drop(F.relu(self.norm(mixed)))

    def forward(self, clip: Tensor) -> Tensor:
        """(N, T, C) to the same."""
        memory = torch.complex(*self._driven(clip).float().split(self.states, -1))
        reach = 1  # frames that each memory holds so far; twice as many after each product
        while reach < clip.shape[1]:
            fade = torch.polar(torch.exp(-reach * self.log_rate.exp()), reach * self.turn)
            memory = memory + fade * F.pad(memory[:, :-reach], (0, 0, reach, 0))
            reach *= 2
        return self._rest(clip, torch.cat([memory.real, memory.imag], -1))

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, C) to the same; the state is the memories' real and imaginary parts, 0 at first."""
        driven = self._driven(frame)
        real, imag = begun(state, torch.zeros_like(driven)).split([self.states] * 2, -1)
        size = torch.exp(-self.log_rate.exp())
        cos, sin = size * torch.cos(self.turn), size * torch.sin(self.turn)
        memory = driven + torch.cat([real * cos - imag * sin, real * sin + imag * cos], -1)
        return self._rest(frame, memory), memory
