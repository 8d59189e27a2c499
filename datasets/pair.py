"""2-D joints that a detector saw beside the 3-D joints that were there: what fixed pairs are."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..gast.errors import InputError
from ..gast.skeleton import JointMap, Skeleton, joint_map
from .clip import Problem
from .rates import resampled


@dataclass(frozen=True, slots=True)
class Pair:
    """One recording of one person as one camera saw it.

    Attributes:
        name: Unique within the data set.
        subject: Who moves, as the publisher names them.
        action: What the recording shows; empty where nothing is said.
        camera: The publisher's.
        layout: Which joints.
        xy: (T, J, 2) float32, screen units; a joint that was not seen is NaN.
        xyz: (T, J, 3) float32, metres, camera axes; a joint that is not known is NaN.
        fps: Frames per second.
    """

    name: str
    subject: str
    action: str
    camera: str
    layout: Skeleton
    xy: np.ndarray
    xyz: np.ndarray
    fps: float


class PairSet(Protocol):
    """A data set of pairs; what could not be read is named, not dropped.

    Attributes:
        dataset: Its name.
        detections: Where its 2-D joints come from.
        problems: Of the last reading.
    """

    dataset: str
    detections: str
    problems: list[Problem]

    @property
    def subjects(self) -> list[str]:
        """Who moves, sorted."""

    def read(self, subjects: Collection[str] | None = None) -> Iterator[Pair]:
        """Pairs of some subjects, or of all, one by one in a fixed order."""

    def __iter__(self) -> Iterator[Pair]:
        """All pairs."""


def chosen(
    known: Collection[str], wanted: Collection[str] | None, *, what: str, dataset: str
) -> set[str]:
    """The names asked for; None is all.

    Raises:
        InputError: One of them is not known.
    """
    names = set(known if wanted is None else map(str, wanted))
    if strangers := sorted(names.difference(known)):
        raise InputError(
            f"{dataset} has no {what} {', '.join(strangers)}; choose from {', '.join(known)}"
        )
    return names


def mapped(points: np.ndarray, through: JointMap) -> np.ndarray:
    """Points (T, J, C) in another layout (T, J', C); what is made from a NaN is NaN."""
    missing = np.isnan(points).any(-1)
    moved = through(np.where(missing[..., None], 0, points).astype(points.dtype))
    moved[(missing[:, None, :] & (through.weights != 0)).any(-1)] = np.nan
    return moved


def pair_at(pair: Pair, layout: Skeleton, fps: float) -> Pair:
    """The pair with the joints of another layout and at another frame rate, see `resampled`.

    Raises:
        InputError: The layout can't be made, or the rate is not more than 0.
    """
    xy, xyz = (resampled(part, fps=pair.fps, to_fps=fps) for part in (pair.xy, pair.xyz))
    if layout is not pair.layout:
        xy, xyz = (mapped(part, joint_map(pair.layout, layout)) for part in (xy, xyz))
    return replace(pair, layout=layout, xy=xy, xyz=xyz, fps=fps)


def filled(xy: np.ndarray) -> np.ndarray:
    """2-D joints (T, J, 2) without NaN, as a net takes them.

    A joint that is not seen stays where it was; before it is first seen it is where it will be.
    One that is never seen is in the middle of the others.

    Raises:
        InputError: No joint is ever seen.
    """
    seen = np.isfinite(xy).all(-1)
    if seen.all():
        return xy
    if not seen.any():
        raise InputError(f"none of its {len(xy)} frames has a 2-D joint")
    frames = np.arange(len(xy))[:, None]
    last = np.maximum.accumulate(np.where(seen, frames, -1), 0)
    held = np.take_along_axis(xy, np.where(last < 0, seen.argmax(0), last)[..., None], 0)
    ever = seen.any(0)
    held[:, ~ever] = held[:, ever].mean(1, keepdims=True)
    return held


def without_zeros(points: np.ndarray) -> np.ndarray:
    """As float32, (..., C); a joint at exactly 0 in all coordinates was not seen: NaN."""
    points = np.array(points, np.float32)
    points[(points == 0).all(-1)] = np.nan
    return points
