"""Streams of people who only stand, sit, talk with their hands, turn and walk about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor
from torch.utils.data import Dataset

from ...gast.errors import InputError
from ..labels import UNKNOWN
from ..process_seed import generator_of
from .filmed import Studio
from .stream_composer import Batch
from .sway import Sway, wander
from .world import Course
from .world_composer import Composer, Part, Written, alone, course_of, stacked

STAND, SIT, TALK, TURN, WALK = SITUATIONS = ("stand", "sit", "talk", "turn", "walk")

SEATED, UPRIGHT = (0.3, 0.8), 0.9
"""Heights of the hips above the ankles, in leg lengths, of who sits, and at least of who stands."""
STREAM_S = 20.0
"""For so long a person is watched."""
HANGS = -0.6
"""Vertical part of an upper arm's direction, at most, of somebody who rests."""
_AT_ONCE = 9
"""Streams of a batch, which a CPU films in seconds."""


@dataclass(frozen=True, kw_only=True)
class Pastime:
    """How quiet people pass the time; pairs are ranges, drawn evenly.

    Attributes:
        seated: Share of people who sit.
        talks: Share of spells in which they talk with their hands.
        walks: Share of the spells of who stands in which they walk.
        spell_s: How long one lasts.
        turns: Share of changes from one pose to another in which who stands turns.
        jumps: Share of streams in which the track is another person's for `jump_s`.
        gaps: Share of streams in which the person is not found for `gap_s`.
    """

    seated: float = 0.25
    talks: float = 0.35
    walks: float = 0.25
    spell_s: tuple[float, float] = (2.0, 6.0)
    turns: float = 0.3
    jumps: float = 0.3
    jump_s: tuple[float, float] = (0.1, 1.0)
    gaps: float = 0.3
    gap_s: tuple[float, float] = (0.1, 0.9)


class Quiet(NamedTuple):
    """Quiet streams.

    Attributes:
        xyz: (N, T, J, 3) as of a `Head`.
        situations: (N, T) places in `SITUATIONS`, on the CPU.
        faults: (N, T) bool, on the CPU: the track jumps to another person or back, or has a gap.
    """

    xyz: Tensor
    situations: Tensor
    faults: Tensor


class QuietComposer:
    """Writes quiet streams of a world; an InputError if nobody in it stands still.

    Args:
        composer: Of the world.
        walking: Class index of walking; None, or without clips of it, nobody walks.
        how: See `Pastime`.
    """

    def __init__(self, composer: Composer, walking: int | None, how: Pastime) -> None:
        self.composer, self.world, self.how = composer, composer.world, how
        self.walks = composer.repertoire.acts.get(-1 if walking is None else walking, [])
        rests = composer.rests[self._arms_hang(composer.rests)]
        height = composer.heights[rests]
        self.stands = rests[height >= UPRIGHT]
        self.sits = rests[(height > SEATED[0]) & (height < SEATED[1])]
        if not len(self.stands):
            raise InputError("nobody in this motion stands still; give other sets or subjects")

    def draw(self, count: int, frames: int, rng: np.random.Generator) -> tuple[Course, Tensor]:
        """N streams of T frames, and their situations (N, T)."""
        *course, labels = stacked([self.write(frames, rng) for _ in range(count)])
        return course_of(course), labels

    def write(self, frames: int, rng: np.random.Generator) -> Written:
        """One stream; its labels are situations."""
        seated = bool(len(self.sits)) and rng.random() < self.how.seated
        parts = [self._spell(seated, rng)]
        streams, total = [alone(parts[0])], len(parts[0].labels)
        while total < frames:
            part = self._spell(seated, rng)
            turns = 0.0 if seated else self.how.turns
            between = self.composer.transition(parts[-1], part, rng, turns=turns)
            streams += [between._replace(labels=_between(parts[-1], part, between)), alone(part)]
            parts.append(part)
            total += len(between.labels) + len(part.labels)
        return Written(*(np.concatenate(part)[:frames] for part in zip(*streams, strict=True)))

    def _spell(self, seated: bool, rng: np.random.Generator) -> Part:
        if self.walks and not seated and rng.random() < self.how.walks:
            act = self.walks[int(rng.integers(len(self.walks)))]
            clip = int(rng.choice(act.views))
            labels = self.composer.repertoire.pieces[clip].labels
            part = self.composer.played(clip, act.start, act.stop, labels, 1.0, rng)
            return part._replace(labels=np.full(len(part.labels), _place(WALK)))
        place = float(rng.choice(self.sits if seated else self.stands))
        place += len(self.world) * (rng.random() < 0.5)
        talks = rng.random() < self.how.talks
        what = TALK if talks else SIT if seated else STAND
        frames = round(rng.uniform(*self.how.spell_s) * self.world.fps)
        return Part(np.full(frames, place), 0.0, np.full(frames, _place(what)), (place, place))

    def _arms_hang(self, places: np.ndarray) -> np.ndarray:
        up = self.world.directions[torch.from_numpy(places).to(self.world.device)][..., 2]
        return (up[:, self.world.bones_to("elbow")] < HANGS).all(1).cpu().numpy()


def _between(before: Part, after: Part, way: Written) -> np.ndarray:
    """The situation of a transition (T,): of two the one in which more is allowed or moves."""
    what = max(before.labels[-1], after.labels[0])
    return np.full(len(way.labels), max(what, _place(TURN)) if way.turn.any() else what)


def _place(situation: str) -> int:
    return SITUATIONS.index(situation)


