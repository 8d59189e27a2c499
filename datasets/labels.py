"""From publishers' action names to ours."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ..gast.errors import InputError

UNKNOWN = -1
"""Class index of an unlabelled frame, which the loss ignores."""


class LabelMap:
    """Several data sets under one list of labels.

    An InputError if the background, `walking` or a label mapped to is none of `names`.

    Args:
        names: Our K labels; their order is the class index.
        background: The background class among them; None where clips are cut.
        sets: For each data set, every publisher's label with ours; None leaves its frames out.
        walking: The label for walking to and from where something `in_place` is done.
        in_place: For each data set, publishers' labels of what is done in one place.
        told_by_arms, told_by_legs: Names of what is told by arms or by legs alone, whatever the
            other limbs do.
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        background: str | None,
        sets: Mapping[str, Mapping[str, str | None]],
        told_by_arms: Sequence[str],
        told_by_legs: Sequence[str],
        walking: str | None = None,
        in_place: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.names, self.background, self.walking = tuple(names), background, walking
        self.sets = {data: dict(labels) for data, labels in sets.items()}
        self.in_place = {data: set(labels) for data, labels in (in_place or {}).items()}
        self.told_by_arms, self.told_by_legs = tuple(told_by_arms), tuple(told_by_legs)
        first = [name for name in (background, walking) if name is not None]
        first += [*self.told_by_arms, *self.told_by_legs]
        used = [*first, *(ours for labels in self.sets.values() for ours in labels.values())]
        if unknown := {ours for ours in used if ours is not None} - set(self.names):
            raise InputError(
                f"labels {', '.join(sorted(unknown))} are used and not named; add them to names: "
                f"{', '.join(self.names)}"
            )

    @property
    def idle(self) -> int:
        """Class index of the background; an InputError if there is none."""
        if self.background is None:
            raise InputError(
                "streams want a background label; add labels.background=idle, or use "
                "datamodule=clips"
            )
        return self.names.index(self.background)

    def on_the_way(self, data: str, labels: Sequence[str]) -> np.ndarray:
        """(L,) bool: whether people walk to and from the place of each publisher's label."""
        done_in_place = self.in_place.get(data, set()) if self.walking is not None else set()
        return np.array([label in done_in_place for label in labels], bool)

    def within(self, known: Collection[str]) -> "LabelMap":
        """The same without frames whose label is not among those known; the background stays."""
        kept = {*known, self.background}
        return LabelMap(
            names=self.names,
            background=self.background,
            sets={
                data: {theirs: ours if ours in kept else None for theirs, ours in labels.items()}
                for data, labels in self.sets.items()
            },
            walking=self.walking if self.walking in kept else None,
            in_place=self.in_place,
            told_by_arms=self.told_by_arms,
            told_by_legs=self.told_by_legs,
        )

    def places(self, data: str, labels: Sequence[str]) -> np.ndarray:
        """(L,) class index of each label, `UNKNOWN` to leave out; an InputError if not mapped."""
        known = self.sets.get(data, {})
        if unknown := [label for label in labels if label not in known]:
            raise InputError(
                f"labels of {data} without a counterpart: {', '.join(unknown)}; add them to the "
                f"label map (null leaves them out)"
            )
        ours = [known[label] for label in labels]
        return np.array([UNKNOWN if o is None else self.names.index(o) for o in ours], np.int64)


class OwnLabels:
    """The publishers' labels unchanged, and a `background` class if one is given."""

    def __init__(self, *, background: str | None = None) -> None:
        self.background = background

    def of(self, sets: Mapping[str, Sequence[str]]) -> LabelMap:
        """The map of these data sets, each given with its labels."""
        names = dict.fromkeys(label for labels in sets.values() for label in labels)
        if self.background is not None:
            names = {self.background: None} | names
        same = {data: {label: label for label in labels} for data, labels in sets.items()}
        return LabelMap(
            names=list(names),
            background=self.background,
            sets=same,
            told_by_arms=(),
            told_by_legs=(),
        )
