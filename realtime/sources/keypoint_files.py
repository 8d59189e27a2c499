"""Files of 2-D keypoints in the forms that programs write, frame by frame."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ...gast.errors import InputError
from ...gast.limits import read_json
from .files import refusal, shown
from .keypoint_formats.arrays import array, frame_files, frame_folder, is_frame_folder
from .keypoint_formats.json_files import OPENPOSE, openpose, parsed
from .keypoint_formats.written import KeypointFile, Record

SUFFIXES = (".jsonl", ".json", ".npz", ".npy")
"""Endings of keypoint files; some programs write a folder, see `frames_in`."""


def keypoint_file(path: Path, *, film: str | None = None) -> KeypointFile:
    """Open a file or folder of any of the forms; an InputError if it has none of them.

    `film` names one of several in a file of VideoPose3D, or the camera in a run's of several.
    """
    if path.is_dir():
        return _folder(path)
    if refused := refusal(path, wanted="keypoint file"):
        raise InputError(f"keypoints {shown(path)}: {refused}")
    if path.suffix.lower() in (".npz", ".npy"):
        return array(path, film)
    if (header := _header(path)) is not None:
        camera = _camera(path, header, film)
        lines = partial(_lines, path, camera)
        return KeypointFile(lines, header=header, has_times=True, has_tracks=True)
    try:
        whole = read_json(path.read_bytes())
    except ValueError:
        whole = None
    if (found := parsed(path, whole)) is None:
        raise InputError(
            f"{shown(path)} is neither a frames.jsonl nor JSON of AlphaPose, MMPose, COCO or with "
            f"a list `data`; give one of them"
        )
    return found


def frames_in(folder: Path) -> list[Path]:
    """The files of a folder that is one recording, a file a frame; none if it is not."""
    if found := sorted(folder.glob(OPENPOSE)):
        return found
    return frame_files(folder) if is_frame_folder(folder) else []


def _folder(path: Path) -> KeypointFile:
    if any(path.glob(OPENPOSE)):
        return openpose(path)
    if is_frame_folder(path):
        return frame_folder(path)
    inner = next((one for one in sorted(path.glob("*/")) if frames_in(one)), None)
    instead = f", such as {shown(inner)}, or all with gastlive-lift" if inner else ""
    raise InputError(
        f"{shown(path)} is a folder without files {OPENPOSE} or 0.npy, 1.npy, ...; give the folder "
        f"of one recording{instead}"
    )


def _header(path: Path) -> Record | None:
    """The first line of a frames.jsonl, ``None`` of any other file."""
    try:
        with path.open(encoding="utf-8") as file:
            header = read_json(file.readline())
    except ValueError:
        return None
    if not isinstance(header, dict) or "gastlive" not in header:
        return None
    if header["gastlive"] != 1 or header.get("kind") != "frames" or "layout" not in header:
        raise InputError(
            f"{path} line 1 doesn't begin a frames.jsonl of version 1; give a run's frames.jsonl"
        )
    return header


def _camera(path: Path, header: Record, film: str | None) -> str | None:
    """Whose frames are wanted of a run with several cameras; ``None`` of any other's."""
    cameras = header.get("cameras")
    if not isinstance(cameras, list) or not cameras:
        return None
    if film is None:
        raise InputError(
            f"{shown(path)} has the frames of several cameras; give source.film=, one of "
            f"{', '.join(map(str, cameras))}"
        )
    return film


def _lines(
    path: Path, camera: str | None, warn: Callable[[str], None]
) -> Iterator[tuple[str, Record]]:
    with path.open("rb") as file:
        next(file)
        for number, line in enumerate(file, start=2):
            where = f"{path} line {number}"
            try:
                record = read_json(line)
            except ValueError as error:
                if line.endswith(b"\n"):
                    raise InputError(f"{where} is not JSON; mend or remove it") from error
                warn(f"{where}, the last, was cut off and is left out")
                return
            if camera is None or not isinstance(record, dict) or record.get("camera") == camera:
                yield where, record
