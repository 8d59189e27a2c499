"""Everyone in a film, lifted: what a head gets, in arrays and on disk."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ....gast.skeleton import named
from ....realtime.packets import Frame, Person, Pose
from ....realtime.run_folder import unwritable


@dataclass(frozen=True, eq=False)
class Lifted:
    """T frames with N people in all, J joints of the lifter's layout and D of the detector's.

    Attributes:
        layouts: (2,) names, the detector's and the lifter's.
        index: (T,) of the source's pictures.
        time_s: (T,) stream time.
        size: (T, 2) width and height, pixels.
        at: (N,) the frame, 0 to T - 1, that each person is in, rising.
        track: (N,) ids.
        score: (N,) of the poses.
        pose_xy, pose_confidence: (N, D, 2) pixels, (N, D), as detected.
        xy, visible, confidence, xyz: (N, J, ...) as in `Person`; NaN where a person has none.
        other_xyz: (N, J, 3) as in `Person`; of joints kept on disk by earlier versions all NaN.
        warnings: (W,) problems of reading the film, one line each.
    """

    layouts: np.ndarray
    index: np.ndarray
    time_s: np.ndarray
    size: np.ndarray
    at: np.ndarray
    track: np.ndarray
    score: np.ndarray
    pose_xy: np.ndarray
    pose_confidence: np.ndarray
    xy: np.ndarray
    visible: np.ndarray
    confidence: np.ndarray
    xyz: np.ndarray
    other_xyz: np.ndarray
    warnings: np.ndarray

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.index)

    def frame(self, number: int) -> Frame:
        """A frame, 0 to T - 1, without its picture."""
        first, last = np.searchsorted(self.at, (number, number + 1))
        width, height = self.size[number].tolist()
        time_s = float(self.time_s[number])
        people = {int(self.track[row]): self._person(row) for row in range(first, last)}
        return Frame(
            None, int(self.index[number]), time_s, time_s, width, height, people=people
        )  # fmt: skip

    def frames(self) -> Iterator[Frame]:
        """All frames, as the stages after the lifter get them."""
        return map(self.frame, range(len(self)))

    def spent_s(self) -> np.ndarray:
        """(T,) how long each frame is shown; the last as long as most."""
        steps = np.diff(self.time_s)
        return np.append(steps, np.median(steps) if len(steps) else 0.0)

    def _person(self, row: int) -> Person:
        layout = named(str(self.layouts[0]))
        pose = Pose(layout, self.pose_xy[row], self.pose_confidence[row], float(self.score[row]))
        if np.isnan(self.xy[row]).any():
            return Person(pose)
        xyz = None if np.isnan(self.xyz[row]).any() else self.xyz[row]
        other = None if np.isnan(self.other_xyz[row]).any() else self.other_xyz[row]
        return Person(
            pose, self.xy[row], self.visible[row], self.confidence[row], xyz, other_xyz=other
        )


def gathered(
    frames: Iterable[Frame], *, detector_layout: str, lifter_layout: str, warnings: Iterable[str]
) -> Lifted:
    """The frames that a lifter made; `warnings` are read after the last one."""
    times, rows = list[tuple[int, float, int, int]](), list[tuple[int, int, Person]]()
    for number, frame in enumerate(frames):
        times.append((frame.index, frame.time_s, frame.width, frame.height))
        rows += [(number, track, person) for track, person in frame.people.items()]
    people, d, j = [row[2] for row in rows], len(named(detector_layout)), len(named(lifter_layout))
    empty = np.full((j, 3), np.nan, np.float32)
    flags, none = np.zeros(j, bool), empty[:, 0]
    return Lifted(
        layouts=np.array([detector_layout, lifter_layout]),
        index=np.array([row[0] for row in times], int),
        time_s=np.array([row[1] for row in times], float),
        size=np.array([row[2:] for row in times], int).reshape(-1, 2),
        at=np.array([row[0] for row in rows], int),
        track=np.array([row[1] for row in rows], int),
        score=np.array([p.pose.score for p in people], float),
        pose_xy=_stacked([p.pose.xy for p in people], (d, 2)),
        pose_confidence=_stacked([p.pose.confidence for p in people], (d,)),
        xy=_stacked([empty[:, :2] if p.xy is None else p.xy for p in people], (j, 2)),
        visible=_stacked([flags if p.visible is None else p.visible for p in people], (j,)) > 0,
        confidence=_stacked([none if p.confidence is None else p.confidence for p in people], (j,)),
        xyz=_stacked([empty if p.xyz is None else p.xyz for p in people], (j, 3)),
        other_xyz=_stacked([empty if p.other_xyz is None else p.other_xyz for p in people], (j, 3)),
        warnings=np.array(list(warnings), str),
    )


def _stacked(values: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, *shape)


def save(lifted: Lifted, path: Path) -> None:
    """Write it whole or not at all; InputError if it can't be written."""
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            np.savez(file, **{field.name: getattr(lifted, field.name) for field in fields(Lifted)})
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def load(path: Path) -> Lifted | None:
    """What was saved there; ``None`` if nothing was, or it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            found = {"other_xyz": np.full_like(kept["xyz"], np.nan), **kept}
            return Lifted(**{field.name: found[field.name] for field in fields(Lifted)})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
