"""The decision stage: each person's probabilities to actions that begin and end, and events."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from ...action.decision import Decision, Finished, Memory
from ..packets import Action, Event, Frame, Person
from .cues import Cue
from .stage import LARGEST_GAP_S, Remembering, anew
from .zones import Zones


class Decide(Remembering):
    """Hysteresis per person: `Person.probabilities` to `Person.action` and `Frame.events`.

    After `patience_s` of stream time an absent person's action has ended, when last seen. Who is
    back sooner goes on with it, see `Decision.resumed`: one action, one event.

    Args:
        needs: Labels that are said only where a cue is seen; elsewhere their probability becomes
            the background's. Names that the head does not know don't count.
        instead: Where a cue is seen, the probability of the first label becomes the second's. As
            with `needs`, unknown names don't count.
        zones: Parts of the picture; events say in which the person was.
    """

    name = "decision"

    def __init__(
        self,
        rule: Decision,
        *,
        patience_s: float = 1.0,
        needs: Sequence[tuple[Cue, Collection[str]]] = (),
        instead: Sequence[tuple[Cue, str, str]] = (),
        zones: Zones | None = None,
    ) -> None:
        self.rule, self.patience_s, self._zones = rule, patience_s, zones
        self._needs = [
            (cue, places)
            for cue, labels in needs
            if (places := [i for i, name in enumerate(rule.labels) if name in labels])
        ]
        index = {name: i for i, name in enumerate(rule.labels)}
        self._instead = [
            (cue, index[one], index[other])
            for cue, one, other in instead
            if one in index and other in index
        ]
        self.reset()

    def reset(self) -> None:
        """Forget everyone, without events."""
        self._memories: dict[int, Memory] = {}
        self._before_s = -inf
        self._needs = [(anew(cue), places) for cue, places in self._needs]
        self._instead = [(anew(cue), one, other) for cue, one, other in self._instead]
        self._zones = None if self._zones is None else anew(self._zones)

    def step(self, frame: Frame) -> Frame:
        """Write `Person.action`, and the events that ended with this frame."""
        events = self._ended_by_absence(frame.time_s)
        if self._zones is not None:
            self._zones.step(frame)
        self._resume(frame)
        people = dict(frame.people)
        for track, person in frame.people.items():
            if person.probabilities is not None:
                barred = self._barred(track, person, frame.time_s)
                odds = self._renamed(track, person, person.probabilities, frame.time_s)
                action, ended = self._decide(track, odds, frame.time_s, barred)
                people[track] = replace(
                    person, probabilities=self._without(odds, barred), action=action
                )
                events += ended
        return frame.knowing(people=people, events=(*frame.events, *events))

    def _resume(self, frame: Frame) -> None:
        """Note who was missing in a frame and is back after a gap that nothing bridges."""
        latest_s = min(self._before_s, frame.time_s - LARGEST_GAP_S)
        for track in self._memories.keys() & frame.people.keys():
            if self._memories[track].time_s < latest_s:
                self._memories[track] = self.rule.resumed(self._memories[track], frame.time_s)
        self._before_s = frame.time_s

    def _barred(self, track: int, person: Person, time_s: float) -> list[int]:
        """Classes that can't be said of a person now."""
        missing = (places for cue, places in self._needs if not cue(track, person, time_s))
        return [place for places in missing for place in places]

    def _renamed(self, track: int, person: Person, odds: np.ndarray, time_s: float) -> np.ndarray:
        """Probabilities (K,) with what is said instead."""
        for cue, one, other in self._instead:
            if cue(track, person, time_s):
                odds = odds.copy()
                odds[other] += odds[one]
                odds[one] = 0.0
        return odds

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
        zone = None if self._zones is None else self._zones.at(track, ended.start_s)
        return Event(track, label, ended.start_s, ended.end_s, ended.confidence, zone)
