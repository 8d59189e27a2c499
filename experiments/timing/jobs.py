"""What a benchmark is asked to measure."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from omegaconf import DictConfig

from .row import Row

PROGRAM = (sys.executable, "-m", "gastlive.realtime.live")
"""How the live program is started."""


@dataclass(frozen=True)
class Job:
    """One config of a sweep.

    Attributes:
        name: What tells it from the others.
        config: Its overrides of the live program, keys and values.
        cfg: The composed config.
        program: The live program's command, before its overrides.
    """

    name: str
    config: Mapping[str, str]
    cfg: DictConfig
    program: tuple[str, ...] = PROGRAM


class Mode(Protocol):
    """A way to measure; ``conf/mode`` has one option for each.

    Attributes:
        title: Of the report.
    """

    title: str

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Measure all configs, in turns where that is possible.

        Args:
            jobs: One or more.
            folder: For files that tell more than the report.
        """
