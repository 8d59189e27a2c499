"""Finished actions as plain data, the same in every sink."""

from typing import Any

from ..packets import Event, Frame
from ..plain import number, seconds, wall_clock

FIELDS = ("track", "label", "start_s", "end_s", "confidence", "zone", "start_clock", "end_clock")
"""All that a record may have; the last three only where they are known."""


class EventRecords:
    """Makes an event's record, with wall-clock times (ISO 8601) if its camera is live."""

    def __init__(self) -> None:
        self._began_unix_s: dict[str | None, float] = {}  # when each camera's stream time was zero

    def see(self, frame: Frame) -> None:
        """Take the wall clock from a frame that has it."""
        if frame.unix_s is not None:
            self._began_unix_s[frame.camera] = frame.unix_s - frame.time_s

    def __call__(self, event: Event) -> dict[str, Any]:
        """Plain data for JSON; stream time in seconds."""
        record: dict[str, Any] = {
            "track": event.track,
            "label": event.label,
            "start_s": seconds(event.start_s),
            "end_s": seconds(event.end_s),
            "confidence": number(event.confidence),
        }
        if event.camera is not None:
            record["camera"] = event.camera
        if event.zone is not None:
            record["zone"] = event.zone
        if (began_unix_s := self._began_unix_s.get(event.camera)) is not None:
            record["start_clock"] = wall_clock(began_unix_s + event.start_s)
            record["end_clock"] = wall_clock(began_unix_s + event.end_s)
        return record
