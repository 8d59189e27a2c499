"""The data that flows through the live pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from ..gast.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class Pose:
    """What a detector found of one person in one picture, in `layout`.

    Attributes:
        xy: (J, 2) float32 pixels, x right, y down from the top left corner; NaN where not found.
        confidence: (J,) float32 in 0..1.
        score: 0..1, confidence that this is a person.
        track: Id, where a keypoint file gives one.
    """

    layout: Skeleton
    xy: np.ndarray
    confidence: np.ndarray
    score: float = 1.0
    track: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What a person does at this frame, since `start_s`; `confidence` is 0..1, calibrated."""

    label: str
    confidence: float
    start_s: float


@dataclass(frozen=True, slots=True)
class Event:
    """One finished action of one person; times are stream time in seconds.

    `zone` is the one the person was in at the start, if the run has zones and it was in one;
    `camera` the name of the camera, of several.
    """

    track: int
    label: str
    start_s: float
    end_s: float
    confidence: float
    zone: str | None = None
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """The results of the stages for one tracked person in this frame.

    Attributes:
        xy: (J, 2) float32 pixels, lifter's layout, completed and smoothed.
        visible: (J,) bool, which joints of `xy` were measured, not filled in.
        confidence: (J,) float32 in 0..1, the detector's for `xy`; 0 where it was filled in.
        xyz: (J, 3) float32 metres, camera axes, relative to the root joint.
        probabilities: (K,) float32, sum to one, calibrated.
        other_xy, other_xyz: As `xy` and `xyz`, with another guess at what was never in sight;
            ``None`` if there is none.
    """

    pose: Pose
    xy: np.ndarray | None = None
    visible: np.ndarray | None = None
    confidence: np.ndarray | None = None
    xyz: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    action: Action | None = None
    other_xy: np.ndarray | None = None
    other_xyz: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, of width and height in pixels, and the results of the stages so far.

    Attributes:
        image: (H, W, 3) uint8, BGR; ``None`` when keypoints are replayed.
        index: Number of the picture at the source; gaps are dropped frames.
        time_s: Stream time: a camera's is `captured_s`, a file's its own time stamp, so that
            filters and decisions see true durations however fast it is read.
        captured_s: When the picture was captured or read, on the pipeline's monotonic clock; the
            age of a label counts from here.
        unix_s: Of a live source, the Unix time of `time_s`, for the wall clock.
        dropped: How many pictures the source has dropped so far, because newer ones had come.
        poses: As detected, before tracking.
        people: Those in view, by track id; ids are never used again.
        events: Actions that ended with this frame.
        spent_s: Seconds of each stage, by its name.
        finished_s: When the last stage was done, on the pipeline's clock.
        camera: Name of the camera, where there are several; `index`, `time_s` and `dropped` are
            that camera's.
        is_over: The camera, of several, has ended: there is no picture, nobody is in view, and
            `events` are its last ones.
    """

    image: np.ndarray | None
    index: int
    time_s: float
    captured_s: float
    width: int
    height: int
    unix_s: float | None = None
    dropped: int = 0
    poses: tuple[Pose, ...] = ()
    people: Mapping[int, Person] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    spent_s: Mapping[str, float] = field(default_factory=dict)
    finished_s: float | None = None
    camera: str | None = None
    is_over: bool = False

    def knowing(self, **what: Any) -> Self:
        """A copy with these fields replaced."""
        return replace(self, **what)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is known of a run before its first picture; ``None`` is unknown.

    Layouts are names: the detector's is that of `Person.pose`, the lifter's of `Person.xy` and
    `xyz`. `labels` are in the order of `Person.probabilities`; `source` is a description, no
    credentials. `cameras` are the names of several at the start; others may come.
    """

    width: int | None
    height: int | None
    fps: float | None
    detector_layout: str
    lifter_layout: str
    labels: tuple[str, ...]
    background: str
    source: str
    cameras: tuple[str, ...] = ()
