"""Finding the files to lift."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from ...datasets.own.folder import VIDEOS
from ...gast.errors import InputError
from ...realtime.sources.keypoint_files import SUFFIXES, frames_in
from .addresses import fetched, files_at, is_address, state_at, whole

LIST = ".txt"
"""Ending of a file that lists inputs."""


@dataclass(frozen=True)
class Input:
    """One video, keypoint file, or folder with a file of keypoints a frame.

    Attributes:
        path: Absolute; of a file at an address, seen from the folder there.
        name: Path of its results: that below the given folder, without ending.
        label: Name of the folder it lies in, empty if that is the folder given.
        is_video: Else keypoints.
        address: Of a file elsewhere, see `files_at`; else empty.
        stated: Its state there, see `state_at`.
    """

    path: Path
    name: str
    label: str
    is_video: bool
    address: str = ""
    stated: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Address or path."""
        return self.address or str(self.path)

    @contextmanager
    def here(self) -> Iterator[Path]:
        """The file on this machine; an InputError if it can't be fetched."""
        if not self.address:
            yield self.path
            return
        with fetched(self.address) as path:
            yield path

    def state(self) -> list[int] | list[str]:
        """Changes with the content: number of files, bytes, newest modification time."""
        if self.address:
            return list(self.stated)
        files = frames_in(self.path) if self.path.is_dir() else [self.path]
        stats = [file.stat() for file in files if file.exists()]  # a link may lead nowhere
        newest = max((stat.st_mtime_ns for stat in stats), default=0)
        return [len(stats), sum(stat.st_size for stat in stats), newest]


def find_inputs(given: str, *, output: str) -> tuple[list[Input], int]:
    """The video or keypoint file at `given`, or those in the folder and all folders below.

    `given` is a path, an address such as ``s3://bucket/clips``, or a text file with a path or
    address of a file a line, whose results are named by all of the path that stands there.
    Keypoint files count only in a folder without any video, because annotations often lie beside
    videos. What is hidden or lies in `output`, an absolute path or an address as of `whole`, is
    skipped. Returns the inputs sorted by name, and how many keypoint files were skipped for videos.

    Raises:
        InputError: Nothing is there, two inputs would have the same name, or results would be
            written over inputs.
    """
    every = list(_all(given, output))
    videos = [one for one in every if one.is_video]
    found = every if given.endswith(LIST) else videos or every
    if not found:
        raise InputError(
            f"input={given} holds no video ({', '.join(VIDEOS[:4])}, ...) and no keypoint file "
            f"({', '.join(SUFFIXES)}, *_keypoints.json, 0.npy); give another folder"
        )
    _check(found, output)
    return sorted(found, key=lambda one: one.name), len(every) - len(found)


def _all(given: str, output: str) -> Iterable[Input]:
    if is_address(given):
        return _at(given, output)
    root = Path(given).expanduser()
    if not root.exists():
        raise InputError(f"input={given}: no such file or folder; give videos or keypoint files")
    if given.endswith(LIST):
        return _listed(root)
    root = root.absolute()
    if root.is_file() or frames_in(root):
        return [_input(root, root.parent)]
    if str(root) == output:
        raise InputError(f"output={output} is the input folder; give another one")
    return [_input(path, root) for path in _walk(root, output)]


def _at(address: str, output: str) -> Iterator[Input]:
    """Files at an address; a folder with a file a frame is no input there."""
    if (root := whole(address)) == output:
        raise InputError(f"output={output} is the input folder; give another one")
    for path, (place, state) in files_at(address).items():
        if place.startswith(f"{output}/") and place != root:
            continue
        if _is_input(path) and not path.name.endswith("_keypoints.json"):
            yield Input(Path(path), *_named(path), address=place, stated=tuple(state))


def _listed(file: Path) -> Iterator[Input]:
    """Of each line that is neither empty nor a comment; what isn't there is found out later."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    here = Path.cwd()
    for line in dict.fromkeys(line for line in lines if line and not line.startswith("#")):
        if is_address(line):
            whole = PurePosixPath(line.partition("://")[2].strip("/"))
            stated = tuple(state_at(line))
            yield Input(Path(whole), *_named(whole), address=line, stated=stated)
        else:
            path = Path(os.path.normpath(here / Path(line).expanduser()))
            yield _input(path, here if path.is_relative_to(here) else Path(path.anchor))


def _walk(root: Path, output: str) -> Iterable[Path]:
    """Files that may be inputs, and folders with a file a frame."""
    seen = set[Path]()
    for here, folders, files in os.walk(root, followlinks=True):
        folder = Path(here)
        if folder.resolve() in seen:  # a link led back
            folders.clear()
            continue
        seen.add(folder.resolve())
        folders[:] = [n for n in sorted(folders) if n[0] != "." and str(folder / n) != output]
        if folder != root and frames_in(folder):
            folders.clear()
            yield folder
            continue
        for name in files:
            if name[0] != "." and _is_input(Path(name)):
                yield folder / name


def _is_input(path: PurePath) -> bool:
    return path.suffix.lower() in (*VIDEOS, *SUFFIXES)


def _input(path: Path, root: Path) -> Input:
    below = path.relative_to(root)
    if path.is_dir():
        return Input(path, below.as_posix(), below.parent.name, is_video=False)
    return Input(path, *_named(below))


def _named(below: PurePath) -> tuple[str, str, bool]:
    """Name, label, and whether it is a video, of a file at this path below the folder given."""
    is_video = below.suffix.lower() not in SUFFIXES
    return below.with_suffix("").as_posix(), below.parent.name, is_video


def _check(found: list[Input], output: str) -> None:
    places: dict[str, str] = {}
    taken = {one.place for one in found}
    for one in found:
        if one.name in places:
            raise InputError(
                f"{places[one.name]} and {one.place} would both become {one.name}; rename one"
            )
        places[one.name] = one.place
        for ending in (".npz", ".jsonl", ".mp4"):
            if (result := f"{output}/{one.name}{ending}") in taken:
                raise InputError(
                    f"output={output} would write over the input {result}; give another folder"
                )
