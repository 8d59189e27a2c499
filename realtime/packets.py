"""What flows through the live pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from ..gast.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class Pose:
    """What a detector saw of one person in one picture.

    Attributes:
        layout: Which joints.
        xy: (J, 2) float32, pixels, x right, y down, origin at the top left corner. A joint that
            was not seen at all is NaN.
        confidence: (J,) float32 in 0..1.
        score: 0..1, how sure the detector is that this is a person.
        track: Who this is, where a keypoint file says so.
    """

    layout: Skeleton
    xy: np.ndarray
    confidence: np.ndarray
    score: float = 1.0
    track: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What a person is doing at this moment, after the decision.

    Attributes:
        label: Class name; the background class means nothing in particular.
        confidence: 0..1, calibrated, at this frame.
        start_s: Stream time since which it is going on.
    """

    label: str
    confidence: float
    start_s: float


@dataclass(frozen=True, slots=True)
class Event:
    """One finished action of one person; times are stream time in seconds."""

    track: int
    label: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Person:
    """Whatever the stages found out about one tracked person in this frame.

    Attributes:
        pose: As detected, matched to this track in this frame.
        xy: (J, 2) float32, pixels, lifter's layout, complete (filled) and smoothed.
        visible: (J,) bool, which joints of `xy` were measured, not filled.
        xyz: (J, 3) float32, metres, camera axes, relative to the root joint.
        probabilities: (K,) float32 that sum to one, calibrated.
        action: The decision at this frame.
    """

    pose: Pose
    xy: np.ndarray | None = None
    visible: np.ndarray | None = None
    xyz: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One camera picture and what has been learnt from it so far.

    Attributes:
        image: (H, W, 3) uint8, BGR; ``None`` when only keypoints are replayed.
        index: Counts pictures at the source, so gaps are dropped frames.
        time_s: Stream time, seconds. For a camera it is `captured_s`; for a file it is the
            file's own time stamp, so that filters and decisions see true durations however fast
            the file is read.
        captured_s: When the picture was captured or read, on the pipeline's monotonic clock;
            the age of a label is counted from here.
        width: Pixels.
        height: Pixels.
        dropped: Pictures the source has thrown away so far because newer ones had come.
        poses: What the detector saw, before tracking.
        people: Tracked people in view; keys are track ids, which are never used again.
        events: Actions that ended with this frame.
        spent_s: Seconds each stage took for this frame, by stage name.
        finished_s: When the last stage was done with it, on the pipeline's clock; ``None`` until
            then.
    """

    image: np.ndarray | None
    index: int
    time_s: float
    captured_s: float
    width: int
    height: int
    dropped: int = 0
    poses: tuple[Pose, ...] = ()
    people: Mapping[int, Person] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    spent_s: Mapping[str, float] = field(default_factory=dict)
    finished_s: float | None = None

    def knowing(self, **what: Any) -> Self:
        """The same picture, knowing more."""
        return replace(self, **what)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The run, as far as it is known before the first picture.

    Attributes:
        width: Pixels; ``None`` while the source does not know.
        height: Pixels; ``None`` while the source does not know.
        fps: Pictures per second the source promises; ``None`` where it promises none.
        detector_layout: Name of the layout of `Person.pose`.
        lifter_layout: Name of the layout of `Person.xy` and `Person.xyz`.
        labels: Class names in the order of `Person.probabilities`, length K.
        background: The label that means nothing in particular.
        source: What is being watched, in words; without credentials.
    """

    width: int | None
    height: int | None
    fps: float | None
    detector_layout: str
    lifter_layout: str
    labels: tuple[str, ...]
    background: str
    source: str
