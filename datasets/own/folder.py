"""The user's own labelled videos, recordings and motion capture."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, broken
from ..clip import MotionClip, Problem, Segment
from ..motion import MotionFolder, Take
from ..timed import painted
from .annotations import LABELS, Row, contradictions, read_rows
from .footage import FRAMES, KINDS, Footage, Track, read_footage

VIDEOS = (
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp",
    ".mts", ".ogv",
)  # fmt: skip
EVENTS = "events.jsonl"


class Folder(MotionFolder):
    """Clips in a folder per action, untrimmed recordings with a ``labels.csv``, or both.

    *A folder per action*: files in ``PATH/wave`` and below show waving from first to last frame.
    *Untrimmed*: ``labels.csv`` with the header ``start,end,label,file`` (seconds from the beginning
    of the recording; files as seen from the CSV), or beside a single recording without ``file``. A
    column ``person`` (track id) limits a row to one person. Frames in no row are the background,
    those in a row without a label are left out.

    Files are those of gastlive-lift (``.npz``), recordings of the live program (a folder with
    ``frames.jsonl`` or any ``.jsonl``; its decisions are ignored), motion capture (``.bvh``), and
    videos after ``gastlive-lift input=PATH output=PATH/.lifted``. Everyone seen for 0.5 s or more
    is a clip; a person out of view for longer than 0.25 s comes back in another one.

    Joints of lifted files and recordings are a lifter's output, relative to the root: no ground
    truth. Such clips have the recording as their `camera`, motion capture has none.

    The subject is the column ``subject``, else what follows ``subject_`` in the name of the file or
    a folder (``subject_anna_3.mp4`` is anna), else the recording's name without ending.

    An InputError if the folder does not exist or holds nothing that is labelled, a ``labels.csv``
    has no header, or none of the subjects is there.

    Args:
        path: The folder; hidden files in it are ignored.
        subjects: Only these; None is all.
        lifted: Where gastlive-lift wrote; None is ``PATH/.lifted``. A file beside its video counts.
        fps: Frames per second wanted.
    """

    dataset = "folder"
    publisher = "nobody, it is your own"

    def __init__(
        self,
        path: str,
        *,
        background: str,
        subjects: list[str] | None = None,
        lifted: str | None = None,
        fps: float,
    ) -> None:
        root = Path(path).expanduser()
        if not root.is_dir():
            raise InputError(f"{path} is no folder; give one with {_WANTED}")
        if not fps > 0:
            raise InputError(f"fps={fps:g} frames per second can't be; give more than 0")
        self.background = background
        self.lifted = root / ".lifted" if lifted is None else Path(lifted).expanduser()
        self.rows: dict[Path, list[Row]] = {}
        self._found: list[Problem] = []
        super().__init__(path, fps=fps)
        named = {take.label for take in self.takes} | {
            row.label for rows in self.rows.values() for row in rows
        }
        self.labels = sorted((named | ({background} if self.rows else set())) - {""})
        self.only("subject", subjects, of=lambda take: take.subject)
        self.problems = list(self._found)

    def videos(self) -> list[Path]:
        """Videos that have no lifted file beside them."""
        return [
            take.path
            for take in self.takes
            if _is_video(take.path) and not take.path.with_suffix(".npz").is_file()
        ]

    def __iter__(self) -> Iterator[MotionClip]:
        self.problems = list(self._found)
        for take in self.takes:
            try:
                yield from self._clips(take)
            except _Unlifted as error:
                self.problems.append(Problem(str(take.path), str(error), waits=True))
            except BROKEN as error:
                self._note(take, broken(error))

    def _read(self, take: Take) -> MotionClip:
        for clip in self._clips(take):
            return clip
        raise InputError("nobody is in it")

    def _clips(self, take: Take) -> Iterator[MotionClip]:
        path = self._readable(take.path)
        footage = read_footage(path, fps=self.fps or 30.0)
        rows = self.rows.get(take.path)
        for reason in [*footage.reasons, *contradictions(rows or [], footage)]:
            self._note(take, reason)
        below = take.path.relative_to(self.root)
        for track in footage.tracks:
            yield MotionClip(
                name=f"{below.as_posix()}/person{track.person or 1}+{track.start_s:.2f}s",
                dataset=self.dataset,
                subject=take.subject,
                layout=track.layout,
                xyz=track.xyz,
                fps=footage.fps,
                segments=self._segments(take, rows, track, footage),
                camera="" if path.suffix.lower() == ".bvh" else below.as_posix(),
            )

    def _segments(
        self, take: Take, rows: list[Row] | None, track: Track, footage: Footage
    ) -> tuple[Segment, ...]:
        if rows is None:
            return (Segment(0, len(track.xyz), take.label),)
        at = track.start_s + np.arange(len(track.xyz)) / footage.fps
        stretches = [
            (row.start_s, row.stop_s, row.label) for row in rows if row.person in ("", track.person)
        ]
        return painted(at, stretches, background=self.background)

    def _readable(self, path: Path) -> Path:
        """The file itself, or the lifted file of a video."""
        if not _is_video(path):
            return path
        beside = path.with_suffix(".npz")
        lifted = self.lifted / path.relative_to(self.root).with_suffix(".npz")
        found = next((file for file in (beside, lifted) if file.is_file()), None)
        if found is None:
            raise _Unlifted(
                f"is not lifted yet; do it with gastlive-lift input={self.root} "
                f"output={self.lifted}"
            )
        return found

    def _find(self) -> Iterable[Take]:
        files = [path for path in sorted(self.root.rglob("*")) if self._is_visible(path)]
        csvs = [path for path in files if path.name == LABELS]
        for path in csvs:
            self._take_rows(path)
        untrimmed = {self._top(path) for path in [*csvs, *self.rows]} - {""}
        takes = [Take(path, self._subject(path)) for path in self.rows]
        clips = [path for path in files if path not in self.rows and not _is_aside(path)]
        for path in clips:
            if not _can_be_read(path):
                self._problem(path, f"is no video and none of {', '.join(KINDS)}")
            elif not self._top(path):
                self._problem(path, f"lies in no action's folder and in no row of {LABELS}")
            elif self._top(path) in untrimmed:
                self._problem(path, f"is in no row of {LABELS}")
            else:
                takes.append(Take(path, self._subject(path), label=self._top(path)))
        for folder in sorted(self.root.iterdir()):
            is_class = folder.is_dir() and self._is_visible(folder) and folder.name not in untrimmed
            if is_class and not any(take.label == folder.name for take in takes):
                self._problem(folder, "holds no clip; fill it or take it away")
        if not takes:
            first = f" ({self._found[0].file} {self._found[0].reason})" if self._found else ""
            raise InputError(f"{self.root} holds nothing labelled{first}; give one with {_WANTED}")
        return takes

    def _take_rows(self, path: Path) -> None:
        """Assign the rows of a ``labels.csv`` to their recordings."""
        rows, reasons = read_rows(path)
        for reason in reasons:
            self._problem(path, reason)
        if not rows and not reasons:
            self._problem(path, "has no rows; nothing is labelled")
        beside = _recordings_beside(path)
        if len(beside) != 1 and any(not row.file for row in rows):
            self._problem(
                path, f"{len(beside)} recordings lie beside it; name them in a column file"
            )
            rows = [row for row in rows if row.file]
        for row in rows:
            file = self._named(path, row.file) if row.file else beside[0]
            if file is None:
                self._problem(path, f"line {row.line}: there is no recording {row.file}")
            else:
                self.rows.setdefault(file, []).append(row)

    def _named(self, csv: Path, name: str) -> Path | None:
        """The recording of that name as seen from the CSV, if it is in the root."""
        below = os.path.normpath(csv.parent.relative_to(self.root) / name)
        file = self.root / below
        if os.path.isabs(below) or below.startswith(".."):
            return None
        try:
            file = file / FRAMES if file.is_dir() else file
            return file if file.is_file() and _can_be_read(file) else None
        except (OSError, ValueError):  # longer than a name can be, or none at all
            return None

    def _subject(self, path: Path) -> str:
        named = [row.subject for row in self.rows.get(path, []) if row.subject]
        below = path.relative_to(self.root).with_suffix("").parts
        named += [match[1] for part in below[::-1] if (match := _SUBJECT.match(part))]
        name = path.parent.name if path.name == FRAMES else path.stem
        return next(iter(named), name)

    def _top(self, path: Path) -> str:
        """Folder directly below the root in which a file lies; empty for the root itself."""
        parts = path.relative_to(self.root).parts
        return parts[0] if len(parts) > 1 else ""

    def _is_visible(self, path: Path) -> bool:
        return not any(part.startswith(".") for part in path.relative_to(self.root).parts)

    def _problem(self, path: Path, reason: str) -> None:
        self._found.append(Problem(str(path), reason))


class _Unlifted(InputError):
    """A video that has to be lifted before it can be read."""


_WANTED = f"a folder of clips for each action, or recordings and a {LABELS}"
_SUBJECT = re.compile(r"subject_([^_]+)")


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEOS


def _can_be_read(path: Path) -> bool:
    return path.suffix.lower() in (*KINDS, *VIDEOS) and path.name != EVENTS


def _is_aside(path: Path) -> bool:
    """Folders, labels, files beside a run's frames, and lifted files beside their video."""
    return (
        not path.is_file()
        or path.name in (LABELS, EVENTS)
        or (path.name != FRAMES and (path.parent / FRAMES).is_file())
        or (path.suffix == ".npz" and any(path.with_suffix(end).is_file() for end in VIDEOS))
    )


def _recordings_beside(path: Path) -> list[Path]:
    frames = path.with_name(FRAMES)
    if frames.is_file():
        return [frames]
    return [p for p in sorted(path.parent.iterdir()) if _can_be_read(p) and not _is_aside(p)]
