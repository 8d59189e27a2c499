"""What the motion data readers share: the walk through a folder, axes, rates and joint layouts."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from os import PathLike
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..gast.errors import InputError
from ..gast.skeleton import KINECT20, Skeleton, joint_map
from .clip import MotionClip, Problem, Segment


@dataclass(frozen=True, slots=True)
class Take:
    """One file of a data set and what its name says."""

    path: Path
    subject: str
    label: str = ""
    camera: str = ""

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem


class MotionFolder(ABC):
    """A `MotionSet` of one file a clip. A data set says which files there are and how to read one.

    Args:
        root: Folder of the set; files may lie in folders below it.
        subjects: Only these; None is all.
        fps: Frames per second wanted, see `resample`; None keeps the publisher's.

    Attributes:
        labels: Names of the actions it labels, in the publisher's order.
        takes: Files that an iteration reads, in that order.
        problems: Of the last iteration.

    Raises:
        InputError: The folder does not exist, holds nothing of this set or none of the subjects.
    """

    dataset: ClassVar[str]
    publisher: ClassVar[str]
    labels: Sequence[str] = ()

    def __init__(
        self, root: str, *, subjects: list[str] | None = None, fps: float | None = None
    ) -> None:
        self.root, self.fps = Path(root).expanduser(), fps
        self.problems: list[Problem] = []
        self.takes = sorted(self._find(), key=lambda take: take.path) if self.root.is_dir() else []
        if not self.takes:
            raise InputError(
                f"no {self.dataset} files in {self.root}; download the set from {self.publisher} "
                f"and give its folder as root"
            )
        self.only("subject", subjects, of=lambda take: take.subject)

    @property
    def subjects(self) -> list[str]:
        """Who moves, sorted."""
        return sorted({take.subject for take in self.takes}, key=lambda name: (len(name), name))

    def __len__(self) -> int:
        """Files that an iteration tries to read."""
        return len(self.takes)

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips in a fixed order; a file that can't be read is named in `problems`."""
        self.problems = []
        for take in self.takes:
            try:
                clip = self._read(take)
                self._check(take, clip)
            except InputError as error:
                self._note(take, str(error))
            else:
                yield resample(clip, self.fps)

    @abstractmethod
    def _find(self) -> Iterable[Take]:
        """All files of the set, in any order."""

    @abstractmethod
    def _read(self, take: Take) -> MotionClip:
        """One file at the publisher's frame rate.

        Raises:
            InputError: It can't be used.
        """

    def _note(self, take: Take, reason: str) -> None:
        self.problems.append(Problem(str(take.path), reason))

    def only(self, what: str, names: list[str] | None, *, of: Callable[[Take], str]) -> None:
        """Keep the takes whose `what` is one of these names; None keeps all.

        Raises:
            InputError: One of the names is nobody's.
        """
        if names is None:
            return
        wanted = {str(name) for name in names}
        known = sorted({of(take) for take in self.takes}, key=lambda name: (len(name), name))
        if strangers := sorted(wanted.difference(known)):
            raise InputError(
                f"{self.dataset} has no {what} {', '.join(strangers)}; "
                f"choose from {', '.join(known)}"
            )
        self.takes = [take for take in self.takes if of(take) in wanted]

    def _check(self, take: Take, clip: MotionClip) -> None:
        """Refuse a clip without any joint; name what else is missing."""
        missing = ~np.isfinite(clip.xyz).all(-1)
        if missing.all():
            raise InputError(f"none of its {len(clip.xyz)} frames has a joint")
        if missing.any():
            frames = int(missing.any(1).sum())
            self._note(take, f"{int(missing.sum())} joints are missing in {frames} frames")
        if len(clip.xyz) < 2:
            self._note(take, "has a single frame")

    def _clip(
        self,
        take: Take,
        layout: Skeleton,
        xyz: np.ndarray,
        fps: float,
        *,
        segments: tuple[Segment, ...] | None = None,
    ) -> MotionClip:
        """A clip; without `segments` all its frames show the action of the take."""
        if segments is None:
            segments = (Segment(0, len(xyz), take.label),) if take.label else ()
        return MotionClip(
            name=take.name,
            dataset=self.dataset,
            subject=take.subject,
            layout=layout,
            xyz=xyz,
            fps=fps,
            segments=segments,
            camera=take.camera,
        )


