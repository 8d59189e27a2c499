"""A sink of its own for each of several cameras."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from ..packets import Event, Frame, RunInfo
from .sink import Sink


class EachCamera:
    """Gives each camera's frames to a sink that `make` makes for it, by its name.

    A camera that comes back begins another one, NAME_2.
    """

    def __init__(self, make: Callable[[str], Sink]) -> None:
        self._make = make
        self._info: RunInfo | None = None
        self._sinks: dict[str, Sink] = {}
        self._starts: Counter[str] = Counter()
        self._summaries: dict[str, dict[str, Any]] = {}
        self._names: dict[str, str] = {}

    def begin(self, info: RunInfo) -> None:
        """Sinks begin with their cameras' first frames."""
        self._info = info

    def __call__(self, frame: Frame) -> None:
        """Hand a frame to its camera's sink."""
        camera = frame.camera or ""
        if frame.is_over:
            self._end(camera, frame.events)
            return
        if camera not in self._sinks:
            self._begin(camera)
        self._sinks[camera](frame)

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Close all; the first error is raised when all are closed."""
        errors: list[Exception] = []
        for camera in list(self._sinks):
            try:
                self._end(camera, tuple(e for e in events if e.camera == camera))
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def summary(self) -> dict[str, Any]:
        """That of each sink."""
        now = {self._names[camera]: sink.summary() for camera, sink in self._sinks.items()}
        return self._summaries | now

    def _begin(self, camera: str) -> None:
        assert self._info is not None
        self._starts[camera] += 1
        count = self._starts[camera]
        self._names[camera] = camera if count == 1 else f"{camera}_{count}"
        self._sinks[camera] = self._make(self._names[camera])
        self._sinks[camera].begin(self._info)

    def _end(self, camera: str, events: tuple[Event, ...]) -> None:
        sink = self._sinks.pop(camera, None)
        if sink is not None:
            try:
                sink.close(events)
            finally:
                self._summaries[self._names[camera]] = sink.summary()
