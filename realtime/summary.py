"""The figures of a run: ``summary.json``."""

import json
import os
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import psutil

from ..gast.addresses import masked_all
from ..gast.errors import InputError
from .clock import SYSTEM
from .machine import machine, versions
from .memory import Memory
from .packets import Event, Frame
from .run_folder import run_folder, unwritable


class Summary:
    """Counts during a run and writes ``summary.json``, at the end and every `every_s` seconds.

    So a killed program leaves a summary marked as running. `runtimes` is the runtime of each net,
    `damaged` the number of pictures that the source could not decode, `cameras` what several
    cameras say of themselves, by name (`Many.figures`). While the disk is full the last summary
    stays; InputError if the folder can't be written to or, at the end, is still full.

    Args:
        config: The composed config as plain data.
        started_s: When the program started, on `clock`; by default when the process was made, so
            that imports and loading count.
        cpu_clock: CPU seconds of all threads so far.
    """

    def __init__(
        self,
        *,
        folder: str,
        config: Mapping[str, Any],
        started_s: float | None = None,
        every_s: float = 5.0,
        clock: Callable[[], float] = SYSTEM,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self.path = run_folder(folder) / "summary.json"
        self._clock, self._every_s, self._memory = clock, every_s, Memory()
        self._started_s = _process_start_s(clock()) if started_s is None else started_s
        self._fixed = {"versions": versions(), "machine": machine(), "config": dict(config)}
        self.runtimes: Mapping[str, str] = {}
        self.damaged = 0
        self.cameras: Mapping[str, Mapping[str, Any]] = {}
        self._each: dict[str | None, Seen] = {}
        self._warnings: list[str] = []
        self._age_ms, self._stages_ms = Samples(), dict[str, Samples]()
        self._people: set[int] = set()
        self._events: Counter[str] = Counter()
        self._frames = 0
        self._first_s = self._last_s = self._next_s = 0.0
        self._cpu_clock, self._first_cpu_s, self._last_cpu_s = cpu_clock, 0.0, 0.0
        self._first_time_s = 0.0
        self._first_clock: str | None = None  # wall-clock time of the first frame
        self._first_label_s: float | None = None

    def add(self, frame: Frame) -> None:
        """Count one frame; one without `finished_s` counts as finished now."""
        if frame.is_over:
            self.add_events(frame.events)
            return
        now_s = self._clock() if frame.finished_s is None else frame.finished_s
        self._last_cpu_s = self._cpu_clock()
        self._memory.look(now_s)
        if self._frames == 0:
            self._first_s = now_s
            self._first_time_s = frame.time_s
            self._first_cpu_s = self._last_cpu_s
            self._first_clock = datetime.now().astimezone().isoformat(timespec="milliseconds")
            self._next_s = now_s + self._every_s
        self._last_s, self._frames = now_s, self._frames + 1
        self._each.setdefault(frame.camera, Seen()).add(frame, now_s)
        self._age_ms.add((now_s - frame.captured_s) * 1e3)
        for stage, seconds in frame.spent_s.items():
            self._stages_ms.setdefault(stage, Samples()).add(seconds * 1e3)
        self._people.update(frame.people)
        self.add_events(frame.events)
        if self._first_label_s is None and any(p.action for p in frame.people.values()):
            self._first_label_s = now_s - self._started_s
        if now_s >= self._next_s:
            self._next_s = now_s + self._every_s
            self._save_meanwhile()

    def add_events(self, events: Iterable[Event]) -> None:
        """Count actions that ended."""
        self._events.update(event.label for event in events)

    def warn(self, warning: str) -> None:
        """Add a warning to the summary, once."""
        if warning not in self._warnings:
            self._warnings.append(warning)

    def write(
        self, ended: str, *, sinks: Mapping[str, Mapping[str, Any]] | None = None
    ) -> dict[str, Any]:
        """Write the file atomically and return its content; `ended` is how the run ended."""
        content: dict[str, Any] = masked_all(self._content(ended, sinks or {}))
        part = self.path.with_suffix(".part")
        try:
            part.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
            os.replace(part, self.path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise unwritable(self.path, error) from error
        return content

    def _save_meanwhile(self) -> None:
        try:
            self.write("running")
        except InputError as error:
            self.warn(str(error))

    def _content(self, ended: str, sinks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        wall_s, cpu_s = self._last_s - self._first_s, self._last_cpu_s - self._first_cpu_s
        return {
            "ended": ended,
            "frames": self._frames,
            "dropped": sum(seen.dropped for seen in self._each.values()),
            "damaged": self.damaged,
            "fps": _rounded((self._frames - 1) / wall_s) if wall_s > 0 else None,
            "wall_s": _rounded(wall_s),
            "stream_s": _rounded(max((seen.stream_s for seen in self._each.values()), default=0.0)),
            "age_ms": self._age_ms.percentiles(),
            "stages_ms": {stage: ms.percentiles() for stage, ms in self._stages_ms.items()},
            **({"cameras": self._of_cameras()} if self.cameras else {}),
            "first_frame": {"time_s": _rounded(self._first_time_s), "clock": self._first_clock},
            "first_label_s": _rounded(self._first_label_s),
            "people": {"count": len(self._people), "ids": sorted(self._people)},
            "events": {"count": self._events.total(), "labels": dict(self._events.most_common())},
            "cpu": _rounded(cpu_s / wall_s) if wall_s > 0 else None,  # 1 is one core busy
            "memory_mb": self._memory.figures(),
            "warnings": self._warnings,
            "sinks": sinks,
            "runtimes": dict(self.runtimes),
            **self._fixed,
        }

    def _of_cameras(self) -> dict[str, dict[str, Any]]:
        """Of each camera; dropped are all that were captured and not processed."""
        return {name: self._of_camera(name, about) for name, about in self.cameras.items()}

    def _of_camera(self, name: str, about: Mapping[str, Any]) -> dict[str, Any]:
        seen = self._each.get(name) or Seen()
        counts = {
            "captured": max(about["captured"], seen.frames),
            "processed": seen.frames,
            "dropped": max(about["captured"] - seen.frames, 0),
        }
        return dict(about) | counts | {
            "fps": _rounded((seen.frames - 1) / seen.wall_s) if seen.wall_s > 0 else None,
            "age_ms": seen.age_ms.percentiles(),
        }  # fmt: skip


class Seen:
    """What was seen of one camera."""

    def __init__(self) -> None:
        self.frames = self.dropped = 0
        self.stream_s = self.wall_s = self._last_time_s = self._first_s = 0.0
        self.age_ms = Samples()

    def add(self, frame: Frame, now_s: float) -> None:
        """Count a frame that was finished at `now_s`."""
        if self.frames == 0:
            self._first_s, self._last_time_s = now_s, frame.time_s
        self.frames, self.dropped = self.frames + 1, frame.dropped
        self.stream_s += max(frame.time_s - self._last_time_s, 0.0)  # it may start over
        self.wall_s, self._last_time_s = now_s - self._first_s, frame.time_s
        if frame.camera is not None:
            self.age_ms.add((now_s - frame.captured_s) * 1e3)


class Samples:
    """Numbers for percentiles, in bounded memory.

    Exact up to `limit` numbers (9 minutes at 30 a second); beyond, every second, fourth ... is
    kept, evenly over the whole run. The largest is always exact.
    """

    def __init__(self, *, limit: int = 16_384) -> None:
        self.limit, self.count = limit, 0
        self._kept, self._stride, self._max = array("f"), 1, float("-inf")

    def add(self, value: float) -> None:
        """Add a number."""
        self._max = max(self._max, value)
        if self.count % self._stride == 0:
            if len(self._kept) == self.limit:
                self._kept, self._stride = self._kept[::2], self._stride * 2
            if self.count % self._stride == 0:
                self._kept.append(value)
        self.count += 1

    def percentiles(self) -> dict[str, float] | None:
        """p50, p95, p99 and max; ``None`` when there is nothing."""
        if not self.count:
            return None
        p50, p95, p99 = np.percentile(np.array(self._kept), (50, 95, 99)).tolist()
        named = {"p50": p50, "p95": p95, "p99": p99, "max": self._max}
        return {name: round(value, 3) for name, value in named.items()}


def _process_start_s(now_s: float) -> float:
    return now_s - (time.time() - psutil.Process().create_time())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
