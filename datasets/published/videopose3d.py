"""Base of the two data sets in VideoPose3D's npz files: positions, detections and cameras."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...gast.errors import InputError
from ...gast.pickled import read_object
from ...gast.skeleton import Skeleton, joint_map
from ...gast.units import to_screen
from ..clip import MotionClip, Problem
from ..motion import MotionFolder, Take
from ..pair import Pair, pair_at, selection, without_zeros
from ..rates import mapped
from .cameras import CalibratedCamera, calibrated


class PublishedMotion(MotionFolder):
    """A `MotionFolder` of one ``data_3d_*.npz``: metres in world axes, by subject and recording.

    Source: Pavllo et al. 2019, "3D human pose estimation in video", formats of the released code.
    """

    code: ClassVar[str]
    """Name of the set in the files' names."""
    rate: ClassVar[float]
    layout: ClassVar[Skeleton]
    stored: ClassVar[tuple[str, ...]]
    """Joints in the order of the file, empty where the layout has none."""

    def __init__(
        self,
        root: str,
        *,
        subjects: list[str] | None = None,
        actions: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, subjects=subjects, fps=fps)
        self.only("action", actions, of=lambda take: take.label)

    def _find(self) -> Iterable[Take]:
        path = self.root / f"data_3d_{self.code}.npz"
        if not path.is_file():
            return
        self._positions = recordings(path, "positions_3d")
        for subject, actions in self._positions.items():
            for name in actions:
                yield Take(path / subject / name, subject=subject, label=name.split(" ")[0])

    def _read(self, take: Take) -> MotionClip:
        if take.label not in self.labels:
            raise InputError(
                f"unknown action {take.label!r}; {self.dataset} has {', '.join(self.labels)}"
            )
        xyz = self._positions[take.subject][take.path.name]
        wanted = f"(frames, {len(self.stored)}, 3)"
        if not _is_clip(xyz, joints=len(self.stored), coordinates=(3,)):
            raise InputError(f"positions are {_shape(xyz)}, wanted numbers {wanted}")
        order = [self.stored.index(joint) for joint in self.layout.joints]
        clip = self._clip(take, self.layout, without_zeros(xyz[:, order]), self.rate)
        return replace(clip, name=f"{take.subject}/{take.path.name}")


