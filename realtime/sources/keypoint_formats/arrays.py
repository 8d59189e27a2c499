"""Keypoints in NumPy's files, as other programs write them."""

from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from ....gast.errors import InputError
from ....gast.limits import BROKEN, npy_header, opened_npz, read_npy
from ....gast.pickled import read_object
from .written import BY_JOINTS, KeypointFile, Record, are_shares

VIDEOPOSE3D = "positions_2d"
OTHER_NAMES = {"coco": "coco17", "h36m": "h36m17"}
"""Layouts as VideoPose3D's scripts name them."""
MEDIAPIPE = 33 * 4
"""x, y, z, visibility of MediaPipe's landmarks; face and hands may come after them."""
WITH_MORE = (MEDIAPIPE, MEDIAPIPE + 126, MEDIAPIPE + 1404, MEDIAPIPE + 1404 + 126)
"""Numbers a frame: the body; with hands; with a face; with both."""


def array(path: Path, film: str | None = None) -> KeypointFile:
    """A file of one array: (T, J, 2 or 3) of one person or (M, T, J, 2 or 3) of several.

    `film` names one of those in a file of VideoPose3D.
    """
    if path.suffix.lower() == ".npz" and _is_videopose3d(path):
        return _videopose3d(path, film)
    header, points = _loaded(path)
    return _made(str(path), points, header)


def is_frame_folder(path: Path) -> bool:
    """Whether it holds a file a frame: 0.npy, 1.npy, ..., each of one person at one moment."""
    files = frame_files(path)
    try:
        return bool(files) and len(_shape(files[0])) < 3
    except BROKEN:
        return False


def frame_files(path: Path) -> list[Path]:
    """Those files, in order."""
    return sorted(
        (file for file in path.glob("*.npy") if file.stem.isdecimal()), key=lambda f: int(f.stem)
    )


def frame_folder(path: Path) -> KeypointFile:
    """A folder with a file a frame."""
    files = frame_files(path)
    frames = [_body(file) for file in files]
    for file, frame in zip(files, frames, strict=True):
        if frame.shape != frames[0].shape:
            raise InputError(
                f"{file} has keypoints of shape {frame.shape}, {files[0].name} of "
                f"{frames[0].shape}; give a folder of one recording"
            )
    return _made(str(path), np.stack(frames), {}, numbers=[int(file.stem) for file in files])


def _made(
    where: str, points: np.ndarray, header: Record, *, numbers: list[int] | None = None
) -> KeypointFile:
    points = _people(where, points)
    xy, sure = points[..., :2], _confidence(points)
    seen = np.isfinite(xy).all(-1) & (xy != 0).any(-1) & (sure > 0)
    xy = np.where(seen[..., None], xy, np.nan)
    try:
        is_normalised = are_shares([xy])
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    numbers = numbers or list(range(xy.shape[1]))
    entries = [(f"{where} frame {number}", index) for index, number in enumerate(numbers)]
    return KeypointFile(
        lambda warn: entries,
        partial(_frame, xy, sure, seen, numbers),
        header=header,
        usual_layout=BY_JOINTS.get(xy.shape[2]),
        is_guessed=True,
        has_tracks=True,
        is_normalised=is_normalised,
    )


def _frame(
    xy: np.ndarray, sure: np.ndarray, seen: np.ndarray, numbers: list[int], index: int
) -> Record:
    members = np.flatnonzero(seen[:, index].any(-1)).tolist()
    people = [{"track": m + 1, "xy": xy[m, index], "confidence": sure[m, index]} for m in members]
    return {"index": numbers[index], "people": people}


