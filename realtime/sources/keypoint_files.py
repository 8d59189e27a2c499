"""Files of 2-D keypoints in the forms that programs write, frame by frame."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ...gast.errors import InputError

Record = Mapping[str, Any]
Entries = Iterable[tuple[str, Any]]

SUFFIXES = (".jsonl", ".json", ".npz", ".npy")
"""Endings of keypoint files; OpenPose writes a folder."""
OPENPOSE = "*_keypoints.json"
BY_JOINTS = {
    16: "mpii16", 17: "coco17", 18: "openpose18", 25: "openpose25", 26: "halpe26",
    133: "wholebody133",
}  # fmt: skip
"""Layouts that AlphaPose and OpenPose write, by their number of joints."""


@dataclass(frozen=True)
class KeypointFile:
    """A keypoint file, as far as it is known before its frames are read.

    Attributes:
        entries: Reads the frames, given what to call with warnings: each its place, for messages,
            and content.
        translate: An entry's content as a line of frames.jsonl; `score` and `track` of people may
            lack.
        header: Its layout, width, height and fps, where the file states them.
        usual_layout: Where neither the file nor the user states one.
        has_times: Whether frames have time stamps of their own.
        has_tracks: Whether people have ids.
    """

    entries: Callable[[Callable[[str], None]], Entries]
    translate: Callable[[Any], Record] = dict
    header: Record = field(default_factory=dict)
    usual_layout: str | None = None
    has_times: bool = False
    has_tracks: bool = False


def keypoint_file(path: Path) -> KeypointFile:
    """Open a file of any of the forms; an InputError if it has none of them."""
    if path.is_dir():
        return _openpose(path)
    if path.suffix.lower() in (".npz", ".npy"):
        return _array(path)
    if (header := _header(path)) is not None:
        lines = partial(_lines, path)
        return KeypointFile(lines, header=header, has_times=True, has_tracks=True)
    try:
        whole = json.loads(path.read_bytes())
    except ValueError:
        whole = None
    match whole:
        case {"data": [*entries]}:
            placed = [(f"{path} entry {n} of `data`", entry) for n, entry in enumerate(entries, 1)]
            return KeypointFile(lambda warn: placed, _from_reference, usual_layout="coco17")
        case [{"image_id": _, "keypoints": _}, *_]:
            return _alphapose(path, whole)
        case {"people": [*_]}:
            raise InputError(f"{path} is one frame of OpenPose; give the folder it lies in")
    raise InputError(
        f"{path} is neither a frames.jsonl nor JSON of AlphaPose or with a list `data`; "
        f"give one of them"
    )


def _header(path: Path) -> Record | None:
    """The first line of a frames.jsonl, ``None`` of any other file."""
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


def _from_reference(entry: Record) -> Record:
    """A frame of the reference's JSON."""
    index = int(entry["frame_index"]) - 1
    if index < 0:
        raise ValueError("frames count from one")
    people = [
        {"xy": _pairs(skeleton["pose"]), "confidence": skeleton["score"]}
        for skeleton in entry["skeleton"]
    ]
    return {"index": index, "people": people}


def _pairs(values: list) -> list:
    """Points as pairs, from pairs (some may be null) or from x, y, x, y, ..."""
    if any(isinstance(value, list) for value in values):
        return values
    return list(zip(values[::2], values[1::2], strict=True))


def _alphapose(path: Path, entries: list[Any]) -> KeypointFile:
    """AlphaPose: one entry a person; frames without people are missing."""
    frames: dict[int, list[Record]] = {}
    for number, entry in enumerate(entries, 1):
        try:
            person = _person(entry["keypoints"], _first(entry.get("idx")))
            frames.setdefault(_count(str(entry["image_id"])), []).append(person)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{path} entry {number} is no person of AlphaPose ({error!r}); mend it"
            ) from error
    return _listed(f"{path} picture", frames)


