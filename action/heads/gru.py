"""A recurrent head."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...gast.attention import ChannelNorm
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ...gast.streaming import State, begun
from ..body_head import BodyHead


class GRU(BodyHead):
    """Gated recurrent units over the features of the whole body.

    `features` are kinds of `BodyFeatures`. An InputError for a width or number of layers below 1.

    Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", §2.3.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        channels: int,
        layers: int,
        dropout: float,
        features: Sequence[str],
    ) -> None:
        if channels < 1 or layers < 1:
            raise InputError(f"a gru wants channels and layers from 1, got {channels}, {layers}")
        super().__init__(
            skeleton, labels=labels, fps=fps,
            settings={
                "channels": channels, "layers": layers, "dropout": dropout,
                "features": list(features),
            },
            receptive_field=None, features=features,
        )  # fmt: skip
        inputs = len(skeleton) * self.features.channels
        self.input_norm = ChannelNorm(inputs)
        self.expand = nn.Linear(inputs, channels, bias=False)
        self.expand_norm = ChannelNorm(channels)
        self.drop = nn.Dropout(dropout)
        between = dropout if layers > 1 else 0.0
        self.remember = nn.GRU(channels, channels, layers, batch_first=True, dropout=between)
        self.score = nn.Linear(channels, len(self.labels))

    def _embed(self, features: Tensor) -> Tensor:
        hidden = self.expand_norm(self.expand(self.input_norm(features.flatten(-2))))
        return self.drop(F.relu(hidden))

    def describe(self, features: Tensor) -> Tensor:
        """See `BodyHead`."""
        hidden, _ = self.remember(self._embed(features))
        return self.drop(hidden)

    def describe_step(self, features: Tensor, state: State = None) -> tuple[Tensor, State]:
        """See `BodyHead`."""
        x = self._embed(features)
        memory = begun(state, torch.zeros_like(torch.stack((x,) * self.remember.num_layers, 1)))
        hidden, past = self.remember(x[:, None], memory.transpose(0, 1).contiguous())
        return self.drop(hidden[:, 0]), past.transpose(0, 1)
