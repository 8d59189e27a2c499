"""The one clip type that every data reader yields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..gast.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames ``start <= t < stop`` show the action `label`."""

    start: int
    stop: int
    label: str


@dataclass(frozen=True, slots=True)
class MotionClip:
    """One recording of one person.

    Attributes:
        name: Unique within the data set, usually the file's stem.
        dataset: Name of the data set.
        subject: Who moves, as the publisher names them.
        layout: Which joints.
        xyz: (T, J, 3) float32, metres, world axes x right, y away, z up (right-handed), z = 0 is
            the floor where the data know it. A missing joint is NaN.
        fps: Frames per second.
        segments: Labelled stretches in time order, without overlap; frames in none are unlabelled.
            A clip that shows one action has one segment over all its frames.
        camera: Publisher's camera or view, where the set has views.
        partner: A second person, (T, J, 3) in the same axes, NaN while away; None where there is
            none.
    """

    name: str
    dataset: str
    subject: str
    layout: Skeleton
    xyz: np.ndarray
    fps: float
    segments: tuple[Segment, ...] = ()
    camera: str = ""
    partner: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class KeypointClip:
    """One recording of one person as a 2-D detector saw it; a lifter makes motion of it.

    Attributes:
        name: Unique within the data set.
        dataset: Name of the data set.
        subject: Who moves, as the publisher names them.
        layout: Which joints.
        xy: (T, J, 2) float32, pixels.
        score: (T, J) float32, the detector's confidence, 0..1; 0 is a joint that was not seen.
        size: Width and height of the picture, pixels.
        fps: Frames per second.
        segments: As a `MotionClip`'s.
        camera: As a `MotionClip`'s.
        partner: xy and score of a second person, or None.
    """

    name: str
    dataset: str
    subject: str
    layout: Skeleton
    xy: np.ndarray
    score: np.ndarray
    size: tuple[int, int]
    fps: float
    segments: tuple[Segment, ...] = ()
    camera: str = ""
    partner: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be used, or only in part, and why, in one line."""

    file: str
    reason: str


class MotionSet(Protocol):
    """A data set: iterating reads clip by clip; what could not be read is named, not dropped.

    Attributes:
        labels: Names of the actions it labels, in the publisher's order.
        problems: Of the last iteration.
    """

    labels: Sequence[str]
    problems: list[Problem]

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips in a fixed order."""
