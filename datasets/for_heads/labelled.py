"""Labelled clips for heads, lifted or a data set's own joints.

Joints are in camera axes (x right, y down, z forward), metres, relative to the root.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol as Interface

import numpy as np

from ...gast.errors import InputError
from ...gast.interpolation import frames_at, interpolated
from ...gast.skeleton import Skeleton
from ..axes import to_camera
from ..clip import MotionClip, MotionSet
from ..protocols import Protocol, listed
from ..rates import at_layout, resample
from .lifted import (
    LiftedClip,
    Origin,
    frame_actions,
    joint_speed,
    lifted_people,
    read_folder,
    travel_speed,
)


class Labelled(Interface):
    """Gives the clips of each part of a protocol."""

    def read(self, part: str, protocol: Protocol) -> list[LiftedClip]:
        """The clips of a part, in a fixed order."""

    def problems(self) -> list[str]:
        """A line for each clip that could not be read."""


class Lifted:
    """Clips that ``gastlive-lift-dataset`` wrote into a folder; see `lifted.read_folder`."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def read(self, part: str, protocol: Protocol) -> list[LiftedClip]:
        """See `Labelled`."""
        people = protocol.people(part)
        wanted = sorted(lifted_people(self.folder) if people is None else people)
        clips = read_folder(self.folder, wanted)
        protocol.meet(subjects_by_label(clips))
        return [
            clip
            for clip in clips
            if protocol.part(clip.origin.dataset, clip.origin.subject, clip.name) == part
        ]

    def problems(self) -> list[str]:
        """None: clips that can't be read are refused."""
        return []


class Joints:
    """A data set's own joints, of a depth camera or motion capture, at a layout and rate."""

    def __init__(self, data: MotionSet, skeleton: Skeleton, *, fps: float) -> None:
        self.data, self.skeleton, self.fps = data, skeleton, fps
        self._clips: list[LiftedClip] | None = None
        self._lost: list[str] = []

    def read(self, part: str, protocol: Protocol) -> list[LiftedClip]:
        """See `Labelled`; raises an InputError for a layout that can't be mapped."""
        if self._clips is None:
            self._clips = [
                to_lifted(clip, self.skeleton, self.data.labels) for clip in self._whole()
            ]
            protocol.meet(subjects_by_label(self._clips))
        return [
            clip
            for clip in self._clips
            if protocol.part(clip.origin.dataset, clip.origin.subject, clip.name) == part
        ]

    def problems(self) -> list[str]:
        """See `Labelled`."""
        return [f"{p.file}: {p.reason}" for p in self.data.problems] + self._lost

    def _whole(self) -> list[MotionClip]:
        """Resampled, mapped and without gaps; clips without a root joint become problems."""
        clips = []
        for clip in self.data:
            even = at_layout(resample(clip, self.fps), self.skeleton)
            filled = gaps_filled(even.xyz, self.skeleton)
            if filled is None:
                self._lost.append(f"{clip.name}: the root joint is in none of its frames")
            else:
                partner = None if even.partner is None else gaps_filled(even.partner, self.skeleton)
                clips.append(replace(even, xyz=filled, partner=partner))
        return clips


def subjects_by_label(clips: Iterable[LiftedClip]) -> dict[str, set[str]]:
    """The subjects of each label."""
    found = defaultdict[str, set[str]](set)
    for clip in clips:
        for place in np.unique(clip.actions[clip.actions >= 0]):
            found[clip.origin.labels[place]].add(clip.origin.subject)
    return found


def gaps_filled(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray | None:
    """Joints (T, J, 3), NaN where missing, with gaps interpolated; None without any root joint.

    A joint that is in no frame lies at the root.
    """
    seen = np.isfinite(xyz).all(-1)
    if seen.all():
        return xyz
    if not seen[:, skeleton.root].any():
        return None
    filled, frames = xyz.copy(), np.arange(len(xyz))
    order = [skeleton.root, *(j for j in range(len(skeleton)) if j != skeleton.root)]
    for joint in order:
        at = np.flatnonzero(seen[:, joint])
        filled[:, joint] = (
            interpolated(xyz[at, joint], frames_at(at, frames))
            if len(at)
            else filled[:, skeleton.root]
        )
    return filled


def to_lifted(clip: MotionClip, skeleton: Skeleton, labels: Sequence[str]) -> LiftedClip:
    """A clip (world axes, no gaps) as from a lifter whose camera looks along y."""
    root = clip.xyz[:, skeleton.root : skeleton.root + 1]
    origin = Origin(
        skeleton.name, clip.fps, "", "", clip.dataset, clip.subject, tuple(labels), 0, ""
    )
    return LiftedClip(
        clip.name, 0, to_camera(clip.xyz - root), frame_actions(clip, labels),
        joint_speed(clip.xyz, clip.fps), travel_speed(clip.xyz, skeleton, clip.fps), origin,
        None if clip.partner is None else to_camera(clip.partner - root),
    )  # fmt: skip


def checked_clips(
    data: Labelled, part: str, protocol: Protocol, skeleton: Skeleton, fps: float
) -> list[LiftedClip]:
    """The clips of a part; an InputError if there are none, or of another layout or frame rate."""
    clips = data.read(part, protocol)
    if not clips:
        raise InputError(
            f"the protocol leaves no clip for {part}; give more data, or another protocol=..."
        )
    origin = clips[0].origin
    if (origin.layout, origin.fps) != (skeleton.name, fps):
        raise InputError(
            f"the data have {origin.layout} at {origin.fps:g} fps, wanted {skeleton.name} at "
            f"{fps:g}; lift anew or change the configuration"
        )
    return clips


def part_summary(part: str, clips: Sequence[LiftedClip]) -> str:
    """Subjects, recordings, views and frames of a part in one line."""
    people = {(clip.origin.dataset, clip.origin.subject) for clip in clips}
    recordings = {(clip.origin.dataset, clip.origin.subject, clip.name) for clip in clips}
    return (
        f"{part}: {listed(people)}; {len(recordings)} recordings, {len(clips)} views, "
        f"{sum(len(clip.actions) for clip in clips)} frames"
    )
