"""Clips that heads are trained on, from wherever they come: lifted before, or joints as they are.

Everything here is in camera axes (x right, y down, z forward), metres, relative to the root.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol as Interface

import numpy as np

from ...gast.errors import InputError
from ...gast.interpolation import frames_at, interpolated
from ...gast.skeleton import Skeleton
from ..clip import MotionClip, MotionSet
from ..labels import LabelMap, OwnLabels
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
        """All of them, in a fixed order."""

    def problems(self) -> list[str]:
        """What could not be read, a line each."""


class Lifted:
    """Clips that ``gastlive-lift-dataset`` wrote.

    Args:
        folder: Where to.

    Raises:
        InputError: See `lifted.read_folder`.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def read(self, part: str, protocol: Protocol) -> list[LiftedClip]:
        """See `Labelled`."""
        people = protocol.people(part)
        wanted = sorted(lifted_people(self.folder) if people is None else people)
        clips = read_folder(self.folder, wanted)
        protocol.meet(shown(clips))
        return [
            clip
            for clip in clips
            if protocol.part(clip.origin.dataset, clip.origin.subject, clip.name) == part
        ]

    def problems(self) -> list[str]:
        """None: what can't be read is refused."""
        return []


class Joints:
    """The joints of a data set as they are: what a depth camera or motion capture gave.

    Args:
        data: The set.
        skeleton: Layout wanted.
        fps: Frames per second wanted.
    """

    def __init__(self, data: MotionSet, skeleton: Skeleton, *, fps: float) -> None:
        self.data, self.skeleton, self.fps = data, skeleton, fps
        self._clips: list[LiftedClip] | None = None
        self._lost: list[str] = []

    def read(self, part: str, protocol: Protocol) -> list[LiftedClip]:
        """See `Labelled`; the set is read once.

        Raises:
            InputError: The clips have another layout, and nothing to make the one wanted from.
        """
        if self._clips is None:
            self._clips = [as_seen(clip, self.skeleton, self.data.labels) for clip in self._whole()]
            protocol.meet(shown(self._clips))
        return [
            clip
            for clip in self._clips
            if protocol.part(clip.origin.dataset, clip.origin.subject, clip.name) == part
        ]

    def problems(self) -> list[str]:
        """See `Labelled`; of the reading."""
        return [f"{p.file}: {p.reason}" for p in self.data.problems] + self._lost

    def _whole(self) -> list[MotionClip]:
        """At the rate and layout wanted, gaps closed; a clip that can't be closed is named."""
        clips = []
        for clip in self.data:
            even = at_layout(resample(clip, self.fps), self.skeleton)
            filled = closed(even.xyz, self.skeleton)
            if filled is None:
                self._lost.append(f"{clip.name}: the root joint is in none of its frames")
            else:
                partner = None if even.partner is None else closed(even.partner, self.skeleton)
                clips.append(replace(even, xyz=filled, partner=partner))
        return clips


def shown(clips: Iterable[LiftedClip]) -> dict[str, set[str]]:
    """The subjects that show each action."""
    found = defaultdict[str, set[str]](set)
    for clip in clips:
        for place in np.unique(clip.actions[clip.actions >= 0]):
            found[clip.origin.labels[place]].add(clip.origin.subject)
    return found


def closed(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray | None:
    """Joints without gaps: a missing one goes straight from where it was to where it will be.

    A joint that is in no frame lies at the root.

    Args:
        xyz: (T, J, 3), NaN where missing.
        skeleton: Its layout.

    Returns:
        (T, J, 3); None if the root itself is in no frame.
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


def as_seen(clip: MotionClip, skeleton: Skeleton, labels: Sequence[str]) -> LiftedClip:
    """A clip (world axes, no gaps) as if a lifter had given it, from a camera that looks along y.

    A partner stays where they are beside the first person.
    """
    root = clip.xyz[:, skeleton.root : skeleton.root + 1]
    origin = Origin(
        skeleton.name, clip.fps, "", "", clip.dataset, clip.subject, tuple(labels), 0, ""
    )
    return LiftedClip(
        clip.name, 0, _camera_axes(clip.xyz - root), frame_actions(clip, labels),
        joint_speed(clip.xyz, clip.fps), travel_speed(clip.xyz, skeleton, clip.fps), origin,
        None if clip.partner is None else _camera_axes(clip.partner - root),
    )  # fmt: skip


def _camera_axes(xyz: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(xyz.astype(np.float32), -1, 0)
    return np.stack([x, -z, y], -1)


def source_of(data: Lifted | MotionSet, skeleton: Skeleton, fps: float) -> Labelled:
    """The clips of what a config calls ``data``."""
    return data if isinstance(data, Lifted) else Joints(data, skeleton, fps=fps)


def fitting(
    data: Labelled, part: str, protocol: Protocol, skeleton: Skeleton, fps: float
) -> list[LiftedClip]:
    """The clips of a part, if they are what the config says.

    Raises:
        InputError: There are none, or of another layout or frame rate.
    """
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


def mapped(labels: LabelMap | OwnLabels, clips: Sequence[LiftedClip]) -> LabelMap:
    """The label map given, or the one that the clips' own labels make."""
    if isinstance(labels, LabelMap):
        return labels
    return labels.of({clip.origin.dataset: clip.origin.labels for clip in clips})


def told(part: str, clips: Sequence[LiftedClip]) -> str:
    """What a part holds, in one line."""
    people = {(clip.origin.dataset, clip.origin.subject) for clip in clips}
    recordings = {(clip.origin.dataset, clip.origin.subject, clip.name) for clip in clips}
    return (
        f"{part}: {listed(people)}; {len(recordings)} recordings, {len(clips)} views, "
        f"{sum(len(clip.actions) for clip in clips)} frames"
    )
