"""One part alone, frame by frame: streaming beside the reference's windows, in one run."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from hydra.utils import instantiate

from ...conf.option import option
from ...gast.errors import InputError
from .jobs import Job, Row
from .parts import PARTS, STRATEGIES, Candidate, Turn


class Step:
    """Milliseconds of a part's step: ``step_p50_ms``, p95 and p99 of each round.

    Candidates take turns, a stretch of frames each, every second round in reverse. The net is in
    the CPU's cache, as live. ``largest_difference`` is between the outputs of a candidate and the
    first one of its config.

    Args:
        part: lifter, head, chain (lifter and head) or detector.
        strategies: Of a lifter: ``stream`` (folded, in the config's runtime), ``layers`` (torch,
            layer by layer), or windows of its receptive field, ``dilated`` and ``strided``, with
            ``reference-`` before them computed as published; windows also with ``+flip``.
        people: In one batch.
        rounds: Number of them.
        frames: Of a stretch, at most.
        seconds: Of a stretch, at most; but five frames are always run.
        warm: Frames before the first round.

    Raises:
        InputError: Unknown part or strategy, or numbers below 1.
    """

    title = "One step, part by part"

    def __init__(
        self,
        *,
        part: str,
        strategies: Sequence[str],
        people: int,
        rounds: int,
        frames: int,
        seconds: float,
        warm: int,
    ) -> None:
        if part not in PARTS:
            raise InputError(f"mode.part={part}: choose one of {', '.join(PARTS)}")
        if unknown := set(strategies) - set(STRATEGIES):
            raise InputError(
                f"mode.strategies has {', '.join(sorted(unknown))}; choose of "
                f"{', '.join(STRATEGIES)}"
            )
        if min(people, frames, rounds, warm) < 1 or not strategies:
            raise InputError(
                "mode.people, frames, rounds, warm, strategies: give 1 or more of each"
            )
        self.part, self.strategies, self.people = part, tuple(strategies), people
        self.rounds, self.frames, self.seconds, self.warm = rounds, frames, seconds, warm

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Rows of all configs and strategies, in order; `folder` stays empty."""
        teams = [instantiate(job.cfg.mode).candidates(job) for job in jobs]
        apart = [far for team in teams for far in self.differences(team)]
        return self.in_turns([candidate for team in teams for candidate in team], apart=apart)

    def in_turns(self, everyone: Sequence[Candidate], *, apart: Sequence[float]) -> list[Row]:
        """Rows of candidates whose `differences` are `apart`."""
        from rich.progress import track

        spent_ms: list[list[np.ndarray]] = [[] for _ in everyone]
        for turn in track(range(self.rounds), description="rounds", transient=True):
            order = list(zip(everyone, spent_ms, strict=True))
            for candidate, spent in order if turn % 2 == 0 else reversed(order):
                spent.append(self._stretch(candidate))
        return [
            _row(candidate, rounds, far)
            for candidate, rounds, far in zip(everyone, spent_ms, apart, strict=True)
        ]

    def candidates(self, job: Job) -> list[Candidate]:
        """Of one config."""
        torch.set_num_threads(job.cfg.threads)
        return list(PARTS[self.part](job, self.strategies, self.people))

    def differences(self, team: Sequence[Candidate]) -> list[float]:
        """Largest difference of each output to the first one's, while they warm up."""
        made = [[candidate.turn(index) for index in range(self.warm)] for candidate in team]
        return [float(np.abs(np.array(each) - np.array(made[0])).max()) for each in made]

    def _stretch(self, candidate: Candidate) -> np.ndarray:
        """Milliseconds of each frame; the first two bring the net back into the cache."""
        spent_s: list[float] = []
        until_s = time.perf_counter() + self.seconds
        while len(spent_s) < 7 or (len(spent_s) < self.frames and time.perf_counter() < until_s):
            start_s = time.perf_counter()
            candidate.turn(len(spent_s))
            spent_s.append(time.perf_counter() - start_s)
        return np.array(spent_s[2:]) * 1e3


def _row(candidate: Candidate, rounds: Sequence[np.ndarray], apart: float) -> Row:
    figures = tuple(
        {f"step_p{q}_ms": float(np.percentile(ms, q)) for q in (50, 95, 99)}
        | {"largest_difference": apart}
        for ms in rounds
    )
    return Row(candidate.name, candidate.config, figures, {"step_ms": np.concatenate(rounds)})


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch with one thread, while entered."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def median_step_ms(turns: Mapping[str, Turn], *, rounds: int) -> dict[str, float]:
    """Milliseconds of a frame by name: the median over rounds of their p50."""
    step = option("mode/step", rounds=rounds)
    for turn in turns.values():
        for index in range(step.warm):
            turn(index)
    candidates = [Candidate(name, {}, turn) for name, turn in turns.items()]
    rows = step.in_turns(candidates, apart=[0.0] * len(candidates))
    p50_ms = {row.name: [figures["step_p50_ms"] for figures in row.rounds] for row in rows}
    return {name: float(np.median(each)) for name, each in p50_ms.items()}
