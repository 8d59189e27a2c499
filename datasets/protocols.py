"""Which clips are trained on, which choose the checkpoint, and which are held out."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol as Interface
from zlib import crc32

from ..gast.errors import InputError

PARTS = ("train", "val", "held_out")


class Protocol(Interface):
    """Says for every clip what it is for."""

    def part(self, dataset: str, subject: str, name: str) -> str | None:
        """One of `PARTS`, or None for a clip that is for nothing."""

    def people(self, part: str) -> list[tuple[str, str]] | None:
        """Data set and subject of all whose clips can be in a part; None: the clips tell."""

    def meet(self, shown: Mapping[str, Collection[str]]) -> None:
        """Hear of the data before anything is asked: the subjects that show each action."""


class ByName:
    """A publisher's protocol, told by the names of clips.

    Args:
        held_out: Regular expression that the names of test clips match somewhere.
        val: The same for clips that choose the checkpoint, among those that are not test clips.
        within: The same for clips that count at all; None: all of them do.

    Raises:
        InputError: One of them is no regular expression.
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

    def people(self, part: str) -> None:
        """The clips tell."""

    def meet(self, shown: Mapping[str, Collection[str]]) -> None:
        """Nothing to learn from it."""


class LeaveOneOut:
    """One subject tests, another chooses the checkpoint, all others train.

    Args:
        subject: Who tests.
        val: Who chooses, in order of preference; the first of them who does not test.

    Raises:
        InputError: Nobody is left to choose.
    """

    def __init__(self, *, subject: str | int, val: Sequence[str | int]) -> None:
        self.subject = str(subject)
        others = [str(name) for name in val if str(name) != self.subject]
        if not others:
            raise InputError(f"subject {subject} tests; protocol.val wants somebody else too")
        self.val = others[0]

    def part(self, dataset: str, subject: str, name: str) -> str:
        """See `Protocol`."""
        return {self.subject: "held_out", self.val: "val"}.get(subject, "train")

    def people(self, part: str) -> None:
        """The clips tell."""

    def meet(self, shown: Mapping[str, Collection[str]]) -> None:
        """See that the subject is there.

        Raises:
            InputError: Nobody of that name.
        """
        known = {subject for subjects in shown.values() for subject in subjects}
        if strangers := {self.subject, self.val} - known:
            raise InputError(
                f"protocol wants subject {', '.join(sorted(strangers))}, who is not there; choose "
                f"from {', '.join(sorted(known))}"
            )


class BySubject:
    """Some of the subjects choose the checkpoint: the user's own data, which have no protocol.

    Of every action that two subjects or more show, at least one chooses and one is trained on.
    Where a recording is all that is known of who moves, recordings are the subjects.

    Args:
        val: Share of the subjects, drawn by their names.
        seed: Of the draw.

    Raises:
        InputError: The share is not between 0 and 1.
    """

    def __init__(self, *, val: float = 0.25, seed: int = 0) -> None:
        if not 0 < val < 1:
            raise InputError(f"protocol.val is a share between 0 and 1, got {val}")
        self.val, self.seed = val, seed
        self.choosing = set[str]()

    def meet(self, shown: Mapping[str, Collection[str]]) -> None:
        """Draw, action by action, from the subjects that show it."""
        for label in sorted(shown):
            subjects = sorted(shown[label], key=self._drawn)
            wanted = min(max(1, round(self.val * len(subjects))), len(subjects) - 1)
            chosen = self.choosing.intersection(subjects)
            others = [subject for subject in subjects if subject not in chosen]
            self.choosing.update(others[: max(0, wanted - len(chosen))])

    def part(self, dataset: str, subject: str, name: str) -> str:
        """See `Protocol`."""
        return "val" if subject in self.choosing else "train"

    def people(self, part: str) -> None:
        """The clips tell."""

    def _drawn(self, subject: str) -> int:
        return crc32(f"{self.seed} {subject}".encode())


def _compiled(rule: str) -> re.Pattern[str]:
    try:
        return re.compile(rule)
    except re.error as error:
        raise InputError(f"protocol has {rule!r}, no regular expression: {error}") from error


def listed(people: Iterable[tuple[str, str]]) -> str:
    """Who, in one line: each data set with its subjects."""
    sets: dict[str, set[str]] = {}
    for data, subject in people:
        sets.setdefault(data, set()).add(subject)
    return "; ".join(f"{data} {', '.join(sorted(names))}" for data, names in sorted(sets.items()))


class Split:
    """Who is trained on, who chooses the checkpoint, and whom nothing may ever be trained on.

    Args:
        train: Subjects of each data set.
        val: Subjects of each data set.
        held_out: Subjects of each data set.

    Raises:
        InputError: A subject is in two of them.
    """

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
        """What a clip is for; None for nothing."""
        return next((part for part, all_ in self.parts.items() if (dataset, subject) in all_), None)

    def people(self, part: str) -> list[tuple[str, str]]:
        """Data set and subject of all in a part.

        Raises:
            InputError: There is no such part.
        """
        return sorted(self.parts[self._known([part])[0]])

    def meet(self, shown: Mapping[str, Collection[str]]) -> None:
        """Nothing to learn from it."""

    def subjects(self, data: str, parts: Sequence[str]) -> list[str]:
        """Subjects of a data set in some parts: ``train``, ``val``, ``held_out``.

        Raises:
            InputError: There is no such part.
        """
        chosen = {pair for part in self._known(parts) for pair in self.parts[part]}
        return sorted(subject for owner, subject in chosen if owner == data)

    def _known(self, parts: Sequence[str]) -> Sequence[str]:
        if strangers := set(parts) - set(self.parts):
            raise InputError(
                f"no part {', '.join(sorted(strangers))} in a split; choose from "
                f"{', '.join(self.parts)}"
            )
        return parts
