"""Which clips are trained on, which choose the checkpoint, and which are held out."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol as Interface
from zlib import crc32

from ..gast.errors import InputError

PARTS = ("train", "val", "held_out")


class Protocol(Interface):
    """Assigns every clip to a part."""

    def part(self, dataset: str, subject: str, name: str) -> str | None:
        """One of `PARTS`, or None for a clip that is not used."""

    def people(self, part: str) -> list[tuple[str, str]] | None:
        """Data set and subject of all in a part, None if it depends on the clips."""
        return None

    def meet(self, by_action: Mapping[str, Collection[str]]) -> None:
        """Called once before `part`, with the subjects of each action."""
        return  # not abstract: most protocols don't need it


class ByName(Protocol):
    """A publisher's protocol by names: regular expressions, searched for anywhere in a clip's name.

    A clip is `held_out`, else `val`, else for training; not used if `within` is not found in it. An
    InputError if one of them is no regular expression.
    """

    def __init__(self, *, held_out: str, val: str, within: str | None = None) -> None:
        self.rules = {"held_out": _compiled(held_out), "val": _compiled(val)}
        self.within = _compiled(within or "")

    def part(self, dataset: str, subject: str, name: str) -> str | None:
        """See `Protocol`."""
        if not self.within.search(name):
            return None
        matched = (part for part, rule in self.rules.items() if rule.search(name))
        return next(matched, "train")


class LeaveOneOut(Protocol):
    """One `subject` is held out; the first other of `val` chooses the checkpoint, or InputError."""

    def __init__(self, *, subject: str | int, val: Sequence[str | int]) -> None:
        self.subject = str(subject)
        others = [str(name) for name in val if str(name) != self.subject]
        if not others:
            raise InputError(f"subject {subject} tests; protocol.val wants somebody else too")
        self.val = others[0]

    def part(self, dataset: str, subject: str, name: str) -> str:
        """See `Protocol`."""
        return {self.subject: "held_out", self.val: "val"}.get(subject, "train")

    def meet(self, by_action: Mapping[str, Collection[str]]) -> None:
        """See `Protocol`; an InputError if one of the two subjects is not in the data."""
        known = {subject for subjects in by_action.values() for subject in subjects}
        if unknown := {self.subject, self.val} - known:
            raise InputError(
                f"protocol wants subject {', '.join(sorted(unknown))}, who is not there; choose "
                f"from {', '.join(sorted(known))}"
            )


class BySubject(Protocol):
    """For own data: a share `val` of the subjects, drawn by name, chooses the checkpoint.

    Every action keeps a subject to train on, and has one to validate on where two or more show it
    and nobody needed for training has to go. Where subjects are unknown, each recording is one.
    """

    def __init__(self, *, val: float, seed: int) -> None:
        if not 0 < val < 1:
            raise InputError(f"protocol.val is a share between 0 and 1, got {val}")
        self.val, self.seed = val, seed
        self.choosing = set[str]()

    def meet(self, by_action: Mapping[str, Collection[str]]) -> None:
        """Draw from the subjects of each action in turn."""
        for label in sorted(by_action):
            subjects = sorted(by_action[label], key=self._hash)
            wanted = min(max(1, round(self.val * len(subjects))), len(subjects) - 1)
            for subject in subjects:
                if len(self.choosing.intersection(subjects)) < wanted and not self._needed(
                    subject, by_action.values()
                ):
                    self.choosing.add(subject)

    def _needed(self, subject: str, actions: Iterable[Collection[str]]) -> bool:
        """Whether an action would have nobody left to train on."""
        return any(subject in who and not set(who) - self.choosing - {subject} for who in actions)

    def part(self, dataset: str, subject: str, name: str) -> str:
        """See `Protocol`."""
        return "val" if subject in self.choosing else "train"

    def _hash(self, subject: str) -> int:
        return crc32(f"{self.seed} {subject}".encode())


def _compiled(rule: str) -> re.Pattern[str]:
    try:
        return re.compile(rule)
    except re.error as error:
        raise InputError(f"protocol has {rule!r}, no regular expression: {error}") from error


def listed(people: Iterable[tuple[str, str]]) -> str:
    """Data sets and subjects in one line."""
    sets: dict[str, set[str]] = {}
    for data, subject in people:
        sets.setdefault(data, set()).add(subject)
    return "; ".join(f"{data} {', '.join(sorted(names))}" for data, names in sorted(sets.items()))


class Split(Protocol):
    """Subjects of each data set by part; an InputError if one is in two parts."""

    def __init__(
        self,
        *,
        train: Mapping[str, Sequence[str]],
        val: Mapping[str, Sequence[str]],
        held_out: Mapping[str, Sequence[str]],
    ) -> None:
        parts = {"train": train, "val": val, "held_out": held_out}
        self.parts = {
            part: {(data, str(name)) for data, names in sets.items() for name in names}
            for part, sets in parts.items()
        }
        for one, other in (("train", "val"), ("train", "held_out"), ("val", "held_out")):
            if both := self.parts[one] & self.parts[other]:
                data, subject = min(both)
                raise InputError(
                    f"subject {subject} of {data} is in {one} and in {other}; leave it in one"
                )

    def part(self, dataset: str, subject: str, name: str) -> str | None:
        """See `Protocol`."""
        return next((part for part, all_ in self.parts.items() if (dataset, subject) in all_), None)

    def people(self, part: str) -> list[tuple[str, str]]:
        """See `Protocol`; an InputError for an unknown part."""
        return sorted(self.parts[self._known([part])[0]])

    def subjects(self, data: str, parts: Sequence[str]) -> list[str]:
        """Subjects of a data set in these parts; an InputError for an unknown part."""
        pairs = {pair for part in self._known(parts) for pair in self.parts[part]}
        return sorted(subject for owner, subject in pairs if owner == data)

    def _known(self, parts: Sequence[str]) -> Sequence[str]:
        if unknown := set(parts) - set(self.parts):
            raise InputError(
                f"no part {', '.join(sorted(unknown))} in a split; choose from "
                f"{', '.join(self.parts)}"
            )
        return parts


class LeaveSetOut(Split):
    """A `split` without one data set; held out are people of sets that are trained on."""

    def __init__(self, split: Split, *, data: str) -> None:
        self.parts = {
            part: {pair for pair in people if pair[0] != data}
            for part, people in split.parts.items()
        }
        trained = {owner for owner, _ in self.parts["train"]}
        self.parts["held_out"] = {p for p in self.parts["held_out"] if p[0] in trained}
