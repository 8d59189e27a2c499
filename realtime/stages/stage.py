"""What a stage of the live pipeline is."""

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


class Detector(Stage, Protocol):
    """The first stage: finds poses.

    Attributes:
        layout: Joints of the poses; ``None`` where each pose says its own.
    """

    layout: Skeleton | None
