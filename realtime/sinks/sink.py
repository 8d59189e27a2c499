"""The protocol of sinks of the live pipeline."""

from typing import Any, Protocol

from ..packets import Event, Frame, RunInfo


class Sink(Protocol):
    """Takes finished frames somewhere.

    A slow sink has ``own_thread = True`` and is given one; one whose pictures are for people has
    ``may_skip = True`` and may miss some of a camera's (`background.apart`). Frames of several
    cameras come one by one, see `Frame.camera`; where ``per_camera = True`` each camera has a sink
    of its own (`EachCamera`), where ``one_picture = True`` all are in one picture (`Mosaic`).
    """

    def begin(self, info: RunInfo) -> None:
        """Called before the first frame."""

    def __call__(self, frame: Frame) -> None:
        """One finished frame, in order."""

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Finish; called once, also after an error, with the actions still going on."""

    def summary(self) -> dict[str, Any]:
        """Its entry of summary.json: plain data, keys are field names."""
