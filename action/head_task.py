"""The training task of heads."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytorch_lightning as pl
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .distillation import Teacher
from .head import Head, of_bodies
from .metrics import confusion_matrix, frame_accuracy, mean_class_accuracy

Batch = tuple[Tensor, Tensor, Tensor]
"""Joints, labels and weights. For a head that streams: (N, T, J, 3), (N, T), (N, T); for one that
looks at windows: (N, frames, J, 3), (N,), (N,), or a label a frame, of which the last one counts.
Joints of several people are (N, M, T, J, 3), see `head.of_bodies`."""


class HeadTask(pl.LightningModule):
    """Weighted cross entropy, with label smoothing, of every frame of a stream or every window.

    `optimizer` and `scheduler` are factories; the schedule, if there is one, is stepped every
    batch. A `teacher` takes a share of the loss; an InputError if it can't teach the head.
    """

    def __init__(
        self,
        head: Head,
        *,
        optimizer: Callable[[Iterable], Optimizer],
        scheduler: Callable[[Optimizer], LRScheduler] | None = None,
        smoothing: float,
        teacher: Teacher | None = None,
    ) -> None:
        super().__init__()
        if teacher is not None:
            teacher.refuse_unlike(head)
        self.head, self.optimizer, self.scheduler = head, optimizer, scheduler
        self.smoothing, self.teacher = smoothing, teacher
        self.confusion = np.zeros((len(head.labels),) * 2, np.int64)

    def configure_optimizers(self) -> Any:
        """As the config says."""
        optimizer = self.optimizer(self.parameters())
        if self.scheduler is None:
            return optimizer
        schedule = {"scheduler": self.scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def _logits(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        xyz, labels, weights = batch
        if self.head.frames is not None and labels.ndim > 1:
            labels, weights = labels[:, -1], weights[:, -1]
        return of_bodies(self.head, xyz), labels, weights

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss, logged."""
        logits, labels, weights = self._logits(batch)
        losses = F.cross_entropy(
            logits.movedim(-1, 1), labels.clamp_min(0), reduction="none",
            label_smoothing=self.smoothing,
        )  # fmt: skip
        if self.teacher is not None:
            losses = self.teacher.mixed(losses, logits, batch[0])
        loss = (losses * weights).sum() / weights.sum().clamp_min(1.0)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Reset the counts."""
        self.confusion[:] = 0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count correct and wrong predictions."""
        xyz, labels, _ = batch
        windows = self.head.frames is not None and labels.ndim > 1
        named = (self.head.per_frame(xyz) if windows else of_bodies(self.head, xyz)).argmax(-1)
        self.confusion += confusion_matrix(
            named.cpu().numpy().ravel(), labels.cpu().numpy().ravel(), classes=len(self.confusion)
        )

    def on_validation_epoch_end(self) -> None:
        """Log accuracies of frames or windows."""
        scores = {
            "val/accuracy": frame_accuracy(self.confusion),
            "val/class_accuracy": mean_class_accuracy(self.confusion),
        }
        self.log_dict(scores, prog_bar=True)
