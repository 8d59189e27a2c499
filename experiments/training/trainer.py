"""Lightning's trainer as our programs configure it, see ``conf/trainer/default.yaml``."""

import io
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, OnExceptionCheckpoint, RichProgressBar
from pytorch_lightning.loggers import Logger
from pytorch_lightning.plugins import TorchCheckpointIO

from .budget import TimeBudget

_ABOUT_ITSELF = "pytorch_lightning.trainer.connectors.checkpoint_connector"
"""At an interruption it says that `weights_only` was not set."""


class OwnDropout(Callback):
    """Drops activations of its own on each of several processes."""

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Seed torch anew, on all but the first."""
        if trainer.global_rank:
            torch.manual_seed(torch.initial_seed() + trainer.global_rank)


class Saved(OnExceptionCheckpoint):
    """A checkpoint of an interruption, which may have reached one of several processes alone."""

    def __init__(self, *, dirpath: str, filename: str) -> None:
        super().__init__(dirpath, filename)

    def on_exception(self, trainer: pl.Trainer, *_: Any, **__: Any) -> None:
        """Write it without waiting for the others."""
        trainer.strategy.barrier = _go_on  # type: ignore[method-assign]
        super().on_exception(trainer)


def _go_on(name: str | None = None) -> None: ...


class Bar(RichProgressBar):
    """Progress bar without Lightning's "/-2" where steps, not epochs, end a training."""

    def _get_train_description(self, current_epoch: int) -> str:
        return f"Epoch {current_epoch}".ljust(len(self.validation_description))


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints beside their place and renames them: on a full disk the old one stays.

    Lightning's own go through the system's folder for temporary files, which may lie on another
    disk, from where they are copied.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """See Lightning; an OSError if it can't be written."""
        made, part = io.BytesIO(), Path(f"{path}.part")
        torch.save(checkpoint, made)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(made.getbuffer())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


def trainer(
    *,
    callbacks: Mapping[str, Callback | None],
    logger: Mapping[str, Logger | None] | bool,
    max_time: str | None = None,
    enable_progress_bar: bool = True,
    **options: Any,
) -> pl.Trainer:
    """A `pytorch_lightning.Trainer` with a `TimeBudget`, our progress bar, and no tips.

    Its callbacks and loggers have names, so that a recipe can change one, or leave it out with
    ``None``.
    """
    logging.getLogger("pytorch_lightning.utilities.rank_zero").addFilter(_no_advertisement)
    logging.getLogger(_ABOUT_ITSELF).setLevel(logging.WARNING)
    chosen = [each for each in callbacks.values() if each is not None]
    bar = [Bar()] if enable_progress_bar else []
    if isinstance(logger, Mapping):
        options["logger"] = [each for each in logger.values() if each is not None]
    else:
        options["logger"] = logger
    return pl.Trainer(
        callbacks=[*chosen, TimeBudget(max_time), OwnDropout(), *bar],
        enable_progress_bar=enable_progress_bar,
        plugins=[WholeCheckpoints()],
        **options,
    )


def _no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip: For seamless" not in record.getMessage()
