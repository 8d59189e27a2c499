"""A light head: temporal convolutions over the last two seconds."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from ...gast.attention import ChannelNorm
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ...gast.streaming import State, Streaming, TemporalConv, pad_past
from ..body_head import BodyHead


class TCN(BodyHead):
    """Causal dilated convolutions over the features of the whole body.

    Each dilation makes a block of three taps. The receptive field is ``2 + 2 * sum(dilations)``
    frames: 64 by default, 2.1 s at 30 a second. `features` are kinds of `BodyFeatures`. An
    InputError for no blocks, or a width or dilation below 1.

    Source: Bai, Kolter, Koltun 2018, "An empirical evaluation of generic convolutional and
        recurrent networks for sequence modeling", §3, with batch normalisation.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        channels: int,
        dilations: Sequence[int],
        dropout: float,
        features: Sequence[str],
    ) -> None:
        dilations = [int(dilation) for dilation in dilations]
        if channels < 1 or not dilations or min(dilations) < 1:
            raise InputError(
                f"a tcn wants widths and dilations from 1, got {channels}, {dilations}"
            )
        super().__init__(
            skeleton, labels=labels, fps=fps,
            settings={
                "channels": channels, "dilations": dilations, "dropout": dropout,
                "features": list(features),
            },
            receptive_field=2 + 2 * sum(dilations), features=features,
        )  # fmt: skip
        inputs = len(skeleton) * self.features.channels
        self.input_norm = ChannelNorm(inputs)
        self.expand = nn.Linear(inputs, channels, bias=False)
        self.expand_norm = ChannelNorm(channels)
        self.blocks: Any = nn.ModuleList([Block(channels, d, dropout) for d in dilations])
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
        for block, past in zip(self.blocks, state or (None,) * len(self.blocks), strict=True):
            x, past = block.step(x, past)
            after.append(past)
        return x, tuple(after)


class Block(Streaming):
    """``x + relu(conv(x))``, looking back only."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.conv = TemporalConv(channels, channels, kernel=3, dilation=dilation)
        self.norm = ChannelNorm(channels)
        self.drop = nn.Dropout(dropout)

    def _rest(self, x: Tensor, convolved: Tensor) -> Tensor:
        return x + self.drop(F.relu(self.norm(convolved)))

    def forward(self, clip: Tensor) -> Tensor:
        """(N, T, C) to the same."""
        return self._rest(clip, self.conv(pad_past(clip, self.conv.past)))

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, C) to the same."""
        convolved, state = self.conv.step(frame, state)
        return self._rest(frame, convolved), state
