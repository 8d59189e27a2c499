"""The training task of lifters: what Lightning has to know, and nothing else."""

from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .metrics import acceleration_error_mm, mpjpe_mm, p_mpjpe_mm
from .streaming import Streaming

Batch = tuple[Tensor, Tensor, Tensor]


class LiftingTask(pl.LightningModule):
    """Dense supervision: every frame of every clip counts.

    Args:
        net: Screen units (N, T, J, 2) to metres (N, T, J, 3).
        optimizer: Builds the optimizer from the parameters (a Hydra ``_partial_``).
        scheduler: Builds the learning-rate schedule from the optimizer, stepped every batch.
        velocity: Weight of the error of the joints' motion from frame to frame.
        unseen: Weight of joints that the detector did not see; the net guesses them.
    """

    def __init__(
        self,
        net: Streaming,
        *,
        optimizer: Callable[[Iterable], Optimizer],
        scheduler: Callable[[Optimizer], LRScheduler],
        velocity: float = 1.0,
        unseen: float = 0.3,
    ) -> None:
        super().__init__()
        self.net, self.optimizer, self.scheduler = net, optimizer, scheduler
        self.velocity, self.unseen = velocity, unseen

    def configure_optimizers(self) -> Any:
        """As the config says."""
        optimizer = self.optimizer(self.parameters())
        schedule = {"scheduler": self.scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss in metres, logged in mm."""
        xy, xyz, seen = batch
        lifted = self.net(xy)
        weight = torch.where(seen, 1.0, self.unseen)
        error = mpjpe_mm(lifted, xyz, weight)
        drift = (lifted - xyz).diff(dim=1).norm(dim=-1).mean() * 1000
        self.log("train/mpjpe_mm", error, prog_bar=True)
        return (error + self.velocity * drift) / 1000

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Errors in mm, logged."""
        xy, xyz, _ = batch
        lifted = self.net(xy)
        scores = {
            "val/mpjpe_mm": mpjpe_mm(lifted, xyz),
            "val/p_mpjpe_mm": p_mpjpe_mm(lifted, xyz),
            "val/acceleration_mm": acceleration_error_mm(lifted, xyz),
        }
        self.log_dict(scores, prog_bar=True, batch_size=len(xy))
