"""From probabilities at every frame to actions with a beginning and an end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from types import MappingProxyType

import numpy as np

from ..gast.errors import InputError


@dataclass(frozen=True, slots=True)
class Running:
    """An action that has begun and not ended.

    Attributes:
        label: Index of the class.
        start_s: When it began as far as can be told, not when that was sure.
        risen_s: When it rose above the entering threshold.
        seen_s: When it was last above the leaving threshold.
        total: Sum of its probabilities so far.
        frames: How many there were.
    """

    label: int
    start_s: float
    risen_s: float
    seen_s: float
    total: float
    frames: int


@dataclass(frozen=True, slots=True)
class Finished:
    """An action that has ended: index of the class, times in seconds, mean probability."""

    label: int
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Memory:
    """What a decision remembers of one person; opaque to callers.

    Attributes:
        time_s: Of the newest frame.
        smooth: K probabilities, averaged over the recent past.
        running: The action going on, if any.
        rising_s: The likeliest class, if it is above the entering threshold, and since when it has
            been; more than one when they are equal.
        quiet_s: When the background was last the likeliest, or the last action ended; at first,
            when the person came.
    """

    time_s: float
    smooth: tuple[float, ...]
    running: Running | None
    rising_s: Mapping[int, float]
    quiet_s: float


DEFAULTS = MappingProxyType(
    {
        "enter": 0.5, "leave": 0.3, "enter_s": 0.15, "leave_s": 0.3, "smooth_s": 0.15,
        "shortest_s": 0.2, "late_s": 0.0,
    }
)  # fmt: skip
"""For a head that says nothing of its own; see `Decision`."""


class Decision:
    """Hysteresis over time: an action enters when it is likely for long enough, leaves likewise.

    An action begins when it has been the likeliest, with a probability of at least `enter`, for
    `enter_s`, dated back to when that began, and by up to `late_s` more: a head that sees no future
    can't know an action by its first moments. While nothing was going on, or the action before was,
    it can't have begun. It ends when its probability has been below `leave` for `leave_s`, dated
    back to when it fell, or when another action begins. The background class never is an action.

    Args:
        labels: Names of the K classes.
        background: The one that means nothing in particular.
        tuned: The numbers below as they suit the head, by name; see `tuning`.
        enter: Probability at which an action may begin. None, as of the others, is the tuned one,
            or that of `DEFAULTS`.
        leave: Probability below which it may end; not above `enter`.
        enter_s: How long it must be likely.
        leave_s: How long it must be unlikely.
        smooth_s: Time constant of an exponential mean over the probabilities; 0 for none.
        shortest_s: An action that falls sooner than this after it rose is not reported.
        late_s: How long an action goes on, at most, before the head knows it.

    Raises:
        InputError: `background` is not a label, or a threshold makes no sense.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        background: str | None,
        tuned: Mapping[str, float] | None = None,
        enter: float | None = None,
        leave: float | None = None,
        enter_s: float | None = None,
        leave_s: float | None = None,
        smooth_s: float | None = None,
        shortest_s: float | None = None,
        late_s: float | None = None,
    ) -> None:
        if background is None:
            raise InputError(
                "the head knows no background class, so nothing tells when an action ends; train "
                "it with datamodule=streams"
            )
        if background not in labels:
            raise InputError(
                f"background class {background!r} is none of the head's labels: {', '.join(labels)}"
            )
        given = {
            "enter": enter, "leave": leave, "enter_s": enter_s, "leave_s": leave_s,
            "smooth_s": smooth_s, "shortest_s": shortest_s, "late_s": late_s,
        }  # fmt: skip
        chosen = {**DEFAULTS, **(tuned or {})}
        chosen |= {name: value for name, value in given.items() if value is not None}
        if not 0 <= chosen["leave"] <= chosen["enter"] <= 1:
            raise InputError(
                f"decision needs 0 <= leave <= enter <= 1; got leave={chosen['leave']:g}, "
                f"enter={chosen['enter']:g}"
            )
        if min(value for name, value in chosen.items() if name.endswith("_s")) < 0:
            raise InputError("decision times are seconds of at least 0")
        self.labels, self.background = tuple(labels), list(labels).index(background)
        self.enter, self.leave = chosen["enter"], chosen["leave"]
        self.enter_s, self.leave_s = chosen["enter_s"], chosen["leave_s"]
        self.smooth_s, self.shortest_s = chosen["smooth_s"], chosen["shortest_s"]
        self.late_s = chosen["late_s"]

    def step(
        self, time_s: float, probabilities: np.ndarray, memory: Memory | None = None
    ) -> tuple[Running | None, list[Finished], Memory]:
        """One frame of one person.

        Args:
            time_s: Stream time, later than the frame before.
            probabilities: (K,), sum to one.
            memory: What the step before returned; ``None`` starts a person.

        Returns:
            The action going on, the ones that just ended, and what to remember.
        """
        # In plain numbers: on so few, each array operation costs more than all of this.
        smooth = self._smooth(time_s, probabilities.tolist(), memory)
        before_s = {} if memory is None else memory.rising_s
        highest = max(smooth)
        rising_s = {
            label: before_s.get(label, time_s)
            for label, now in enumerate(smooth)
            if now == highest >= self.enter and label != self.background
        }
        quiet_s = time_s
        if memory is not None and smooth[self.background] != highest:
            quiet_s = memory.quiet_s
        running, ended = self._leave(time_s, smooth, None if memory is None else memory.running)
        quiet_s = max([quiet_s, *(done.seen_s for done in ended)])
        running, pushed_out = self._begin(time_s, smooth, rising_s, running, quiet_s)
        finished = [_finished(done) for done in (*ended, *pushed_out) if self._long_enough(done)]
        return running, finished, Memory(time_s, smooth, running, rising_s, quiet_s)

    def finish(self, memory: Memory) -> list[Finished]:
        """What was still going on when the person, or the stream, was lost."""
        if memory.running is None or not self._long_enough(memory.running):
            return []
        return [_finished(memory.running)]

    def _smooth(
        self, time_s: float, probabilities: Sequence[float], memory: Memory | None
    ) -> tuple[float, ...]:
        if memory is None or self.smooth_s == 0:
            return tuple(probabilities)
        share = 1 - exp(-max(time_s - memory.time_s, 0.0) / self.smooth_s)
        both = zip(memory.smooth, probabilities, strict=True)
        return tuple([before + share * (now - before) for before, now in both])

    def _leave(
        self, time_s: float, smooth: Sequence[float], running: Running | None
    ) -> tuple[Running | None, list[Running]]:
        """What goes on, and what has ended."""
        if running is None:
            return None, []
        now = smooth[running.label]
        if now >= self.leave:
            total, frames = running.total + now, running.frames + 1
            return replace(running, seen_s=time_s, total=total, frames=frames), []
        if time_s - running.seen_s < self.leave_s:
            return running, []
        return None, [running]

    def _begin(
        self,
        time_s: float,
        smooth: Sequence[float],
        rising_s: Mapping[int, float],
        running: Running | None,
        quiet_s: float,
    ) -> tuple[Running | None, list[Running]]:
        """What goes on, and what that has ended."""
        sure = [label for label, since_s in rising_s.items() if time_s - since_s >= self.enter_s]
        if not sure or (running is not None and running.label == sure[0]):
            return running, []
        best, risen_s, ended = sure[0], rising_s[sure[0]], list[Running]()
        if running is not None:
            ended.append(replace(running, seen_s=min(running.seen_s, risen_s)))
            quiet_s = max(quiet_s, ended[0].seen_s)
        start_s = min(risen_s, max(quiet_s, risen_s - self.late_s))
        return Running(best, start_s, risen_s, time_s, smooth[best], 1), ended

    def _long_enough(self, done: Running) -> bool:
        return done.seen_s - done.risen_s >= self.shortest_s


def _finished(running: Running) -> Finished:
    mean = running.total / running.frames
    return Finished(running.label, running.start_s, running.seen_s, mean)
