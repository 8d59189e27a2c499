"""What heads say of quiet people, by the hour: ``gastlive-evaluate quiet checkpoint=...``."""

import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.progress import track

from ....action.decision import Decision
from ....action.online_metrics import detections
from ....conf.program import program
from ....datasets.for_heads.filmed import Filming
from ....datasets.for_heads.quiet import Pastime, Quiet, QuietStudio
from ....gast.errors import InputError
from .candidates import Candidate, candidates
from .quiet_counting import Said, counted
from .quiet_report import write

_AT_ONCE = 9
"""Streams that are filmed together."""


@program("evaluate_quiet")
def main(cfg: DictConfig) -> None:
    """Film people who do nothing that has a name, run all heads on them and write the report."""
    torch.set_num_threads(cfg.threads)
    everyone = candidates(
        cfg.checkpoint, layout=cfg.skeleton.name, runtime=cfg.runtime, precision=cfg.precision,
        threads=cfg.threads,
    )  # fmt: skip
    filming: Filming = instantiate(cfg.filming)
    _refuse_unfit(everyone, filming)
    if not cfg.hours > 0 or not cfg.stream_s >= 1:
        raise InputError(
            f"hours={cfg.hours} of streams of stream_s={cfg.stream_s} can't be filmed; give more "
            f"than 0 hours and at least 1 second"
        )
    batches, report = filmed(
        filming, instantiate(cfg.how), hours=cfg.hours, stream_s=cfg.stream_s, seed=cfg.seed
    )
    found = {
        each.name: heard(
            each, batches, partial(instantiate, cfg.decision), fps=cfg.fps, walking=cfg.walking
        )
        for each in everyone
    }
    about = {
        "command": shlex.join(["gastlive-evaluate", "quiet", *sys.argv[1:]]),
        "seed": cfg.seed,
        "data": report,
        "lifter": filming.recipe()["lifter"],
    }
    print(write(found, about, folder=Path(cfg.output)))
    print(f"report in {Path(cfg.output) / 'report.md'}")


def _refuse_unfit(everyone: Sequence[Candidate], filming: Filming) -> None:
    recipe = filming.recipe()
    for each in everyone:
        if each.card.fps != filming.fps:
            raise InputError(
                f"head {each.checkpoint} takes {each.card.fps:g} frames per second, the streams "
                f"have {filming.fps:g}; give fps={each.card.fps:g}"
            )
        if each.card.lifter_sha256 != recipe["lifter_sha256"]:
            raise InputError(
                f"head {each.checkpoint} was trained on {each.card.lifter or 'true joints'}, the "
                f"streams are of {recipe['lifter'] or 'true joints'}, or another version of it; "
                f"give lifter=..."
            )


def filmed(
    filming: Filming, how: Pastime, *, hours: float, stream_s: float, seed: int
) -> tuple[list[Quiet], list[str]]:
    """So many hours of streams, in batches, and lines about what they are made of."""
    studio = filming.studio(torch.device("cpu"))
    quiet, frames = QuietStudio(studio, how), round(stream_s * filming.fps)
    count = max(round(hours * 3600 / stream_s), 2)
    sizes = [min(_AT_ONCE, count - start) for start in range(0, count, _AT_ONCE)]
    shown = track(sizes, "filming", transient=True, disable=not sys.stdout.isatty())
    return [quiet.streams(n, frames, seed, i) for i, n in enumerate(shown)], studio.report


@torch.inference_mode()
def heard(
    head: Candidate,
    batches: Sequence[Quiet],
    decision: Callable[..., Decision],
    *,
    fps: float,
    walking: Sequence[str],
) -> dict[str, Any]:
    """The figures of a head, see `counted`; labels of `walking` may be said of who walks."""
    card = head.card
    rule = decision(labels=list(card.labels), background=card.background, tuned=dict(card.decision))
    streams = list[Said]()
    for batch in batches:
        odds = (head.per_frame(batch.xyz) / card.temperature).softmax(-1).numpy()
        events = [detections(each, rule, fps=fps) for each in odds]
        streams += map(Said, events, batch.situations.numpy(), batch.faults.numpy())
    return counted(streams, card.labels, walking, fps=fps) | {"decision": dict(card.decision)}


if __name__ == "__main__":
    main()
