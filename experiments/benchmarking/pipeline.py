"""The live program in several configs, measured in turns."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...realtime.run_folder import run_folder
from ..timing.jobs import PROGRAM, Row
from .child import Child, Measured, Pace, masked_config, spelt


def rounds(
    configs: Sequence[Mapping[str, str]],
    *,
    rounds: int,
    seconds: float,
    warm_s: float,
    fps: float,
    folder: Path,
    names: Sequence[str] | None = None,
    program: Sequence[str] = PROGRAM,
) -> list[Row]:
    """Measure the live program in every config, in turns; every second round goes backwards.

    A source that is a file is played like an endless camera, unless a config says otherwise.

    Args:
        configs: Overrides of the live program, keys and values as on its command line.
        rounds: How many times each config is measured.
        seconds: For how long, after the warm-up.
        warm_s: Warm-up from the first frame on.
        fps: Images a second of a source that is a file.
        folder: Run i of round r leaves its files in ``round_r/i``; made if it is not there.
        names: Of the configs; ``None`` names them by what they differ in.
        program: The live program's command; a test gives its own.

    Returns:
        A row for each config: ``age_p50_ms``, p95, p99, max, ``drop_rate_percent``, ``fps``,
        ``cpu_percent`` (100 is one core), ``memory_mb`` (max), ``memory_growth_mb_per_min`` (second
        half), ``first_label_s`` (from process start), ``NAME_p50_ms``, p95, p99 of each stage; NaN
        in rounds that lack one. After Ctrl-C only the rounds that all configs have finished.

    Raises:
        InputError: A number or a config makes no sense, or a run failed (its message is given).
        KeyboardInterrupt: Ctrl-C before the end of the first round.
    """
    if not configs or rounds < 1:
        raise InputError(f"{len(configs)} configs, {rounds=} measure nothing; give 1 or more each")
    named = list(names or difference(configs))
    if len(named) != len(configs) or len(set(named)) != len(named):
        raise InputError(f"names={named} for {len(configs)} configs; give one of its own for each")
    root, pace = run_folder(str(folder)).absolute(), Pace(seconds, warm_s, fps)
    children = [Child.of(config, pace=pace, program=program) for config in configs]
    finished = _in_turns(dict(zip(named, children, strict=True)), rounds=rounds, folder=root)
    return [
        _row(name, config, [each[name] for each in finished])
        for name, config in zip(named, configs, strict=True)
    ]


def difference(configs: Sequence[Mapping[str, str]]) -> list[str]:
    """A name for each config: those overrides that others do not share, or ``default``."""
    keys = dict.fromkeys(key for config in configs for key in config)
    if len(configs) > 1:
        keys = {key: None for key in keys if len({config.get(key) for config in configs}) > 1}
    names, count = [], Counter[str]()
    for config in configs:
        name = spelt({key: config[key] for key in keys if key in config}) or "default"
        count[name] += 1
        # Giving the same config twice shows how large the noise of measuring is.
        names.append(name if count[name] == 1 else f"{name} #{count[name]}")
    return names


def _in_turns(
    children: Mapping[str, Child], *, rounds: int, folder: Path
) -> list[dict[str, Measured]]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}")
    console, finished = Console(stderr=True), list[dict[str, Measured]]()
    order = [(i, *each) for i, each in enumerate(children.items(), 1)]
    # Drawn between the runs only.
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as progress:
        task = progress.add_task("", total=rounds * len(order))
        for turn in range(1, rounds + 1):
            measured: dict[str, Measured] = {}
            try:
                for i, name, child in order if turn % 2 else reversed(order):
                    description = f"round {turn}: {escape(name)}"
                    progress.update(task, description=description, refresh=True)
                    measured[name] = child.measure(folder / f"round_{turn}" / str(i))
                    progress.advance(task)
            except KeyboardInterrupt:
                if not finished:
                    raise
                break
            finished.append(measured)
    return finished


def _row(name: str, config: Mapping[str, str], measured: Sequence[Measured]) -> Row:
    first = measured[0]
    known = [
        figure
        for figure in first.figures
        if any(math.isfinite(each.figures[figure]) for each in measured)
    ]
    return Row(
        name=name,
        config=masked_config(config),
        rounds=tuple({figure: each.figures[figure] for figure in known} for each in measured),
        samples={
            part: np.concatenate([each.samples[part] for each in measured])
            for part in first.samples
        },
    )
