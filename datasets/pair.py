"""Pairs of a detector's 2-D joints and the ground truth in 3-D."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..gast.errors import InputError
from ..gast.skeleton import Skeleton, joint_map
from .clip import Problem
from .rates import mapped, resampled


@dataclass(frozen=True, slots=True)
class Pair:
    """One recording of one person as one camera saw it; the rest is as in a `MotionClip`.

    Attributes:
        xy: (T, J, 2) float32, screen units; a joint that was not seen is NaN.
        xyz: (T, J, 3) float32, metres, camera axes; a joint that is not known is NaN.
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
    """A data set of pairs; `problems` names what the last reading could not read.

    `detections` names the source of the 2-D joints.
    """

    dataset: str
    detections: str
    problems: list[Problem]

    @property
    def subjects(self) -> list[str]:
        """Subjects, sorted."""

    def read(self, subjects: Collection[str] | None = None) -> Iterator[Pair]:
        """Pairs of some subjects, or of all, one by one in a fixed order."""

    def __iter__(self) -> Iterator[Pair]:
        """All pairs."""


def selection(
    known: Collection[str], wanted: Collection[str] | None, *, what: str, dataset: str
) -> set[str]:
    """The wanted names, all if None; an InputError if one of them is not known."""
    names = set(known if wanted is None else map(str, wanted))
    if unknown := sorted(names.difference(known)):
        raise InputError(
            f"{dataset} has no {what} {', '.join(unknown)}; choose from {', '.join(known)}"
        )
    return names


def pair_at(pair: Pair, layout: Skeleton, fps: float) -> Pair:
    """The pair in another layout and at another frame rate; an InputError if that can't be."""
    xy, xyz = (resampled(part, fps=pair.fps, to_fps=fps) for part in (pair.xy, pair.xyz))
    if layout is not pair.layout:
        xy, xyz = (mapped(part, joint_map(pair.layout, layout)) for part in (xy, xyz))
    return replace(pair, layout=layout, xy=xy, xyz=xyz, fps=fps)


def filled(xy: np.ndarray) -> np.ndarray:
    """2-D joints (T, J, 2) without NaN; an InputError if no joint is ever seen.

    A joint keeps its last position, before that its first. One never seen is amid the others.
    """
    seen = np.isfinite(xy).all(-1)
    if seen.all():
        return xy
    if not seen.any():
        raise InputError(f"none of its {len(xy)} frames has a 2-D joint")
    frames = np.arange(len(xy))[:, None]
    last = np.maximum.accumulate(np.where(seen, frames, -1), 0)
    result = np.take_along_axis(xy, np.where(last < 0, seen.argmax(0), last)[..., None], 0)
    ever = seen.any(0)
    result[:, ~ever] = result[:, ever].mean(1, keepdims=True)
    return result


def without_zeros(points: np.ndarray) -> np.ndarray:
    """Points (..., C) as float32; one at exactly 0 in all coordinates was not seen: NaN."""
    points = np.array(points, np.float32)
    points[(points == 0).all(-1)] = np.nan
    return points
