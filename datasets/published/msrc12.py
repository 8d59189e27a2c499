"""MSRC-12: twelve gestures before a Kinect, each tagged at the moment in which it is done."""

import re
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from ...gast.errors import InputError
from ..axes import SDK_ORDER, kinect20
from ..formats.tables import read_table
from ..formats.text import broken, read_text
from ..motion import Take, beside
from ..timed import Stretch, TimedFolder, forwards

TICKS = 49.875e6
"""Ticks a second of the clock of the tags."""
MICROSECONDS = 1e6
"""Time stamps a second of the frames; both clocks start at the same moment."""
TOLERANCE_S = 1 / 3
"""By how much the publishers let a detection miss an action point: ten frames, 333 ms."""


class Msrc12(TimedFolder):
    """594 recordings of 12 gestures by 30 people, each done over and over.

    ``PG_I_AA_pSS.csv`` is gesture A (followed by ``A`` in the second half) by subject S after
    instruction I: about 30 rows a second, each a time stamp and 20 points with a flag. The
    ``.tagstream`` beside it has the action points, when the gesture can be recognised. Its begin
    and end are not published: a segment is from `before_s` before to `after_s` after the point, and
    where two meet the border is half-way. Published by Microsoft Research Cambridge, for academic
    use. The published protocol leaves one person out and accepts detections within 333 ms.

    Attributes:
        points: By recording, the last iteration's action points: seconds on its clock, label.

    Source: Fothergill et al. 2012, "Instructing people for training gestural interactive systems";
        action points: Nowozin, Shotton 2012, "Action points".
    """

    dataset = "msrc12"
    publisher = "Microsoft Research Cambridge (MSRC-12 Kinect gesture data set)"
    labels = (
        "lift outstretched arms",
        "duck",
        "push right",
        "goggles",
        "wind it up",
        "shoot",
        "bow",
        "throw",
        "had enough",
        "change weapon",
        "beat both",
        "kick",
    )

    def __init__(
        self,
        root: str,
        *,
        subjects: list[str] | None = None,
        before_s: float,
        after_s: float,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, subjects=subjects, fps=fps)
        if before_s < 0 or after_s < 0 or before_s + after_s <= 0:
            raise InputError(
                f"before_s={before_s:g} and after_s={after_s:g} make no segment; give seconds"
            )
        self.before_s, self.after_s = before_s, after_s
        self.points: dict[str, list[tuple[float, str]]] = {}

    def _find(self) -> Iterable[Take]:
        for path, match in self._files(r"P\d+_\d+_(\d+)A?_p(\d+)\.csv"):
            if 1 <= int(match[1]) <= len(self.labels):
                yield Take(path, subject=match[2], label=self.labels[int(match[1]) - 1])

    def _recording(self, take: Take) -> tuple[np.ndarray, np.ndarray]:
        columns = 1 + 4 * len(SDK_ORDER)
        values = read_table(
            take.path, columns=columns, what="a time and 20 points with a flag each"
        )
        values = values[forwards(values[:, 0])]
        xyz = values[:, 1:].reshape(len(values), -1, 4)[..., :3]
        return values[:, 0] / MICROSECONDS, kinect20(xyz, SDK_ORDER)

    def _stretches(self, take: Take) -> list[Stretch]:
        points = self.points[take.name] = self._read_points(take)
        others = {label for _, label in points} - {take.label}
        if others:
            named = ", ".join(sorted(others))
            self._note(take, f"is called {take.label!r} and tagged {named}; the tags count")
        if not points:
            self._note(take, "has no action point")
        between = [(a + b) / 2 for (a, _), (b, _) in pairwise(points)]
        edges = list(zip([-np.inf, *between], [*between, np.inf], strict=True))
        return [
            (max(at - self.before_s, lower), min(at + self.after_s, upper), label)
            for (at, label), (lower, upper) in zip(points, edges, strict=bool(points))
        ]

    def _read_points(self, take: Take) -> list[tuple[float, str]]:
        """Action points in order: seconds and label."""
        path = beside(take.path, f"{take.name}.tagstream")
        head, *lines = read_text(path).splitlines() or [""]
        if [word.strip() for word in head.split(";")] != ["XQPCTick", "Tag"]:
            raise broken(path, 1, "wanted 'XQPCTick;Tag'")
        points = []
        for number, line in enumerate(lines, 2):
            if not line.strip():
                continue
            match = re.fullmatch(r"\s*(\d{1,19})\s*;\s*G(\d{1,9})\b.*", line)
            if not match or not 1 <= int(match[2]) <= len(self.labels):
                raise broken(path, number, "wanted a tick and a tag from G1 to G12")
            points.append((int(match[1]) / TICKS, self.labels[int(match[2]) - 1]))
        return sorted(points)
