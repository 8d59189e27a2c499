"""The running mean of the weights, which is what a training keeps."""

import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


class AveragedWeights(WeightAveraging):
    """Exponential mean of weights and statistics; it validates, and it is what is saved.

    What are no fractions stays as it is. Lightning's own average takes in the numbers of joints
    too, and with some decays cuts 12.999 off to 12: the net that validates then has other bones.

    Args:
        decay: Of what the mean keeps at each step, 0 to 1.
    """

    def __init__(self, *, decay: float) -> None:
        def mean(averaged: Tensor, now: Tensor, steps: Tensor | int) -> Tensor:
            return torch.lerp(now, averaged, decay) if now.is_floating_point() else now

        super().__init__(avg_fn=mean)
