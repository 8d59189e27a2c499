"""From rows with time stamps to clips at an even frame rate, with their labels."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import numpy as np

from ..gast.errors import InputError
from ..gast.interpolation import frames_at, interpolated
from ..gast.limits import BROKEN, broken
from ..gast.skeleton import KINECT20
from .clip import MotionClip, Segment
from .motion import MotionFolder, Take, runs
from .rates import resample

LONGEST_GAP_S = 0.25
"""A person out of view for longer comes back in another clip, unless the data set differs."""
ROUNDED_S = 2e-4
"""Time stamps are rounded; a time that is so little before a frame is that of the frame."""

Stretch = tuple[float, float, str]
"""Start and stop in seconds, and the label."""


def stays(times: np.ndarray, *, longest_gap_s: float = LONGEST_GAP_S) -> list[slice]:
    """Rows between gaps: slices of the rising `times` (n,), seconds."""
    cuts = np.flatnonzero(np.diff(times) > longest_gap_s) + 1
    return [slice(int(a), int(b)) for a, b in pairwise([0, *cuts, len(times)]) if a < b]


def evenly(times: np.ndarray, poses: np.ndarray, *, fps: float) -> np.ndarray:
    """Poses (n, ...) at rising `times` (n,), seconds, as frames from the first time stamp on."""
    count = int((times[-1] - times[0] + ROUNDED_S) * fps) + 1
    at = times[0] + np.arange(count) / fps
    return interpolated(poses, frames_at(times, at, rounded_s=ROUNDED_S))


def painted(
    at: np.ndarray, stretches: Iterable[Stretch], *, background: str = ""
) -> tuple[Segment, ...]:
    """Segments of frames at the times `at` (T,), seconds; where stretches overlap the later holds.

    Frames in none are of the background; an empty label is unlabelled.
    """
    labels = np.full(len(at), background, object)
    for start, stop, label in sorted(stretches, key=lambda stretch: stretch[0]):
        labels[(at >= start - ROUNDED_S) & (at < stop - ROUNDED_S)] = label
    return runs(labels.tolist(), stops=range(1, len(labels) + 1))


class TimedFolder(MotionFolder):
    """A `MotionFolder` of long recordings with time stamps: a clip for each stay in view.

    A gap of more than `longest_gap_s` seconds ends a clip; a data set whose rows come far apart has
    a value of its own. Clips are called after the recording and the second in which they begin.
    """

    native_fps = 30.0
    longest_gap_s: ClassVar[float] = LONGEST_GAP_S

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips by path and time; `problems` names what can't be read."""
        self.problems = []
        for take in self.takes:
            try:
                for clip in self._clips(take):
                    self._check(take, clip)
                    yield resample(clip, self.fps)
            except BROKEN as error:  # one bad file never ends a training
                self._note(take, broken(error))

    @abstractmethod
    def _recording(self, take: Take) -> tuple[np.ndarray, np.ndarray]:
        """Rising time stamps (n,), s, and `KINECT20` (n, 20, 3) in world axes, or an InputError."""

    @abstractmethod
    def _stretches(self, take: Take) -> list[Stretch]:
        """The labels of a recording, on the same clock, or an InputError."""

    def _read(self, take: Take) -> MotionClip:
        return next(self._clips(take))

    def _clips(self, take: Take) -> Iterator[MotionClip]:
        times, xyz = self._recording(take)
        seen = np.isfinite(xyz).all(-1).any(-1)
        if not seen.any():
            raise InputError(f"none of its {len(xyz)} frames has a joint")
        stretches = self._stretches(take)
        times, xyz = times[seen], xyz[seen]
        for stay in stays(times, longest_gap_s=self.longest_gap_s):
            if stay.stop - stay.start < 2:
                continue
            poses = evenly(times[stay], xyz[stay], fps=self.native_fps)
            at = times[stay.start] + np.arange(len(poses)) / self.native_fps
            segments = painted(at, stretches)
            clip = self._clip(take, KINECT20, poses, self.native_fps, segments=segments)
            yield replace(clip, name=f"{take.name}+{at[0]:.2f}s")


def forwards(times: np.ndarray) -> np.ndarray:
    """Mask (n,) of the time stamps that are later than all before them."""
    latest = np.maximum.accumulate(times)
    return np.r_[True, times[1:] > latest[:-1]][: len(times)]
