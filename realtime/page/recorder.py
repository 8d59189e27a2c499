"""Recordings that are begun and ended on the page."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from ...gast.errors import InputError
from ..packets import Event, Frame, RunInfo
from ..run_folder import lost_of, run_folder
from ..sinks.background import Background
from ..sinks.jsonl import JsonlSink
from ..sinks.sink import Sink
from ..sinks.video import VideoSink

MakeSink = Callable[[str], Sink]
"""Makes a sink that writes into a folder."""
_NAMES = {"annotated.mp4": ("mp4", ".mp4"), "frames.jsonl": ("jsonl", ".jsonl"),
          "events.jsonl": ("events", ".events.jsonl")}  # fmt: skip


class Recorder:
    """Records frames while it is on, and knows what was recorded.

    `start` and `stop` may be called from any thread, the rest from the run's. A recording ends with
    its run, and when it can't be written; then the run goes on. Finishing takes a thread of its
    own.

    Args:
        folder: Where recordings go; made with the first.
        video: Options of `VideoSink`.
        changed: Called when `is_on` or `recordings` has changed.

    Attributes:
        more: Further sinks of every recording, besides mp4 and jsonl.
        recordings: What was recorded, newest first, as the page is told.
        files: Path of each recorded file, by its name.
    """

    def __init__(
        self, folder: str, *, video: Mapping[str, Any], changed: Callable[[], None]
    ) -> None:
        self.folder, self._changed = Path(folder), changed
        self._video = lambda part: VideoSink(folder=part, **video)
        self.more: Sequence[MakeSink] = ()
        self.recordings: list[dict[str, Any]] = []
        self.files: dict[str, Path] = {}
        self.is_on = False
        self._info: RunInfo | None = None
        self._current: _Recording | None = None
        self._lock = Lock()
        self._finishing: list[Thread] = []

    def start(self) -> None:
        """Record from the next frame on."""
        self.is_on = True
        self._changed()

    def stop(self) -> None:
        """End the recording."""
        with self._lock:
            self._end()
        self._changed()

    def begin(self, info: RunInfo) -> None:
        """A run begins."""
        self._info = info

    def __call__(self, frame: Frame) -> None:
        """Record a frame, if it is on."""
        with self._lock:
            if not self.is_on or self._info is None:
                return
            try:
                if self._current is None:
                    self._current = _Recording(self.folder, self._info, (self._video, *self.more))
                self._current(frame)
                return
            except (InputError, OSError) as error:
                self._end(words=str(error))
        self._changed()

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """The run has ended, and with it the recording."""
        with self._lock:
            self._end(events)
        self._changed()

    def wait(self) -> None:
        """Until everything recorded is written."""
        while self._finishing:
            self._finishing.pop().join()

    def _end(self, events: tuple[Event, ...] = (), *, words: str = "") -> None:
        self.is_on = False
        recording, self._current = self._current, None
        if recording is not None:
            finishing = Thread(target=self._finish, args=(recording, events, words))
            self._finishing.append(finishing)
            finishing.start()
        elif words:
            self.recordings.insert(0, _entry(_name(self.folder), words=words))

    def _finish(self, recording: "_Recording", events: tuple[Event, ...], words: str) -> None:
        entry, files = recording.finish(events, words)
        self.files.update(files)
        self.recordings.insert(0, entry)
        self._changed()


class _Recording:
    """Frames on their way to files in a hidden folder, which `finish` moves to their place."""

    def __init__(self, folder: Path, info: RunInfo, makers: Sequence[MakeSink]) -> None:
        self.folder, self.name = folder, _name(folder)
        self.part = run_folder(str(folder / f".{self.name}"))
        made = [JsonlSink(folder=str(self.part)), *(make(str(self.part)) for make in makers)]
        self.sinks = [Background(s, may_skip=getattr(s, "may_skip", False)) for s in made]
        for sink in self.sinks:
            sink.begin(info)
        self.frames, self.people = 0, set[int]()
        self.times_s = (0.0, 0.0)

    def __call__(self, frame: Frame) -> None:
        self.times_s = (self.times_s[0] if self.frames else frame.time_s, frame.time_s)
        self.frames += 1
        self.people.update(frame.people)
        for sink in self.sinks:
            sink(frame)

    def finish(
        self, events: tuple[Event, ...], words: str
    ) -> tuple[dict[str, Any], dict[str, Path]]:
        """What the page is told, and the files by name."""
        for sink in self.sinks:
            try:
                sink.close(events)
            except (InputError, OSError) as error:
                words = words or str(error)
        if lost := sum(lost_of({str(i): s.summary() for i, s in enumerate(self.sinks)}).values()):
            words = words or f"{lost} records are missing: the disk was full"
        files, told = {}, []
        for made in sorted(self.part.iterdir()) if self.part.is_dir() else ():
            kind, end = _NAMES.get(made.name, (made.suffix[1:], made.name[made.name.find(".") :]))
            path = self.folder / f"{self.name}{end}"
            with suppress(OSError):
                os.replace(made, path)
                files[path.name] = path
                told.append({"name": path.name, "kind": kind, "bytes": path.stat().st_size})
        shutil.rmtree(self.part, ignore_errors=True)
        seconds = max(self.times_s[1] - self.times_s[0], 0.0)
        people = len(self.people)
        return _entry(self.name, words=words, seconds=seconds, people=people, files=told), files


def _entry(
    name: str,
    *,
    words: str,
    seconds: float = 0.0,
    people: int = 0,
    files: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    about = {"name": name, "words": words, "seconds": round(seconds, 2), "people": people}
    return about | {"files": list(files)}


def _name(folder: Path) -> str:
    """The date and time, and a number if there is one of that name."""
    now, count = datetime.now().strftime("%Y-%m-%d_%H-%M-%S"), 1
    name = now
    while any(folder.glob(f"{name}.*")) or (folder / f".{name}").exists():
        count += 1
        name = f"{now}_{count}"
    return name