def read_text(path: str | PathLike[str]) -> str:
    """A text file as a whole.

    Raises:
        InputError: It can't be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}; check the path") from error


def broken(path: str | PathLike[str], line: int, what: str) -> InputError:
    """What to raise for a file that does not follow its format from this line on."""
    return InputError(f"{path}, line {line}: {what}; get the file anew from its publisher")


def floats(words: Sequence[Sequence[str]] | Sequence[str]) -> np.ndarray | None:
    """As numbers, or None if one is none."""
    try:
        values = np.array(words, np.float64)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def rotation(axis: str, angle: np.ndarray) -> np.ndarray:
    """Turns (..., 3, 3) about the axis ``X``, ``Y`` or ``Z`` by angles (...), in radians."""
    i = "XYZ".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[..., i, i] = 1.0
    matrix[..., j, j] = matrix[..., k, k] = np.cos(angle)
    matrix[..., k, j] = np.sin(angle)
    matrix[..., j, k] = -matrix[..., k, j]
    return matrix


def runs(labels: Sequence[str], *, stops: Sequence[int]) -> tuple[Segment, ...]:
    """Stretches of equal labels: ``labels[i]`` is that of the frames up to ``stops[i]``.

    An empty label is none.
    """
    segments: list[Segment] = []
    start = 0
    for label, stop in zip(labels, stops, strict=True):
        if segments and segments[-1].label == label:
            segments[-1] = replace(segments[-1], stop=stop)
        elif stop > start:
            segments.append(Segment(start, stop, label))
        start = max(start, stop)
    return tuple(segment for segment in segments if segment.label)


def z_up(xyz: np.ndarray) -> np.ndarray:
    """Points (..., 3) with y up, z towards the viewer, as world points: x right, y away, z up."""
    return np.stack([xyz[..., 0], -xyz[..., 2], xyz[..., 1]], -1)


_SIDED = ("Shoulder", "Elbow", "Wrist", "Hand", "Hip", "Knee", "Ankle", "Foot")
KINECT_JOINTS: Mapping[str, str] = {
    "HipCenter": "hip",
    "Spine": "spine",
    "ShoulderCenter": "thorax",
    "Head": "head_center",
    **{f"{joint}Left": f"left_{joint.lower()}" for joint in _SIDED},
    **{f"{joint}Right": f"right_{joint.lower()}" for joint in _SIDED},
}
"""Names of the Kinect for Windows SDK 1.x to those of `KINECT20`."""
SDK_ORDER = tuple(
    KINECT_JOINTS[name]
    for name in (
        "HipCenter", "Spine", "ShoulderCenter", "Head",
        "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
        "ShoulderRight", "ElbowRight", "WristRight", "HandRight",
        "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
        "HipRight", "KneeRight", "AnkleRight", "FootRight",
    )
)  # fmt: skip
"""Order in which the SDK numbers its joints, as `KINECT20` names them."""


def from_kinect(xyz: np.ndarray, joints: Sequence[str], *, tilt: float = 0.0) -> np.ndarray:
    """Skeletons of a Kinect v1 in layout `KINECT20` and world axes; the sensor is the origin.

    A Kinect's x points to the left as the sensor sees it, y up and z away from it. A joint at
    exactly the sensor was not seen, and becomes NaN.

    Args:
        xyz: (T, 20, 3) metres.
        joints: Names of `KINECT20` in the order of the data.
        tilt: By how much the sensor looked down, radians; turned back.

    Returns:
        (T, 20, 3) float32.
    """
    order = [joints.index(joint) for joint in KINECT20.joints]
    left, up, away = np.moveaxis(np.asarray(xyz, np.float32)[:, order], -1, 0)
    sin, cos = np.float32(np.sin(tilt)), np.float32(np.cos(tilt))
    world = np.stack([-left, cos * away + sin * up, cos * up - sin * away], -1)
    world[(world == 0).all(-1)] = np.nan
    return world


def resampled(values: np.ndarray, *, fps: float, to_fps: float) -> np.ndarray:
    """Frames (T, ...) at another rate, from the first frame on, by linear interpolation in time.

    Where a new frame falls on an old one it is that frame, so 120 to 30 takes every fourth. There
    is no low-pass before: hardly anything a body does lies above 15 Hz, and a filter would shorten
    bones. A value next to a missing one (NaN) is missing.

    Raises:
        InputError: A rate is not more than 0.
    """
    if fps <= 0 or to_fps <= 0:
        raise InputError(f"can't go from {fps:g} to {to_fps:g} frames per second; give more than 0")
    if fps == to_fps or len(values) == 0:
        return values
    count = int((len(values) - 1) * to_fps / fps + _TINY) + 1
    at = np.arange(count) * fps / to_fps
    before = np.clip((at + _TINY).astype(int), 0, len(values) - 1)
    after = np.minimum(before + 1, len(values) - 1)
    share = np.clip(at - before, 0, 1).reshape(-1, *[1] * (values.ndim - 1))
    between = values[before] * (1 - share) + values[after] * share
    return np.where(share <= _TINY, values[before], between).astype(values.dtype)


def resample(clip: MotionClip, fps: float | None) -> MotionClip:
    """The clip at another frame rate, labels and all; see `resampled`. None leaves it alone.

    A stretch so short that none of the new frames falls into it is lost.

    Raises:
        InputError: The rate is not more than 0.
    """
    if fps is None or fps == clip.fps:
        return clip
    xyz = resampled(clip.xyz, fps=clip.fps, to_fps=fps)
    ratio = fps / clip.fps
    segments = [
        Segment(ceil(s.start * ratio - _TINY), min(ceil(s.stop * ratio - _TINY), len(xyz)), s.label)
        for s in clip.segments
    ]
    kept = tuple(segment for segment in segments if segment.start < segment.stop)
    partner = clip.partner
    if partner is not None:
        partner = resampled(partner, fps=clip.fps, to_fps=fps)
    return replace(clip, xyz=xyz, fps=fps, segments=kept, partner=partner)


def at_layout(clip: MotionClip, layout: Skeleton) -> MotionClip:
    """The clip with the joints of another layout; one made from a missing joint is missing.

    Raises:
        InputError: The clip's layout has nothing to make one of the joints from.
    """
    if clip.layout is layout:
        return clip
    mapped = joint_map(clip.layout, layout)

    def moved(xyz: np.ndarray) -> np.ndarray:
        missing = np.isnan(xyz).any(-1)
        joints = mapped(np.where(missing[..., None], 0, xyz))
        joints[(missing[..., None, :] & (mapped.weights != 0)).any(-1)] = np.nan
        return joints

    partner = None if clip.partner is None else moved(clip.partner)
    return replace(clip, xyz=moved(clip.xyz), layout=layout, partner=partner)


_TINY = 1e-6
