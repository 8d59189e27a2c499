"""The learning rate over a training that is bounded by steps, by time, or by both."""

import math
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from ...gast.errors import InputError
from .budget import TimeBudget


class OneCycle(Callback):
    """Warms up to the optimizer's own rate, then falls to zero along a cosine.

    How far the training is says ``max_steps`` or ``max_time``, whichever is nearer to its end, so
    that a training bounded by time ends with a low rate too. An InputError if `warmup`, a share of
    the training, is not in 0..1.
    """

    def __init__(self, *, warmup: float) -> None:
        if not 0 <= warmup < 1:
            raise InputError(f"warmup={warmup} is no share of a training; give 0.05 or so")
        self.warmup = warmup
        self._peaks: list[float] = []

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Note the optimizer's rates; a resumed training has them from its checkpoint."""
        self._peaks = self._peaks or [group["lr"] for group in _groups(trainer)]

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Set the rate of this step."""
        share = self.share(done_of(trainer))
        for group, peak in zip(_groups(trainer), self._peaks, strict=True):
            group["lr"] = peak * share

    def share(self, done: float) -> float:
        """Share of the highest rate when so much (0..1) of the training is done."""
        if done < self.warmup:
            return max(done / self.warmup, 1e-3)
        return max(0.5 * (1 + math.cos(math.pi * (done - self.warmup) / (1 - self.warmup))), 1e-3)

    def state_dict(self) -> dict[str, Any]:
        """The highest rates."""
        return {"peaks": self._peaks}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `state_dict`."""
        self._peaks = state["peaks"]


def done_of(trainer: pl.Trainer) -> float:
    """How much of a training is done, 0..1, by its steps or its time."""
    steps = trainer.global_step / trainer.max_steps if trainer.max_steps > 0 else 0.0
    return min(max(steps, TimeBudget.of(trainer).done()), 1.0)


def _groups(trainer: pl.Trainer) -> list[dict[str, Any]]:
    return [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
