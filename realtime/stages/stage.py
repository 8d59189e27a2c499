"""What a stage of the live pipeline is."""

from abc import ABC, abstractmethod
from math import inf
from typing import Protocol

from ...gast.skeleton import Skeleton
from ..packets import Frame


class Stage(Protocol):
    """A step of the pipeline; it may remember per track, and `reset` makes it forget.

    Attributes:
        name: Under which its time is reported.
    """

    name: str

    def __call__(self, frame: Frame) -> Frame:
        """The same frame, knowing more."""

    def reset(self) -> None:
        """Forget everything seen so far."""


class Remembering(ABC):
    """A stage with a memory, and the one rule for stream time, the same for all of them.

    A frame earlier than the one before it begins another stream (a source that starts over, a
    clock that was set back), so everything is forgotten first. A frame at the same time is another
    look at the same moment: whatever counts time stands still.
    """

    _time_s = -inf

    def __call__(self, frame: Frame) -> Frame:
        """The same frame, knowing more."""
        if frame.time_s < self._time_s:
            frame = self.start_over(frame)
        self._time_s = frame.time_s
        return self.step(frame)

    def start_over(self, frame: Frame) -> Frame:
        """Forget everything before the first frame of another stream."""
        self.reset()
        return frame

    @abstractmethod
    def step(self, frame: Frame) -> Frame:
        """What the stage does with a frame that is not earlier than the one before it."""

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen so far."""


class Detector(Stage, Protocol):
    """The first stage: finds poses.

    Attributes:
        layout: Joints of the poses; ``None`` where each pose says its own.
    """

    layout: Skeleton | None
