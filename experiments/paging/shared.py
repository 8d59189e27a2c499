"""One source for several runs, one after another."""

from collections.abc import Generator, Iterator
from threading import Event

from ...realtime.packets import Frame
from ...realtime.sources.source import Source


class Shared(Source):
    """The frames of another source, so that a run can end and the next go on with the next frame.

    Each iteration goes on where the last one ended, and ends when `turn` is called. `end` closes
    the source itself.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source.name, source.description, clock=source.clock)
        self.source = source
        self.fps, self.live, self.layout = source.fps, source.live, source.layout
        self.warnings = source.warnings
        self._frames = iter(source)
        self._turn, self._is_ended = Event(), False

    @property
    def damaged(self) -> int:  # type: ignore[override]  # only read
        """Of the source."""
        return self.source.damaged

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """Those of the source."""
        return self.source.read(stop)

    def __iter__(self) -> Iterator[Frame]:
        for frame in () if self._is_ended else self._frames:
            yield frame
            if self._turn.is_set():
                break
        self._turn.clear()

    def turn(self) -> None:
        """End the run after its frame."""
        self._turn.set()

    def close(self) -> None:
        """The run has ended; the source goes on."""

    def end(self) -> None:
        """Close the source; a run that waits for a frame ends, too."""
        self._is_ended = True
        self.source.close()
