"""What a benchmark measured of one config."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


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