def _people(where: str, points: np.ndarray) -> np.ndarray:
    """(M, T, J, C)."""
    if points.ndim == 2 and points.shape[-1] in WITH_MORE:
        points = points[:, :MEDIAPIPE].reshape(-1, 33, 4)
    if points.ndim == 3:
        points = points[None]
    is_mediapipe = points.ndim == 4 and points.shape[2:] in ((33, 4), (33, 5))
    if points.ndim != 4 or (points.shape[-1] not in (2, 3) and not is_mediapipe):
        raise InputError(
            f"{where} has keypoints of shape {points.shape}; give (T, J, 2 or 3) or (M, T, J, 2 or "
            f"3): frames, joints, x, y and confidence; or MediaPipe's (T, 33, 4)"
        )
    return points


def _confidence(points: np.ndarray) -> np.ndarray:
    """(M, T, J); MediaPipe has it after the depth, or a depth alone."""
    third = points[..., 2:3]
    if points.shape[-1] > 3:
        return points[..., 3]
    is_depth = bool((third < 0).any())
    return np.ones(points.shape[:-1]) if is_depth or not third.size else third[..., 0]


def _body(file: Path) -> np.ndarray:
    """(J, C) of one frame; whether that can be joints is seen of all of them."""
    try:
        frame = read_npy(file).astype(np.float64)
        if frame.ndim == 1 and frame.size in WITH_MORE:
            return frame[:MEDIAPIPE].reshape(33, 4)
        if frame.ndim != 2:
            raise ValueError(f"shape {frame.shape}; wanted joints, x, y and confidence")
    except BROKEN as error:
        raise InputError(f"{file} is no frame of keypoints ({error!s:.200}); mend it") from error
    return frame


def _shape(file: Path) -> tuple[int, ...]:
    with file.open("rb") as stream:
        return npy_header(stream)[0]


def _loaded(path: Path) -> tuple[dict[str, Any], np.ndarray]:
    """The header of a file and its array `keypoints`, else its only array."""
    try:
        arrays = _arrays(path)
    except BROKEN as error:
        raise InputError(
            f"{path} can't be read as arrays of numbers ({error!s:.200}); save them with "
            f"numpy.savez"
        ) from error
    header: dict[str, Any] = {
        key: arrays.pop(key).item()
        for key in ("layout", "width", "height", "fps")
        if key in arrays and arrays[key].size == 1
    }
    points = arrays.get("keypoints", next(iter(arrays.values())) if len(arrays) == 1 else None)
    if points is None or points.dtype.kind not in "iuf":
        raise InputError(
            f"{path} has no array of numbers called keypoints, only {', '.join(arrays) or 'none'}; "
            f"rename it"
        )
    return header, points.astype(np.float64)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if path.suffix.lower() == ".npy":
        return {"keypoints": read_npy(path)}
    with opened_npz(path) as content:
        return dict(content)


def _is_videopose3d(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return f"{VIDEOPOSE3D}.npy" in archive.namelist()
    except BROKEN:
        return False


def _videopose3d(path: Path, film: str | None) -> KeypointFile:
    """VideoPose3D: ``{subject: {action: [(T, J, 2) of each camera]}}``, and metadata."""
    try:
        films = {
            f"{subject}/{action}/{camera}": (subject, np.asarray(points, np.float64))
            for subject, actions in read_object(path, VIDEOPOSE3D).items()
            for action, cameras in actions.items()
            for camera, points in enumerate(cameras)
        }
        meta = read_object(path, "metadata")
        sizes = meta.get("video_metadata", {})
    except BROKEN as error:
        raise InputError(f"{path} is no file of VideoPose3D ({error!r:.200}); mend it") from error
    if film is None and len(films) == 1:
        (film,) = films
    if film not in films:
        some = ", ".join(sorted(films)[:8])
        raise InputError(f"{path} holds {len(films)} films; give source.film=, one of {some}, ...")
    subject, points = films[film]
    size = sizes.get(subject, {}) if isinstance(sizes, dict) else {}
    header = {"width": size.get("w"), "height": size.get("h")}
    layout = OTHER_NAMES.get(str(meta.get("layout_name")))
    known = {key: value for key, value in header.items() if value}
    if layout and len(points.shape) == 3 and points.shape[1] == 17:
        known["layout"] = layout
    return _made(f"{path} {film}", points, known)
