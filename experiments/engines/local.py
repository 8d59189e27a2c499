"""Jobs one after another, in this process."""

from collections.abc import Generator, Sequence

from rich.progress import Progress

from .engine import Done, Job, Make


class Local:
    """An `Engine` of one worker."""

    def results(
        self, make: Make, jobs: Sequence[Job], bars: Progress
    ) -> Generator[Done, None, None]:
        """See `Engine`."""
        if jobs:
            worker = make(bars)
            yield from map(worker, jobs)
