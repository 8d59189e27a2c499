"""The CMU Graphics Lab Motion Capture Database."""

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ...gast.errors import InputError
from ...gast.skeleton import CMU31
from ..clip import MotionClip, Segment
from ..formats import acclaim
from ..formats.acclaim import read_acclaim
from ..formats.bvh import read_bvh
from ..formats.text import broken, floats, read_text
from ..motion import MotionFolder, Take, beside


class Cmu(MotionFolder):
    """Takes as ASF/AMC and as BVH, described but mostly not labelled.

    ``SS_TT.amc`` beside ``SS.asf``; ``SSS_TT.bvh`` alone (retargeted to one body, centimetres, y
    up). ``index.csv``, if there, describes each trial and has the frame rate of its AMC, else 120.
    ``TT_ground_truth.txt`` beside a take has its actions, labelled up to the best transition frame.
    One person may have several numbers. Published by the CMU Graphics Lab, mocap.cs.cmu.edu, free
    for all uses. See `MotionFolder`.

    Args:
        formats: Only ``amc`` or ``bvh``.
        motions: Only trials that ``index.csv`` describes with one of these words, such as ``walk``.

    Source of labels: Barbič et al. 2004, "Segmenting motion capture data into distinct behaviors".
    """

    dataset = "cmu"
    publisher = "the CMU Graphics Lab (mocap.cs.cmu.edu)"

    def __init__(
        self,
        root: str,
        *,
        subjects: list[str] | None = None,
        formats: list[str] | None = None,
        motions: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, fps=fps)
        self.only("format", formats, of=lambda take: take.path.suffix[1:].lower())
        self.trials = _read_index(self.root / "index.csv")
        if motions is not None:
            self._only_motions(motions)
        segments = [segment for take in self.takes for segment in read_ground_truth(take.path)]
        self.labels = list(dict.fromkeys(segment.label for segment in segments))
        self.only("subject", subjects, of=lambda take: take.subject)

    def describe(self, take: Take) -> str:
        """The take's description in ``index.csv``, else empty."""
        return self.trials.get(_trial(take.path), ("", acclaim.FPS))[0]

    def _only_motions(self, words: list[str]) -> None:
        self.takes = [
            take for take in self.takes if any(word in self.describe(take) for word in words)
        ]
        if not self.takes:
            raise InputError(
                f"{self.root / 'index.csv'} describes nothing that is there as "
                f"{' or '.join(words)}; choose other words"
            )

    def _find(self) -> Iterable[Take]:
        for path, _ in self._files(r"\d+_\d+\.(amc|bvh)"):
            yield Take(path, subject=f"{_trial(path)[0]:02d}")

    def _read(self, take: Take) -> MotionClip:
        if take.path.suffix.lower() == ".bvh":
            xyz, fps = read_bvh(take.path)
        else:
            asf = beside(take.path, f"{take.path.stem.split('_')[0]}.asf")
            xyz = read_acclaim(asf, take.path)
            _, fps = self.trials.get(_trial(take.path), ("", acclaim.FPS))
        segments = read_ground_truth(take.path, frames=len(xyz))
        return self._clip(take, CMU31, xyz, fps, segments=segments)


def read_ground_truth(path: Path, *, frames: int | None = None) -> tuple[Segment, ...]:
    """Actions of a take of so many frames, none without its file; an InputError if it is broken."""
    truth = ground_truth(path)
    if not truth.is_file():
        return ()
    rows = [(n, row) for n, line in enumerate(read_text(truth).splitlines(), 1)
            if (row := line.split())]  # fmt: skip
    segments: list[Segment] = []
    start = 0
    for (_, (_, *words)), (number, times) in zip(rows[1::2], rows[2::2], strict=False):
        ends, action = floats(times), "_".join(words)
        if not action or ends is None or len(ends) not in (1, 3):
            raise broken(truth, number, f"wanted the frames at which {action!r} ends")
        stop = int(ends[len(ends) // 2])
        segments.append(Segment(start, stop, action.replace("_", " ")))
        start = stop
    if not segments or [str(len(segments))] != rows[0][1]:
        raise broken(truth, 1, f"says {' '.join(rows[0][1])!r} actions, has {len(segments)}")
    if frames is not None:
        segments[-1] = replace(segments[-1], stop=frames)
    return tuple(segments)


def ground_truth(take: Path) -> Path:
    """Path of a take's file of ground truth, which most takes lack."""
    return beside(take, f"{take.stem.split('_')[1]}_ground_truth.txt")


def _trial(path: Path) -> tuple[int, int]:
    subject, trial = path.stem.split("_")
    return int(subject), int(trial)


def _read_index(path: Path) -> dict[tuple[int, int], tuple[str, float]]:
    """Subject and trial to description and frame rate."""
    if not path.is_file():
        return {}
    trials = {}
    for number, row in enumerate(csv.reader(read_text(path).splitlines()), 1):
        try:
            subject, trial, description, fps = row[:4]
            trials[int(subject), int(trial)] = description, float(fps)
        except ValueError as error:
            if number > 1:
                what = "wanted subject, trial, description and frame rate"
                raise broken(path, number, what) from error
    return trials
