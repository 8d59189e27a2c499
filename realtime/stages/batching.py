"""One net for everyone in view: a batch of people, each with a state of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...gast.streaming import State, Streaming, join, split, take

ByTrack = dict[int, np.ndarray]
"""An array of each person, by track id."""
Groups = tuple[tuple[tuple[int, ...], State], tuple[tuple[int, ...], State]]
"""Track ids and the state of their batch: of those who have one, and of those who begin."""
Call = tuple["Streams", Mapping[int, np.ndarray], float]
"""Streams, and arguments of their `Streams.step`."""


class Joint:
    """The state of several cameras' people as one batch; it is split only where they part ways."""

    def __init__(self, state: State, counts: Sequence[int]) -> None:
        self.state, self.counts = state, counts
        self._parts: list[State] = []

    def parts(self) -> list[State]:
        """The state of each camera's people."""
        self._parts = self._parts or split(self.state, self.counts)
        return self._parts


@dataclass(frozen=True, slots=True)
class Part:
    """One camera's place in a `Joint`."""

    joint: Joint
    place: int


def own(state: State | Part) -> State:
    """The state itself."""
    return state.joint.parts()[state.place] if isinstance(state, Part) else state


def joined(states: Sequence[State | Part]) -> State:
    """One batch of several; nothing is moved if these were one batch in this order before."""
    joint = states[0].joint if isinstance(states[0], Part) else None
    places = [s.place for s in states if isinstance(s, Part) and s.joint is joint]
    if (
        joint is not None
        and places == list(range(len(joint.counts)))
        and len(places) == len(states)
    ):
        return joint.state
    return join([own(state) for state in states])


class Streams:
    """Steps a streaming net, in evaluation mode, for all people of a frame in one batch.

    An absent person's state is dropped after `patience_s` of stream time. States are split and
    joined only when somebody comes, goes or comes back.
    """

    def __init__(
        self, net: Streaming, *, patience_s: float, device: torch.device | None = None
    ) -> None:
        self.net, self.patience_s = net, patience_s
        self.device = device or torch.device("cpu")
        self.reset()

    def reset(self) -> None:
        """Drop all states."""
        self._batch: tuple[int, ...] = ()
        self._state: State | Part = None
        self._absent: dict[int, State] = {}
        self._seen_s: dict[int, float] = {}

    @property
    def remembered(self) -> frozenset[int]:
        """Track ids that have a state."""
        return frozenset(self._seen_s)

    def step(self, inputs: Mapping[int, np.ndarray], time_s: float) -> ByTrack:
        """Output for each track id, given one more sample (J, C) each at stream time `time_s`."""
        return together([(self, inputs, time_s)])[0]

    def enter(self, inputs: Mapping[int, np.ndarray], time_s: float) -> Groups:
        """Get ready to step: the ids whose states are the batch, with it, and those that begin."""
        self._forget(time_s)
        if not inputs:
            return ((), None), ((), None)
        known = tuple(track for track in inputs if track in self._seen_s)
        new = tuple(track for track in inputs if track not in self._seen_s)
        self._rebatch(known)
        return (known, self._state), (new, None)

    def leave(self, batch: tuple[int, ...], state: State, time_s: float) -> None:
        """Keep the states after a step."""
        self._batch, self._state = batch, state
        self._seen_s.update(dict.fromkeys(batch, time_s))

    def _forget(self, time_s: float) -> None:
        late = {t for t, seen_s in self._seen_s.items() if time_s - seen_s > self.patience_s}
        for track in late:
            del self._seen_s[track]
            self._absent.pop(track, None)

    def _rebatch(self, tracks: tuple[int, ...]) -> None:
        """Make `tracks` the batch, and store the others' states one by one."""
        if tracks == self._batch:
            return
        for row, track in enumerate(self._batch):
            if track in self._seen_s:
                self._absent[track] = take(own(self._state), [row])
        states = [self._absent.pop(track) for track in tracks]
        self._batch, self._state = tracks, join(states) if states else None


@torch.inference_mode()
def together(calls: Sequence[Call]) -> list[ByTrack]:
    """What `Streams.step` gives for each call, all in one batch; the streams are of one net."""
    net, device = calls[0][0].net, calls[0][0].device
    turns = [streams.enter(inputs, time_s) for streams, inputs, time_s in calls]
    outputs: list[ByTrack] = [{} for _ in calls]
    states: list[list[State]] = [[] for _ in calls]
    for groups in zip(*turns, strict=True):  # of all who are known, then of all who begin
        there = [i for i, (tracks, _) in enumerate(groups) if tracks]
        if not there:
            continue
        samples = [calls[i][1][track] for i in there for track in groups[i][0]]
        frame = torch.from_numpy(np.stack(samples)).to(device)
        before = [groups[i][1] for i in there]
        if is_several := len(there) > 1:
            state = None if before[0] is None else joined(before)
        else:
            state = own(before[0])
        result, state = net.step(frame, state)
        joint, rows = Joint(state, [len(groups[i][0]) for i in there]), iter(result.cpu().numpy())
        for place, i in enumerate(there):
            states[i].append(Part(joint, place) if is_several else state)
            outputs[i].update(zip(groups[i][0], rows, strict=False))
    for (streams, inputs, time_s), turn, parts in zip(calls, turns, states, strict=True):
        if inputs:
            after = parts[0] if len(parts) == 1 else joined(parts)
            streams.leave(turn[0][0] + turn[1][0], after, time_s)
    return outputs
