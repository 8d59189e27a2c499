"""Base classes of readers: a folder with one file per clip."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import numpy as np

from ..gast.errors import InputError
from ..gast.limits import BROKEN, broken
from ..gast.skeleton import Skeleton
from .clip import KeypointClip, MotionClip, Problem, Segment
from .rates import resample

Clip = TypeVar("Clip", MotionClip, KeypointClip)


@dataclass(frozen=True, slots=True)
class Take:
    """One file of a data set, and the facts in its name."""

    path: Path
    subject: str
    label: str = ""
    camera: str = ""

    @property
    def name(self) -> str:
        """File name without its suffix."""
        return self.path.stem


class ClipFolder(ABC, Generic[Clip]):
    """A data set of one file a clip: a subclass finds the files and reads one.

    An InputError if there are no files of the set, or a choice is not in it.

    Args:
        root: Folder of the set; files may lie in folders below it.
        subjects: Only these; None is all. The same holds for a reader's `actions` and `cameras`.
        fps: Frames per second wanted, see `resample`; None keeps the publisher's.
    """

    dataset: ClassVar[str]
    publisher: ClassVar[str]
    labels: Sequence[str] = ()

    def __init__(
        self, root: str, *, subjects: list[str] | None = None, fps: float | None = None
    ) -> None:
        self.root, self.fps = Path(root).expanduser(), fps
        self.problems: list[Problem] = []
        self.takes = sorted(self._find(), key=lambda take: take.path) if self.root.is_dir() else []
        if not self.takes:
            raise InputError(
                f"no {self.dataset} files in {self.root}; download the set from {self.publisher} "
                f"and give its folder as root"
            )
        self.only("subject", subjects, of=lambda take: take.subject)

    @property
    def subjects(self) -> list[str]:
        """Subjects, sorted."""
        return sorted({take.subject for take in self.takes}, key=lambda name: (len(name), name))

    def __len__(self) -> int:
        """Number of files."""
        return len(self.takes)

    def __iter__(self) -> Iterator[Clip]:
        """Clips by path; `problems` names what can't be read."""
        self.problems = []
        for take in self.takes:
            try:
                clip = self._read(take)
                self._check(take, clip)
            except BROKEN as error:  # one bad file never ends a training
                self._note(take, broken(error))
            else:
                yield self._resampled(clip)

    def _files(self, name: str) -> Iterator[tuple[Path, re.Match[str]]]:
        """Files below the root whose name matches this expression, in small or capital letters."""
        rule = re.compile(name, re.IGNORECASE)
        for path in self.root.rglob("*"):
            if match := rule.fullmatch(path.name):
                yield path, match

    @abstractmethod
    def _find(self) -> Iterable[Take]:
        """All files of the set, in any order."""

    @abstractmethod
    def _read(self, take: Take) -> Clip:
        """One file at the publisher's frame rate; an InputError if it can't be used."""

    @abstractmethod
    def _check(self, take: Take, clip: Clip) -> None:
        """Refuse a clip that is of no use; note what it lacks."""

    @abstractmethod
    def _resampled(self, clip: Clip) -> Clip:
        """The clip at the wanted frame rate."""

    def _note(self, take: Take, reason: str) -> None:
        self.problems.append(Problem(str(take.path), reason))

    def only(self, what: str, names: list[str] | None, *, of: Callable[[Take], str]) -> None:
        """Keep the takes with one of these names, all if None; an InputError if no take has one."""
        if names is None:
            return
        wanted = {str(name) for name in names}
        known = sorted({of(take) for take in self.takes}, key=lambda name: (len(name), name))
        if unknown := sorted(wanted.difference(known)):
            raise InputError(
                f"{self.dataset} has no {what} {', '.join(unknown)}; choose from {', '.join(known)}"
            )
        self.takes = [take for take in self.takes if of(take) in wanted]


class MotionFolder(ClipFolder[MotionClip]):
    """A `MotionSet` of one file a clip, see `ClipFolder`."""

    def _resampled(self, clip: MotionClip) -> MotionClip:
        return resample(clip, self.fps)

    def _check(self, take: Take, clip: MotionClip) -> None:
        """Refuse a clip without any joint; note missing joints."""
        missing = ~np.isfinite(clip.xyz).all(-1)
        if missing.all():
            raise InputError(f"none of its {len(clip.xyz)} frames has a joint")
        if missing.any():
            frames = int(missing.any(1).sum())
            self._note(take, f"{int(missing.sum())} joints are missing in {frames} frames")
        if len(clip.xyz) < 2:
            self._note(take, "has a single frame")

    def _clip(
        self,
        take: Take,
        layout: Skeleton,
        xyz: np.ndarray,
        fps: float,
        *,
        segments: tuple[Segment, ...] | None = None,
    ) -> MotionClip:
        """A clip; without `segments` one segment with the take's label."""
        if segments is None:
            segments = (Segment(0, len(xyz), take.label),) if take.label else ()
        return MotionClip(
            name=take.name,
            dataset=self.dataset,
            subject=take.subject,
            layout=layout,
            xyz=xyz,
            fps=fps,
            segments=segments,
            camera=take.camera,
        )


def beside(path: Path, name: str) -> Path:
    """The file of this name in the folder of `path`, else one that differs only in capitals."""
    exact = path.with_name(name)
    if exact.is_file() or not path.parent.is_dir():
        return exact
    same = (other for other in os.listdir(path.parent) if other.lower() == name.lower())
    return exact.with_name(min(same, default=name))


def runs(labels: Sequence[str], *, stops: Sequence[int]) -> tuple[Segment, ...]:
    """Segments: ``labels[i]`` holds until frame ``stops[i]``, an empty one is unlabelled."""
    segments: list[Segment] = []
    start = 0
    for label, stop in zip(labels, stops, strict=True):
        if segments and segments[-1].label == label:
            segments[-1] = replace(segments[-1], stop=stop)
        elif stop > start:
            segments.append(Segment(start, stop, label))
        start = max(start, stop)
    return tuple(segment for segment in segments if segment.label)
