"""The decision stage: each person's probabilities to actions that begin and end, and events."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...action.decision import Decision, Finished, Memory
from ...gast.skeleton import Skeleton
from ..packets import Action, Event, Frame, Person
from .stage import Remembering
from .travel import Travel


class Decide(Remembering):
    """Hysteresis per person: `Person.probabilities` to `Person.action` and `Frame.events`.

    After `patience_s` of stream time an absent person's action has ended, when last seen.

    Args:
        travels: Labels of those who leave the spot. Of who does not, they are not said, and their
            probability becomes the background's. Names that the head does not know don't count.
        layout: Of `Person.xy`, by which that is told; ``None``: nobody is asked.
    """

    name = "decision"

    def __init__(
        self,
        rule: Decision,
        *,
        patience_s: float = 1.0,
        travels: Sequence[str] = (),
        layout: Skeleton | None = None,
    ) -> None:
        self.rule, self.patience_s = rule, patience_s
        self._travels = [place for place, name in enumerate(rule.labels) if name in travels]
        self._travel = None if layout is None else Travel(layout, patience_s=patience_s)
        self.reset()

    def reset(self) -> None:
        """Forget everyone, without events."""
        self._memories: dict[int, Memory] = {}
        if self._travel is not None:
            self._travel.reset()

    def step(self, frame: Frame) -> Frame:
        """Write `Person.action`, and the events that ended with this frame."""
        events = self._ended_by_absence(frame.time_s)
        people = dict(frame.people)
        for track, person in frame.people.items():
            if person.probabilities is not None:
                barred = () if self._leaves(track, person, frame.time_s) else self._travels
                odds = person.probabilities
                action, ended = self._decide(track, odds, frame.time_s, barred)
                people[track] = replace(
                    person, probabilities=self._without(odds, barred), action=action
                )
                events += ended
        return frame.knowing(people=people, events=(*frame.events, *events))

    def _leaves(self, track: int, person: Person, time_s: float) -> bool:
        """Whether a person leaves the spot, as far as that can be told."""
        if self._travel is None or not self._travels or person.xy is None:
            return True
        return self._travel(track, person.xy, time_s)

    def _without(self, odds: np.ndarray, barred: Sequence[int]) -> np.ndarray:
        """Probabilities (K,) as they are shown."""
        if not barred:
            return odds
        shown = odds.copy()
        shown[barred] = 0.0
        shown[self.rule.background] += odds[barred].sum()
        return shown

    def start_over(self, frame: Frame) -> Frame:
        """Forget everyone; the actions going on are events of this frame."""
        return frame.knowing(events=(*frame.events, *self.finish()))

    def finish(self) -> tuple[Event, ...]:
        """Events of the actions still going on when the stream ended."""
        events = [self._event(t, e) for t, m in self._memories.items() for e in self.rule.finish(m)]
        self.reset()
        return tuple(events)

    def _ended_by_absence(self, time_s: float) -> list[Event]:
        events = []
        for track, memory in list(self._memories.items()):
            if time_s - memory.time_s > self.patience_s:
                events += [self._event(track, ended) for ended in self.rule.finish(memory)]
                del self._memories[track]
        return events

    def _decide(
        self, track: int, probabilities: np.ndarray, time_s: float, barred: Sequence[int]
    ) -> tuple[Action, list[Event]]:
        running, ended, memory = self.rule.step(
            time_s, probabilities, self._memories.get(track), barred=barred
        )
        self._memories[track] = memory
        label = self.rule.background if running is None else running.label
        start_s = time_s if running is None else running.start_s
        action = Action(self.rule.labels[label], memory.smooth[label], start_s)
        return action, [self._event(track, e) for e in ended]

    def _event(self, track: int, ended: Finished) -> Event:
        label = self.rule.labels[ended.label]
        return Event(track, label, ended.start_s, ended.end_s, ended.confidence)
