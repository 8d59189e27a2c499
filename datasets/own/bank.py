"""A motion bank: clips of many data sets in one small file, at one frame rate and layout."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz, read_json
from ...gast.skeleton import Skeleton, named
from ..clip import MotionClip, Problem, Segment
from ..rates import resample
from ..seen.detectable import detectable

VERSION = 1


class Bank:
    """A `MotionSet` of one data set in a bank.

    An InputError if the file is no bank, or has nothing of the data set or a subject.

    Args:
        file: Written by ``gastlive-motion-bank``.
        dataset: As its reader names it.
        subjects: Only these; None is all.
    """

    def __init__(self, file: str, *, dataset: str, subjects: list[str] | None = None) -> None:
        self.file, self.dataset = Path(file).expanduser(), dataset
        self.problems: list[Problem] = []
        card, self._xyz = _read(self.file)
        self.layout, self.fps = named(card["layout"]), float(card["fps"])
        own = [clip for clip in card["clips"] if clip["dataset"] == dataset]
        wanted = None if subjects is None else {str(subject) for subject in subjects}
        known = {clip["subject"] for clip in own}
        if not own or (unknown := sorted((wanted or set()) - known)):
            what = f"subject {', '.join(unknown)} of {dataset}" if own else f"data set {dataset}"
            choice = known if own else {clip["dataset"] for clip in card["clips"]}
            raise InputError(f"{file} has no {what}; choose from {', '.join(sorted(choice))}")
        self._clips = [c for c in own if wanted is None or c["subject"] in wanted]
        labels = {segment[2] for clip in own for segment in clip["segments"]}
        self.labels: Sequence[str] = sorted(labels)

    def __len__(self) -> int:
        """Number of clips."""
        return len(self._clips)

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips in the order of the bank."""
        for clip in self._clips:
            steps = self._xyz[clip["start"] : clip["stop"]].astype(np.int32)
            yield MotionClip(
                name=clip["name"],
                dataset=self.dataset,
                subject=clip["subject"],
                layout=self.layout,
                xyz=(steps.cumsum(0) / 1000).astype(np.float32),
                fps=self.fps,
                segments=tuple(Segment(*segment) for segment in clip["segments"]),
            )


def write_bank(
    file: str | Path, clips: Iterable[MotionClip], *, layout: Skeleton, fps: float
) -> str:
    """Write the clips without missing joints as of `detectable`; says how many and how large.

    An InputError if there are none.
    """
    entries, parts, at = [], [], 0
    for clip in clips:
        even = detectable(resample(clip, fps), layout)
        if not np.isfinite(even.xyz).all() or not len(even.xyz):
            continue
        place = np.round(even.xyz * 1000).astype(np.int32)
        place[..., :2] -= place[0, 0, :2]  # each clip starts at the origin
        parts.append(np.diff(place, axis=0, prepend=0).astype(np.int16))
        segments = [[s.start, s.stop, s.label] for s in even.segments]
        entries.append({
            "dataset": clip.dataset, "subject": clip.subject, "name": clip.name,
            "start": at, "stop": at + len(place), "segments": segments,
        })  # fmt: skip
        at += len(place)
    if not entries:
        raise InputError(f"nothing to write to {file}: no complete clip; choose other sets")
    card = {"version": VERSION, "layout": layout.name, "fps": fps, "clips": entries}
    path = Path(file).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        np.savez_compressed(out, card=np.array(json.dumps(card)), steps_mm=np.concatenate(parts))
    return f"{len(entries)} clips, {at} frames, {path.stat().st_size / 1e6:.1f} MB in {path}"


def _read(path: Path) -> tuple[dict, np.ndarray]:
    try:
        with opened_npz(path) as file:
            card, steps = read_json(str(file["card"])), file["steps_mm"]
        if card["version"] == VERSION:
            _check(card, steps)
            return card, steps
    except BROKEN as error:
        raise InputError(f"can't read the motion bank {path}: {error}; make it anew") from error
    raise InputError(f"{path} is a bank of version {card['version']}, wanted {VERSION}; make anew")


def _check(card: dict, steps: np.ndarray) -> None:
    """Raises one of `BROKEN` for a bank that `write_bank` did not write."""
    joints = len(named(card["layout"]))
    if steps.shape[1:] != (joints, 3) or steps.dtype.kind != "i" or not 0 < card["fps"] < 1000:
        raise ValueError(f"joints are {steps.dtype} {steps.shape} at {card['fps']} a second")
    for clip in card["clips"]:
        texts = [clip[key] for key in ("dataset", "subject", "name")]
        start, stop = clip["start"], clip["stop"]
        segments = [(a, b, label) for a, b, label in clip["segments"]]
        texts += [label for _, _, label in segments]
        numbers = [start, stop, *(n for a, b, _ in segments for n in (a, b))]
        if not all(isinstance(text, str) for text in texts) or set(map(type, numbers)) != {int}:
            raise TypeError(f"clip {texts[2]!r} is none")
        if not 0 <= start < stop <= len(steps):
            raise ValueError(f"clip {texts[2]!r} has frames {start} to {stop} of {len(steps)}")
