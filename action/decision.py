"""Decides from probabilities at every frame when actions begin and end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from ..gast.errors import InputError


@dataclass(frozen=True, slots=True)
class Running:
    """An action going on: class index, times, sum and number of its probabilities.

    `start_s` is dated back; it rose to `enter` at `risen_s`, was first said at `said_s`, and was
    last above `leave` at `seen_s`.
    """

    label: int
    start_s: float
    risen_s: float
    said_s: float
    seen_s: float
    total: float
    frames: int


@dataclass(frozen=True, slots=True)
class Finished:
    """An action that has ended: class index, times in seconds, mean probability."""

    label: int
    start_s: float
    end_s: float
    confidence: float


class Rising(NamedTuple):
    """A class that may begin: since when, and the evidence for it so far, see `Decision`."""

    since_s: float
    evidence_s: float


@dataclass(frozen=True, slots=True)
class Memory:
    """What a decision remembers of one person; opaque to callers.

    `since_s` is when the person came, or came back; `smooth` are the smoothed probabilities (K,);
    `quiet_s` is when the background was last the likeliest or an action ended.
    """

    since_s: float
    time_s: float
    smooth: tuple[float, ...]
    running: Running | None
    rising: Mapping[int, Rising]
    quiet_s: float


DEFAULTS = MappingProxyType(
    {
        "enter": 0.5, "leave": 0.3, "enter_s": 0.15, "sure_s": 0.0, "leave_s": 0.3,
        "smooth_s": 0.15, "shortest_s": 0.2, "late_s": 0.0, "settle_s": 0.5,
    }
)  # fmt: skip
"""The numbers of a `Decision` where neither the head's card nor the user says otherwise."""


