"""Whether anything has become slower: figures as multiples of a fixed piece of work.

A machine that is half as fast takes twice as long for both, so that a baseline of one machine says
something on another.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from ...gast.errors import InputError
from ..reporting import origin, to_json, write_files
from ..timing.jobs import Job, Row
from ..timing.parts import PARTS
from .child import Child, Pace

_RESULTS = Path(__file__).parents[1] / "results"
BASELINE = _RESULTS / "speed.json"
"""Only a checkout has it."""
FIGURES = {
    "lifter step": "the lifter, one person, a frame",
    "chain": "lifter and head, one person, a frame",
    "pipeline": "capture to label of the live program, p50, a file played like a camera",
    "first label": "of the live program, from the start of its process",
    "import": "a process that imports the live program's parts and ends",
}
_IMPORT = "import torch, gastlive.realtime.pipeline"
Measure = Callable[[], dict[str, float]]
"""Milliseconds of some figures, measured now."""
_SIDE, _PRODUCTS, _LOOP = 128, 60, 40_000
"""Of the kernel: products of matrices of so many rows, and turns of a Python loop."""


class Kernel:
    """The fixed piece of work, on one thread: matrix products, as in nets, and Python."""

    def __init__(self) -> None:
        self._matrix = torch.ones(_SIDE, _SIDE) / _SIDE

    def __call__(self) -> None:
        """Do it once, some milliseconds."""
        x = self._matrix
        for _ in range(_PRODUCTS):
            x = x @ self._matrix
        total = 0
        for i in range(_LOOP):
            total += i & 7


class Regress:
    """Milliseconds of `FIGURES` in rounds, compared with a baseline as multiples of `Kernel`.

    Each figure is divided by the kernel's time before and after it. The report is ``regress.md``.

    Args:
        rounds: Number of them; their medians count.
        seconds: Of each stretch, and of a live run after 2 s of warm-up.
        tolerance: How many times the baseline is an error.
        baseline: JSON file; ``None`` for the project's own.
        store: Write the baseline instead of comparing with it.

    Raises:
        InputError: Numbers make no sense, several configs; in a call: no baseline, or something is
            slower than the tolerance allows.
    """

    title = "Against the stored baseline"

    def __init__(
        self, *, rounds: int, seconds: float, tolerance: float, baseline: str | None, store: bool
    ) -> None:
        if rounds < 1 or not seconds > 0:
            raise InputError("mode.rounds, seconds: give more than 0 of each")
        if tolerance < 1:
            raise InputError(f"mode.tolerance={tolerance:g} refuses what is as fast; give over 1")
        self.rounds, self.seconds, self.tolerance = rounds, seconds, tolerance
        self.baseline, self.store = Path(baseline) if baseline else BASELINE, store

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """The row of the one config; the live program's files are in `folder`."""
        if len(jobs) > 1:
            raise InputError("mode=regress compares one config with its baseline; leave -m out")
        known = {} if self.store else self._known()
        torch.set_num_threads(1)
        measures, kernel = measures_of(jobs[0], folder, self.seconds), Kernel()
        rounds = [in_kernels(measures, kernel, self.seconds) for _ in range(self.rounds)]
        found = {name: median(each[name][1] for each in rounds) for name in FIGURES}
        if self.store:
            content = {"kernels": {name: round(x, 3) for name, x in found.items()}, **origin()}
            self.baseline.write_text(to_json(content), encoding="utf-8")
            print(f"baseline written to {self.baseline}")
        else:
            self._compare(found, known, rounds, folder.parent)
        figures = [{f"{n.replace(' ', '_')}_ms": ms for n, (ms, _) in r.items()} for r in rounds]
        return [Row(jobs[0].name, jobs[0].config, tuple(figures))]

    def _known(self) -> dict[str, float]:
        try:
            kernels = json.loads(self.baseline.read_text(encoding="utf-8"))["kernels"]
            return {name: float(kernels[name]) for name in FIGURES}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"no baseline in {self.baseline}; make one with mode.store=true"
            ) from error

    def _compare(
        self,
        found: Mapping[str, float],
        known: Mapping[str, float],
        rounds: Sequence[Mapping[str, tuple[float, float]]],
        folder: Path,
    ) -> None:
        """Write and print the table; an InputError names what is slower."""
        lines = ["| figure | ms | kernels | baseline | times | |", "|---|---|---|---|---|---|"]
        slow = []
        for name, kernels in found.items():
            times, ms = kernels / known[name], median(each[name][0] for each in rounds)
            if times > self.tolerance:
                slow.append(f"{name} takes {times:.2f} times its baseline")
            lines.append(
                f"| {name} | {ms:.4g} | {kernels:.3g} | {known[name]:.3g} | {times:.2f} | "
                f"{'slower' if times > self.tolerance else ''} |"
            )
        text = "\n".join(lines)
        write_files(folder, lambda _: [("regress.md", f"# {self.title}\n\n{text}")])
        print(text, flush=True)
        if slow:
            raise InputError(
                f"{'; '.join(slow)}, {self.tolerance:g} are allowed; run again on a quiet machine, "
                f"or look for what became slower"
            )


def measures_of(job: Job, folder: Path, seconds: float) -> list[Measure]:
    """What gives milliseconds of the figures; one run of the live program gives two."""
    steps = {
        "lifter step": next(PARTS["lifter"](job, ("stream",), 1)).turn,
        "chain": next(PARTS["chain"](job, (), 1)).turn,
    }
    pace = Pace(seconds=max(4 * seconds, 2.0), warm_s=2.0, fps=30.0)
    live = Child.of(job.config, pace=pace, program=job.program)

    def step() -> dict[str, float]:
        return {name: mean_ms(partial(turn, 0), seconds) for name, turn in steps.items()}

    def run() -> dict[str, float]:
        figures = live.measure(folder).figures
        return {
            "pipeline": figures["age_p50_ms"],
            "first label": figures["first_label_s"] * 1e3,
        }

    def imported() -> dict[str, float]:
        start_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", _IMPORT], check=True)
        return {"import": (time.perf_counter() - start_s) * 1e3}

    return [step, run, imported]


def in_kernels(
    measures: Sequence[Measure], kernel: Callable[[], Any], seconds: float
) -> dict[str, tuple[float, float]]:
    """Milliseconds of each figure, and how many kernels that is, of the time around it."""
    found: dict[str, tuple[float, float]] = {}
    before = mean_ms(kernel, seconds)
    for measure in measures:
        figures = measure()
        after = mean_ms(kernel, seconds)
        found |= {name: (ms, 2 * ms / (before + after)) for name, ms in figures.items()}
        before = after
    return found


def mean_ms(work: Callable[[], Any], seconds: float) -> float:
    """Mean time of a piece of work, over so many seconds after a first time."""
    work()
    count, start_s = 0, time.perf_counter()
    while (spent_s := time.perf_counter() - start_s) < seconds or not count:
        work()
        count += 1
    return spent_s / count * 1e3
