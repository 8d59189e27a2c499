"""Publishers' action names as ours, and which subjects are for what."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..gast.errors import InputError

UNKNOWN = -1
"""The label of a frame that counts for nothing."""


class LabelMap:
    """Several data sets under one list of labels.

    Args:
        names: Our labels, K of them.
        background: The one of them that means nothing in particular.
        sets: For each data set, every publisher's label with ours; ``None`` leaves its frames out.

    Raises:
        InputError: The background or a label mapped to is none of `names`.
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        background: str,
        sets: Mapping[str, Mapping[str, str | None]],
    ) -> None:
        self.names, self.background = tuple(names), background
        self.sets = {data: dict(labels) for data, labels in sets.items()}
        used = [background, *(ours for labels in self.sets.values() for ours in labels.values())]
        if strangers := {ours for ours in used if ours is not None} - set(self.names):
            raise InputError(
                f"labels {', '.join(sorted(strangers))} are used and not named; add them to names: "
                f"{', '.join(self.names)}"
            )

    @property
    def idle(self) -> int:
        """Place of the background in `names`."""
        return self.names.index(self.background)

    def places(self, data: str, labels: Sequence[str]) -> np.ndarray:
        """Place in `names` of each publisher's label, `UNKNOWN` for one to leave out.

        Raises:
            InputError: The set or a label is not mapped.
        """
        known = self.sets.get(data, {})
        if strangers := [label for label in labels if label not in known]:
            raise InputError(
                f"labels of {data} without a counterpart: {', '.join(strangers)}; add them to the "
                f"label map (null leaves them out)"
            )
        ours = [known[label] for label in labels]
        return np.array([UNKNOWN if o is None else self.names.index(o) for o in ours], np.int64)


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

    def subjects(self, data: str, parts: Sequence[str]) -> list[str]:
        """Subjects of a data set in some parts: ``train``, ``val``, ``held_out``.

        Raises:
            InputError: There is no such part.
        """
        if strangers := set(parts) - set(self.parts):
            raise InputError(
                f"no part {', '.join(sorted(strangers))} in a split; choose from "
                f"{', '.join(self.parts)}"
            )
        chosen = {pair for part in parts for pair in self.parts[part]}
        return sorted(subject for owner, subject in chosen if owner == data)
