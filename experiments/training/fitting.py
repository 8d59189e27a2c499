"""Lightning's fit: resumable, bounded in time, and Ctrl-C loses nothing."""

import math
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint

from ...gast.cards import unpickled
from ...gast.errors import InputError
from ...gast.ranks import follows
from .budget import Passes, TimeBudget


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a training after some `steps`; the task holds the averaged weights."""

    def __init__(self, steps: int) -> None:
        super().__init__(f"after {steps} steps")
        self.steps = steps


def fit(
    trainer: pl.Trainer,
    task: pl.LightningModule,
    data: pl.LightningDataModule,
    *,
    resume: str | None = None,
    newest: bool = False,
    key: str = "resume",
) -> None:
    """Train; the task then holds the chosen weights, on the CPU and in evaluation mode.

    Args:
        trainer: With a `ModelCheckpoint`, and an `OnExceptionCheckpoint` for interruptions.
        task: To train.
        data: Set up.
        resume: Checkpoint of an interrupted training to go on from.
        newest: Choose the last checkpoint instead of the best by validation.
        key: The program's name for `resume`, for advice.

    Raises:
        InputError: No checkpoint to go on from, or one of a shorter training, an earlier training
            in the way, no validation, or several processes in each run of a sweep.
        Interrupted: Ctrl-C, with advice printed; before the first step a `KeyboardInterrupt`.
        SystemExit: Trained, in a process that follows another; that one has the weights, too.
    """
    _refuse_sweep(trainer)
    if resume is not None and not Path(resume).is_file():
        raise InputError(f"no checkpoint at {key}={resume}; give the path of a .ckpt file")
    if not trainer.limit_val_batches:
        raise InputError("limit_val_batches=0 leaves nothing to choose a checkpoint by; give more")
    if resume is None:
        _refuse_earlier(trainer, key)
    else:
        _refuse_longer(trainer, key, resume)
    try:
        _fit(trainer, task.train(), data, resume)  # Lightning does not set the mode
    except SystemExit as ended:  # Lightning's answer to Ctrl-C
        raise _interrupted(trainer, task) from ended
    finally:
        if resume is None and not trainer.global_step:
            _forget(trainer)
        elif (saved := _interruption(trainer)) is not None:
            print(f"to go on, add: {_override(key, saved)}", flush=True)
    if follows():
        raise SystemExit(0)
    _load(task, _chosen(trainer, newest=newest))


def _fit(
    trainer: pl.Trainer,
    task: pl.LightningModule,
    data: pl.LightningDataModule,
    resume: str | None,
) -> None:
    budget = TimeBudget.of(trainer)
    if budget.seconds < math.inf:
        # Lightning finds the state of data in a checkpoint by the name of their class.
        same_name = type(
            type(data).__name__, (_Bounded,), {"__qualname__": type(data).__qualname__}
        )
        data = same_name(trainer, data, budget)
    with warnings.catch_warnings():
        for kind in (UserWarning, FutureWarning):  # Lightning's, about itself
            warnings.filterwarnings("ignore", category=kind, module="pytorch_lightning")
        trainer.fit(task, datamodule=data, ckpt_path=resume, weights_only=True)


class _Bounded(pl.LightningDataModule):
    """Data with validation passes in a budget; the first batches are made before time counts."""

    def __init__(
        self, trainer: pl.Trainer, data: pl.LightningDataModule, budget: TimeBudget
    ) -> None:
        super().__init__()
        data.trainer = trainer  # it makes its batches on the device that trains
        self.data = data
        self.val, self.train = Passes(data.val_dataloader(), budget), data.train_dataloader()

    def train_dataloader(self) -> Any:
        return self.train

    def val_dataloader(self) -> Any:
        return self.val

    def state_dict(self) -> dict[str, Any]:
        return self.data.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.data.load_state_dict(state)


def _chosen(trainer: pl.Trainer, *, newest: bool) -> str:
    saved = [c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint)]
    if not saved:
        raise InputError("the trainer has no ModelCheckpoint among its callbacks; add one")
    path = saved[0].last_model_path if newest else saved[0].best_model_path
    if not path:
        raise InputError("training ended before its first validation; give it more steps or time")
    return path


def _load(task: pl.LightningModule, checkpoint: str) -> None:
    task.load_state_dict(unpickled(checkpoint, kind="a training")["state_dict"])
    task.cpu().eval()


def _refuse_sweep(trainer: pl.Trainer) -> None:
    several = getattr(trainer, "world_size", 1) > 1
    if several and HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN:
        raise InputError(
            f"trainer.devices={trainer.world_size} can't train the runs of a sweep (-m); leave -m "
            f"out, or give trainer.devices=1"
        )


def _refuse_earlier(trainer: pl.Trainer, key: str) -> None:
    # Lightning would resume from any checkpoint in the folder, without being asked.
    for callback in trainer.checkpoint_callbacks:
        folder = callback.dirpath if isinstance(callback, ModelCheckpoint) else None
        found = list(Path(folder).glob("*.ckpt")) if folder is not None else []
        if not found:
            continue
        newest_first = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
        sound = next(filter(_is_sound, newest_first), None)
        if sound is None:
            names = ", ".join(sorted(path.name for path in found))
            raise InputError(
                f"{folder} has an earlier training that can't be gone on with, for {names} can't "
                f"be read; delete them, or give another hydra.run.dir"
            )
        raise InputError(
            f"{folder} has an earlier training; add {_override(key, str(sound))} to go on with "
            f"it, or delete the folder or give another hydra.run.dir to begin anew"
        )


def _is_sound(checkpoint: Path) -> bool:
    try:
        unpickled(checkpoint, kind="a training")
    except InputError:
        return False
    return True


def _refuse_longer(trainer: pl.Trainer, key: str, resume: str) -> None:
    content = unpickled(resume, kind="a training")  # as Lightning will, it never runs code
    for schedule in content.get("lr_schedulers", ()):
        if (planned := schedule.get("total_steps", math.inf)) < trainer.max_steps:
            raise InputError(
                f"{key}={resume} has a learning rate for {planned} steps, not for "
                f"{trainer.max_steps}; give steps={planned}, or start= with the weights it made"
            )


def _interruption(trainer: pl.Trainer) -> str | None:
    saved = (c for c in trainer.checkpoint_callbacks if isinstance(c, OnExceptionCheckpoint))
    return next((each.ckpt_path for each in saved if Path(each.ckpt_path).is_file()), None)


def _forget(trainer: pl.Trainer) -> None:
    """Take away what was saved of no step at all, and would be in the way of the next try."""
    if (saved := _interruption(trainer)) is not None:
        Path(saved).unlink()


def _interrupted(trainer: pl.Trainer, task: pl.LightningModule) -> KeyboardInterrupt:
    saved = _interruption(trainer)
    if saved is None or not trainer.global_step:
        return KeyboardInterrupt()
    _load(task, saved)
    return Interrupted(trainer.global_step)


def _override(key: str, path: str) -> str:
    """An override quoted for the shell and for Hydra."""
    plain = all(letter.isalnum() or letter in "/._-+:" for letter in path)
    return f"{key}={path}" if plain else f"""'{key}="{path}"'"""