@dataclass(frozen=True)
class Talking:
    """A `Sway` of people whose hands go with what they say while `talks` (N, T), 0 or 1.

    The forearm is before the body and wanders; nothing of it was captured.

    Attributes:
        much: Of the wandering, as a share of the forearm's length.
        over_s: Of a gesture.
        rise_s: Within which the hands come up and sink.
    """

    sway: Sway
    talks: Tensor
    fore: list[int]
    upper: list[int]
    much: float = 0.4
    over_s: float = 0.25
    rise_s: float = 0.4

    def __call__(
        self, pose: Tensor, much: Tensor, free: Tensor, generator: Generator, *, fps: float
    ) -> Tensor:
        """See `Sway`."""
        swayed = self.sway(pose, much, free, generator, fps=fps)
        up = self._rises(fps).to(pose)[..., None, None]
        which = torch.rand(len(pose), 1, len(self.fore), 1, generator=generator, device=pose.device)
        up = up * (which < 0.8)  # some talk with one hand
        frames = max(round(self.over_s * fps), 1)
        drift = self.much * wander(
            (*pose.shape[:2], len(self.fore), 3), frames, generator, pose.device
        )
        # Axes: forward, left, up. The hands are before the belly, a little inwards.
        inward = torch.tensor([[0.8, -0.2, 0.15], [0.8, 0.2, 0.15]], device=pose.device)
        swayed[:, :, self.fore] = torch.lerp(swayed[:, :, self.fore], inward + drift, up)
        swayed[:, :, self.upper] += 0.3 * drift * up
        return torch.nn.functional.normalize(swayed, dim=-1)

    def _rises(self, fps: float) -> Tensor:
        """(N, T) 0 to 1."""
        frames = 2 * round(self.rise_s * fps / 2) + 1
        return torch.nn.functional.avg_pool1d(
            self.talks[:, None].float(), frames, 1, frames // 2, count_include_pad=False
        )[:, 0]


class QuietStudio:
    """Films quiet people on a studio's device; an InputError if nobody in its motion stands still.

    Args:
        studio: Of the motion.
        how: See `Pastime`.
    """

    def __init__(self, studio: Studio, how: Pastime) -> None:
        labels = studio.filming.labels
        self.studio, self.how = studio, how
        self.walking = None if labels.walking is None else labels.names.index(labels.walking)
        self.composer = QuietComposer(studio.composer, self.walking, how)

    @torch.no_grad()
    def streams(self, count: int, frames: int, *words: int) -> Quiet:
        """So many, each from the moment at which somebody is first seen.

        The same words give the same ones.
        """
        filming, world, device = self.studio.filming, self.studio.world, self.studio.device
        rng, generator = np.random.default_rng(words), generator_of(*words, device=device)
        at, jumps, faults = _watched(count, frames, self.how, filming.fps, rng)
        course, situations = self.composer.draw(count, int(at.max()) + 1, rng)
        talking = Talking(
            filming.sway, situations == _place(TALK), world.bones_to("wrist"),
            world.bones_to("elbow"),
        )  # fmt: skip
        lengths = world.bodies(count, spread=filming.body_spread, generator=generator)
        xyz, heading = world.perform(course.to(device), lengths, sway=talking, generator=generator)
        rows = torch.arange(count)[:, None].expand(count, frames)
        tracked = torch.where(jumps, (rows + 1) % count, rows)

        def track(seen: Tensor) -> Tensor:
            return seen[tracked.to(device), at.to(device)]

        lifted = self.studio.film(xyz, heading, generator, track=track)
        return Quiet(lifted, situations[tracked, at], faults)

    def labels(self, situations: Tensor) -> Tensor:
        """Class indices: who walks walks, or is unlabelled; everybody else is background."""
        walking = UNKNOWN if self.walking is None else self.walking
        idle = self.composer.composer.repertoire.idle
        return torch.where(situations == _place(WALK), walking, idle)


class QuietStreams(Dataset[Batch]):
    """Hours of quiet people, filmed batch by batch; arguments are those of `QuietStudio`."""

    def __init__(self, studio: Studio, how: Pastime, *, hours: float, seed: int) -> None:
        self.studio, self.seed = QuietStudio(studio, how), seed
        self.frames = round(STREAM_S * studio.filming.fps)
        self.batches = max(round(hours * 3600 / STREAM_S / _AT_ONCE), 1)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        return (self[index] for index in range(self.batches))

    def __getitem__(self, index: int) -> Batch:
        made = self.studio.streams(_AT_ONCE, self.frames, self.seed, index)
        labels = self.studio.labels(made.situations)
        return made.xyz.cpu(), labels, (labels >= 0).float()


def _watched(
    count: int, frames: int, how: Pastime, fps: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Frames (N, T) that are seen, whether of somebody else, and whether that has just changed."""
    at = np.tile(np.arange(frames), (count, 1))
    jumps, faults = np.zeros((2, count, frames), bool)

    def spell(seconds: tuple[float, float]) -> tuple[int, int]:
        length = max(round(rng.uniform(*seconds) * fps), 1)
        return int(rng.integers(1, max(frames - length, 2))), length

    for row in range(count):
        if rng.random() < how.jumps:
            start, length = spell(how.jump_s)
            jumps[row, start : start + length] = True
        if rng.random() < how.gaps:
            start, length = spell(how.gap_s)
            at[row, start:] += length
            faults[row, start] = True
    faults[:, 1:] |= jumps[:, 1:] != jumps[:, :-1]
    return torch.from_numpy(at), torch.from_numpy(jumps), torch.from_numpy(faults)
