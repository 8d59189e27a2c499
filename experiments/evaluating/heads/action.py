"""Accuracy of heads on held-out people: ``gastlive-evaluate action checkpoint=[...]``."""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ....action.decision import Decision
from ....action.evaluation import (
    ClipScored,
    Scored,
    clip_figures,
    confused,
    figures,
    score_clips,
    scored,
)
from ....action.head import WindowedHead
from ....action.metrics import reliability
from ....conf.program import program
from ....datasets.labels import LabelMap
from ....gast.errors import InputError
from .candidates import Candidate, Result, candidates, step_ms
from .report import write

if TYPE_CHECKING:
    from ....datasets.for_heads.clip_data import Sample  # imports Lightning

Batch = tuple[Tensor, Tensor, Tensor]


class HeldOut(Protocol):
    """Data for measuring heads.

    Attributes:
        labels: Of the classes.
        fps: Frames per second.
        report: Lines about what was read.
        lifter: Its name and sha256; empty for true joints.
    """

    labels: LabelMap
    fps: float
    report: list[str]
    lifter: tuple[str, str]


@runtime_checkable
class HeldOutClips(HeldOut, Protocol):
    """Cut clips."""

    def clips(self, part: str) -> "list[Sample]":
        """Clips of a part."""


@runtime_checkable
class HeldOutStreams(HeldOut, Protocol):
    """Continuous streams."""

    def once(self, part: str) -> Dataset[Batch]:
        """Streams of a part, once: joints, labels, and how much each frame counts."""


@program("evaluate_action")
def main(cfg: DictConfig) -> None:
    """Measure all heads on one part of the data and write the report."""
    torch.set_num_threads(cfg.threads)
    everyone = candidates(
        cfg.checkpoint, layout=cfg.skeleton.name, runtime=cfg.runtime, precision=cfg.precision,
        threads=cfg.threads,
    )  # fmt: skip
    data = instantiate(cfg.datamodule)
    results = measured(
        everyone, data, part=cfg.part, same_lifter=cfg.same_lifter, compared=cfg.compared,
        decision=partial(instantiate, cfg.decision),
    )  # fmt: skip
    about = {
        "command": shlex.join(["gastlive-evaluate", "action", *sys.argv[1:]]),
        "precision": cfg.precision,
        "seed": cfg.seed,
        "part": cfg.part,
        "data": data.report,
        "lifter": data.lifter[0],
    }
    speeds = step_ms(everyone, runtime=cfg.runtime, precision=cfg.precision, rounds=cfg.rounds)
    print(write(results, speeds, about, folder=Path(cfg.output)))
    print(f"report in {Path(cfg.output) / 'report.md'}")


def measured(
    everyone: Sequence[Candidate],
    data: HeldOut,
    *,
    part: str,
    same_lifter: bool,
    compared: int,
    decision: Callable[..., Decision] = Decision,
) -> list[Result]:
    """Run every head on all clips, or else all streams, of a part of the data.

    Args:
        everyone: The heads.
        data: Gives clips or streams.
        part: Of the data.
        same_lifter: Refuse a head that was trained behind another lifter.
        compared: How many clips or streams are also run by `Candidate.otherwise`.
        decision: Makes the `Decision` that turns probabilities into events.

    Raises:
        InputError: A head does not fit the data, or the data have neither clips nor streams.
    """
    from rich.progress import track

    batches: list[Batch] = []
    samples: list[Sample] = []
    if isinstance(data, HeldOutClips):
        samples = data.clips(part)
    elif isinstance(data, HeldOutStreams):
        batches = list(DataLoader(data.once(part), batch_size=None))
    else:
        raise InputError(f"a {type(data).__name__} has neither clips nor streams to be named")
    for each in everyone:
        _refuse_unfit(each, data, same_lifter=same_lifter)
    return [
        _of_streams(each, batches, compared, decision)
        if batches
        else _of_clips(each, samples, compared)
        for each in track(everyone, description="heads", transient=True)
    ]


def _refuse_unfit(each: Candidate, data: HeldOut, *, same_lifter: bool) -> None:
    card = each.card
    if card.background is None and not isinstance(data, HeldOutClips):
        raise InputError(
            f"head {each.checkpoint} has no background label, and streams have pauses; measure it "
            f"on clips with datamodule=clips"
        )
    if card.labels != tuple(data.labels.names):
        raise InputError(
            f"head {each.checkpoint} has other labels than the ones given here; choose labels=... "
            f"as it was trained with"
        )
    if card.fps != data.fps:
        raise InputError(
            f"head {each.checkpoint} takes {card.fps:g} frames per second, the data have "
            f"{data.fps:g}; give fps={card.fps:g}"
        )
    if same_lifter and data.lifter[1] != card.lifter_sha256:
        raise InputError(
            f"the data were lifted by {data.lifter[0] or 'nothing'}, head {each.checkpoint} was "
            f"trained on {card.lifter or 'true joints'}; lift anew with that lifter, or give "
            f"same_lifter=false"
        )


def _of_clips(each: Candidate, samples: "Sequence[Sample]", compared: int) -> Result:
    head = each.source if isinstance(each.source, WindowedHead) else each.per_frame
    result = score_clips(head, ((sample.xyz, sample.label) for sample in samples))
    found = clip_figures(result, each.card.labels, temperature=each.card.temperature)
    streams = (torch.from_numpy(sample.xyz) for sample in samples[:compared])
    return _result(each, found, result, each.largest_difference(streams))


def _of_streams(
    each: Candidate, batches: Sequence[Batch], compared: int, decision: Callable[..., Decision]
) -> Result:
    card = each.card
    result = scored(each.per_frame, batches)
    tuned = decision(
        labels=list(card.labels), background=card.background, tuned=dict(card.decision)
    )
    found = figures(
        result, card, background=card.background, temperature=card.temperature, decision=tuned
    )
    return _result(each, found, result, each.largest_difference(_first(batches, compared)))


def _first(batches: Sequence[Batch], count: int) -> Iterator[Tensor]:
    """The first streams, batch by batch."""
    for xyz, *_ in batches:
        if count > 0:
            yield xyz[:count]
        count -= len(xyz)


def _result(
    each: Candidate, found: dict[str, Any], result: Scored | ClipScored, apart: float | None
) -> Result:
    logits, truth = result.together()
    odds = (logits / each.card.temperature).softmax(-1).numpy()
    return Result(each, found, confused(logits, truth), reliability(odds, truth.numpy()), apart)


if __name__ == "__main__":
    main()
