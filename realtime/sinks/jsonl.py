"""Every frame and every finished action as a line of JSON."""

import json
from typing import Any

from ..packets import Event, Frame, Person, RunInfo
from ..plain import number, numbers, seconds
from ..run_folder import RecordFile, run_folder
from .records import EventRecords


class JsonlSink:
    """Writes ``frames.jsonl`` and ``events.jsonl``: a header line, then one line per record.

    A frame's line has the detected joints (`xy`, `confidence` in the header's `layout`), the lifted
    ones (`xyz` in `lifter_layout`), probabilities in the order of `labels`, and the decision. A
    missing number is null, never NaN. Times are stream time, to the microsecond; events of a live
    source have wall-clock times, too (`start_clock`, `end_clock`, ISO 8601). A frame of another
    size than the header's has its own `width` and `height`; where there are several cameras, frames
    and events have the name of theirs, `camera`, and `index` and times are that camera's. Each line
    is written at once, so that a killed program loses at most the current frame. What comes while
    the disk is full is lost and counted. The folder is made if it is not there; InputError if it
    can't be written to.
    """

    def __init__(self, *, folder: str) -> None:
        root = run_folder(folder)
        self._frames = RecordFile(root / "frames.jsonl")
        self._events = RecordFile(root / "events.jsonl")
        self._info: RunInfo | None = None
        self._size: tuple[int, int] | None = None
        self._record = EventRecords()

    def begin(self, info: RunInfo) -> None:
        """Write the header of the events; that of the frames waits for the picture's size."""
        self._info = info
        self._events.begin(_line({"gastlive": 1, "kind": "events", "labels": list(info.labels)}))

    def __call__(self, frame: Frame) -> None:
        """One line for the frame, one for each action that ended with it."""
        if self._size is None:
            self._head(frame.width, frame.height)
        self._record.see(frame)
        if not frame.is_over:
            self._frames.write(_line(self._record_of(frame)))
        for event in frame.events:
            self._events.write(_line(self._record(event)))

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Write the last events and close; a run without a frame still has both headers."""
        try:
            if self._size is None and self._info is not None and not self._frames.closed:
                self._head(self._info.width, self._info.height)
            for event in events if not self._events.closed else ():
                self._events.write(_line(self._record(event)))
        finally:
            self._frames.close()
            self._events.close()

    def summary(self) -> dict[str, Any]:
        """The files, and how many records each has and has lost."""
        return {"frames": self._frames.summary(), "events": self._events.summary()}

    def _record_of(self, frame: Frame) -> dict[str, Any]:
        record = _frame(frame)
        if frame.camera is not None:
            record = {"camera": frame.camera} | record
        if (frame.width, frame.height) != self._size:
            record |= {"width": frame.width, "height": frame.height}
        return record

    def _head(self, width: int | None, height: int | None) -> None:
        header: dict[str, Any] = {"gastlive": 1, "kind": "frames", "width": width, "height": height}
        if self._info is not None:
            header |= {"cameras": list(self._info.cameras)} if self._info.cameras else {}
            header |= {
                "fps": self._info.fps,
                "layout": self._info.detector_layout,
                "lifter_layout": self._info.lifter_layout,
                "labels": list(self._info.labels),
                "background": self._info.background,
            }
        self._frames.begin(_line(header))
        self._size = (width or 0, height or 0)


def _line(record: dict[str, Any]) -> bytes:
    line = json.dumps(record, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return line.encode() + b"\n"


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "index": frame.index,
        "time_s": seconds(frame.time_s),
        "dropped": frame.dropped,
        "people": [_person(track, person) for track, person in frame.people.items()],
    }


def _person(track: int, person: Person) -> dict[str, Any]:
    action, odds = person.action, person.probabilities
    return {
        "track": track,
        "score": number(person.pose.score),
        "xy": numbers(person.pose.xy, 1),
        "confidence": numbers(person.pose.confidence, 3),
        "xyz": None if person.xyz is None else numbers(person.xyz, 3),
        "probabilities": None if odds is None else numbers(odds, 3),
        "action": action
        and {
            "label": action.label,
            "confidence": number(action.confidence),
            "start_s": seconds(action.start_s),
        },
    }
