"""Lightning's fit, as our programs want it: resumable, and ended by Ctrl-C without loss."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint, WeightAveraging
from torch import Tensor

from ..action.head import Head
from ..action.head_task import HeadTask
from ..action.heads.svm import SVM
from ..gast.errors import InputError


def fit(
    trainer: pl.Trainer,
    task: pl.LightningModule,
    data: pl.LightningDataModule,
    *,
    resume: str | None = None,
    newest: bool = False,
) -> str:
    """Train until the trainer has enough.

    Args:
        trainer: With a `ModelCheckpoint`, and an `OnExceptionCheckpoint` if an interruption shall
            be saved.
        task: To train.
        data: To train on.
        resume: Checkpoint of an interrupted training to go on from.
        newest: Where validation has nothing to choose by.

    Returns:
        Path of the best checkpoint by validation, or of the newest.

    Raises:
        InputError: The checkpoint to go on from isn't there, an earlier training is in the way, or
            training ended before its first validation.
        KeyboardInterrupt: Ctrl-C; where to go on from has been printed.
    """
    if resume is not None and not Path(resume).is_file():
        raise InputError(f"no checkpoint at resume={resume}; give the path of a .ckpt file")
    if resume is None:
        _refuse_earlier(trainer)
    try:
        with warnings.catch_warnings():
            for kind in (UserWarning, FutureWarning):  # Lightning's, about itself
                warnings.filterwarnings("ignore", category=kind, module="pytorch_lightning")
            trainer.fit(task, datamodule=data, ckpt_path=resume, weights_only=False)
    except SystemExit as ended:  # so Lightning answers Ctrl-C
        raise KeyboardInterrupt from ended
    finally:
        _tell(trainer)
    saved = [c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint)]
    if not saved:
        raise InputError("the trainer has no ModelCheckpoint among its callbacks; add one")
    chosen = saved[0].last_model_path if newest else saved[0].best_model_path
    if not chosen:
        raise InputError("training ended before its first validation; give it more steps or time")
    return chosen


def _refuse_earlier(trainer: pl.Trainer) -> None:
    """Lightning would go on from what lies in the folder, whatever it was, without being asked."""
    for callback in trainer.checkpoint_callbacks:
        folder = callback.dirpath if isinstance(callback, ModelCheckpoint) else None
        if folder is not None and (earlier := sorted(Path(folder).glob("*.ckpt"))):
            raise InputError(
                f"{folder} has an earlier training; add resume={earlier[-1]} to go on with it, or "
                f"give another hydra.run.dir"
            )


def _tell(trainer: pl.Trainer) -> None:
    """Where an interrupted training can go on from, if it was interrupted."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, OnExceptionCheckpoint) and Path(callback.ckpt_path).is_file():
            print(f"to go on, add: resume={callback.ckpt_path}", flush=True)


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
