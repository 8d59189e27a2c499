"""Our own recordings: what the live program made of the people before a camera."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton, named
from ..axes import from_camera
from ..clip import MotionClip
from ..formats.text import broken
from ..motion import MotionFolder, Take, runs
from ..rates import resample
from ..timed import LONGEST_GAP_S, ROUNDED_S

RATE = 30.0


class Recordings(MotionFolder):
    """``frames.jsonl`` of runs with the sink ``jsonl``: a clip for each time a person is in view.

    Joints are what the lifter said, relative to the root and upright as the camera was: no truth,
    so nothing to train a lifter on. Labels are what the live program decided. Time stamps become
    30 frames per second by linear interpolation. Who moves is named by folder and track, a camera
    by its folder; a run that was killed may end in half a line.

    Args:
        root: Folder of the runs, such as ``outputs/live``.
        subjects: Only these, by the name of the run's folder; None is all.
        fps: Frames per second wanted; None is 30.

    Raises:
        InputError: There is no run, or none of the subjects.
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
        """Clips in the order in which people came into view, run by run."""
        self.problems = []
        for take in self.takes:
            try:
                count = 0
                for clip in self._clips(take):
                    count += 1
                    yield resample(clip, self.fps)
                if not count:
                    self._note(take, "nobody was lifted in it")
            except InputError as error:
                self._note(take, str(error))

    def _read(self, take: Take) -> MotionClip:
        """The first clip of a run."""
        for clip in self._clips(take):
            return clip
        raise InputError("nobody was lifted in it")

    def _clips(self, take: Take) -> Iterator[MotionClip]:
        """Clips as soon as they are over; only people in view are kept in memory."""
        lines = _lines(take.path)
        layout = _layout(take.path, next(lines, (1, {}))[1])
        seen: dict[int, Stay] = {}
        for number, frame in lines:
            try:
                now, people = float(frame["time_s"]), _lifted(frame)
                for track in [t for t, stay in seen.items() if now - stay.last > LONGEST_GAP_S]:
                    yield from self._over(take, layout, track, seen.pop(track))
                for track, person in people.items():
                    seen.setdefault(track, Stay()).add(now, person, joints=len(layout))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise broken(take.path, number, "wanted time_s and people with xyz") from error
        for track, stay in seen.items():
            yield from self._over(take, layout, track, stay)

    def _over(self, take: Take, layout: Skeleton, track: int, stay: "Stay") -> Iterator[MotionClip]:
        """The clip of somebody's stay, if it has two frames."""
        if len(stay.times) < 2:
            return
        xyz, labels = stay.regular()
        if (missing := int(np.isnan(xyz).any(-1).sum())) > 0:
            self._note(take, f"track {track}: {missing} joints are missing")
        yield MotionClip(
            name=f"{take.subject}/track{track}+{stay.times[0]:.2f}s",
            dataset=self.dataset,
            subject=f"{take.subject}/track{track}",
            layout=layout,
            xyz=xyz,
            fps=RATE,
            segments=runs(labels, stops=range(1, len(labels) + 1)),
            camera=take.subject,
        )


@dataclass
class Stay:
    """One person from coming into view to leaving it."""

    times: list[float] = field(default_factory=list)
    poses: list[np.ndarray] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def last(self) -> float:
        """When they were last seen."""
        return self.times[-1]

    def add(self, time_s: float, person: Mapping[str, Any], *, joints: int) -> None:
        """One frame; a number that is null is NaN.

        Raises:
            ValueError: It has not so many joints, or goes back in time.
        """
        pose = np.array(person["xyz"], np.float32)
        if pose.shape != (joints, 3) or (self.times and time_s <= self.times[-1]):
            raise ValueError(pose.shape)
        self.times.append(time_s)
        self.poses.append(pose)
        self.labels.append((person.get("action") or {}).get("label", ""))

    def regular(self) -> tuple[np.ndarray, list[str]]:
        """World axes (T, J, 3) and labels at `RATE`; a label holds until the next frame."""
        times, poses = np.array(self.times), np.stack(self.poses)
        count = int((times[-1] - times[0] + ROUNDED_S) * RATE) + 1
        at = times[0] + np.arange(count) / RATE
        before = np.clip(np.searchsorted(times, at + ROUNDED_S, side="right") - 1, 0, None)
        after = np.minimum(before + 1, len(times) - 1)
        span = np.where(after > before, times[after] - times[before], 1.0)
        share = np.clip((at - times[before]) / span, 0, 1)[:, None, None].astype(np.float32)
        between = poses[before] * (1 - share) + poses[after] * share
        xyz = from_camera(np.where(share == 0, poses[before], between))
        return xyz, [self.labels[i] for i in before]


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered records of a file, one by one.

    Raises:
        InputError: It can't be read, or a whole line is no JSON.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith("\n"):
                    return  # a killed run may end in half a line
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise broken(path, number, "wanted an object")
                yield number, record
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text; record anew") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {number}: no JSON; delete the line") from error


def _layout(path: Path, header: Mapping[str, Any]) -> Skeleton:
    if header.get("kind") != "frames":
        raise InputError(f"{path} is no frames.jsonl of gastlive; delete it or give another folder")
    if not isinstance(header.get("lifter_layout"), str):
        raise InputError(f"{path} was recorded without a lifter; record with one")
    return named(header["lifter_layout"])


def _labels(path: Path) -> list[str]:
    """What a run's header lists; nothing if it can't be read, which reading the clips tells."""
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
