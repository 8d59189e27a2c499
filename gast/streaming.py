"""Layers that see a clip at once in training and one frame at a time when live."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

State = Any
"""What a layer remembers of a batch of streams: a tensor whose first axis is the stream, or a nest
of tuples of them; opaque to callers. ``None`` starts the streams."""


class Streaming(nn.Module):
    """A net that a clip and a live stream can share.

    Calling `step` frame by frame gives what `forward` gives for the clip. A step neither writes to
    the state it is given nor keeps one of its own, so one set of weights serves any number of
    people.
    """

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, ...) of each stream and the state to (N, ...) and the next state."""
        raise NotImplementedError(f"{type(self).__name__} has no streaming step")


@dataclass(frozen=True)
class Mixed:
    """State in a step's graph: `past` (N, ...), of no meaning where a stream `begins` (N,) bool."""

    past: Tensor
    begins: Tensor


def begun(state: State, start: State) -> State:
    """A layer's state, or `start`, tensors of the same nest, for the streams that only begin.

    Every layer with a state asks this, the only place that knows how streams begin.
    """
    if state is None:
        return start
    if isinstance(state, Mixed):
        begins = state.begins.view(-1, *[1] * (state.past.ndim - 1))
        return torch.where(begins, start, state.past)
    if isinstance(state, tuple) and state and isinstance(state[0], Mixed):
        return tuple(begun(*pair) for pair in zip(state, start, strict=True))
    return state


def streamed(net: Streaming, clip: Tensor) -> Tensor:
    """A net's outputs (N, T, ...) for a clip (N, T, ...), stepped frame by frame."""
    state, outputs = None, list[Tensor]()
    for frame in clip.unbind(1):
        output, state = net.step(frame, state)
        outputs.append(output)
    return torch.stack(outputs, 1)


def take(state: State, streams: Sequence[int]) -> State:
    """The state of some streams of a batch, in the order given."""
    index = torch.tensor(streams, dtype=torch.long)
    return _map(lambda tensors: tensors[0].index_select(0, index.to(tensors[0].device)), state)


def join(states: Sequence[State]) -> State:
    """One batch out of several, streams in the order of the batches. None may be ``None``."""
    return _map(lambda tensors: torch.cat(tensors), *states)


def split(state: State, counts: Sequence[int]) -> list[State]:
    """One batch as several, of so many streams each, in their order; no numbers are moved."""
    parts, start = [], 0
    for count in counts:
        parts.append(_map(partial(_rows, start, count), state))
        start += count
    return parts


def _rows(start: int, count: int, tensors: list[Tensor]) -> Tensor:
    return tensors[0].narrow(0, start, count)


def _map(function: Callable[[list[Tensor]], Tensor], *states: State) -> State:
    """`function` over the tensors that have the same place in all states."""
    if isinstance(states[0], tuple):
        return tuple(_map(function, *parts) for parts in zip(*states, strict=True))
    return function(list(states))


class TemporalConv(Streaming):
    """Convolution over time alone, the same for every joint, as one matrix product.

    Its taps are `dilation` frames apart, as in Oord et al. 2016, "WaveNet", §2.1.
    """

    def __init__(self, inputs: int, outputs: int, *, kernel: int = 3, dilation: int = 1) -> None:
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.past = (kernel - 1) * dilation
        self.mix = nn.Linear(kernel * inputs, outputs, bias=False)

    def forward(self, clip: Tensor) -> Tensor:
        """(N, T, J, inputs) to the (N, T - past, J, outputs) that need no padding."""
        frames = clip.shape[1] - self.past
        taps = [clip[:, i * self.dilation :][:, :frames] for i in range(self.kernel)]
        return self.mix(torch.cat(taps, -1))

    def strided(self, clip: Tensor) -> Tensor:
        """(N, kernel * T, J, inputs) to (N, T, J, outputs): each frame is used once."""
        n, frames, joints, channels = clip.shape
        blocks = clip.view(n, frames // self.kernel, self.kernel, joints, channels)
        return self.mix(blocks.transpose(2, 3).flatten(3))

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, inputs) to (N, J, outputs); the state is the `past` frames before.

        Before its first frame a person is taken to have stood still. As the state is a tuple,
        moving on by one frame moves references, not numbers.
        """
        window = (*begun(state, (frame,) * self.past), frame)
        return self.mix(torch.cat(window[:: self.dilation], -1)), window[1:]


def pad_past(clip: Tensor, frames: int) -> Tensor:
    """(N, T, ...) with `frames` copies of the first frame before it."""
    return torch.cat([clip[:, :1].expand(-1, frames, *clip.shape[2:]), clip], 1) if frames else clip
