"""Errors of lifters on held-out people: ``gastlive-evaluate lifter checkpoint=[...]``."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig

from ....conf.program import program
from ....datasets.for_lifters.held_out import HeldOut, Watched
from ....gast.deployed import deployed
from ....gast.errors import InputError
from ....gast.lifter import with_confidence
from ....gast.runtimes.compiled import ready
from ....gast.skeleton import named
from ....gast.windowed import mirrored
from ...timing.parts import Stepping, Turn, smooth_motion
from ...timing.step import median_step_ms, one_thread
from .candidates import Candidate, candidates
from .detected_renders import DetectedViews
from .report import write
from .scores import Result


@program("evaluate_lifter")
def main(cfg: DictConfig) -> None:
    """Measure all lifters on the same views and write the report."""
    torch.set_num_threads(cfg.threads)
    everyone = candidates(
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
    everyone: Sequence[Candidate], cfg: DictConfig
) -> tuple[list[Result], list[str]]:
    """Results in the order of the lifters, and lines about the data.

    Lifters trained in other units give other axes, so each kind has a ground truth of its own.
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
    """The data on which lifters of these units are measured.

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
    return DetectedViews(cfg.seen, named(cfg.skeleton.name), fps=cfg.fps)


@torch.inference_mode()
def measured(
    everyone: Sequence[Candidate], held_out: HeldOut, *, flip: bool, alone: bool, compared: int
) -> list[Result]:
    """Let every lifter lift everything.

    Args:
        everyone: The lifters.
        held_out: What they lift.
        flip: Lift the mirrored person as well.
        alone: Lift each frame without a past as well.
        compared: How many recordings of each condition `Candidate.otherwise` also lifts.
    """
    from rich.progress import track

    results = [Result(each) for each in everyone]
    for condition in held_out.conditions:
        recordings = track(held_out.watch(condition), description=condition, transient=True)
        for number, watched in enumerate(recordings):
            for result in results:
                _lift(result, condition, watched, flip, alone, compare=number < compared)
    return results


def _lift(
    result: Result, condition: str, watched: Watched, flip: bool, alone: bool, *, compare: bool
) -> None:
    lifter, seen = result.candidate, (watched.xy, watched.confidence)
    joints = with_confidence(*map(torch.from_numpy, seen))
    lifted = lifter.lift(joints)
    result.add(condition, "plain", watched, lifted)
    if flip:
        in_mirror = mirrored(lifter.lift(mirrored(joints, lifter.skeleton)), lifter.skeleton)
        result.add(condition, "flip", watched, (lifted + in_mirror) / 2)
    if alone:
        result.add(condition, "alone", watched, lifter.alone(joints))
    if compare and lifter.otherwise is not None:
        apart_mm = float((lifter.otherwise(joints) - lifted).norm(dim=-1).max()) * 1000
        result.apart_mm = max(apart_mm, result.apart_mm or 0.0)


def step_ms(
    everyone: Sequence[Candidate], *, runtime: str | None, precision: str, rounds: int
) -> dict[str, float]:
    """Median milliseconds per frame of one person on one thread, by name; not of centred lifters.

    Args:
        everyone: The lifters.
        runtime: What steps; ``None`` for the fastest.
        precision: Of the steps.
        rounds: Number of them, in which lifters take turns; 0 gives no figures.
    """
    streaming = [each for each in everyone if each.card.causal]
    if rounds < 1 or not streaming:
        return {}
    with one_thread():
        turns = {each.name: _turn(each, runtime or "auto", precision) for each in streaming}
        medians = median_step_ms(turns, rounds=rounds)
    return {name: round(ms, 3) for name, ms in medians.items()}


def _turn(each: Candidate, runtime: str, precision: str) -> Turn:
    source, frame = deployed(each.checkpoint)[0], (len(each.skeleton), each.card.inputs)
    made = ready(source, shape=frame, runtime=runtime, precision=precision, threads=1, device="cpu")
    return Stepping([made.net], smooth_motion(1, *frame))


if __name__ == "__main__":
    main()
