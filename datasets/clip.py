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
    """

    name: str
    dataset: str
    subject: str
    layout: Skeleton
    xyz: np.ndarray
    fps: float
    segments: tuple[Segment, ...] = ()
    camera: str = ""


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
