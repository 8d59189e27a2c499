"""The decision stage: probabilities of each person to actions and events."""

from dataclasses import replace

import numpy as np

from ...action.decision import Decision, Finished, Memory
from ..packets import Action, Event, Frame
from .stage import Remembering


class Decide(Remembering):
    """Lets each person's actions begin and end by one rule.

    Args:
        rule: What begins and ends an action.
        patience_s: Stream time after which an absent person's action has ended.
    """

    name = "decision"

    def __init__(self, rule: Decision, *, patience_s: float = 1.0) -> None:
        self.rule, self.patience_s = rule, patience_s
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._memories: dict[int, Memory] = {}

    def step(self, frame: Frame) -> Frame:
        """Write `Person.action`, and the events that ended with this frame."""
        events = self._lost(frame.time_s)
        people = dict(frame.people)
        for track, person in frame.people.items():
            if person.probabilities is not None:
                action, ended = self._decide(track, person.probabilities, frame.time_s)
                people[track] = replace(person, action=action)
                events += ended
        return frame.knowing(people=people, events=(*frame.events, *events))

    def start_over(self, frame: Frame) -> Frame:
        """Forget everyone; the actions that were going on end with this frame."""
        return frame.knowing(events=(*frame.events, *self.finish()))

    def finish(self) -> tuple[Event, ...]:
        """The actions that were going on when the stream ended."""
        events = [self._event(t, e) for t, m in self._memories.items() for e in self.rule.finish(m)]
        self.reset()
        return tuple(events)

    def _lost(self, time_s: float) -> list[Event]:
        events = []
        for track, memory in list(self._memories.items()):
            if time_s - memory.time_s > self.patience_s:
                events += [self._event(track, ended) for ended in self.rule.finish(memory)]
                del self._memories[track]
        return events

    def _decide(self, track: int, odds: np.ndarray, time_s: float) -> tuple[Action, list[Event]]:
        running, ended, memory = self.rule.step(time_s, odds, self._memories.get(track))
        self._memories[track] = memory
        label = self.rule.background if running is None else running.label
        start_s = time_s if running is None else running.start_s
        action = Action(self.rule.labels[label], memory.smooth[label], start_s)
        return action, [self._event(track, e) for e in ended]

    def _event(self, track: int, ended: Finished) -> Event:
        label = self.rule.labels[ended.label]
        return Event(track, label, ended.start_s, ended.end_s, ended.confidence)
