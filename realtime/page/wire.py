"""What goes over the page's WebSocket: a head of JSON and, behind it, a JPEG."""

import json
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import read_json
from ...gast.skeleton import named
from ..opencv import cv2
from ..packets import Event, Frame, Person, RunInfo
from ..plain import number, numbers, seconds

_START_OF_FRAME = {0xC0 + i for i in range(16)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""JPEG markers without a length."""


def packed(head: dict[str, Any], jpeg: bytes = b"") -> bytes:
    """One binary message: the head's length (4 bytes, little-endian), the head, the picture."""
    text = json.dumps(head, allow_nan=False, separators=(",", ":")).encode()
    return len(text).to_bytes(4, "little") + text + jpeg


def unpacked(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Head and picture; InputError if it is no such message."""
    end = 4 + int.from_bytes(message[:4], "little")
    try:
        head = read_json(message[4:end])
    except ValueError as error:
        raise InputError("a message that is no picture with a head") from error
    if not isinstance(head, dict) or len(message) <= end:
        raise InputError("a message that is no picture with a head")
    return head, message[end:]


def encoded(image: np.ndarray, *, max_height: int, quality: int) -> bytes:
    """A picture (H, W, 3) uint8 BGR as JPEG of at most `max_height` lines."""
    height, width = image.shape[:2]
    if height > max_height:
        size = max(round(width * max_height / height), 1), max_height
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    _, jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return jpeg.tobytes()


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height that a JPEG announces; InputError if it is none.

    Read before it is decoded, because a small file can announce a picture that fills the memory.
    """
    at = 2
    while jpeg[:2] == b"\xff\xd8" and at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker in _START_OF_FRAME:
            height, width = (int.from_bytes(jpeg[at + i : at + i + 2], "big") for i in (5, 7))
            return width, height
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        at += 2 if marker in _ALONE else 1 if marker == 0xFF else 2 + max(length, 2)
    raise InputError("a picture that is no JPEG")


def frame_head(frame: Frame) -> dict[str, Any]:
    """What the page shows of a frame; `captured_s` is on the pipeline's clock."""
    done_s = frame.captured_s if frame.finished_s is None else frame.finished_s
    return {
        "kind": "frame",
        "index": frame.index,
        "time_s": seconds(frame.time_s),
        "captured_s": seconds(frame.captured_s),
        "age_ms": round((done_s - frame.captured_s) * 1e3, 2),
        "width": frame.width,
        "height": frame.height,
        "people": [_person(track, person) for track, person in frame.people.items()],
    }


def events_of(events: tuple[Event, ...]) -> list[dict[str, Any]]:
    """Finished actions."""
    return [
        {
            "id": event.track,
            "label": event.label,
            "start_s": seconds(event.start_s),
            "end_s": seconds(event.end_s),
            "confidence": number(event.confidence),
            **({} if event.zone is None else {"zone": event.zone}),
            **({} if event.camera is None else {"camera": event.camera}),
        }
        for event in events
    ]


def run_of(info: RunInfo) -> dict[str, Any]:
    """What the page must know of a run to draw its frames; bones are (child, parent)."""
    layout = named(info.lifter_layout)
    return {
        "source": info.source,
        "labels": list(info.labels),
        "background": info.background,
        "joints": list(layout.joints),
        "bones": [list(bone) for bone in layout.bones],
    }


def _person(track: int, person: Person) -> dict[str, Any]:
    xy, xyz, odds, action = person.xy, person.xyz, person.probabilities, person.action
    return {
        "id": track,
        "xy": None if xy is None else numbers(xy, 1),
        "visible": None if person.visible is None else person.visible.astype(int).tolist(),
        "xyz": None if xyz is None else numbers(xyz, 3),
        "probabilities": None if odds is None else numbers(odds, 3),
        "action": action and {"label": action.label, "start_s": seconds(action.start_s)},
    }