def _openpose(path: Path) -> KeypointFile:
    """OpenPose: one file a frame, named by its number."""
    frames: dict[int, list[Record]] = {}
    for file in sorted(path.glob(OPENPOSE)):
        try:
            frames[_count(file.stem)] = [
                _person(person["pose_keypoints_2d"], _first(person.get("person_id")))
                for person in json.loads(file.read_bytes())["people"]
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{file} is no frame of OpenPose ({error!r}); mend it") from error
    if not frames:
        raise InputError(f"{path} is a folder without files {OPENPOSE}; give what OpenPose wrote")
    return _listed(f"{path} frame", frames)


def _listed(where: str, frames: Mapping[int, list[Record]]) -> KeypointFile:
    """Frames that were read at once; ids count only if each is unique in its frame."""
    people = [person for members in frames.values() for person in members]
    ids = [[person["track"] for person in members] for members in frames.values()]
    tracked = all(None not in some and len(set(some)) == len(some) for some in ids)
    tracked = tracked and any(person["track"] for person in people)
    entries = [(f"{where} {index}", index) for index in sorted(frames)]
    return KeypointFile(
        lambda warn: entries,
        lambda index: {"index": index, "people": frames[index]},
        usual_layout=BY_JOINTS.get(len(people[0]["xy"])) if people else "coco17",
        has_tracks=tracked,
    )


def _person(flat: list[float], track: int | None) -> Record:
    """A person from x, y, confidence, x, y, ...; a joint without confidence was not seen."""
    points = np.array(flat, np.float64).reshape(-1, 3)
    seen = points[:, 2] > 0
    return {
        "xy": np.where(seen[:, None], points[:, :2], np.nan),
        "confidence": points[:, 2],
        "score": min(float(points[seen, 2].mean()), 1.0) if seen.any() else 0.0,
        "track": track,
    }


def _first(track: Any) -> int | None:
    """An id as the trackers write it: a number or a list of one; below zero is none."""
    while isinstance(track, list):
        track = track[0] if track else None
    return None if track is None or track < 0 else int(track)


def _count(name: str) -> int:
    """The last number in a file's name."""
    numbers = re.findall(r"\d+", re.sub(r"\.\w+$", "", name))
    if not numbers:
        raise ValueError(f"no number in {name}")
    return int(numbers[-1])


def _array(path: Path) -> KeypointFile:
    """(T, J, 2 or 3) of one person or (M, T, J, 2 or 3) of several, the third number confidence."""
    header, points = _loaded(path)
    if points.ndim == 3:
        points = points[None]
    if points.ndim != 4 or points.shape[-1] not in (2, 3):
        raise InputError(
            f"{path} has keypoints of shape {points.shape}; give (T, J, 2 or 3) or (M, T, J, 2 or "
            f"3): frames, joints, x, y and confidence"
        )
    xy = points[..., :2]
    sure = points[..., 2] if points.shape[-1] == 3 else np.ones(xy.shape[:-1])
    seen = np.isfinite(xy).all(-1) & (xy != 0).any(-1) & (sure > 0)
    xy = np.where(seen[..., None], xy, np.nan)

    def people(index: int) -> Record:
        members = np.flatnonzero(seen[:, index].any(-1)).tolist()
        return {
            "index": index,
            "people": [
                {"track": m + 1, "xy": xy[m, index], "confidence": sure[m, index]} for m in members
            ],
        }

    entries = [(f"{path} frame {index}", index) for index in range(xy.shape[1])]
    return KeypointFile(lambda warn: entries, people, header=header, has_tracks=True)


def _loaded(path: Path) -> tuple[dict[str, Any], np.ndarray]:
    """The header of a file and its array `keypoints`, else its only array."""
    try:
        arrays = _arrays(path)
    except (ValueError, EOFError, BadZipFile) as error:
        raise InputError(
            f"{path} can't be read as arrays of numbers ({error}); save them with numpy.savez"
        ) from error
    header: dict[str, Any] = {
        key: arrays.pop(key).item()
        for key in ("layout", "width", "height", "fps")
        if key in arrays and arrays[key].size == 1
    }
    points = arrays.get("keypoints", next(iter(arrays.values())) if len(arrays) == 1 else None)
    if points is None or not np.issubdtype(points.dtype, np.number):
        raise InputError(
            f"{path} has no array of numbers called keypoints, only {', '.join(arrays) or 'none'}; "
            f"rename it"
        )
    return header, points.astype(np.float64)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    content = np.load(path, allow_pickle=False)
    if isinstance(content, np.ndarray):
        return {"keypoints": content}
    with content:
        return dict(content)
