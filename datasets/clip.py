"""The clip types that data readers yield."""

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
        subject: Who moves, as the publisher names them.
        xyz: (T, J, 3) float32, metres, world axes x right, y away, z up; z = 0 is the floor where
            the data know it. A missing joint is NaN.
        segments: In time order, without overlap; frames in none are unlabelled.
        camera: The publisher's name of the camera or view, if the set has views.
        partner: A second person, (T, J, 3) in the same axes, NaN while away.
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
    """One recording of one person as a 2-D detector saw it; the rest is as in a `MotionClip`.

    Attributes:
        xy: (T, J, 2) float32, pixels.
        score: (T, J) float32, the detector's confidence, 0..1; 0 is a joint that was not seen.
        size: Width and height of the picture, pixels.
        partner: xy and score of a second person.
        by_hand: Somebody marked the joints: they are exact.
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
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be used, or only in part, and the reason in one line.

    One that `waits` is sound, but something else has to be done first.
    """

    file: str
    reason: str
    waits: bool = False


class MotionSet(Protocol):
    """A data set: iterating reads clip by clip; `problems` names what could not be read.

    `labels` are the actions it labels, in the publisher's order.
    """

    labels: Sequence[str]
    problems: list[Problem]

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips in a fixed order."""
