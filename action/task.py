"""The training task of streaming heads: what Lightning has to know, and nothing else."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ..gast.errors import InputError
from .head import StreamingHead
from .metrics import confusion_matrix, frame_accuracy, mean_class_accuracy

Batch = tuple[Tensor, Tensor, Tensor]


class HeadTask(pl.LightningModule):
    """Every frame of every stream is named; each counts as much as the data say.

    Args:
        head: Joints (N, T, J, 3) to logits (N, T, K).
        optimizer: Builds the optimizer from the parameters (a Hydra ``_partial_``).
        scheduler: Builds the learning-rate schedule from the optimizer, stepped every batch.
        smoothing: Share of the truth that is spread over all labels.
    """

    def __init__(
        self,
        head: StreamingHead,
        *,
        optimizer: Callable[[Iterable], Optimizer],
        scheduler: Callable[[Optimizer], LRScheduler],
        smoothing: float = 0.05,
    ) -> None:
        super().__init__()
        self.head, self.optimizer, self.scheduler = head, optimizer, scheduler
        self.smoothing = smoothing
        self.confusion = np.zeros((len(head.labels),) * 2, np.int64)

    def configure_optimizers(self) -> Any:
        """As the config says."""
        optimizer = self.optimizer(self.parameters())
        schedule = {"scheduler": self.scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The weighted cross entropy, logged."""
        xyz, labels, weights = batch
        losses = F.cross_entropy(
            self.head(xyz).transpose(1, 2), labels.clamp_min(0), reduction="none",
            label_smoothing=self.smoothing,
        )  # fmt: skip
        loss = (losses * weights).sum() / weights.sum().clamp_min(1.0)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Count anew."""
        self.confusion[:] = 0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count."""
        xyz, labels, _ = batch
        named = self.head(xyz).argmax(-1)
        self.confusion += confusion_matrix(
            named.cpu().numpy().ravel(), labels.cpu().numpy().ravel(), classes=len(self.confusion)
        )

    def on_validation_epoch_end(self) -> None:
        """Shares of frames named right, logged."""
        scores = {
            "val/accuracy": frame_accuracy(self.confusion),
            "val/class_accuracy": mean_class_accuracy(self.confusion),
        }
        self.log_dict(scores, prog_bar=True)


class Descent:
    """Trains a streaming head by gradient descent.

    Args:
        task: Makes the task from the head (a Hydra ``_partial_``).
        trainer: With a checkpoint callback that chooses by validation.
        resume: Path of a checkpoint to go on from.
    """

    def __init__(
        self,
        *,
        task: Callable[[StreamingHead], HeadTask],
        trainer: pl.Trainer,
        resume: str | None = None,
    ) -> None:
        self.task, self.trainer, self.resume = task, trainer, resume

    def fit(self, head: StreamingHead, data: pl.LightningDataModule) -> dict[str, Any]:
        """Train the head in place, up to the best checkpoint; gives figures for the card.

        Raises:
            InputError: The head is a windowed one, or the trainer has no `ModelCheckpoint` or ended
                before its first validation.
        """
        if not isinstance(head, StreamingHead):
            raise InputError(
                f"a {type(head).__name__} is not trained by descent; add training=linear"
            )
        task = self.task(head)
        self.trainer.fit(task, datamodule=data, ckpt_path=self.resume)
        best = self._best()
        task.load_state_dict(torch.load(best, map_location="cpu", weights_only=False)["state_dict"])
        head.cpu().eval()
        return {"steps": self.trainer.global_step}

    def _best(self) -> str:
        chosen = self.trainer.checkpoint_callback
        if not isinstance(chosen, ModelCheckpoint):
            raise InputError("training.trainer has no ModelCheckpoint among its callbacks; add one")
        if not chosen.best_model_path:
            raise InputError(
                "training ended before its first validation; give it more steps or time"
            )
        return chosen.best_model_path
