"""How long, how fast and with what a head is trained by gradient descent."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch

from ...action.head import Head
from ...action.head_task import HeadTask
from ...action.heads.svm import SVM
from ...gast.errors import InputError
from .fitting import fit


class Descent:
    """Trains a head by gradient descent.

    Args:
        task: Makes the task from the head (a Hydra ``_partial_``).
        trainer: With a checkpoint callback that chooses by validation.
        resume: Path of a checkpoint to go on from.
        newest: Take the last weights, not the best by validation: for a training that has the
            validation subjects too.
    """

    def __init__(
        self,
        *,
        task: Callable[[Head], HeadTask],
        trainer: pl.Trainer,
        resume: str | None = None,
        newest: bool = False,
    ) -> None:
        self.task, self.trainer, self.resume, self.newest = task, trainer, resume, newest

    def fit(self, head: Head, data: pl.LightningDataModule) -> dict[str, Any]:
        """Train the head in place, up to the chosen checkpoint; gives figures for the card.

        Raises:
            InputError: The head is fitted otherwise, or see `fit`.
        """
        if isinstance(head, SVM):
            raise InputError("a SVM is not trained by descent; add training=linear")
        task = self.task(head.train())  # Lightning leaves a net in the mode it comes in
        chosen = fit(self.trainer, task, data, resume=self.resume, newest=self.newest)
        # Our own file of a moment ago: it also holds the optimizer, which is no plain weights.
        task.load_state_dict(
            torch.load(chosen, map_location="cpu", weights_only=False)["state_dict"]
        )
        head.cpu().eval()
        return {"steps": self.trainer.global_step}
