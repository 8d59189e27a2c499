"""Writes streams of actions in the world: which pieces of motion follow each other, and how."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..labels import UNKNOWN, LabelMap
from .choreography import Choreography
from .stream_composer import Act, Casting, Repertoire, around
from .world import Course, Limbs, World


class Part(NamedTuple):
    """A piece of motion, or a pose that is held.

    Attributes:
        places: (T,) among the world's frames.
        pace: Frames of the world a frame; 0 is a pose held.
        labels: (T,) class indices.
        within: First and last place of the clip.
        arms, legs: Whether they are somebody else's.
    """

    places: np.ndarray
    pace: float
    labels: np.ndarray
    within: tuple[float, float]
    arms: bool = False
    legs: bool = False


class Written(NamedTuple):
    """One stream; all (T,), the pace (T, 2); see `Course` and, for arms and legs, `Limbs`."""

    one: np.ndarray
    other: np.ndarray
    share: np.ndarray
    pace: np.ndarray
    turn: np.ndarray
    sway: np.ndarray
    arms: np.ndarray
    legs: np.ndarray
    labels: np.ndarray


class Composer:
    """Writes streams from a repertoire whose clips are those of a world, in the same order.

    Args:
        repertoire: Labelled clips.
        world: The same clips.
        still: (T,) bool of each clip: nothing moves.
        how: See `Choreography`.
        labels: Of the repertoire.
        others: Clips of motion that is none of the labels. What the label map leaves out is none
            of them: it may be nearly an action of ours.
    """

    def __init__(
        self, repertoire: Repertoire, world: World, still: Sequence[np.ndarray], how: Choreography,
        labels: LabelMap, *, others: Sequence[int],
    ) -> None:  # fmt: skip
        self.repertoire, self.world, self.how = repertoire, world, how
        self.by_arms, self.by_legs = (
            {labels.names.index(name) for name in names}
            for names in (labels.told_by_arms, labels.told_by_legs)
        )
        walking = None if labels.walking is None else labels.names.index(labels.walking)
        self.walks = repertoire.acts.get(walking, []) if walking is not None else []
        self.casting, self.heights = Casting(repertoire.acts), world.heights.cpu().numpy()
        named = [piece.labels for piece in repertoire.pieces]
        self.others = [
            i for i in others if (named[i] == UNKNOWN).all() and len(named[i]) >= _OTHERS[0]
        ]
        resting = np.concatenate(still) & (np.concatenate(named) == repertoire.idle)
        self.rests = np.flatnonzero(resting)

    def draw(self, count: int, frames: int, rng: np.random.Generator) -> tuple[Course, Tensor]:
        """N streams of T frames, and their labels (N, T)."""
        streams = [self.write(frames, rng) for _ in range(count)]
        *course, arms, legs, labels = stacked(streams)
        others = course_of(stacked([self._idling(frames, rng) for _ in range(count)]))
        limbs = Limbs(others, arms.float(), legs.float())
        return course_of(course)._replace(limbs=limbs), labels

    def write(self, frames: int, rng: np.random.Generator) -> Written:
        """One stream of so many frames."""
        early = int(rng.integers(max(round(self.how.early_s * self.world.fps), 1)))
        written = self._strung(frames + early, rng, [self._piece(rng)], self._next)
        written = written._replace(arms=_faded(written.arms), legs=_faded(written.legs))
        return Written(*(part[early : early + frames] for part in written))

    def _idling(self, frames: int, rng: np.random.Generator) -> Written:
        """One stream of somebody whose arms and legs tell nothing."""

        def following(before: Part, rng: np.random.Generator) -> list[Part]:
            chance = rng.random()
            if self.walks and chance < _IDLING_WALKS:
                return [self._acted(self.walks[int(rng.integers(len(self.walks)))], rng)]
            others = self.others and chance > 1 - _IDLING_OTHERS
            return [self._other(rng) if others else self._rest(rng)]

        written = self._strung(frames, rng, [self._rest(rng)], following)
        return Written(*(part[:frames] for part in written))

    def _strung(
        self, frames: int, rng: np.random.Generator, parts: list[Part],
        following: Callable[[Part, np.random.Generator], list[Part]],
    ) -> Written:  # fmt: skip
        """Parts with transitions between them, at least so many frames."""
        streams = [alone(parts[0])]
        total = len(parts[0].labels)
        while total < frames:
            for part in following(parts[-1], rng):
                streams += [self.transition(parts[-1], part, rng, turns=self.how.turn), alone(part)]
                parts.append(part)
            total = sum(len(stream.labels) for stream in streams)
        return Written(*(np.concatenate(part) for part in zip(*streams, strict=True)))

    def _next(self, before: Part, rng: np.random.Generator) -> list[Part]:
        if rng.random() < self.how.begun:
            return [self._begun(rng), self._rest(rng)]
        piece = self._piece(rng)
        if rng.random() >= self.how.pause:
            return [piece]
        last = before.places[-1] + np.sign(before.pace) * _CARRY
        which = rng.integers(3)
        if which == 0:
            held = self._held(float(np.clip(last, *before.within)), rng)
        elif which == 1:
            held = self._held(float(piece.places[0]), rng)
        else:
            held = self._rest(rng)
        return [held, piece]

    def _rest(self, rng: np.random.Generator) -> Part:
        """A pose of somebody who does nothing."""
        place = rng.choice(self.rests) if len(self.rests) else rng.integers(len(self.world))
        return self._held(float(place + len(self.world) * (rng.random() < 0.5)), rng)

    def _held(self, place: float, rng: np.random.Generator) -> Part:
        how = self.how
        seconds = how.long_pause_s if rng.random() < how.long_pause else how.pause_s
        frames = max(round(rng.uniform(*seconds) * self.world.fps), 2)
        labels = np.full(frames, self.repertoire.idle)
        return Part(np.full(frames, place), 0.0, labels, (place, place))

    def _piece(self, rng: np.random.Generator) -> Part:
        if self.others and rng.random() < self.how.others:
            arms = bool(self.by_legs) and rng.random() < self.how.other_arms
            return self._other(rng)._replace(arms=arms)
        part = self._acted(self.casting.act(rng), rng)
        known = set(part.labels.tolist()) - {self.repertoire.idle, UNKNOWN}
        return part._replace(
            arms=bool(known) and known <= self.by_legs and rng.random() < self.how.other_arms,
            legs=bool(known) and known <= self.by_arms and rng.random() < self.how.other_legs,
        )

    def _acted(self, act: Act, rng: np.random.Generator) -> Part:
        clip = int(rng.choice(act.views))
        labels = self.repertoire.pieces[clip].labels
        start, stop = around(act, len(labels), rng)
        return self.played(clip, start, stop, labels, rng.uniform(*self.how.pace), rng)

    def _begun(self, rng: np.random.Generator) -> Part:
        """An action broken off; nobody can know one of which the beginning is all."""
        act = self.casting.act(rng)
        clip = int(rng.choice(act.views))
        stop = act.start + max(round((act.stop - act.start) * rng.uniform(*_BEGUN)), 4)
        labels = np.full(len(self.repertoire.pieces[clip].labels), UNKNOWN)
        return self.played(clip, act.start, stop, labels, rng.uniform(*self.how.pace), rng)

    def _other(self, rng: np.random.Generator) -> Part:
        """A piece of motion without labels."""
        sizes = np.array([len(self.repertoire.pieces[i].labels) for i in self.others])
        clip = int(rng.choice(self.others, p=sizes / sizes.sum()))
        frames = len(self.repertoire.pieces[clip].labels)
        length = min(int(rng.integers(*_OTHERS)), frames)
        start, pace = int(rng.integers(frames - length + 1)), rng.uniform(*self.how.pace)
        if rng.random() < self.how.slowed:
            length, pace = max(length // 2, 4), rng.uniform(1 / 3, 0.6)
        if rng.random() < self.how.backwards:
            pace = -pace
        labels = np.full(frames, self.repertoire.idle)
        return self.played(clip, start, start + length, labels, pace, rng)

    def played(
        self, clip: int, start: int, stop: int, labels: np.ndarray, pace: float,
        rng: np.random.Generator,
    ) -> Part:  # fmt: skip
        """Frames of a clip at a pace, mirrored or not; ``labels`` are those of the whole clip."""
        at = np.arange(start, stop - 1 + 1e-6, abs(pace))
        at = at[::-1] if pace < 0 else at
        named = labels[np.round(at).astype(int)]
        mirrored = rng.random() < self.how.mirror
        if mirrored:
            named = np.where(named >= 0, self.repertoire.swap[named], named)
        first = float(self.world.start[clip]) + mirrored * len(self.world)
        return Part(first + at, pace, named, (first, first + len(labels) - 1))

    def transition(
        self, before: Part, after: Part, rng: np.random.Generator, *, turns: float
    ) -> Written:
        """From one part to the next; a share `turns` of people turns on the way."""
        how, fps = self.how, self.world.fps
        settles = after.pace == 0 and abs(after.places[0] - before.places[-1]) <= _CARRY
        angle = 0.0
        if not settles and rng.random() < turns:
            angle = np.radians(rng.uniform(-how.turn_deg, how.turn_deg))
        seconds = how.blend_s[0] if settles else rng.uniform(*how.blend_s)
        frames = max(round(max(seconds, abs(angle) / _TURNS) * fps), 2)
        since = np.arange(1, frames + 1)
        share = _eased(since / (frames + 1))
        one = before.places[-1] + before.pace * _carried(since)
        other = after.places[0] - after.pace * _carried(since[::-1])
        turned = angle * np.diff(_eased(np.arange(frames + 1) / frames))
        paces = np.tile([before.pace, after.pace], (frames, 1))
        labels, none = np.full(frames, self._between(before, after)), np.zeros(frames)
        return Written(
            np.clip(one, *before.within), np.clip(other, *after.within), share, paces, turned,
            none, none, none, labels,
        )  # fmt: skip

    def _between(self, before: Part, after: Part) -> int:
        """The label of a transition: background, if it is not like an action itself."""
        first, last = before.labels[-1], after.labels[0]
        heights = self.heights[[round(before.places[-1]), round(after.places[0])]]
        lifted = abs(heights[1] - heights[0]) > _LIFTED
        same = first == last != self.repertoire.idle
        return UNKNOWN if same or lifted or UNKNOWN in (first, last) else self.repertoire.idle


_CARRY = 5.0
"""Frames by which a piece goes on while it fades into the next, which as long before its start."""
_TURNS = 4.0
"""Radians a second of somebody who turns, at most."""
_LIFTED = 0.2
"""Leg lengths; who goes up or down by more sits down, stands up or squats."""
_BEGUN = (0.2, 0.5)
"""Share of an action after which it is broken off."""
_OTHERS = (40, 120)
"""Frames of a piece without labels."""
_RAMP = 10
"""Frames in which a sway, or other limbs, begin and end."""
_IDLING_WALKS, _IDLING_OTHERS = 0.25, 0.2
"""Shares of pieces of somebody whose limbs others take; else they rest."""


def alone(part: Part) -> Written:
    """A part as it goes, without a transition."""
    frames = len(part.labels)
    still, pace = np.zeros(frames), np.tile([part.pace, 0.0], (frames, 1))
    sway = still
    if part.pace == 0:
        since = np.arange(1, frames + 1)
        sway = _eased(np.minimum(np.minimum(since, since[::-1]) / _RAMP, 1))
    arms, legs = still + part.arms, still + part.legs
    return Written(part.places, part.places, still, pace, still, sway, arms, legs, part.labels)


def _faded(mask: np.ndarray) -> np.ndarray:
    """(T,) 0 or 1 with ramps in between."""
    window = np.hanning(2 * _RAMP + 1)
    return np.convolve(np.pad(mask, _RAMP, mode="edge"), window / window.sum(), "valid")


def stacked(streams: Sequence[Written]) -> list[Tensor]:
    """What N streams of T frames are written of, (N, T, ...) each."""
    return [torch.from_numpy(np.stack(part)) for part in zip(*streams, strict=True)]


def course_of(parts: Sequence[Tensor]) -> Course:
    """The first six parts of streams, on bodies of their own."""
    one, other = parts[:2]
    share, pace, turn, sway = (part.float() for part in parts[2:6])
    return Course(one, other, share, pace, turn, sway)


def _eased(share: np.ndarray) -> np.ndarray:
    return share * share * (3 - 2 * share)


def _carried(since: np.ndarray) -> np.ndarray:
    return _CARRY * (1 - np.exp(-since / _CARRY))
