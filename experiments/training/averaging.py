"""The running mean of the weights over a training."""

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


class AveragedWeights(WeightAveraging):
    """Exponential mean (`decay` 0 to 1) of weights and buffers, for validation and checkpoints.

    Unlike Lightning's, it leaves integers such as joint indices alone, which rounding would change,
    and saves the mean when a validation is interrupted, too.
    """

    def __init__(self, *, decay: float) -> None:
        def mean(averaged: Tensor, now: Tensor, steps: Tensor | int) -> Tensor:
            return torch.lerp(now, averaged, decay) if now.is_floating_point() else now

        super().__init__(avg_fn=mean)
        self._validating = False

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Swap the averaged weights in."""
        super().on_validation_epoch_start(trainer, pl_module)
        self._validating = True

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Swap the trained weights back in."""
        super().on_validation_epoch_end(trainer, pl_module)
        self._validating = False

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Undo the swap of an interrupted validation before a checkpoint is written."""
        if self._validating:
            self.on_validation_epoch_end(trainer, pl_module)
