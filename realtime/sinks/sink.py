"""What a sink of the live pipeline is."""

from typing import Any, Protocol

from ..packets import Event, Frame, RunInfo


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
