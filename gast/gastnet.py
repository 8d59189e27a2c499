"""2-D joints to 3-D joints over time: GAST-Net."""

import math
from collections.abc import Callable, Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from .attention import ChannelNorm, GraphAttention
from .errors import InputError
from .skeleton import Skeleton
from .streaming import State, Streaming, TemporalConv, pad_past


class LiftingNet(Streaming):
    """A net behind a `Lifter`.

    Attributes:
        inputs: Channels of a joint: 2 for x and y, 3 for the confidence of detection as well.
    """

    inputs: int


class GASTNet(LiftingNet):
    """Graph-attention spatio-temporal convolutions over 2-D joints.

    Layers of temporal convolution, each followed by attention over the joints that doubles the
    channels; layer i's dilation is the receptive field of the layers before it.

    Args:
        skeleton: Layout of input and output joints.
        inputs: As in `LiftingNet`; 2 is the published format.
        filter_widths: Frames that each layer sees, odd; their product is the receptive field.
        channels: Width of the first layer, a multiple of 4.
        causal: Whether it looks only back; a centred net looks as far ahead as back.
        dropout: Share of activations dropped in training.

    Source: Liu et al. 2020 (arXiv 2003.14179), §3; the temporal layers are from Pavllo et al. 2019,
        "3D human pose estimation in video with temporal convolutions and semi-supervised training",
        §3.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        inputs: int,
        filter_widths: Sequence[int],
        channels: int,
        causal: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        if inputs not in (2, 3):
            raise InputError(f"inputs must be 2, or 3 with confidence; got {inputs}")
        if not filter_widths or any(width < 1 or width % 2 == 0 for width in filter_widths):
            raise InputError(f"filter_widths must be odd, such as 3 3 3; got {filter_widths}")
        if channels < 4 or channels % 4:
            raise InputError(f"channels must be a multiple of 4 (attention heads); got {channels}")
        self.skeleton, self.filter_widths = skeleton, tuple(filter_widths)
        self.inputs, self.channels = inputs, channels
        self.causal, self.dropout = causal, dropout
        self.receptive_field = math.prod(filter_widths)
        self.input_norm = ChannelNorm(inputs)
        self.expand = TemporalConv(inputs, channels, kernel=filter_widths[0])
        self.expand_norm = ChannelNorm(channels)
        self.graphs = nn.ModuleList([GraphAttention(skeleton, channels, dropout=dropout)])
        self.blocks = nn.ModuleList()
        dilation = filter_widths[0]
        for i, width in enumerate(filter_widths[1:], start=1):
            wide = 2**i * channels
            self.blocks.append(TemporalBlock(wide, width, dilation, causal, dropout))
            self.graphs.append(GraphAttention(skeleton, wide, dropout=dropout))
            dilation *= width
        self.shrink = nn.Linear(2 ** len(filter_widths) * channels, 3, bias=False)

    def forward(self, joints: Tensor) -> Tensor:
        """Lift a clip (N, T, J, inputs), in the units of training, to metres (N, T, J, 3).

        They are in camera axes, relative to the root joint. Beyond its ends a clip's first, and for
        a centred net its last, frame is repeated.
        """
        if self.causal:
            return self._layers(joints, lambda layer, x: pad_past(x, layer.past))
        side = self.receptive_field // 2
        return self.valid(pad_past(pad_past(joints, side).flip(1), side).flip(1))

    def valid(self, joints: Tensor) -> Tensor:
        """(N, T, J, inputs) to the (N, T - receptive_field + 1, J, 3) that need no padding."""
        return self._layers(joints, lambda layer, x: x)

    def _layers(self, joints: Tensor, pad: Callable[[TemporalConv, Tensor], Tensor]) -> Tensor:
        expanded = self.expand(pad(self.expand, self.input_norm(joints)))
        x = self.graphs[0](F.relu(self.expand_norm(expanded)))
        for block, graph in self.layers():
            x = graph(block(pad(block.conv, x)))
        return self.shrink(x)

    def layers(self) -> list[tuple["TemporalBlock", GraphAttention]]:
        """The layers after the first, in time and over the joints."""
        blocks, graphs = cast("list[TemporalBlock]", self.blocks), list(self.graphs)[1:]
        return list(zip(blocks, cast(list[GraphAttention], graphs), strict=True))

    def strided(self, joints: Tensor) -> Tensor:
        """(N, receptive_field, J, inputs) to (N, 1, J, 3) as `valid` does, for less work."""
        expanded = self.expand.strided(self.input_norm(joints))
        x = self.graphs[0](F.relu(self.expand_norm(expanded)))
        for block, graph in self.layers():
            x = graph(block.strided(x))
        return self.shrink(x)

    def step(self, joints: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, inputs) to (N, J, 3) as `forward`; an InputError if centred."""
        if not self.causal:
            raise InputError("a centred lifter can't stream: it looks ahead; take a causal one")
        states = (None,) * (1 + len(self.blocks)) if state is None else state
        expanded, first = self.expand.step(self.input_norm(joints), states[0])
        x, after = self.graphs[0](F.relu(self.expand_norm(expanded))), [first]
        for (block, graph), past in zip(self.layers(), states[1:], strict=True):
            x, past = block.step(x, past)
            x = graph(x)
            after.append(past)
        return self.shrink(x), tuple(after)


class TemporalBlock(Streaming):
    """``x + mix(conv(x))`` over time; the residual is the newest, or the centred, frame."""

    def __init__(
        self, channels: int, kernel: int, dilation: int, causal: bool, dropout: float
    ) -> None:
        super().__init__()
        self.conv = TemporalConv(channels, channels, kernel=kernel, dilation=dilation)
        self.conv_norm = ChannelNorm(channels)
        self.mix = nn.Linear(channels, channels, bias=False)
        self.mix_norm = ChannelNorm(channels)
        self.drop = nn.Dropout(dropout)
        self.newest = kernel - 1 if causal else kernel // 2

    def _rest(self, residual: Tensor, convolved: Tensor) -> Tensor:
        hidden = F.relu(self.conv_norm(convolved))
        return residual + self.drop(F.relu(self.mix_norm(self.mix(hidden))))

    def forward(self, clip: Tensor) -> Tensor:
        """(N, T, J, C) to (N, T - past, J, C)."""
        convolved = self.conv(clip)
        start = self.newest * self.conv.dilation
        return self._rest(clip[:, start : start + convolved.shape[1]], convolved)

    def strided(self, clip: Tensor) -> Tensor:
        """(N, kernel * T, J, C) to (N, T, J, C)."""
        return self._rest(clip[:, self.newest :: self.conv.kernel], self.conv.strided(clip))

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, C) to (N, J, C), and the conv's next state."""
        convolved, state = self.conv.step(frame, state)
        return self._rest(frame, convolved), state
