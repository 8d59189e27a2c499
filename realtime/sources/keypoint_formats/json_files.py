"""Keypoints in JSON, as other programs write them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ....gast.errors import InputError
from ....gast.limits import BROKEN, read_json
from .written import KeypointFile, Record, count, first, listed, person

OPENPOSE = "*_keypoints.json"
LABELLED = (0.0, 0.5, 1.0)
"""Confidence by COCO's flag: not marked, hidden, in sight."""


@contextmanager
def broken(place: str, kind: str) -> Iterator[None]:
    """Raise what goes wrong with an entry as an InputError that names its place."""
    try:
        yield
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(f"{place} is no {kind} ({error!r:.200}); mend it") from error


def parsed(path: Path, whole: Any) -> KeypointFile | None:
    """The file whose content is `whole`, ``None`` if it has none of the forms."""
    match whole:
        case {"data": [*entries]}:
            placed = [(f"{path} entry {n} of `data`", entry) for n, entry in enumerate(entries, 1)]
            return KeypointFile(lambda warn: placed, _from_reference, usual_layout="coco17")
        case {"images": [*images], "annotations": [*marked]}:
            return _coco(path, images, marked)
        case [{"image_id": _, "keypoints": _}, *_]:
            return _alphapose(path, whole)
        case {"instance_info": [*frames]} | [*frames] if _is_mmpose(frames):
            return _mmpose(path, frames)
        case {"people": [*_]}:
            raise InputError(f"{path} is one frame of OpenPose; give the folder it lies in")
    return None


def openpose(path: Path) -> KeypointFile:
    """OpenPose: one file a frame, named by its number."""
    frames: dict[int, list[Record]] = {}
    for file in sorted(path.glob(OPENPOSE)):
        with broken(str(file), "frame of OpenPose"):
            frames[count(file.stem)] = [
                person(_triples(one["pose_keypoints_2d"]), first(one.get("person_id")))
                for one in read_json(file.read_bytes())["people"]
            ]
    return _listed(f"{path} frame", frames)


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
    """AlphaPose, and COCO's results: one entry a person; frames without people are missing."""
    frames: dict[int, list[Record]] = {}
    for number, entry in enumerate(entries, 1):
        with broken(f"{path} entry {number}", "person of AlphaPose"):
            one = person(_triples(entry["keypoints"]), first(entry.get("idx")))
            frames.setdefault(count(str(entry["image_id"])), []).append(one)
    return _listed(f"{path} picture", frames)


def _coco(path: Path, images: list[Any], marked: list[Any]) -> KeypointFile:
    """COCO's annotations of one film: images, and people with flags in place of confidences."""
    frames: dict[int, list[Record]] = {}
    numbers: dict[Any, int] = {}
    sizes = set()
    for place, image in enumerate(images, 1):
        with broken(f"{path} entry {place} of `images`", "picture of COCO"):
            number = int(image["frame_id"]) if "frame_id" in image else count(image["file_name"])
            if number in frames:
                raise InputError(
                    f"{path} has two pictures with the number {number}; give a file of one film"
                )
            frames[number], numbers[image["id"]] = [], number
            sizes.add((image.get("width"), image.get("height")))
    for place, one in enumerate(marked, 1):
        with broken(f"{path} entry {place} of `annotations`", "person of COCO"):
            points = _triples(one["keypoints"])
            points[:, 2] = np.choose(points[:, 2].astype(int), LABELLED)
            if points[:, 2].any():
                frames[numbers[one["image_id"]]].append(person(points, one.get("track_id")))
    width, height = sizes.pop() if len(sizes) == 1 else (None, None)
    header = {"width": width, "height": height} if width and height else {}
    return _listed(f"{path} picture", frames, header=header, is_guessed=True)


def _is_mmpose(frames: list[Any]) -> bool:
    return bool(frames) and all(isinstance(f, dict) and "instances" in f for f in frames)


def _mmpose(path: Path, entries: list[Any]) -> KeypointFile:
    """MMPose's predictions of a film: frames with instances."""
    frames: dict[int, list[Record]] = {}
    for place, entry in enumerate(entries, 1):
        with broken(f"{path} entry {place}", "frame of MMPose"):
            people = [_instance(one) for one in entry["instances"]]
            frames[int(entry.get("frame_id", place - 1))] = people
    return _listed(f"{path} frame", frames, is_guessed=True)


def _instance(one: Record) -> Record:
    xy = np.array(one["keypoints"], np.float64).reshape(-1, 2)
    sure = np.array(one["keypoint_scores"], np.float64).reshape(-1, 1)
    return person(np.hstack([xy, sure]), first(one.get("track_id")))


def _triples(flat: list[float]) -> np.ndarray:
    return np.array(flat, np.float64).reshape(-1, 3)


def _listed(where: str, frames: Mapping[int, list[Record]], **known: Any) -> KeypointFile:
    make: Callable[..., KeypointFile] = listed
    with broken(where, "keypoints in pixels"):
        return make(where, frames, **known)
