"""What a stage of the live pipeline is.

A frame's way: detector (`realtime/detectors`); tracker or given_tracks; joints; lifting, of all
people in one batch (batching); classifying, at the head's rate (runners, ring_buffer); deciding.
Of several cameras each has stages of its own, which share their nets.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from math import inf
from typing import Protocol, Self, TypeVar

from ...gast.skeleton import Skeleton
from ..packets import Frame

LARGEST_GAP_S = 0.5
"""Across a longer gap nothing is interpolated: the head is given the newest sample alone."""


class Stage(Protocol):
    """A step of the pipeline; `name` is what its time is reported under."""

    name: str

    def __call__(self, frame: Frame) -> Frame:
        """The frame with this stage's results added."""

    def reset(self) -> None:
        """Forget everything seen so far."""

    def another(self) -> Self:
        """One for another camera: it shares nets and settings, and remembers nothing yet."""


class Resettable(Protocol):
    """Remembers something; `reset` replaces that and never changes it."""

    def reset(self) -> None:
        """Forget everything."""


Part = TypeVar("Part", bound=Resettable)


def anew(part: Part) -> Part:
    """A copy that shares what the part was made of, and remembers nothing."""
    other = copy(part)
    other.reset()
    return other


class Remembering(ABC):
    """A stage with state, and the one rule for stream time that all of them follow.

    A frame earlier than the one before it begins another stream (a source that starts over, a clock
    that was set back), so the stage is reset first. For a frame at the same time as the one before,
    no time passes in any filter or counter. Somebody out of view is remembered for `patience_s` of
    stream time.
    """

    _time_s = -inf

    def __call__(self, frame: Frame) -> Frame:
        """The frame with this stage's results added."""
        return self.step(self.enter(frame))

    def enter(self, frame: Frame) -> Frame:
        """Take note of the frame's time."""
        if frame.time_s < self._time_s:
            frame = self.start_over(frame)
        self._time_s = frame.time_s
        return frame

    def another(self) -> Self:
        """One for another camera: it shares nets and settings, and remembers nothing yet."""
        other = anew(self)
        other._time_s = -inf
        return other

    def start_over(self, frame: Frame) -> Frame:
        """Reset, before the first frame of another stream."""
        self.reset()
        return frame

    @abstractmethod
    def step(self, frame: Frame) -> Frame:
        """The frame with results added; it is not earlier than the one before it."""

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen so far, by replacing it (`anew`)."""


class Batching(Remembering):
    """A stage with a net that is stepped for the people of several cameras in one batch."""

    def step(self, frame: Frame) -> Frame:
        """The frame with results added."""
        return self.step_all([self], [frame])[0]

    def together(self, stages: Sequence[Self], frames: Sequence[Frame]) -> list[Frame]:
        """The frame of each of the stages, `another` of each other, with its results added."""
        entered = [stage.enter(frame) for stage, frame in zip(stages, frames, strict=True)]
        return self.step_all(stages, entered)

    @abstractmethod
    def step_all(self, stages: Sequence[Self], frames: Sequence[Frame]) -> list[Frame]:
        """The frames with results added; none is earlier than the one before it of its stage."""


class Detector(Stage, Protocol):
    """The first stage: detects poses, of one `layout` or, with ``None``, of each pose's own."""

    layout: Skeleton | None
