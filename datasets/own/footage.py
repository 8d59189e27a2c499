"""One file of the user's own, of any kind, as tracks of the people seen in it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import CMU31, Skeleton, named
from ..axes import from_camera
from ..formats.bvh import read_bvh
from ..rates import resampled
from ..timed import evenly, stays
from .lifted_video import read_lifted_video
from .recordings import RATE, read_stays

KINDS = (".npz", ".jsonl", ".bvh")
"""Endings of the files that can be read: of gastlive-lift, of the sink jsonl, motion capture."""
FRAMES = "frames.jsonl"
"""The sink jsonl's name for every recording, which goes by the name of its folder instead."""
SHORTEST_S = 0.5
"""Shorter tracks are left out."""


@dataclass(frozen=True, eq=False)
class Track:
    """One person from coming into view to leaving it.

    Attributes:
        person: Track id; empty in motion capture.
        start_s: Of the first frame, seconds from the beginning of the file.
        xyz: (T, J, 3) float32, metres, world axes; relative to the root but for motion capture.
    """

    person: str
    start_s: float
    layout: Skeleton
    xyz: np.ndarray


@dataclass
class Footage:
    """Tracks of a file in its order, all at `fps`, and reasons why others could not be used."""

    fps: float
    tracks: list[Track] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def end_s(self) -> float:
        """When anybody is last seen."""
        return max((track.start_s + len(track.xyz) / self.fps for track in self.tracks), default=0)


def read_footage(path: Path, *, fps: float) -> Footage:
    """Everybody in a file of one of `KINDS`, at an even frame rate.

    A person out of view for longer than 0.25 s by the time stamps comes back in another track. An
    InputError if the file can't be read, or nobody is in it.
    """
    readers = {".npz": _lifted, ".jsonl": _recorded, ".bvh": _captured}
    found = readers[path.suffix.lower()](path, fps)
    footage = Footage(fps, reasons=found.reasons)
    brief = 0
    for track in found.tracks:
        missing = ~np.isfinite(track.xyz).all(-1)
        who = f"person {track.person}: " if track.person else ""
        if len(track.xyz) < SHORTEST_S * fps:
            brief += 1
            continue
        if missing.all():
            footage.reasons.append(f"{who}none of the {len(missing)} frames has a joint")
            continue
        if missing.any():
            frames = int(missing.any(1).sum())
            footage.reasons.append(
                f"{who}{int(missing.sum())} joints are missing in {frames} frames"
            )
        footage.tracks.append(track)
    if brief:
        footage.reasons.append(f"{brief} times somebody is seen for less than {SHORTEST_S:g} s")
    if not footage.tracks and not footage.reasons:
        raise InputError("nobody is in it")
    return footage


def _lifted(path: Path, fps: float) -> Footage:
    video = read_lifted_video(path)
    layout, footage = named(video.layout), Footage(fps)
    if video.xyz.shape != (len(video.person), len(layout), 3) or (
        video.time_s.shape != video.person.shape
    ):
        raise InputError(f"{path}: joints are {video.xyz.shape}, not {layout.name}; lift it anew")
    for person in video.people:
        rows = video.person == person
        times, xyz = video.time_s[rows], video.xyz[rows]
        if not (np.diff(times) > 0).all():
            raise InputError(f"{path}: time stands still for person {person}; lift it anew")
        for stay in stays(times):
            poses = from_camera(evenly(times[stay], xyz[stay], fps=fps))
            footage.tracks.append(Track(str(person), float(times[stay.start]), layout, poses))
    return footage


def _recorded(path: Path, fps: float) -> Footage:
    footage = Footage(fps)
    try:
        for stay in read_stays(path):
            xyz = resampled(stay.poses_and_labels()[0], fps=RATE, to_fps=fps)
            footage.tracks.append(Track(str(stay.track), stay.start_s, stay.layout, xyz))
    except InputError as error:
        footage.reasons.append(str(error))
    if not footage.tracks and not footage.reasons:
        footage.reasons.append("nobody was lifted in it")
    return footage


def _captured(path: Path, fps: float) -> Footage:
    xyz, native_fps = read_bvh(path)
    return Footage(fps, [Track("", 0.0, CMU31, resampled(xyz, fps=native_fps, to_fps=fps))])
