"""Lightning's fit, as our programs want it: resumable, and ended by Ctrl-C without loss."""

import warnings
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint

from ...gast.errors import InputError


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
