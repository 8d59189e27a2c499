"""CMU subject 86: long labelled takes of many actions."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..clip import MotionClip, Segment
from ..formats.text import read_text
from ..motion import Take
from .cmu import Cmu, ground_truth

SAME = {"walk": "walking"}
"""Action names in the ground truth that mean the same as another one."""


class Cmu86(Cmu):
    """The takes of `Cmu` with ground truth, ``86_TT.amc``, 120 frames per second.

    The ground truth has the earliest, best and latest frame of each transition. Frames from
    earliest to latest are unlabelled, unless `transitions` labels them up to the best frame with
    the action before it. Publisher, terms and source: see `Cmu`.
    """

    def __init__(self, root: str, *, transitions: bool, fps: float | None = None) -> None:
        super().__init__(root, formats=["amc"], fps=fps)
        self.transitions = transitions
        self.labels = list(dict.fromkeys(SAME.get(label, label) for label in self.labels))

    def _find(self) -> Iterable[Take]:
        return (take for take in super()._find() if ground_truth(take.path).is_file())

    def _read(self, take: Take) -> MotionClip:
        clip = super()._read(take)
        named = [replace(s, label=SAME.get(s.label, s.label)) for s in clip.segments]
        return replace(clip, segments=tuple(named if self.transitions else _sure(take.path, named)))


def _sure(take: Path, segments: list[Segment]) -> list[Segment]:
    """The segments without the frames of transitions."""
    rows = [row.split() for row in read_text(ground_truth(take)).splitlines() if row.strip()]
    ends = [(int(row[0]), int(row[-1])) for row in rows[2::2]]
    begun = [0, *(latest for _, latest in ends)]
    over = [*(earliest for earliest, _ in ends[:-1]), segments[-1].stop]
    return [
        replace(segment, start=start, stop=stop)
        for segment, start, stop in zip(segments, begun, over, strict=False)
        if start < stop
    ]
