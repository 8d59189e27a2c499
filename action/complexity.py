"""What a head costs in parameters and multiply-adds."""

from dataclasses import dataclass

import torch

from .head import Head, StreamingHead

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class Complexity:
    """Parameters, without batch normalisation's statistics, and multiply-adds for a person's frame.

    Matrix products and convolutions count: of a streaming head's step, or of a whole window.
    """

    parameters: int
    multiply_adds: int


def complexity(head: Head) -> Complexity:
    """Measured by a run on a frame or two; leaves the head unchanged."""
    from torch.utils.flop_counter import FlopCounterMode

    training = head.training
    counter = FlopCounterMode(display=False)
    try:
        with torch.no_grad():
            _run(head.eval(), counter)
    finally:
        head.train(training)
    numbers = (v.numel() for key, v in head.state_dict().items() if not key.endswith(_STATISTICS))
    return Complexity(sum(numbers), counter.get_total_flops() // 2)


def _run(head: Head, counter: "torch.utils.flop_counter.FlopCounterMode") -> None:
    device = next((tensor.device for tensor in head.state_dict().values()), None)
    joints = len(head.skeleton)
    if isinstance(head, StreamingHead):
        frame = torch.rand(1, joints, 3, device=device)
        _, state = head.step(frame)
        with counter:
            head.step(frame, state)
    else:
        window = torch.rand(1, head.frames, joints, 3, device=device)
        with counter:
            head(window)
