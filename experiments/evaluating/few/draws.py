"""Draws of a few examples of one person, and what to test on."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ....datasets.for_heads.lifted import LiftedClip
from ....gast.errors import InputError


class Cut(NamedTuple):
    """A clip of one action in one view; joints (T, J, 3)."""

    subject: str
    label: str
    name: str
    xyz: np.ndarray


@dataclass(frozen=True)
class Draw:
    """What is taught and by whom.

    Attributes:
        examples: Of each label, as many as the most that are taught; first come first.
        tests: Of other people, in the same labels.
        others: Of other people, in other labels.
    """

    labels: tuple[str, ...]
    teacher: str
    examples: tuple[tuple[Cut, ...], ...]
    tests: tuple[Cut, ...]
    others: tuple[Cut, ...]


def cuts(clips: Iterable[LiftedClip]) -> list[Cut]:
    """Clips that show one action."""
    found = []
    for clip in clips:
        known = np.unique(clip.actions[clip.actions >= 0])
        if len(known) == 1:
            label = clip.origin.labels[known[0]]
            found.append(Cut(clip.origin.subject, label, f"{clip.name}/{clip.view}", clip.xyz))
    return found


def draws(
    clips: Sequence[Cut],
    *,
    without: Collection[str],
    classes: int,
    examples: int,
    tests: int,
    others: int,
    count: int,
    seed: int,
) -> Iterator[Draw]:
    """So many draws; an InputError if nobody shows so many classes often enough."""
    by = defaultdict[tuple[str, str], list[Cut]](list)
    for clip in clips:
        by[clip.subject, clip.label].append(clip)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        able = {
            who: sorted(
                label for (one, label), own in by.items()
                if one == who and len(own) >= min(examples, 4) and label not in without
            )
            for who in sorted({clip.subject for clip in clips})
        }  # fmt: skip
        teachers = [who for who, labels in able.items() if len(labels) >= classes]
        if not teachers or len(able) < 2:
            raise InputError(
                f"nobody shows {classes} classes {examples} times, or nobody else is there to test "
                f"on; lift more people, or give fewer classes or examples"
            )
        teacher = str(rng.choice(teachers))
        labels = tuple(str(each) for each in rng.choice(able[teacher], classes, replace=False))
        chosen = tuple(_some(by[teacher, label], examples, rng) for label in labels)
        rest = [clip for clip in clips if clip.subject != teacher]
        yield Draw(
            labels, teacher, chosen,
            _some([clip for clip in rest if clip.label in labels], tests, rng),
            _some([clip for clip in rest if clip.label not in labels], others, rng),
        )  # fmt: skip


def _some(clips: Sequence[Cut], count: int, rng: np.random.Generator) -> tuple[Cut, ...]:
    return tuple(clips[place] for place in rng.permutation(len(clips))[:count])
