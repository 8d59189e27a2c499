"""How a head is trained by gradient descent."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl

from ...action.head import Head
from ...action.head_task import HeadTask
from ...action.heads.svm import SVM
from ...gast.errors import InputError
from .fitting import fit


class Descent:
    """Trains a head by gradient descent; see `fit` for the other arguments.

    Args:
        task: Makes the task, with loss and optimizer, from the head (a Hydra ``_partial_``).
        newest: Keep the last weights; for when validation subjects are trained on, too.
    """

    def __init__(
        self,
        *,
        task: Callable[[Head], HeadTask],
        trainer: pl.Trainer,
        resume: str | None = None,
        newest: bool,
    ) -> None:
        self.task, self.trainer, self.resume, self.newest = task, trainer, resume, newest

    def fit(self, head: Head, data: pl.LightningDataModule) -> dict[str, Any]:
        """Train the head in place; gives figures for its card.

        Raises:
            InputError: The head is an `SVM`, or see `fit`.
        """
        if isinstance(head, SVM):
            raise InputError("a SVM is not trained by descent; add training=linear")
        task = self.task(head)
        fit(
            self.trainer, task, data, resume=self.resume, newest=self.newest,
            key="training.resume",
        )  # fmt: skip
        return {"steps": self.trainer.global_step}
