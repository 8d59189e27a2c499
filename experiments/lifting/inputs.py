"""Finding the files to lift."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...datasets.own.folder import VIDEOS
from ...gast.errors import InputError
from ...realtime.sources.keypoint_files import SUFFIXES, frames_in


@dataclass(frozen=True)
class Input:
    """One video, keypoint file, or folder with a file of keypoints a frame.

    Attributes:
        path: Absolute.
        name: Path of its results: that below the given folder, without ending.
        label: Name of the folder it lies in, empty if that is the folder given.
        is_video: Else keypoints.
    """

    path: Path
    name: str
    label: str
    is_video: bool

    def state(self) -> list[int]:
        """Changes with the content: number of files, bytes, newest modification time."""
        files = frames_in(self.path) if self.path.is_dir() else [self.path]
        stats = [file.stat() for file in files if file.exists()]  # a link may lead nowhere
        newest = max((stat.st_mtime_ns for stat in stats), default=0)
        return [len(stats), sum(stat.st_size for stat in stats), newest]


def find_inputs(given: str, *, output: Path) -> tuple[list[Input], int]:
    """The video or keypoint file at `given`, or those in the folder and all folders below.

    Keypoint files count only in a folder without any video, because annotations often lie beside
    videos. What is hidden or lies in `output` is skipped. Returns the inputs sorted by name, and
    how many keypoint files were skipped for videos.

    Raises:
        InputError: Nothing is there, two inputs would have the same name, or results would be
            written over inputs.
    """
    root = Path(given).expanduser()
    if not root.exists():
        raise InputError(f"input={given}: no such file or folder; give videos or keypoint files")
    root, output = root.absolute(), output.absolute()
    if root.is_file() or frames_in(root):
        found, others = [_input(root, root.parent)], []
    else:
        if root == output:
            raise InputError(f"output={output} is the input folder; give another one")
        every = [_input(path, root) for path in _walk(root, output)]
        videos = [one for one in every if one.is_video]
        found, others = videos or every, [one for one in every if videos and not one.is_video]
    if not found:
        raise InputError(
            f"input={given} holds no video ({', '.join(VIDEOS[:4])}, ...) and no keypoint file "
            f"({', '.join(SUFFIXES)}, *_keypoints.json, 0.npy); give another folder"
        )
    _check(found, output)
    return sorted(found, key=lambda one: one.name), len(others)


def _walk(root: Path, output: Path) -> Iterable[Path]:
    """Files that may be inputs, and folders with a file a frame."""
    seen = set[Path]()
    for here, folders, files in os.walk(root, followlinks=True):
        folder = Path(here)
        if folder.resolve() in seen:  # a link led back
            folders.clear()
            continue
        seen.add(folder.resolve())
        folders[:] = [n for n in sorted(folders) if n[0] != "." and folder / n != output]
        if folder != root and frames_in(folder):
            folders.clear()
            yield folder
            continue
        for name in files:
            if name[0] != "." and Path(name).suffix.lower() in (*VIDEOS, *SUFFIXES):
                yield folder / name


def _input(path: Path, root: Path) -> Input:
    below = path.relative_to(root)
    name = (below if path.is_dir() else below.with_suffix("")).as_posix()
    is_keypoints = path.is_dir() or path.suffix.lower() in SUFFIXES
    return Input(path, name, below.parent.name, is_video=not is_keypoints)


def _check(found: list[Input], output: Path) -> None:
    paths: dict[str, Path] = {}
    taken = {one.path for one in found}
    for one in found:
        if one.name in paths:
            raise InputError(
                f"{paths[one.name]} and {one.path} would both become {one.name}; rename one"
            )
        paths[one.name] = one.path
        for ending in (".npz", ".jsonl", ".mp4"):
            if (result := output / f"{one.name}{ending}") in taken:
                raise InputError(
                    f"output={output} would write over the input {result}; give another folder"
                )
