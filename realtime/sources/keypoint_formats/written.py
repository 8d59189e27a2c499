"""What all forms of keypoint files come to: frames of people, and what is known of them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Record = Mapping[str, Any]
Entries = Iterable[tuple[str, Any]]

BY_JOINTS = {
    16: "mpii16", 17: "coco17", 18: "openpose18", 25: "openpose25", 26: "halpe26",
    33: "blazepose33", 133: "wholebody133",
}  # fmt: skip
"""The layout most often meant, by the number of joints."""
FARTHEST = 2.0
"""Nobody's joints all lie within so many pixels of a picture's corner, but shares of it do."""
CENTRED = 0.25
"""With so large a part below zero, numbers count from a middle, not from a corner."""


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
        is_guessed: `usual_layout` goes by the number of joints alone.
        has_times: Whether frames have time stamps of their own.
        has_tracks: Whether people have ids.
        is_normalised: x and y are shares of the picture's width and height, not pixels.
    """

    entries: Callable[[Callable[[str], None]], Entries]
    translate: Callable[[Any], Record] = dict
    header: Record = field(default_factory=dict)
    usual_layout: str | None = None
    is_guessed: bool = False
    has_times: bool = False
    has_tracks: bool = False
    is_normalised: bool = False


def listed(
    where: str,
    frames: Mapping[int, list[Record]],
    *,
    header: Record | None = None,
    is_guessed: bool = False,
) -> KeypointFile:
    """Frames that were read at once; ids count only if each is unique in its frame."""
    people = [person for members in frames.values() for person in members]
    ids = [[person["track"] for person in members] for members in frames.values()]
    tracked = all(None not in some and len(set(some)) == len(some) for some in ids)
    tracked = tracked and any(person["track"] for person in people)
    entries = [(f"{where} {index}", index) for index in sorted(frames)]
    return KeypointFile(
        lambda warn: entries,
        lambda index: {"index": index, "people": frames[index]},
        header=header or {},
        usual_layout=BY_JOINTS.get(len(people[0]["xy"])) if people else "coco17",
        is_guessed=is_guessed and bool(people),
        has_tracks=tracked,
        is_normalised=are_shares([person["xy"] for person in people]),
    )


def person(points: np.ndarray, track: int | None) -> Record:
    """A person from (J, 3) x, y, confidence; a joint without confidence was not seen."""
    seen = (points[:, 2] > 0) & np.isfinite(points).all(1)
    sure = np.where(seen, points[:, 2], 0)
    return {
        "xy": np.where(seen[:, None], points[:, :2], np.nan),
        "confidence": sure,
        "score": min(float(sure[seen].mean()), 1.0) if seen.any() else 0.0,
        "track": track,
    }


def first(track: Any) -> int | None:
    """An id as the trackers write it: a number or a list of one; below zero is none."""
    while isinstance(track, list):
        track = track[0] if track else None
    return None if track is None or track < 0 else int(track)


def count(name: str) -> int:
    """The last number in a file's name; a ValueError if there is none."""
    numbers = re.findall(r"\d+", re.sub(r"\.\w+$", "", name))
    if not numbers:
        raise ValueError(f"no number in {name}")
    return int(numbers[-1])


def are_shares(xy: Iterable[np.ndarray]) -> bool:
    """Whether coordinates (J, 2) are shares of the picture; a ValueError if they are neither."""
    values = np.concatenate([np.asarray(each, np.float64).ravel() for each in xy] or [np.zeros(0)])
    values = values[np.isfinite(values)]
    if not len(values) or np.abs(values).max() > FARTHEST or not values.any():
        return False
    if (values < 0).mean() > CENTRED:
        raise ValueError(
            f"coordinates from {values.min():.2f} to {values.max():.2f} are neither pixels nor "
            f"shares of the picture; give those in the picture, not metres or centred ones"
        )
    return True
