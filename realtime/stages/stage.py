"""What a stage of the live pipeline is.

A frame's way: detector (`realtime/detectors`); tracker or given_tracks; joints; lifting, of all
people in one batch (batching); classifying, at the head's rate (runners, ring_buffer); deciding.
"""

from abc import ABC, abstractmethod
from math import inf
from typing import Protocol

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
        if frame.time_s < self._time_s:
            frame = self.start_over(frame)
        self._time_s = frame.time_s
        return self.step(frame)

    def start_over(self, frame: Frame) -> Frame:
        """Reset, before the first frame of another stream."""
        self.reset()
        return frame

    @abstractmethod
    def step(self, frame: Frame) -> Frame:
        """The frame with results added; it is not earlier than the one before it."""

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen so far."""


class Detector(Stage, Protocol):
    """The first stage: detects poses, of one `layout` or, with ``None``, of each pose's own."""

    layout: Skeleton | None
