"""BVH of what is recorded on the page."""

from pathlib import Path
from typing import Any

from ...realtime.packets import Event, Frame, RunInfo
from ...realtime.stages.lifting import Lift
from ..lifting.chain import locating
from ..lifting.results import Results


class BvhSink:
    """Writes ``recording.personID.bvh`` for each person when it is closed, as `gastlive-lift` does.

    Args:
        lifter: What lifts the frames that come.
        field_of_view_deg: Assumed, along the longer side of the picture.
    """

    def __init__(self, folder: str, *, lifter: Lift, field_of_view_deg: float) -> None:
        self._folder, self._lifter = Path(folder), lifter
        self._locate = locating(lifter, field_of_view_deg=field_of_view_deg)
        self._results: Results | None = None

    def begin(self, info: RunInfo) -> None:
        """Get ready."""
        self._results = Results(
            self._folder, "recording", formats=["bvh"], info=info, layout=self._lifter.layout,
            locate=self._locate, mp4={},
        )  # fmt: skip

    def __call__(self, frame: Frame) -> None:
        """Keep a frame's people."""
        if self._results is not None:
            self._results(frame)

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Write the files."""
        results, self._results = self._results, None
        if results is not None:
            try:
                results.finish(source="", label="", lifter="", detector="")
            finally:
                results.discard()

    def summary(self) -> dict[str, Any]:
        """Nothing: the recording lists its files."""
        return {}
