"""Timings of every frame, one line per frame."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ..memory import Memory
from ..packets import Event, Frame, RunInfo
from ..run_folder import RecordFile, run_folder

_BEFORE = ("index", "time_s", "captured_s", "finished_s", "age_ms")
_AFTER = ("people", "dropped", "cpu_s", "memory_mb", "labelled")


class TimingsSink:
    """Writes ``timings.csv``: a header line, then a line per frame, some 10 microseconds each.

    Columns: ``index``, ``time_s``, ``captured_s``, ``finished_s`` as of `Frame`; ``age_ms`` from
    capture until the last stage was done; ``NAME_ms`` for each stage in order; ``people`` in view;
    ``dropped`` so far; ``cpu_s``, seconds of all threads so far by `cpu_clock`; ``memory_mb``,
    resident, at most a second old; ``labelled``, 1 from the first frame on in which somebody has an
    action; of several cameras ``camera``, its number in the order of their first frames. Each line
    is written at once; what comes while the disk is full is lost and counted. The folder is made if
    it is not there; InputError if it can't be written to.
    """

    def __init__(self, *, folder: str, cpu_clock: Callable[[], float] = time.process_time) -> None:
        self._file = RecordFile(run_folder(folder) / "timings.csv")
        self._memory, self._cpu_clock = Memory(), cpu_clock
        self._stages: tuple[str, ...] | None = None
        self._labelled = False
        self._cameras: dict[str, int] = {}

    def begin(self, info: RunInfo) -> None:
        """The header is written with the first frame, which knows the stages."""

    def __call__(self, frame: Frame) -> None:
        """Write the frame's line."""
        if frame.is_over:
            return
        if frame.camera is not None:
            self._cameras.setdefault(frame.camera, len(self._cameras))
        if self._stages is None:
            self._head(tuple(frame.spent_s))
        of = "" if frame.camera is None else f",{self._cameras[frame.camera]}"
        self._labelled = self._labelled or any(p.action for p in frame.people.values())
        done_s = float("nan") if frame.finished_s is None else frame.finished_s
        spent = "".join([f"{frame.spent_s[stage] * 1e3:.4f}," for stage in self._stages or ()])
        line = (
            f"{frame.index},{frame.time_s:.6f},{frame.captured_s:.6f},{done_s:.6f},"
            f"{(done_s - frame.captured_s) * 1e3:.4f},{spent}{len(frame.people)},{frame.dropped},"
            f"{self._cpu_clock():.4f},{self._memory.look(frame.captured_s):.2f},{int(self._labelled)}{of}\n"
        )
        self._file.write(line.encode())

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Close the file; a run without a frame has a header without stages."""
        try:
            if self._stages is None and not self._file.closed:
                self._head(())
        finally:
            self._file.close()

    def summary(self) -> dict[str, Any]:
        """The file, and how many frames it has and has lost."""
        return self._file.summary()

    @property
    def _after(self) -> tuple[str, ...]:
        return (*_AFTER, "camera") if self._cameras else _AFTER

    def _head(self, stages: tuple[str, ...]) -> None:
        self._stages = stages
        columns = (*_BEFORE, *(f"{stage}_ms" for stage in stages), *self._after)
        self._file.begin(f"{','.join(columns)}\n".encode())


def read_timings(path: Path) -> dict[str, np.ndarray]:
    """Columns of a ``timings.csv`` by name, each (T,) float64; InputError if it is no such file.

    An unfinished last line is left out.
    """
    try:
        head, *lines = path.read_text(encoding="utf-8").rpartition("\n")[0].split("\n")
        names = head.split(",")
        after = names[:-1][-len(_AFTER) :] if names[-1] == "camera" else names[-len(_AFTER) :]
        if (*names[: len(_BEFORE)], *after) != (*_BEFORE, *_AFTER):
            raise ValueError("the columns are others")
        table = np.array([line.split(",") for line in lines], np.float64)
        columns = table.reshape(len(lines), len(names)).T
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is no timings.csv of gastlive ({error}); give one that sink=[timings] wrote"
        ) from error
    return dict(zip(names, columns, strict=True))
