"""Recordings of the live program: people before a camera as they were lifted."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...gast.interpolation import frames_at
from ...gast.limits import BROKEN, read_json
from ...gast.limits import broken as why
from ...gast.skeleton import Skeleton, named
from ..axes import from_camera
from ..clip import MotionClip
from ..formats.text import broken
from ..motion import MotionFolder, Take, runs
from ..rates import resample
from ..timed import LONGEST_GAP_S, ROUNDED_S, evenly

RATE = 30.0


class Recordings(MotionFolder):
    """``frames.jsonl`` of runs with the sink ``jsonl``: a clip for each time a person is in view.

    Joints are the lifter's output, relative to the root: no ground truth. Labels are the live
    program's decisions. Frames are interpolated at 30 a second. Subjects are named by folder and
    track, cameras by folder; a killed run may end in half a line. An InputError if there is no run,
    or none of the subjects.

    Args:
        root: Folder of the runs, such as ``outputs/live``.
        subjects: Only these, by the name of the run's folder; None is all.
        fps: Frames per second wanted; None is 30.
    """

    dataset = "recordings"
    publisher = "nobody, make it with gastlive source=webcam"

    def _find(self) -> Iterable[Take]:
        labels: dict[str, None] = {}
        for path in sorted(self.root.rglob("frames.jsonl")):
            labels |= dict.fromkeys(_labels(path))
            yield Take(path, subject=path.parent.name)
        self.labels = tuple(labels)

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips in the order in which people left the view, run by run."""
        self.problems = []
        for take in self.takes:
            try:
                count = 0
                for clip in self._clips(take):
                    count += 1
                    yield resample(clip, self.fps)
                if not count:
                    self._note(take, "nobody was lifted in it")
            except BROKEN as error:
                self._note(take, why(error))

    def _read(self, take: Take) -> MotionClip:
        for clip in self._clips(take):
            return clip
        raise InputError("nobody was lifted in it")

    def _clips(self, take: Take) -> Iterator[MotionClip]:
        for stay in read_stays(take.path):
            xyz, labels = stay.poses_and_labels()
            if (missing := int(np.isnan(xyz).any(-1).sum())) > 0:
                self._note(take, f"track {stay.track}: {missing} joints are missing")
            yield MotionClip(
                name=f"{take.subject}/track{stay.track}+{stay.times[0]:.2f}s",
                dataset=self.dataset,
                subject=f"{take.subject}/track{stay.track}",
                layout=stay.layout,
                xyz=xyz,
                fps=RATE,
                segments=runs(labels, stops=range(1, len(labels) + 1)),
                camera=take.subject,
            )


@dataclass
class Stay:
    """One person from coming into view to leaving it, frame by frame as recorded.

    Attributes:
        begin_s: Time stamp of the recording's first frame, whoever is in it.
        times: Rising time stamps, seconds.
        poses: (J, 3) float32 each, metres, camera axes, relative to the root; NaN where missing.
        labels: Of the action decided on, empty where there is none.
    """

    track: int
    layout: Skeleton
    begin_s: float
    times: list[float] = field(default_factory=list)
    poses: list[np.ndarray] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def start_s(self) -> float:
        """Seconds from the recording's first frame to the person's first."""
        return self.times[0] - self.begin_s

    def add(self, time_s: float, person: Mapping[str, Any]) -> None:
        """One frame, null is NaN; ValueError for another layout or time that does not rise."""
        pose = np.array(person["xyz"], np.float32)
        if pose.shape != (len(self.layout), 3) or (self.times and time_s <= self.times[-1]):
            raise ValueError(pose.shape)
        self.times.append(time_s)
        self.poses.append(pose)
        self.labels.append((person.get("action") or {}).get("label", ""))

    def poses_and_labels(self) -> tuple[np.ndarray, list[str]]:
        """World axes (T, J, 3) and T labels at `RATE`; a label holds until the next frame."""
        times = np.array(self.times)
        xyz = from_camera(evenly(times, np.stack(self.poses), fps=RATE))
        at = times[0] + np.arange(len(xyz)) / RATE
        frames = frames_at(times, at, rounded_s=ROUNDED_S).astype(int)
        return xyz, [self.labels[i] for i in frames]


def read_stays(path: Path) -> Iterator[Stay]:
    """Stays of two frames or more in a ``frames.jsonl``, each as soon as it is over.

    A person out of view for longer than `LONGEST_GAP_S` comes back in another one. An InputError
    if it is no recording with a lifter or, after the stays before it, for a broken line.
    """
    lines = _lines(path)
    layout = _layout(path, next(lines, (1, {}))[1])
    begin_s, in_view = None, dict[int, Stay]()
    for number, frame in lines:
        try:
            now, people = float(frame["time_s"]), _lifted(frame)
            if not math.isfinite(now):
                raise ValueError(now)
            begin_s = now if begin_s is None else begin_s
            gone = [t for t, stay in in_view.items() if now - stay.times[-1] > LONGEST_GAP_S]
            yield from _long_enough(in_view.pop(track) for track in gone)
            for track, person in people.items():
                in_view.setdefault(track, Stay(track, layout, begin_s)).add(now, person)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise broken(path, number, "wanted time_s and people with xyz") from error
    yield from _long_enough(in_view.values())


def _long_enough(stays: Iterable[Stay]) -> Iterator[Stay]:
    return (stay for stay in stays if len(stay.times) > 1)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered records, one by one; InputError for a whole line that is no JSON."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith("\n"):
                    return  # a killed run may end in half a line
                record = read_json(line)
                if not isinstance(record, dict):
                    raise broken(path, number, "wanted an object")
                yield number, record
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text; record anew") from error
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}, line {number}: no JSON; delete the line") from error


def _layout(path: Path, header: Mapping[str, Any]) -> Skeleton:
    if header.get("kind") != "frames":
        raise InputError(f"{path} is no frames.jsonl of gastlive; delete it or give another folder")
    if not isinstance(header.get("lifter_layout"), str):
        raise InputError(f"{path} was recorded without a lifter; record with one")
    return named(header["lifter_layout"])


def _labels(path: Path) -> list[str]:
    """Labels in a run's header; none if it is broken, of which reading the clips complains."""
    try:
        _, header = next(_lines(path), (1, {}))
    except InputError:
        return []
    labels = header.get("labels")
    return [str(label) for label in labels] if isinstance(labels, list) else []


def _lifted(frame: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """People by track that have 3-D joints."""
    people = (person for person in frame["people"] if person["xyz"] is not None)
    return {int(person["track"]): person for person in people}
