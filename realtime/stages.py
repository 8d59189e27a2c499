"""What a stage and a sink of the live pipeline are."""

from typing import Any, Protocol

from ..gast.skeleton import Skeleton
from .packets import Event, Frame
from .sinks.run_info import RunInfo


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


class Sink(Protocol):
    """Takes finished frames somewhere.

    A sink that takes long says ``own_thread = True`` and is given one, so that the chain does not
    wait for it; one whose pictures are for people says ``may_skip = True`` and may miss some of a
    camera's (`sinks.background`).
    """

    def begin(self, info: RunInfo) -> None:
        """What is known of the run, before the first frame."""

    def __call__(self, frame: Frame) -> None:
        """One finished frame, in order."""

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Finish what was begun; called once, also after an error.

        Args:
            events: Actions that were going on when the stream ended.
        """

    def summary(self) -> dict[str, Any]:
        """What to say of it in summary.json: plain data, keys are field names."""
