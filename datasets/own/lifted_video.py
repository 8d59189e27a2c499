"""Files of ``gastlive-lift``: everyone in one video, in 3-D."""

from dataclasses import dataclass, fields
from os import PathLike
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz

VERSION = 1


@dataclass(frozen=True, eq=False)
class LiftedVideo:
    """n rows, one for each person in each frame, sorted by person, then by frame.

    ``xyz[person == 1]`` is one person's motion, with gaps in `frame` where they were out of view.

    Attributes:
        source: Path of the video or keypoint file.
        label: Name of the folder it lay in, empty if that was the folder given.
        fps: Frames per second of the source.
        lifter: Name or path.
        detector: Name, empty for keypoint files.
        person: (n,) int32 track id.
        frame: (n,) int32, counts the source's pictures from 0.
        time_s: (n,) float64, the source's time.
        xy: (n, J, 2) float32, pixels, complete and smoothed: what was lifted.
        visible: (n, J) bool, which joints of `xy` were seen, not filled in.
        xyz: (n, J, 3) float32, metres, relative to the root joint, x right, y down, z forward, in
            the axes that the lifter gives: of the camera, or of one turned towards the person.
        root_xyz: (n, 3) float32, metres, camera axes: where the root joint is in front of the
            camera, whose field of view was assumed. ``None`` in files from before there was one.
    """

    source: str
    label: str
    layout: str
    fps: float
    width: int
    height: int
    lifter: str
    detector: str
    person: np.ndarray
    frame: np.ndarray
    time_s: np.ndarray
    xy: np.ndarray
    visible: np.ndarray
    xyz: np.ndarray
    root_xyz: np.ndarray | None = None

    @property
    def people(self) -> list[int]:
        """Track ids, sorted."""
        return [int(track) for track in np.unique(self.person)]


def save_lifted_video(path: str | PathLike[str], video: LiftedVideo) -> None:
    """Write it as ``.npz``: one array for each attribute, and `version`; nothing is pickled."""
    given = {part.name: getattr(video, part.name) for part in fields(video)}
    content = {name: np.asarray(value) for name, value in given.items() if value is not None}
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, version=np.array(VERSION), **content)


def read_lifted_video(path: str | PathLike[str]) -> LiftedVideo:
    """Raises InputError for what `save_lifted_video` did not write, or in another version."""
    try:
        with opened_npz(path) as file:
            content: dict[str, Any] = dict(file)
        version = int(content.pop("version"))
        plain = {key: value.item() if not value.ndim else value for key, value in content.items()}
        video = LiftedVideo(**plain)
        _check(video)
    except BROKEN as error:
        raise InputError(f"{path} is no file of gastlive-lift ({error}); lift it anew") from error
    if version != VERSION:
        raise InputError(f"{path} has format version {version}, wanted {VERSION}; lift it anew")
    return video


_TEXTS = ("source", "label", "layout", "lifter", "detector")
_NUMBERS = ("fps", "width", "height")


def _check(video: LiftedVideo) -> None:
    """Raises one of `BROKEN` if a field is not as `LiftedVideo` says."""
    rows, joints, lifted = len(video.person), video.xy.shape[1], video.xyz.shape[1]
    wanted = {
        "person": ("iu", ()), "frame": ("iu", ()), "time_s": ("f", ()), "xy": ("f", (joints, 2)),
        "visible": ("b", (joints,)), "xyz": ("f", (lifted, 3)), "root_xyz": ("f", (3,)),
    }  # fmt: skip
    for name, (kinds, shape) in wanted.items():
        values = getattr(video, name)
        if values is not None and (
            values.dtype.kind not in kinds or values.shape != (rows, *shape)
        ):
            raise ValueError(f"{name} is {values.dtype} {values.shape}")
    if not all(isinstance(getattr(video, name), str) for name in _TEXTS):
        raise TypeError("a name is no text")
    if not all(float(getattr(video, name)) > 0 for name in _NUMBERS):
        raise ValueError("its rate or size is none")
    if not np.isfinite(video.time_s).all():
        raise ValueError("a time is none")
