"""The decision stage: each person's probabilities to actions that begin and end, and events."""

from dataclasses import replace

import numpy as np

from ...action.decision import Decision, Finished, Memory
from ..packets import Action, Event, Frame
from .stage import Remembering


class Decide(Remembering):
    """Hysteresis per person: `Person.probabilities` to `Person.action` and `Frame.events`.

    After `patience_s` of stream time an absent person's action has ended, when last seen.
    """

    name = "decision"

    def __init__(self, rule: Decision, *, patience_s: float = 1.0) -> None:
        self.rule, self.patience_s = rule, patience_s
        self.reset()

    def reset(self) -> None:
        """Forget everyone, without events."""
        self._memories: dict[int, Memory] = {}

    def step(self, frame: Frame) -> Frame:
        """Write `Person.action`, and the events that ended with this frame."""
        events = self._ended_by_absence(frame.time_s)
        people = dict(frame.people)
        for track, person in frame.people.items():
            if person.probabilities is not None:
                action, ended = self._decide(track, person.probabilities, frame.time_s)
                people[track] = replace(person, action=action)
                events += ended
        return frame.knowing(people=people, events=(*frame.events, *events))

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
        self, track: int, probabilities: np.ndarray, time_s: float
    ) -> tuple[Action, list[Event]]:
        running, ended, memory = self.rule.step(time_s, probabilities, self._memories.get(track))
        self._memories[track] = memory
        label = self.rule.background if running is None else running.label
        start_s = time_s if running is None else running.start_s
        action = Action(self.rule.labels[label], memory.smooth[label], start_s)
        return action, [self._event(track, e) for e in ended]

    def _event(self, track: int, ended: Finished) -> Event:
        label = self.rule.labels[ended.label]
        return Event(track, label, ended.start_s, ended.end_s, ended.confidence)
