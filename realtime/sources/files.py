"""What can be said of a file from the outside: what it is, and whether its end is missing."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MATROSKA, SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
"""How Matroska begins, and the element that holds everything else."""
MOST_BOXES = 100_000
"""No more of an mp4's boxes are looked at; an hour of fragments has some thousands."""


def refusal(path: Path, *, wanted: str, folder: str = "") -> str | None:
    """Why it can't be read as a file, and what to do; ``None`` if it can.

    `wanted` says what it should be, such as "video file"; `folder` what else to do with a folder.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):  # also a circle of links, and a name with a null byte
        return f"no such file; give the path of a {wanted}"
    if stat.S_ISDIR(found.st_mode):
        return f"this is a folder, not a file; give the path of a {wanted}{folder}"
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        return (
            f"this is a device, not a file; give the path of a {wanted}, or of a camera as "
            f"source=webcam source.device={shown(path)}"
        )
    if not stat.S_ISREG(found.st_mode):
        return f"this is a pipe or socket, not a file; give the path of a {wanted}"
    if not os.access(path, os.R_OK):
        return "it may not be read; give yourself the right to"
    return None


def shown(path: str | Path) -> str:
    """A path as text that can be printed, whatever bytes are in its names."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def container(path: Path) -> str:
    """The kind of a video that can't be opened, by its first bytes; an OSError from the disk."""
    with path.open("rb") as file:
        head = file.read(8)
        if head[4:] == b"ftyp":
            boxes = {kind for kind, _ in _boxes(file)}
            return (
                "mp4"
                if b"moov" in boxes
                else (
                    "mp4 whose index (moov) is missing: its recording was cut off or still goes on"
                )
            )
    if not head:
        return "missing, because the file is empty"
    kinds = {MATROSKA: "matroska or webm", b"RIFF": "avi", b"FLV\x01": "flv"}
    return kinds.get(head[:4], "unknown to FFmpeg")


def ends_early(path: Path) -> bool:
    """Whether an mp4, Matroska or avi has fewer bytes than its outermost parts say."""
    with suppress(OSError), path.open("rb") as file:
        return _stated_end(file) > os.fstat(file.fileno()).st_size
    return False


def _stated_end(file: BinaryIO) -> int:
    head = file.read(12)
    if head[:4] == MATROSKA:
        return _segment_end(file)
    if head[:4] == b"RIFF":
        return 8 + int.from_bytes(head[4:8], "little")
    return max((end for _, end in _boxes(file)), default=0) if head[4:8] == b"ftyp" else 0


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each of an mp4's outermost boxes."""
    at = 0
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4])
        size = int.from_bytes(head[8:16]) if size == 1 else size
        if len(head) < 8 or size < 8:  # the end, or a last box without a size
            return
        at += size
        yield head[4:8], at


def _segment_end(file: BinaryIO) -> int:
    """Where Matroska's segment ends, 0 where it doesn't say, as in a recording that goes on."""
    file.seek(4)
    file.seek(_size(file) or 0, os.SEEK_CUR)
    if file.read(4) != SEGMENT:
        return 0
    size = _size(file)
    return 0 if size is None else file.tell() + size


def _size(file: BinaryIO) -> int | None:
    """A number of Matroska's, whose first bits say how long it is; all ones are unknown."""
    first = file.read(1)
    length = 9 - (first[0] if first else 0).bit_length()
    value = int.from_bytes(first + file.read(length - 1)) & ~(1 << 7 * length)
    return None if value == (1 << 7 * length) - 1 else value
