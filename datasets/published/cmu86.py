"""CMU subject 86: long takes of many actions in a row, labelled."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..clip import MotionClip, Segment
from ..formats.text import read_text
from ..motion import Take
from .cmu import Cmu, ground_truth

SAME = {"walk": "walking"}
"""Names that the ground truth has twice for the same thing."""


class Cmu86(Cmu):
    """Takes of `Cmu` with a ``TT_ground_truth.txt`` beside them, 120 frames per second.

    The ground truth says of each change of action when it could have been at the earliest, is best
    set, and could be at the latest. What lies between earliest and latest belongs to neither
    action and stays unlabelled. ``86.asf`` lies beside ``86_TT.amc``.

    Args:
        root: Folder of the set; files may lie in folders below it.
        transitions: Also label the changes, up to their best frame with the action before.
        fps: Frames per second wanted; None keeps 120.

    Raises:
        InputError: There is no take with a ground truth, or one is broken.

    Source: Barbič, Safonova, Pan, Faloutsos, Hodgins, Pollard 2004, "Segmenting motion capture
        data into distinct behaviors".
    """

    def __init__(self, root: str, *, transitions: bool = False, fps: float | None = None) -> None:
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
    """Without the frames in which an action may be over or the next have begun."""
    rows = [row.split() for row in read_text(ground_truth(take)).splitlines() if row.strip()]
    ends = [(int(row[0]), int(row[-1])) for row in rows[2::2]]
    begun = [0, *(latest for _, latest in ends)]
    over = [*(earliest for earliest, _ in ends[:-1]), segments[-1].stop]
    return [
        replace(segment, start=start, stop=stop)
        for segment, start, stop in zip(segments, begun, over, strict=False)
        if start < stop
    ]
