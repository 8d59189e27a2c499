"""How right a head is on held-out people: ``gastlive-evaluate action checkpoint=NAME``."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor
from torch.utils.data import DataLoader

from ...action.checkpoint import HeadCard
from ...action.deployed import deployed
from ...action.evaluation import figures, scored
from ...action.head import WindowedHead
from ...conf.program import program
from ...gast.errors import InputError
from ...gast.graphs import StepGraph
from ...gast.runtimes import ready
from ...gast.skeleton import named
from ...gast.streaming import streamed

PerFrame = Callable[[Tensor], Tensor]
"""Streams (N, T, J, 3) to logits (N, T, K)."""


@program("evaluate_action")
def main(cfg: DictConfig) -> None:
    """Print and store a head's figures on continuous streams of one part of the split."""
    torch.set_num_threads(cfg.threads)
    per_frame, card, runtime = naming(
        cfg.checkpoint, layout=cfg.skeleton.name, runtime=cfg.runtime, precision=cfg.precision,
        threads=cfg.threads,
    )  # fmt: skip
    data = instantiate(cfg.data)
    if card.labels != tuple(data.labels.names):
        raise InputError(
            f"head {cfg.checkpoint} has other labels than the ones given here; choose labels=... "
            f"as it was trained with"
        )
    streams = DataLoader(data.once(cfg.part), batch_size=None)
    if data.lifter[1] != card.lifter_sha256:
        raise InputError(
            f"{cfg.lifted} was lifted by {data.lifter[0] or 'nothing'}, the head was trained on "
            f"{card.lifter or 'true joints'}; lift anew with that lifter"
        )
    result = figures(
        scored(per_frame, streams), card, background=card.background, temperature=card.temperature
    )
    run = {"checkpoint": str(cfg.checkpoint), "runtime": runtime, "precision": cfg.precision}
    results = {**run, "data": data.report, **result}
    Path(cfg.output).parent.mkdir(parents=True, exist_ok=True)
    Path(cfg.output).write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    print(f"written to {cfg.output}")


def naming(
    checkpoint: str, *, layout: str, runtime: str | None, precision: str, threads: int
) -> tuple[PerFrame, HeadCard, str | None]:
    """How a head names every frame of streams, its card, and what runs it.

    Args:
        checkpoint: Name, or path of a .safetensors or .onnx file.
        layout: Name of the joint layout that it must have been trained on.
        runtime: What steps along the streams, as live; ``None``: torch, on whole streams.
        precision: Of the steps.
        threads: Of the steps.

    Raises:
        InputError: No such head, one of another layout, or one that can't be run so.
    """
    source, card = deployed(checkpoint, layout=layout)
    if runtime is None:
        if isinstance(source, StepGraph) or precision != "float32":
            raise InputError(
                f"checkpoint={checkpoint} with precision={precision} is run frame by frame; give "
                f"runtime=auto"
            )
        return source.eval().per_frame, card, None
    if isinstance(source, WindowedHead):
        raise InputError(f"head {checkpoint} looks at windows, which runtime=null alone runs")
    made = ready(
        source, shape=(len(named(layout)), 3), runtime=runtime, precision=precision,
        threads=threads, device="cpu",
    )  # fmt: skip
    return partial(streamed, made.net), card, made.runtime


if __name__ == "__main__":
    main()
