"""Latency per config: ``gastlive-benchmark [-m] [mode=...] CHOICES``."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hydra.utils import instantiate

from ..conf.program import Composed, sweep
from ..realtime.live import speak
from .benchmarking.modes import STORE, choices, stored
from .benchmarking.pipeline import difference
from .benchmarking.report import table, write
from .timing.jobs import PROGRAM, Job, Mode
from .timing.untrained import untrained

OURS = ("mode", "untrained", "baseline", "accuracies")
"""Choices that the live program does not know."""


@sweep("benchmark")
def main(configs: Sequence[Composed]) -> None:
    """Measure all configs, print the table and say where the report is."""
    from rich.console import Console

    speak()
    first = configs[0]
    mode: Mode = instantiate(first.cfg.mode)
    print(f"results go to {first.folder}", flush=True)
    with jobs_of(configs) as jobs:
        rows = mode(jobs, first.folder / "runs")
    known = stored(Path(first.cfg.accuracies) if first.cfg.accuracies else STORE)
    right = {row.name: known[choices(row.config)] for row in rows if choices(row.config) in known}
    page = write(
        rows,
        folder=first.folder,
        title=mode.title,
        command=shlex.join(["gastlive-benchmark", *sys.argv[1:]]),
        baseline=first.cfg.baseline,
        accuracies=right,
    )
    Console().print(table(rows, baseline=first.cfg.baseline))
    print(f"report in {page}")


@contextmanager
def jobs_of(configs: Sequence[Composed]) -> Iterator[list[Job]]:
    """The jobs to measure, with untrained lifters where the config asks for them."""
    given = [dict(_pair(override) for override in config.overrides) for config in configs]
    alone = len(configs) == 1  # then how it is measured is no part of its name
    naming = [
        {key: v for key, v in each.items() if not (alone and key.partition(".")[0] == "mode")}
        for each in given
    ]
    with ExitStack() as files:
        jobs = []
        for composed, overrides, name in zip(configs, given, difference(naming), strict=True):
            live = {k: v for k, v in overrides.items() if k.partition(".")[0] not in OURS}
            if composed.cfg.untrained:
                path = str(files.enter_context(untrained(composed.cfg.untrained)))
                composed.cfg.lifter.checkpoint = live["lifter.checkpoint"] = path
            options = ("--config-dir", composed.config_dir) if composed.config_dir else ()
            jobs.append(Job(name, live, composed.cfg, (*PROGRAM, *options)))
        yield jobs


def _pair(override: str) -> tuple[str, str]:
    key, _, value = override.partition("=")
    return key, value


if __name__ == "__main__":
    main()