class Decision:
    """Hysteresis over time from probabilities to actions with a beginning and an end.

    An action begins when it is the likeliest class and at least `enter`, has been for `enter_s`,
    and there is evidence for it of `sure_s`. Evidence is what the probability has above `enter`,
    less what it lacks, added up over time, from 0 to `sure_s`: what is certain begins at once, what
    is not so sure later, and a short doubt doesn't begin everything anew. Nobody's action begins
    before they have been there for `settle_s`: joints and nets have no past yet.

    It starts when it rose, or up to `late_s` earlier, but never inside the background or the action
    before. It ends when it has been below `leave` for `leave_s`, dated back to when it fell,
    or when another action begins. The background is never an action.

    Probabilities are first smoothed by an exponential mean of time constant `smooth_s`. An action
    that falls sooner than `shortest_s` after it rose is not reported.

    A parameter that is ``None`` is taken from `tuned`, of the head's card, else from `DEFAULTS`.
    An InputError if `background` is none of the `labels`, a number makes no sense, or `tuned` has
    an unknown name.

    Source: Page 1954, "Continuous inspection schemes", for the evidence.
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
        sure_s: float | None = None,
        leave_s: float | None = None,
        smooth_s: float | None = None,
        shortest_s: float | None = None,
        late_s: float | None = None,
        settle_s: float | None = None,
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
            "enter": enter, "leave": leave, "enter_s": enter_s, "sure_s": sure_s,
            "leave_s": leave_s, "smooth_s": smooth_s, "shortest_s": shortest_s, "late_s": late_s,
            "settle_s": settle_s,
        }  # fmt: skip
        if unknown := set(tuned or {}) - set(DEFAULTS):
            raise InputError(
                f"the head's card has {', '.join(sorted(unknown))} in its decision, which this "
                f"version does not know; update gastlive"
            )
        numbers = {**DEFAULTS, **(tuned or {})}
        numbers |= {name: value for name, value in given.items() if value is not None}
        if not 0 <= numbers["leave"] <= numbers["enter"] <= 1:
            raise InputError(
                f"decision needs 0 <= leave <= enter <= 1; got leave={numbers['leave']:g}, "
                f"enter={numbers['enter']:g}"
            )
        for name, value in numbers.items():
            if name.endswith("_s") and value < 0:
                raise InputError(f"decision.{name}={value:g} is no time; give seconds from 0")
        self.labels, self.background = tuple(labels), list(labels).index(background)
        self.enter, self.leave = numbers["enter"], numbers["leave"]
        self.enter_s, self.sure_s = numbers["enter_s"], numbers["sure_s"]
        self.leave_s, self.smooth_s = numbers["leave_s"], numbers["smooth_s"]
        self.shortest_s = numbers["shortest_s"]
        self.late_s, self.settle_s = numbers["late_s"], numbers["settle_s"]

    def step(
        self,
        time_s: float,
        probabilities: np.ndarray,
        memory: Memory | None = None,
        *,
        barred: Collection[int] = (),
    ) -> tuple[Running | None, list[Finished], Memory]:
        """The action going on, those that have just ended, and the memory for the next step.

        Takes rising times, calibrated probabilities (K,), and the last memory or ``None`` at first.
        None of the `barred` classes begins now, and one that goes on ends as if it had fallen.
        """
        # In plain numbers: on so few, each array operation costs more than all of this.
        smooth = self._smooth(time_s, probabilities.tolist(), memory)
        highest = max(smooth)
        rising = self._rise(time_s, smooth, highest, memory)
        quiet_s = time_s
        if memory is not None and smooth[self.background] != highest:
            quiet_s = memory.quiet_s
        running = None if memory is None else memory.running
        since_s = time_s if memory is None else memory.since_s
        is_settled, ended = time_s - since_s >= self.settle_s, list[Running]()
        if is_settled:
            running, ended = self._leave(time_s, smooth, running, barred)
        quiet_s = max([quiet_s, *(done.seen_s for done in ended)])
        pushed_out = list[Running]()
        if is_settled and highest >= self.enter:
            may = {
                label: found
                for label, found in rising.items()
                if smooth[label] == highest and label not in barred
            }
            running, pushed_out = self._begin(time_s, smooth, may, running, quiet_s)
        finished = [_finished(done) for done in (*ended, *pushed_out) if self._long_enough(done)]
        return running, finished, Memory(since_s, time_s, smooth, running, rising, quiet_s)

    def resumed(self, memory: Memory, time_s: float) -> Memory:
        """The memory of a person who is back at `time_s`, of whom nobody knows what they did.

        For `settle_s`, as for a newcomer, nothing begins, and the action that was going on does not
        end. If it does not go on then, it ended when they were lost.
        """
        return replace(memory, since_s=time_s, quiet_s=time_s, rising={})

    def finish(self, memory: Memory) -> list[Finished]:
        """The action that was going on when the person, or the stream, ended."""
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

    def _rise(
        self, time_s: float, smooth: Sequence[float], highest: float, memory: Memory | None
    ) -> dict[int, Rising]:
        """The classes that are the likeliest and above `enter`, or have evidence left."""
        gap_s = 0.0 if memory is None else max(time_s - memory.time_s, 0.0)
        before = {} if memory is None else memory.rising
        rising = dict[int, Rising]()
        for label, now in enumerate(smooth):
            if label == self.background or (now < self.enter and label not in before):
                continue
            since_s, evidence_s = before.get(label, (time_s, 0.0))
            evidence_s = min(max(evidence_s + (now - self.enter) * gap_s, 0.0), self.sure_s)
            if evidence_s > 0 or now == highest >= self.enter:
                rising[label] = Rising(since_s, evidence_s)
        return rising

    def _leave(
        self,
        time_s: float,
        smooth: Sequence[float],
        running: Running | None,
        barred: Collection[int],
    ) -> tuple[Running | None, list[Running]]:
        if running is None:
            return None, []
        now = smooth[running.label]
        if now >= self.leave and running.label not in barred:
            total, frames = running.total + now, running.frames + 1
            return replace(running, seen_s=time_s, total=total, frames=frames), []
        if time_s - running.seen_s < self.leave_s:
            return running, []
        return None, [running]

    def _begin(
        self,
        time_s: float,
        smooth: Sequence[float],
        rising: Mapping[int, Rising],
        running: Running | None,
        quiet_s: float,
    ) -> tuple[Running | None, list[Running]]:
        """The action that goes on, and the one that it has ended."""
        sure = [
            label
            for label, (since_s, evidence_s) in rising.items()
            if time_s - since_s >= self.enter_s and evidence_s >= self.sure_s
        ]
        if not sure or (running is not None and running.label == sure[0]):
            return running, []
        best, risen_s, ended = sure[0], rising[sure[0]].since_s, list[Running]()
        if running is not None:
            over_s = max(risen_s, running.said_s)  # evidence may be older than what was said
            ended.append(replace(running, seen_s=min(running.seen_s, over_s)))
            quiet_s = max(quiet_s, ended[0].seen_s)
        start_s = max(quiet_s, risen_s - self.late_s)
        return Running(best, start_s, risen_s, time_s, time_s, smooth[best], 1), ended

    def _long_enough(self, done: Running) -> bool:
        return done.seen_s - done.risen_s >= self.shortest_s


def _finished(running: Running) -> Finished:
    mean = running.total / running.frames
    return Finished(running.label, running.start_s, running.seen_s, mean)
