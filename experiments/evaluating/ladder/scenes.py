"""What a ladder stands on: one person, exactly known, and what each rung is given of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ....realtime.packets import Frame

TRUTH, EXACT, NOISE, DETECTOR = "truth", "exact 2-D", "simulated noise", "detector"
RUNGS = (TRUTH, EXACT, NOISE, DETECTOR)


@dataclass(frozen=True, eq=False)
class OfJoints:
    """3-D joints (V, T, J, 3) for the head, relative to the root."""

    xyz: np.ndarray


@dataclass(frozen=True, eq=False)
class OfPicture:
    """2-D joints for the lifter: (V, T, J, 2) in screen units, and (V, T, J): confidence."""

    xy: np.ndarray
    confidence: np.ndarray


@dataclass(frozen=True, eq=False)
class OfFrames:
    """Frames of people with poses for the stage `Joints`; each is the frame `index` of the T."""

    frames: Sequence[Frame]


Given = OfJoints | OfPicture | OfFrames


@dataclass(frozen=True, eq=False)
class Scene:
    """One person before V cameras, or as V draws of noise; V may be 1 for what is the same in all.

    Attributes:
        dataset: For the label map; empty where `labels` are a head's.
        labels: (T,) name of each frame's action, empty where there is none.
        true: (V, T, J, 3) float32, metres, relative to the root, in a lifter's axes.
        made: The same with hip, spine and thorax computed from shoulders and hips, as live.
        exact: (V, T, J, 2) float32, exact 2-D joints in screen units, middle line as published.
    """

    name: str
    dataset: str
    labels: np.ndarray
    fps: float
    true: np.ndarray
    made: np.ndarray
    exact: np.ndarray
    given: Given


class Ground(Protocol):
    """People to measure on, one kind of them.

    Attributes:
        name: In the report.
    """

    name: str

    @property
    def report(self) -> list[str]:
        """Lines about the data, complete once there were `scenes`."""

    def rungs(self) -> Mapping[str, str]:
        """Those there are; of those that there are not, why."""

    def scenes(self, rung: str, normalisation: str) -> Iterator[Scene]:
        """What a rung is given; `normalisation` is the lifter's."""
