"""How far off a lifter is on held-out people: ``gastlive-evaluate-lifter checkpoint=...``."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor

from ..conf.program import program
from ..gast.cards import expect
from ..gast.checkpoint import load
from ..gast.deployed import deployed
from ..gast.errors import InputError
from ..gast.metrics import acceleration_error_mm, mpjpe_mm, p_mpjpe_mm
from ..gast.runtimes import ready
from ..gast.shipped import LIFTERS, find
from ..gast.skeleton import named
from ..gast.streaming import streamed
from ..gast.units import Lifter

Lift = Callable[[Tensor], Tensor]
"""Clips (N, T, J, 2) in screen units to (N, T, J, 3)."""


@program("evaluate_lifter")
def main(cfg: DictConfig) -> None:
    """Print and store the errors on views of every set in ``sets``, with and without noise."""
    torch.set_num_threads(cfg.threads)
    lift, runtime = lifting(
        cfg.checkpoint, runtime=cfg.runtime, precision=cfg.precision, threads=cfg.threads,
        layout=cfg.skeleton.name, fps=cfg.datamodule.fps,
    )  # fmt: skip
    results = {
        "checkpoint": str(cfg.checkpoint),
        "runtime": runtime,
        "precision": cfg.precision,
        "seed": cfg.seed,
        "views": cfg.batch * cfg.batches,
    }
    for name, noise in {"exact 2-D joints": None, "noisy 2-D joints": cfg.noise}.items():
        data = instantiate(cfg.datamodule, noise=noise)
        data.setup()
        results[name] = errors(lift, data.val_dataloader())
        results["data"] = [line for line in data.report if line.startswith("val")]
    Path(cfg.output).parent.mkdir(parents=True, exist_ok=True)
    Path(cfg.output).write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    print(f"written to {cfg.output}")


def lifting(
    checkpoint: str, *, runtime: str | None, precision: str, threads: int, **expected: Any
) -> tuple[Lift, str | None]:
    """How a lifter lifts clips, and what runs it.

    Args:
        checkpoint: Name, or path of a .safetensors or .onnx file.
        runtime: What steps along the clips, as live; ``None``: torch, on whole clips.
        precision: Of the steps.
        threads: Of the steps.
        expected: Fields of the card that must have these values.

    Raises:
        InputError: No such lifter, one that is not as expected, or one that can't be run so.
    """
    if runtime is None:
        path = find(checkpoint, folder=LIFTERS, kind="lifter")
        if path.suffix == ".onnx" or precision != "float32":
            raise InputError(
                f"checkpoint={checkpoint} with precision={precision} is run frame by frame; give "
                f"runtime=auto"
            )
        net, card = load(path, **expected)
        return Lifter(net, skeleton=net.skeleton, normalisation=card.normalisation).eval(), None
    source, card = deployed(checkpoint)
    expect(card, expected, checkpoint)
    made = ready(
        source, shape=(len(named(card.layout)), 2), runtime=runtime, precision=precision,
        threads=threads, device="cpu",
    )  # fmt: skip
    return partial(streamed, made.net), made.runtime


@torch.inference_mode()
def errors(lift: Lift, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> dict[str, float]:
    """MPJPE, P-MPJPE (mm) and acceleration error (mm per frame squared) over all batches."""
    pairs = [(lift(xy), xyz) for xy, xyz, _ in batches]
    lifted, true = (torch.cat(part) for part in zip(*pairs, strict=True))
    measures = {
        "mpjpe_mm": mpjpe_mm(lifted, true),
        "p_mpjpe_mm": p_mpjpe_mm(lifted, true),
        "acceleration_error_mm": acceleration_error_mm(lifted, true),
    }
    return {name: round(value.item(), 2) for name, value in measures.items()}


if __name__ == "__main__":
    main()
