"""The running mean of the weights, which is what a training keeps."""

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


class AveragedWeights(WeightAveraging):
    """Exponential mean of weights and statistics; it validates, and it is what is saved.

    Integers are taken over unchanged: Lightning's own average takes in joint indices too, and with
    some decays cuts 12.999 off to 12, so that the net that validates has other bones. An
    interrupted validation saves the mean as well: Lightning's own would save what it had swapped.

    Args:
        decay: Of what the mean keeps at each step, 0 to 1.
    """

    def __init__(self, *, decay: float) -> None:
        def mean(averaged: Tensor, now: Tensor, steps: Tensor | int) -> Tensor:
            return torch.lerp(now, averaged, decay) if now.is_floating_point() else now

        super().__init__(avg_fn=mean)
        self._validating = False

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validate the mean."""
        super().on_validation_epoch_start(trainer, pl_module)
        self._validating = True

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Train on."""
        super().on_validation_epoch_end(trainer, pl_module)
        self._validating = False

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Undo a swap that no end of a validation undoes, before a checkpoint is written."""
        if self._validating:
            self.on_validation_epoch_end(trainer, pl_module)
