"""UTKinect-Action3D: ten actions in a row before a Kinect."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np

from ...gast.errors import InputError
from ..axes import SDK_ORDER, kinect20
from ..formats.tables import read_table
from ..formats.text import broken, read_text
from ..motion import Take
from ..timed import Stretch, TimedFolder, forwards

CLOCK = 30.0
"""Frame numbers count at 30 a second, though only about every other frame was kept."""

MISPRINTS: Mapping[tuple[str, str], tuple[int, int]] = {("s03_e01", "push"): (2556, 3556)}
"""First frame of an action, as published and corrected: the published range has a throw in it."""


class UtKinect(TimedFolder):
    """20 recordings of 10 actions by 10 people.

    ``joints_sSS_eEE.txt`` is recording E of subject S: rows of a frame number and 20 points. Of
    repeated frames the first is read. ``actionLabel.txt``, which must be there, has the first and
    last frame of each action; subject 10 does not carry in one recording. Published by the
    University of Texas at Austin, for academic use. The published protocol leaves one recording
    out; others train on the odd subjects. See `MotionFolder`.

    Source: Xia et al. 2012, "View invariant human action recognition".
    """

    dataset = "utkinect"
    publisher = "the University of Texas at Austin (cvrc.ece.utexas.edu)"
    labels = (
        "walk",
        "sit down",
        "stand up",
        "pick up",
        "carry",
        "throw",
        "push",
        "pull",
        "wave hands",
        "clap hands",
    )
    longest_gap_s = 0.5
    """Rows come every 2 to 8 ticks of the clock; people are away for more than a second."""
    published = ("walk", "sitDown", "standUp", "pickUp", "carry", "throw", "push", "pull",
                 "waveHands", "clapHands")  # fmt: skip

    def __init__(
        self, root: str, *, subjects: list[str] | None = None, fps: float | None = None
    ) -> None:
        super().__init__(root, subjects=subjects, fps=fps)
        self._actions = self._read_labels()

    def _find(self) -> Iterable[Take]:
        for path, match in self._files(r"joints_s(\d+)_e\d+\.txt"):
            yield Take(path, subject=match[1])

    def _recording(self, take: Take) -> tuple[np.ndarray, np.ndarray]:
        columns = 1 + 3 * len(SDK_ORDER)
        values = read_table(take.path, columns=columns, what="a frame number and 20 points")
        values = values[forwards(values[:, 0])]
        xyz = values[:, 1:].reshape(len(values), -1, 3)
        return values[:, 0] / CLOCK, kinect20(xyz, SDK_ORDER)

    def _stretches(self, take: Take) -> list[Stretch]:
        name = take.name.lower().removeprefix("joints_")
        if name not in self._actions:
            raise InputError(f"actionLabel.txt has no {name}; get it anew from {self.publisher}")
        stretches = []
        for label, first, last in self._actions[name]:
            if first is None or last is None or last < first:
                self._note(take, f"actionLabel.txt has no frames of {label!r} in it")
            else:
                stretches.append((first / CLOCK, (last + 1) / CLOCK, label))
        stretches.sort()
        for (_, stop, label), (start, _, other) in pairwise(stretches):
            if stop - start > 1.5 / CLOCK:
                frames = round((stop - start) * CLOCK)
                self._note(take, f"{label!r} and {other!r} share {frames} frames; they are {other}")
        return stretches

    def _read_labels(self) -> dict[str, list[tuple[str, int | None, int | None]]]:
        """Action, first and last frame, by recording."""
        path = min((path for path, _ in self._files(r"actionLabel\.txt")), default=None)
        if path is None:
            raise InputError(
                f"no actionLabel.txt in {self.root}; get it from {self.publisher} and put it there"
            )
        names = dict(zip(self.published, self.labels, strict=True))
        actions: dict[str, list[tuple[str, int | None, int | None]]] = {}
        recording = ""
        for number, line in enumerate(read_text(path).splitlines(), 1):
            match line.replace(":", " ").split():
                case []:
                    pass
                case [name] if re.fullmatch(r"s\d+_e\d+", name.lower()):
                    recording = name.lower()
                    actions[recording] = []
                case [action, first, last] if action in names and recording:
                    start, stop = _frame(first), _frame(last)
                    wrong, right = MISPRINTS.get((recording, action), (None, None))
                    start = right if start is not None and start == wrong else start
                    actions[recording].append((names[action], start, stop))
                case _:
                    raise broken(path, number, "wanted a recording, or an action and two frames")
        return actions


def _frame(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 10 else None
