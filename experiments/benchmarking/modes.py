"""Modes of measuring the live program: as a camera, by streams, by accuracy."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...realtime.live import naming
from ...realtime.run_folder import run_folder
from ..evaluating.recordings.recorded import read, read_truth
from ..evaluating.recordings.recording import compare
from ..timing.jobs import Job, Row
from .capacity import Load, Trial, carries
from .child import record, spelt
from .pipeline import rounds

_PROJECT = Path(__file__).parents[2]
TRUTH = _PROJECT / "realtime" / "demo" / "demo_truth.npz"
_RESULTS = _PROJECT / "experiments" / "results"
"""Only a checkout has it."""
STORE = (_RESULTS if _RESULTS.is_dir() else Path("outputs/benchmark")) / "accuracies.json"
MEASURES = {
    "frame_accuracy": "decision_frame_accuracy",
    "head_frame_accuracy": "head_frame_accuracy",
    "event_f1": "event_f1",
    "p_mpjpe_mm": "p_mpjpe_mm",
}
"""Our words for the figures of `gastlive-evaluate recording`."""
SPEED_ALONE = {"runtime", "threads", "detector.threads", "device", "sink", "source.realtime"}


class Pipeline:
    """The live program, a file played like a camera; see `pipeline.rounds` for the arguments."""

    title = "From camera to label"

    def __init__(self, *, rounds: int, seconds: float, warm_s: float, fps: float) -> None:
        self.rounds, self.seconds, self.warm_s, self.fps = rounds, seconds, warm_s, fps

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Rows of all configs; the programs' files are in `folder`."""
        return rounds(
            [job.config for job in jobs],
            rounds=self.rounds,
            seconds=self.seconds,
            warm_s=self.warm_s,
            fps=self.fps,
            folder=folder,
            names=[job.name for job in jobs],
            program=jobs[0].program,
        )


class Streams:
    """How many keypoint streams the machine carries; arguments of `capacity.carries` and `Load`."""

    title = "Streams that one machine carries"

    def __init__(self, *, rounds: int, first: int, **load: Any) -> None:
        self.rounds, self.first, self.load = rounds, first, Load(**load)

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Rows of all configs; `folder` stays empty."""
        from rich.console import Console

        console = Console(stderr=True)
        found: dict[str, list[Row]] = {job.name: [] for job in jobs}
        for turn in range(self.rounds):
            for job in jobs if turn % 2 == 0 else reversed(jobs):
                console.print(f"round {turn + 1}: {job.name}", highlight=False)
                found[job.name].append(
                    carries(
                        partial(naming, job.cfg), self.load, name=job.name,
                        config=job.config, first=self.first,
                        tell=lambda trial: console.print(_line(trial), highlight=False),
                    )
                )  # fmt: skip
        return [_merged(rows) for rows in found.values()]


def _line(trial: Trial) -> str:
    figures = trial.figures()
    return (
        f"  {trial.streams} streams: age p99 {figures['age_p99_ms']:.0f} ms, "
        f"{figures['drop_rate_percent']:.1f} % dropped"
    )


def _merged(rows: Sequence[Row]) -> Row:
    samples = {
        name: np.concatenate([row.samples[name] for row in rows]) for name in rows[0].samples
    }
    figures = tuple(figures for row in rows for figures in row.rounds)
    return Row(rows[0].name, rows[0].config, figures, samples)


class Accuracy:
    """Accuracy of the live program on a clip with ground truth, played as fast as possible.

    Its rows are stored by the `choices` that change results, for other reports.

    Args:
        truth: From `gastlive-render`; ``null`` is the demo clip's.
        store: JSON file for the figures; ``null`` is the project's own, or
            ``outputs/benchmark/accuracies.json`` where gastlive is installed from a wheel.
    """

    title = "Right and wrong"

    def __init__(self, *, truth: str | None = None, store: str | None = None) -> None:
        self.truth = read_truth(Path(truth) if truth else TRUTH)
        self.store = Path(store) if store else STORE

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Rows of all configs; recordings are in `folder`."""
        from rich.progress import track

        rows = []
        for i, job in enumerate(track(jobs, description="configs", transient=True), 1):
            run = folder / str(i)
            record({"sink": "[jsonl]", **job.config}, run, program=job.program)
            found = compare(*read(run / "frames.jsonl"), self.truth)
            figures = {name: float(found[figure]) for name, figure in MEASURES.items()}
            rows.append(Row(job.name, job.config, (figures,)))
            self._keep(job.config, figures)
        return rows

    def _keep(self, config: Mapping[str, str], figures: Mapping[str, float]) -> None:
        found = stored(self.store) | {choices(config): dict(figures)}
        run_folder(str(self.store.parent))
        part = self.store.with_suffix(".part")
        part.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")
        part.replace(self.store)


def stored(path: Path) -> dict[str, dict[str, float]]:
    """What `Accuracy` stored; empty without such a file, `InputError` for another one."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): dict(figures) for key, figures in content.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path} holds no accuracies of mode=accuracy: {error}") from error


def choices(config: Mapping[str, str]) -> str:
    """The overrides that change results, in one line; without those of speed or output."""
    kept = {key: value for key, value in config.items() if key not in SPEED_ALONE}
    return spelt(dict(sorted(kept.items()))) or "default"