class PublishedPairs:
    """A `PairSet`: one ``data_2d_*.npz`` beside the ``data_3d_*.npz`` in a folder.

    `detections` are 2-D joints by the end of the file's name; ``gt`` is exact. Where videos run on
    after the motion they are cut, as published. An InputError if a file is missing or broken, or an
    action, camera or `detections` unknown.
    """

    motion_set: ClassVar[type[PublishedMotion]]
    layouts: ClassVar[Mapping[str, Skeleton]]
    """Joints in the order of the file, for each kind of detections, by the names they become."""

    def __init__(
        self,
        root: str,
        *,
        detections: str,
        actions: list[str] | None = None,
        cameras: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        if detections not in self.layouts:
            raise InputError(
                f"no detections={detections} for {self.motion_set.dataset}; choose one of "
                f"{', '.join(self.layouts)}"
            )
        self.motion = self.motion_set(root, actions=actions)
        self.dataset, self.detections = self.motion.dataset, detections
        self.fps = fps or self.motion.rate
        self.path = self.motion.root / f"data_2d_{self.motion.code}_{detections}.npz"
        if not self.path.is_file():
            raise InputError(
                f"no {self.path.name} in {self.motion.root}; put it there, or choose other "
                f"detections of {', '.join(self.layouts)}"
            )
        self._layout = self.layouts[detections]
        check_joints(self.path, self._layout)
        self._seen = recordings(self.path, "positions_2d")
        self._cameras = calibrated(self.dataset)
        names = list(dict.fromkeys(c.name for some in self._cameras.values() for c in some))
        self._wanted = selection(names, cameras, what="camera", dataset=self.dataset)
        self.problems: list[Problem] = []

    @property
    def subjects(self) -> list[str]:
        """Subjects, sorted."""
        return self.motion.subjects

    def __iter__(self) -> Iterator[Pair]:
        """All pairs."""
        return self.read()

    def read(self, subjects: Collection[str] | None = None) -> Iterator[Pair]:
        """Pairs of these subjects, or of all, by recording and camera."""
        names = selection(self.subjects, subjects, what="subject", dataset=self.dataset)
        self.problems = []
        for clip in self.motion:
            if clip.subject in names:
                yield from self._views(clip)
        self.problems += self.motion.problems

    def _views(self, clip: MotionClip) -> Iterator[Pair]:
        name = clip.name.removeprefix(f"{clip.subject}/")
        seen = self._seen.get(clip.subject, {}).get(name, [])
        for i, camera in enumerate(self._cameras.get(clip.subject.split("/")[-1], ())):
            if camera.name not in self._wanted:
                continue
            try:
                if i >= len(seen):
                    raise InputError("has no 2-D joints; take the file that goes with the 3-D one")
                yield pair_at(self._pair(clip, camera, seen[i]), clip.layout, self.fps)
            except InputError as error:
                self._note(clip, camera, str(error))

    def _pair(self, clip: MotionClip, camera: CalibratedCamera, seen: Any) -> Pair:
        if not _is_clip(seen, joints=len(self._layout), coordinates=(2, 3)):
            wanted = f"(frames, {len(self._layout)}, 2)"
            raise InputError(f"2-D joints are {_shape(seen)}, wanted numbers {wanted}")
        frames = len(clip.xyz)
        if len(seen) < frames:
            raise InputError(f"2-D joints end after {len(seen)} frames, the motion has {frames}")
        pixels = mapped(without_zeros(seen[:frames, :, :2]), joint_map(self._layout, clip.layout))
        if not np.isfinite(pixels).any():
            raise InputError(f"none of its {frames} frames has a 2-D joint")
        xyz = camera.to_camera(clip.xyz)
        self._doubt(clip, camera, pixels, xyz)
        return Pair(
            name=f"{clip.name}/{camera.name}",
            subject=clip.subject,
            action=clip.segments[0].label,
            camera=camera.name,
            layout=clip.layout,
            xy=to_screen(pixels, width=camera.width, height=camera.height),
            xyz=xyz,
            fps=clip.fps,
        )

    def _doubt(
        self, clip: MotionClip, camera: CalibratedCamera, pixels: np.ndarray, xyz: np.ndarray
    ) -> None:
        """Note a recording whose 2-D joints are far from where the camera sees the 3-D ones."""
        if camera.lens is None:
            return
        off = np.linalg.norm(pixels - camera.lens.to_pixels(xyz), axis=-1)
        middle = float(np.median(off[np.isfinite(off)])) if np.isfinite(off).any() else 0.0
        if middle > _DOUBTFUL_PX:
            self._note(
                clip, camera, f"2-D joints are {middle:.0f} pixels from where the 3-D ones are seen"
            )

    def _note(self, clip: MotionClip, camera: CalibratedCamera, reason: str) -> None:
        self.problems.append(Problem(f"{self.path}/{clip.name}/{camera.name}", reason))


_DOUBTFUL_PX = 50.0
"""Detectors are 5 to 20 pixels off in the pictures of Human3.6M, which are 1000 wide."""


def recordings(path: Path, key: str) -> dict[str, dict[str, Any]]:
    """The content of a published file, by subject and recording; an InputError if it is none."""
    content = read_object(path, key)
    whole = _is_named(content) and all(_is_named(part) for part in content.values())
    if whole and not any("/" in name for part in content.values() for name in part):
        return dict(content)
    raise InputError(f"{path}: {key!r} is no dict of subjects and recordings; get the file anew")


def check_joints(path: Path, layout: Skeleton) -> None:
    """Refuse a file of detections with other joints than the layout's, by its metadata."""
    metadata = read_object(path, "metadata")
    sides = [[i for i, j in enumerate(layout.joints) if j.startswith(s)] for s in ("left", "right")]
    try:
        count, symmetry = metadata["num_joints"], metadata["keypoints_symmetry"]
        found = (count, [sorted(int(joint) for joint in side) for side in symmetry])
    except (KeyError, TypeError, ValueError):
        found = metadata
    if found != (len(layout), sides):
        raise InputError(
            f"{path} says of its joints, left and right: {found}; wanted {(len(layout), sides)}, "
            f"get the file anew"
        )


def _is_named(part: Any) -> bool:
    return isinstance(part, dict) and all(isinstance(name, str) for name in part)


def _is_clip(points: Any, *, joints: int, coordinates: tuple[int, ...]) -> bool:
    numbers = isinstance(points, np.ndarray) and points.dtype.kind == "f" and points.ndim == 3
    return numbers and points.shape[1] == joints and points.shape[2] in coordinates


def _shape(points: Any) -> str:
    if isinstance(points, np.ndarray):
        return f"{points.dtype} {points.shape}"
    return type(points).__name__
