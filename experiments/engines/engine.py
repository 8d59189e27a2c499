"""What the programs that go through many files have in common: jobs, workers, engines."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from omegaconf import DictConfig, OmegaConf
from rich.progress import Progress


@dataclass(frozen=True)
class Job:
    """One thing to do, such as a file to lift.

    Attributes:
        name: Of its own among all.
        task: What the worker takes; plain enough to be pickled.
    """

    name: str
    task: Any


@dataclass(frozen=True)
class Done:
    """What became of a job.

    Attributes:
        name: Of the job.
        said: A line for the user; why it failed, if it did.
        failed: It could not be done; the others go on.
        files: What was written, by format, as seen from the output folder.
    """

    name: str
    said: str
    failed: bool = False
    files: Mapping[str, list[str]] = field(default_factory=dict)


Worker = Callable[[Job], Done]
"""Does one job after another; an InputError concerns all jobs and ends the program."""
Make = Callable[[Progress], Worker]
"""Makes a worker, which loads what all jobs need and shows its progress on these bars."""


class Engine(Protocol):
    """Who does the jobs."""

    def results(
        self, make: Make, jobs: Sequence[Job], bars: Progress
    ) -> Generator[Done, None, None]:
        """Every job's result once, as it comes; closing the iterator ends all work.

        Raises:
            InputError: Of a worker; or the engine can't be used.
        """


def settled(cfg: DictConfig) -> DictConfig:
    """The config with all values looked up here, for workers with an environment of their own."""
    return DictConfig(OmegaConf.to_container(cfg, resolve=True))
