"""The files written for one input: npz, jsonl, bvh and mp4, all or none."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from errno import ENOSPC
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ...datasets.formats.bvh_writer import write_bvh
from ...datasets.own.lifted_video import LiftedVideo, save_lifted_video
from ...gast.errors import InputError
from ...gast.interpolation import frames_at, interpolated
from ...gast.skeleton import Skeleton
from ...realtime.packets import Frame, RunInfo
from ...realtime.run_folder import lost_of
from ...realtime.sinks.background import Background
from ...realtime.sinks.jsonl import JsonlSink
from ...realtime.sinks.sink import Sink
from .side_by_side import SideBySideSink

FORMATS = ("npz", "jsonl", "bvh", "mp4")
_MADE_AS = {"jsonl": "frames.jsonl", "mp4": "annotated.mp4"}


class CannotWrite(InputError):
    """The output folder can't be written to, or is full; other inputs would fail, too."""


class Results:
    """Takes the lifted frames of one input and writes its files.

    They are made in a hidden folder beside their place and moved there by `finish`; `discard`
    deletes it.

    Args:
        folder: The output folder.
        name: Of the input: where in `folder` its files go, without ending.
        formats: Some of `FORMATS`.
        info: Of the run.
        layout: Of the lifter.
        locate: `in_camera_axes` of the lifter and the camera.
        mp4: Options of `SideBySideSink`.

    Raises:
        CannotWrite: Here and in every call.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        formats: Sequence[str],
        info: RunInfo,
        layout: Skeleton,
        locate: Callable[..., tuple[np.ndarray, np.ndarray]],
        mp4: dict[str, Any],
    ) -> None:
        self.folder, self.name, self.formats = folder, name, formats
        self.info, self.layout, self.locate, self.frames = info, layout, locate, 0
        self._rows: dict[int, list[tuple[int, float, np.ndarray, np.ndarray, np.ndarray]]] = {}
        self._size, self._times_s = (0, 0), (0.0, 0.0)
        self._part = part_of(folder, name)
        self._sinks: dict[str, Sink] = {}
        try:
            self._guarded(self._prepare, mp4)
        except InputError:
            self.discard()
            raise

    def __call__(self, frame: Frame) -> None:
        """Take one frame."""
        if not self.frames:
            self._size, self._times_s = (frame.width, frame.height), (frame.time_s, frame.time_s)
        self.frames, self._times_s = self.frames + 1, (self._times_s[0], frame.time_s)
        for track, person in frame.people.items():
            if person.xy is not None and person.visible is not None and person.xyz is not None:
                row = (frame.index, frame.time_s, person.xy, person.visible, person.xyz)
                self._rows.setdefault(track, []).append(row)
        for sink in self._sinks.values():
            self._guarded(sink, frame)

    @property
    def people(self) -> list[int]:
        """Track ids of those lifted so far, sorted."""
        return sorted(self._rows)

    @property
    def fps(self) -> float:
        """The source's rate, or else the frames' mean."""
        lasted_s = self._times_s[1] - self._times_s[0]
        return self.info.fps or ((self.frames - 1) / lasted_s if lasted_s > 0 else 30.0)

    def finish(
        self, *, source: str, label: str, lifter: str, detector: str, before: Iterable[str] = ()
    ) -> dict[str, list[str]]:
        """Write the files that need all frames, and move all to the output folder.

        The texts go into the npz as `LiftedVideo` describes them. Files of an earlier lifting,
        `before`, that are not replaced are deleted. Returns the files' names by format, relative to
        the output folder.
        """
        about = {"source": source, "label": label, "lifter": lifter, "detector": detector}
        return self._guarded(self._finish, about, set(before))

    def discard(self) -> None:
        """Delete what was written."""
        for sink in self._sinks.values():
            with suppress(Exception):  # the result is discarded anyway
                sink.close()
        self._sinks = {}
        shutil.rmtree(self._part, ignore_errors=True)

    def _prepare(self, mp4: dict[str, Any]) -> None:
        shutil.rmtree(self._part, ignore_errors=True)  # of a killed program
        self._part.mkdir(parents=True)
        if "jsonl" in self.formats:
            self._sinks["jsonl"] = JsonlSink(folder=str(self._part))
        if "mp4" in self.formats:
            self._sinks["mp4"] = Background(SideBySideSink(folder=str(self._part), **mp4))
        for sink in self._sinks.values():
            sink.begin(self.info)

    def _finish(self, about: dict[str, str], before: set[str]) -> dict[str, list[str]]:
        told = {}
        while self._sinks:
            name, sink = self._sinks.popitem()
            sink.close()
            told[name] = sink.summary()
        if lost := sum(lost_of(told).values()):  # a sink waits for room; a result is whole or none
            raise InputError(f"{lost} records lost: {os.strerror(ENOSPC)}, or what was said above")
        made: dict[str, dict[str, str]] = {}
        base = self.name.rpartition("/")[2]
        for kind in self.formats:
            made[kind] = {f"{base}.{kind}": _MADE_AS.get(kind, f"{base}.npz")}
        if "npz" in made:
            save_lifted_video(self._part / f"{base}.npz", self._video(**about))
        if "bvh" in made:
            made["bvh"] = self._write_bvh(base)
        return self._put_in_place(made, before)

    @cached_property
    def _located(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Each person's root (T, 3) and joints relative to it (T, J, 3), camera axes."""
        width, height = self._size
        located = {}
        for track in self.people:
            _, times_s, *joints = zip(*self._rows[track], strict=True)
            xy, visible, xyz = map(np.stack, joints)
            located[track] = self.locate(
                np.array(times_s), xy, visible, xyz, width=width, height=height
            )
        return located

    def _write_bvh(self, base: str) -> dict[str, str]:
        """A file per person; the first person's first place is the origin of all."""
        names = {}
        for track, (root, body) in self._located.items():
            times_s = np.array([row[1] for row in self._rows[track]])
            ground = (root - self._located[self.people[0]][0][0])[:, [0, 2]]
            body, ground = (evenly(times_s, values, fps=self.fps) for values in (body, ground))
            name = f"{base}.person{track}.bvh"
            write_bvh(self._part / name, body, fps=self.fps, layout=self.layout, ground=ground)
            names[name] = name
        return names

    def _put_in_place(
        self, made: dict[str, dict[str, str]], before: set[str]
    ) -> dict[str, list[str]]:
        above, _, _ = self.name.rpartition("/")
        files: dict[str, list[str]] = {kind: [] for kind in made}
        for kind, names in made.items():
            for name, made_as in names.items():
                if (self._part / made_as).exists():
                    os.replace(self._part / made_as, self.folder / above / name)
                    files[kind].append(f"{above}/{name}" if above else name)
        for old in before - {file for some in files.values() for file in some}:
            (self.folder / old).unlink(missing_ok=True)
        shutil.rmtree(self._part)
        return files

    def _video(self, **about: str) -> LiftedVideo:
        joints = len(self.layout)
        rows = [(track, *row) for track in self.people for row in self._rows[track]]
        roots = [root for root, _ in self._located.values()]
        person, frame, time_s, xy, visible, xyz = zip(*rows, strict=True) if rows else ((),) * 6
        return LiftedVideo(
            layout=self.layout.name, fps=self.fps, width=self._size[0], height=self._size[1],
            person=np.array(person, np.int32), frame=np.array(frame, np.int32),
            time_s=np.array(time_s, np.float64),
            xy=np.array(xy, np.float32).reshape(-1, joints, 2),
            visible=np.array(visible, bool).reshape(-1, joints),
            xyz=np.array(xyz, np.float32).reshape(-1, joints, 3),
            root_xyz=np.array([*chain(*roots)], np.float32).reshape(-1, 3),
            **about,
        )  # fmt: skip

    def _guarded(self, work: Callable[..., Any], *given: Any) -> Any:
        try:
            return work(*given)
        except (InputError, OSError) as error:
            raise cannot_write(self.folder / self.name, error) from error


def part_of(folder: Path, name: str) -> Path:
    """The hidden folder in which the files of an input are made."""
    place = folder / name
    return place.with_name(f".{place.name}.part")


def cannot_write(path: Path, error: Exception) -> CannotWrite:
    """The error, with its reason in one line."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    reason = str(getattr(cause, "strerror", None) or cause).lower()
    return CannotWrite(
        f"can't write {path}: {reason}; make room there or give another folder as output=FOLDER - "
        f"what is finished stays"
    )


def evenly(time_s: np.ndarray, values: np.ndarray, *, fps: float) -> np.ndarray:
    """Values (T, ...) at rising times (T,), interpolated at `fps` also across gaps."""
    count = round((time_s[-1] - time_s[0]) * fps) + 1
    return interpolated(values, frames_at(time_s, time_s[0] + np.arange(count) / fps))
