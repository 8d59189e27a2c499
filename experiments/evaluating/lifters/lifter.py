"""How far off lifters are on held-out people: ``gastlive-evaluate lifter checkpoint=[...]``."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ....conf.program import program
from ....datasets.for_lifters.held_out import HeldOut, Watched
from ....gast.errors import InputError
from ....gast.skeleton import named
from ....gast.windowed import mirrored
from ...timing.jobs import Job
from ...timing.step import Step
from .candidates import Entrant, entrants
from .report import write
from .scores import Result
from .seen_renders import SeenViews


@program("evaluate_lifter")
def main(cfg: DictConfig) -> None:
    """Measure all lifters on the same views and write the report."""
    torch.set_num_threads(cfg.threads)
    everyone = entrants(
        cfg.checkpoint,
        runtime=cfg.runtime, precision=cfg.precision, threads=cfg.threads,
        layout=cfg.skeleton.name, fps=cfg.fps,
    )  # fmt: skip
    results, data = measured_by_units(everyone, cfg)
    about = {
        "command": shlex.join(["gastlive-evaluate", "lifter", *sys.argv[1:]]),
        "precision": cfg.precision,
        "seed": cfg.seed,
        "noise": HydraConfig.get().runtime.choices["noise"],
        "data": data,
    }
    speeds = step_ms(everyone, runtime=cfg.runtime, precision=cfg.precision, rounds=cfg.rounds)
    print(write(results, speeds, about, folder=Path(cfg.output)))
    print(f"report in {Path(cfg.output) / 'lifter.md'}")


def measured_by_units(
    everyone: Sequence[Entrant], cfg: DictConfig
) -> tuple[list[Result], list[str]]:
    """Results in the order of the lifters, and lines about the data.

    Lifters in other units answer in other axes, so each kind has a ground truth of its own.
    """
    results, data = dict[str, Result](), dict[str, None]()
    for units in dict.fromkeys(each.card.normalisation for each in everyone):
        held_out = held_out_for(units, cfg)
        own = [each for each in everyone if each.card.normalisation == units]
        scored = measured(own, held_out, flip=cfg.flip, alone=cfg.alone, compared=cfg.compared)
        results |= {each.name: result for each, result in zip(own, scored, strict=True)}
        data |= dict.fromkeys(held_out.report)
    return [results[each.name] for each in everyone], list(data)


def held_out_for(normalisation: str, cfg: DictConfig) -> HeldOut:
    """What lifters of some units are measured on.

    Raises:
        InputError: There is no ground truth for them.
    """
    if cfg.seen is None:
        held_out: HeldOut = instantiate(cfg.held_out, normalisation=normalisation)
        return held_out
    if normalisation != "person":
        raise InputError(
            f"takes of seen={cfg.seen} hold joints turned towards the person, and lifters in "
            f"{normalisation} units answer in the camera's axes; measure them without seen="
        )
    return SeenViews(cfg.seen, named(cfg.skeleton.name), fps=cfg.fps)


@torch.inference_mode()
def measured(
    everyone: Sequence[Entrant], held_out: HeldOut, *, flip: bool, alone: bool, compared: int
) -> list[Result]:
    """Let every lifter lift everything.

    Args:
        everyone: The lifters.
        held_out: What they lift.
        flip: Lift the mirrored person as well.
        alone: Lift each frame by itself as well.
        compared: Recordings of each condition that are also lifted in the other way: frame by
            frame instead of as a whole, or as a whole instead of frame by frame.
    """
    from rich.progress import track

    results = [Result(each) for each in everyone]
    for condition in held_out.conditions:
        shown = track(held_out.watch(condition), description=condition, transient=True)
        for number, watched in enumerate(shown):
            for result in results:
                _lift(result, condition, watched, flip, alone, compare=number < compared)
    return results


def _lift(
    result: Result, condition: str, watched: Watched, flip: bool, alone: bool, *, compare: bool
) -> None:
    lifter, xy = result.entrant, torch.from_numpy(watched.xy)
    lifted = lifter.lift(xy)
    result.add(condition, "plain", watched, lifted)
    if flip:
        in_mirror = mirrored(lifter.lift(mirrored(xy, lifter.skeleton)), lifter.skeleton)
        result.add(condition, "flip", watched, (lifted + in_mirror) / 2)
    if alone:
        result.add(condition, "alone", watched, lifter.alone(xy))
    if compare and lifter.otherwise is not None:
        apart_mm = float((lifter.otherwise(xy) - lifted).norm(dim=-1).max()) * 1000
        result.apart_mm = max(apart_mm, result.apart_mm or 0.0)


def step_ms(
    everyone: Sequence[Entrant], *, runtime: str | None, precision: str, rounds: int
) -> dict[str, float]:
    """Milliseconds a frame of one person on one thread, live, by name; not of centred lifters.

    Args:
        everyone: The lifters.
        runtime: What steps; ``None`` for the fastest.
        precision: Of the steps.
        rounds: In which they take turns; the median counts. Without any there are no figures.
    """
    streaming = [each for each in everyone if each.card.causal]
    if rounds < 1 or not streaming:
        return {}
    threads = torch.get_num_threads()
    rows = Step(rounds=rounds)([_job(each, runtime, precision) for each in streaming], Path())
    torch.set_num_threads(threads)
    spent = [[figures["step_p50_ms"] for figures in row.rounds] for row in rows]
    medians = [torch.tensor(each).median().item() for each in spent]
    return {each.name: round(ms, 3) for each, ms in zip(streaming, medians, strict=True)}


def _job(each: Entrant, runtime: str | None, precision: str) -> Job:
    cfg: dict[str, Any] = {
        "lifter": {"checkpoint": each.checkpoint},
        "mode": {"_target_": "gastlive.experiments.timing.step.Step"},
        "runtime": runtime or "auto",
        "precision": precision,
        "threads": 1,
        "device": "cpu",
    }
    return Job(each.name, {}, OmegaConf.create(cfg))


if __name__ == "__main__":
    main()
