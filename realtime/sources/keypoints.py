"""2D keypoints from a file instead of a camera and a detector."""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton, named
from ..clock import SYSTEM, Clock
from ..packets import Frame, Pose
from .source import Source

Record = Mapping[str, Any]


class Keypoints(Source):
    """Frames without a picture, with the poses that a file holds; goes with ``detector=none``.

    Two forms are known: the ``frames.jsonl`` that the live program writes, and the JSON of
    GAST-Net's reference (``{"data": [{"frame_index", "skeleton": [{"pose", "score"}]}]}``, pixels,
    frames counted from one, poses nested or flat). A joint that is null or not a number becomes NaN
    with confidence zero. A last line that a crash cut off is left out, with a warning.

    Args:
        path: The file.
        fps: Of the reference's JSON, which does not say; frames.jsonl has time stamps.
        width: Of the picture, pixels, where the file does not say.
        height: Of the picture, pixels, where the file does not say.
        layout: Joints of the reference's JSON; frames.jsonl says itself.
        clock: Stamps.

    Raises:
        InputError: No such file, neither form, size or rate unknown; while iterating also: a broken
            line.
    """

    layout: Skeleton

    def __init__(
        self,
        path: str,
        *,
        fps: float | None = None,
        width: int | None = None,
        height: int | None = None,
        layout: str = "coco17",
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__("keypoints", f"keypoints {path}", clock=clock)
        self.path = Path(path).expanduser()
        if not self.path.is_file():
            raise InputError(f"{self.description}: no such file; give the path of a keypoint file")
        header = _header(self.path)
        said = header or {"layout": layout}
        self.layout = named(said["layout"])
        self.width = int(self._settled("width", said, width))
        self.height = int(self._settled("height", said, height))
        self._translate: Callable[[Record], Record] = dict
        if header is None:
            self.fps = rate = self._settled("fps", said, fps)
            self._translate = partial(_translated, fps=rate)
        elif header.get("fps") or fps:
            self.fps = self._settled("fps", said, fps)
        self.is_ours = header is not None

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """The file's frames, in order."""
        last_s = -np.inf
        for where, record in _lines(self.path, self.warn) if self.is_ours else _entries(self.path):
            if stop.is_set():
                return
            try:
                frame = self._frame(self._translate(record))
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise InputError(
                    f"{where} is no frame of {self.layout.name} poses ({error!r}); mend it"
                ) from error
            if not frame.time_s > last_s:
                raise InputError(f"{where}: time {frame.time_s} s doesn't come after {last_s} s")
            last_s = frame.time_s
            yield frame

    def _settled(self, key: str, header: Record, given: float | None) -> float:
        said = header.get(key)
        if said is not None and given is not None and said != given:
            raise InputError(f"{self.description}: {key}={given}, but the file itself says {said}")
        value = given if said is None else said
        if not isinstance(value, int | float) or not value > 0:
            raise InputError(f"{self.description} has {key}={value}; give it as source.{key}=...")
        return value

    def _frame(self, record: Record) -> Frame:
        return Frame(
            image=None,
            index=int(record["index"]),
            time_s=float(record["time_s"]),
            captured_s=self.clock(),
            width=int(record.get("width", self.width)),
            height=int(record.get("height", self.height)),
            dropped=int(record.get("dropped", 0)),
            poses=tuple(self._pose(person) for person in record["people"]),
        )

    def _pose(self, person: Record) -> Pose:
        xy = np.array([(None, None) if p is None else p for p in person["xy"]], np.float32)
        xy, confidence = xy.reshape(-1, 2), np.array(person["confidence"], np.float32).reshape(-1)
        if not len(xy) == len(confidence) == len(self.layout):
            raise ValueError(f"{len(self.layout)} joints wanted, {len(xy)} given")
        seen = np.isfinite(xy).all(1) & np.isfinite(confidence)
        xy = np.where(seen[:, None], xy, np.float32(np.nan))
        confidence = np.where(seen, confidence, np.float32(0)).clip(0, 1)
        score = person.get("score")
        return Pose(
            self.layout, xy, confidence, float(confidence.mean() if score is None else score)
        )


def _header(path: Path) -> Record | None:
    """The first line of a frames.jsonl, ``None`` for anything else."""
    try:
        with path.open(encoding="utf-8") as file:
            header = json.loads(file.readline())
    except ValueError:
        return None
    if not isinstance(header, dict) or "gastlive" not in header:
        return None
    if header["gastlive"] != 1 or header.get("kind") != "frames" or "layout" not in header:
        raise InputError(
            f"{path} line 1 doesn't begin a frames.jsonl of version 1; give a run's frames.jsonl"
        )
    return header


def _lines(path: Path, warn: Callable[[str], None]) -> Iterator[tuple[str, Record]]:
    """Where and what, for each line of a frames.jsonl."""
    with path.open("rb") as file:
        next(file)
        for number, line in enumerate(file, start=2):
            where = f"{path} line {number}"
            try:
                yield where, json.loads(line)
            except ValueError as error:
                if line.endswith(b"\n"):
                    raise InputError(f"{where} is not JSON; mend or remove it") from error
                warn(f"{where}, the last, was cut off and is left out")


def _entries(path: Path) -> Iterator[tuple[str, Record]]:
    """Where and what, for each frame of the reference's JSON."""
    try:
        whole = json.loads(path.read_bytes())
    except ValueError:
        whole = None
    entries = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(entries, list):
        raise InputError(
            f"{path} is neither a frames.jsonl nor JSON with a list `data`; give one of them"
        )
    for number, entry in enumerate(entries, start=1):
        yield f"{path} entry {number} of `data`", entry


def _translated(entry: Record, *, fps: float) -> Record:
    """A frame of the reference's JSON in the words of frames.jsonl."""
    index = int(entry["frame_index"]) - 1
    if index < 0:
        raise ValueError("frames count from one")
    people = [
        {"xy": _pairs(skeleton["pose"]), "confidence": skeleton["score"]}
        for skeleton in entry["skeleton"]
    ]
    return {"index": index, "time_s": index / fps, "people": people}


def _pairs(values: list) -> list:
    """Points as pairs, from pairs (of which some may be null) or from x, y, x, y, ..."""
    if any(isinstance(value, list) for value in values):
        return values
    return list(zip(values[::2], values[1::2], strict=True))
