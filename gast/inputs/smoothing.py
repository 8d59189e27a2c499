"""Smoothing of joints against jitter, with little lag."""

from dataclasses import dataclass
from math import pi
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from torch import Tensor

from ..errors import InputError


Array = TypeVar("Array", np.ndarray, Tensor)
"""One array live, a tensor of many people in training."""


class Smoothed(NamedTuple, Generic[Array]):
    """State of a smoother, never written to: the smoothed value and speed per second, any shape."""

    value: Array
    speed: Array


class Smoothing(Protocol):
    """A causal filter, each number on its own."""

    def __call__(
        self, value: Array, state: Smoothed[Array] | None, *, dt_s: float, unit: float
    ) -> Smoothed[Array]:
        """Go on by `dt_s` to `value`; a state of ``None`` begins, `unit` is the person's size."""


@dataclass(frozen=True, kw_only=True)
class OneEuro:
    """Smooths what rests and follows what moves: the cut-off rises with the speed.

    Speed counts in `unit` per second, so the same settings hold at any resolution and distance.

    Args:
        min_cutoff: Hz, for what rests, positive. Lower jitters less, lags more.
        beta: Hz per unit per second, not negative. Higher lags less in fast motion.
        d_cutoff: Hz, for the speed, positive.

    Source: Casiez, Roussel and Vogel, "1 EUR filter", CHI 2012, algorithm 1.
    """

    min_cutoff: float
    beta: float
    d_cutoff: float

    def __post_init__(self) -> None:
        if not (self.min_cutoff > 0 and self.d_cutoff > 0 and self.beta >= 0):
            raise InputError(
                f"smoothing.min_cutoff={self.min_cutoff}, d_cutoff={self.d_cutoff}, "
                f"beta={self.beta}: cut-offs must be more than 0 and beta at least 0"
            )

    def __call__(
        self, value: Array, state: Smoothed[Array] | None, *, dt_s: float, unit: float
    ) -> Smoothed[Array]:
        """Go on by `dt_s`; no time passing changes nothing."""
        if state is None:
            return Smoothed(value, 0 * value)
        # alpha * (difference / dt), with dt cancelled: dt = 0 is harmless.
        delay_s = 1 / (2 * pi * self.d_cutoff)
        decay = delay_s / (dt_s + delay_s)
        speed = decay * state.speed + (value - state.value) / (dt_s + delay_s)
        cutoff = self.min_cutoff + self.beta * abs(speed) / unit
        alpha = dt_s / (dt_s + 1 / (2 * pi * cutoff))
        return Smoothed(state.value + alpha * (value - state.value), speed)


class Unsmoothed:
    """No smoothing."""

    def __call__(
        self, value: Array, state: Smoothed[Array] | None, *, dt_s: float, unit: float
    ) -> Smoothed[Array]:
        """The value, unchanged."""
        return Smoothed(value, 0 * value)
