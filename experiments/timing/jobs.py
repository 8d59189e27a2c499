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
    """One config of a sweep: its name, overrides of the live program, and composed config.

    `program` is the live program's command, before the overrides.
    """

    name: str
    config: Mapping[str, str]
    cfg: DictConfig
    program: tuple[str, ...] = PROGRAM


@dataclass(frozen=True)
class Row:
    """The measurements of one config.

    Attributes:
        name: What differs from the others, such as ``lifter=gast27s runtime=openvino``.
        config: Overrides of the live program.
        rounds: Figures of each round, with their unit (``age_p99_ms``); round i of all rows was
            measured at about the same time, so that ratios are taken round by round.
        samples: Of all rounds: ``age_ms``, and ``NAME_ms`` of each stage in the pipeline's order.
    """

    name: str
    config: Mapping[str, str]
    rounds: tuple[Mapping[str, float], ...]
    samples: Mapping[str, np.ndarray] = field(default_factory=dict)


class Mode(Protocol):
    """A way to measure, with the title of its report; ``conf/mode`` has an option for each."""

    title: str

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Measure one or more configs, in turns where possible; `folder` is for further files."""
