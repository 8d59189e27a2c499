"""What a benchmark is asked to measure, and what it measured."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from omegaconf import DictConfig

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


@dataclass(frozen=True)
class Row:
    """One config, measured in turns with the others.

    Attributes:
        name: What tells it from the others, such as ``lifter=gast27s runtime=openvino``.
        config: Its choices in full: override keys and values as on the command line.
        rounds: Figures of each round, the same names in each; names carry the unit
            (``age_p99_ms``). Round i of all rows was measured next to each other, so that ratios
            are taken round by round.
        samples: Single measurements of all rounds together, for pictures: ``age_ms``, and
            ``NAME_ms`` for each stage in the order of the pipeline.
    """

    name: str
    config: Mapping[str, str]
    rounds: tuple[Mapping[str, float], ...]
    samples: Mapping[str, np.ndarray] = field(default_factory=dict)


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
