"""``max_time``: the bound of a whole run, its validations and the evaluation after it included."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import Any, Generic, Protocol, TypeVar

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, Timer
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from ...gast.errors import InputError

T = TypeVar("T", covariant=True)

PASS = 1 / 8
"""The share of the time that a validation pass may take."""
REST = 1 / 20
"""The share of the time left for what follows the evaluation, such as tuning a decision."""


class TimeBudget(Callback):
    """Ends training early enough for the last validation and the evaluation after it.

    The time spent is kept in checkpoints, so a resumed training has what was left of its budget.
    A validation pass longer than `PASS` of the time is cut, and all later ones to as many
    `batches`, so that checkpoints are compared on the same ones.

    Args:
        max_time: DD:HH:MM:SS from the start of the training on; ``None`` is no bound.
        clock: Seconds.

    Raises:
        InputError: `max_time` can't be read.
    """

    def __init__(
        self, max_time: str | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_time, self.seconds, self.clock = max_time, _seconds(max_time), clock
        self.end_s, self.batches = math.inf, math.inf
        self._pass_start_s, self._pass_s = 0.0, self.seconds * PASS
        self._spent_s = 0.0
        self._agreed: Callable[[Any], Any] = lambda own: own

    @classmethod
    def of(cls, trainer: pl.Trainer | None) -> "TimeBudget":
        """The trainer's budget, or one without a bound."""
        callbacks = getattr(trainer, "callbacks", [])
        return next((each for each in callbacks if isinstance(each, cls)), cls())

    def spent(self) -> bool:
        """Whether the time is used up."""
        return self.clock() >= self.end_s

    def on_fit_start(self, trainer: pl.Trainer | None = None, *_: Any) -> None:
        """Start timing the training; of several processes, the clock of the first holds."""
        if trainer is not None and trainer.world_size > 1 and math.isfinite(self.seconds):
            self._agreed = trainer.strategy.broadcast
        self.end_s = self.clock() + self.seconds - self._spent_s

    def done(self) -> float:
        """Share of the time for training that is used up, 0..1; 0 without a bound."""
        if math.inf in (self.seconds, self.end_s):
            return 0.0
        training_s = self.seconds * (1 - REST) - 2 * self._pass_s
        return self._agreed(min(self._used_s() / max(training_s, 1e-9), 1.0))

    def state_dict(self) -> dict[str, Any]:
        """Seconds spent."""
        return {"spent_s": self._used_s()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `state_dict`."""
        self._spent_s = state["spent_s"]

    def _used_s(self) -> float:
        bounded = math.isfinite(self.end_s)
        return self.seconds - (self.end_s - self.clock()) if bounded else self._spent_s

    def on_validation_start(self, *_: Any) -> None:
        """Start timing a validation pass."""
        self._pass_start_s = self.clock()

    def on_validation_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Note how long a pass takes, for later ones."""
        if not trainer.sanity_checking:
            self._pass_s = self.clock() - self._pass_start_s
            self._stop_in_time(trainer)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Stop while there is time for two passes more: the last validation and the evaluation."""
        self._stop_in_time(trainer)

    def _stop_in_time(self, trainer: pl.Trainer) -> None:
        if self.seconds == math.inf:
            return
        late = self.end_s - self.clock() < 2 * self._pass_s + self.seconds * REST
        if self._agreed(late) and not trainer.should_stop:
            print(f"max_time={self.max_time} ends training after {trainer.global_step} steps")
            trainer.should_stop = True
            trainer.check_val_every_n_epoch = 1  # else weights of this epoch are lost

    def pass_spent(self, batches: int) -> bool:
        """Whether a validation pass of so many batches has to end here."""
        late = self._agreed(self.clock() - self._pass_start_s >= self.seconds * PASS)
        if batches < self.batches and late:
            self.batches = batches
            print(f"max_time={self.max_time}: a validation has {batches} batches from now on")
        return batches >= self.batches


class Batches(Protocol[T]):
    """As many batches as its length says."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[T]: ...


class Passes(Generic[T]):
    """Validation batches as far as a budget goes, pass after pass."""

    def __init__(self, loader: Batches[T], budget: TimeBudget) -> None:
        self.loader, self.budget = loader, budget

    def __len__(self) -> int:
        """Batches of an uncut pass; without a length, Lightning fetches a batch too early."""
        return len(self.loader)

    def __iter__(self) -> Iterator[T]:
        for count, batch in enumerate(self.loader, start=1):
            yield batch
            if self.budget.pass_spent(count):
                return


def evaluated_batches(
    trainer: pl.Trainer | None, loader: Iterable[T], *, doing: str
) -> Iterator[T]:
    """Validation batches for the evaluation after training, with a bar; all without a trainer.

    At most as many as in a validation (``limit_val_batches``), until the time is up; at least one.
    """
    from rich.progress import track

    budget, batches = TimeBudget.of(trainer), length_hint(loader, -1)
    limits = [] if trainer is None else trainer.num_val_batches
    most = min(batches if batches >= 0 else math.inf, budget.batches, *limits)
    print(f"{doing}: {_count(most)} of {_count(batches)} validation batches", flush=True)
    total = None if most == math.inf else most
    for done, batch in enumerate(track(loader, doing, total, transient=True), start=1):
        yield batch
        if done >= most:
            return
        if budget.spent():
            print(f"max_time={budget.max_time} ends it after {done} batches", flush=True)
            return


def _count(batches: float) -> str:
    return f"{batches}" if 0 <= batches < math.inf else "all"


def _seconds(max_time: str | None) -> float:
    try:
        left_s = Timer(max_time).time_remaining()
    except MisconfigurationException as error:
        raise InputError(
            f"max_time={max_time} can't be read; give DD:HH:MM:SS, such as 00:00:15:00"
        ) from error
    return math.inf if left_s is None else left_s
