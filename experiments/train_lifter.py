"""Train a lifter: ``gastlive-train-lifter net=... train_sets...``."""

import shlex
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..conf.program import program
from ..datasets.check import Checkable, print_report
from ..datasets.for_lifters.paired import Paired
from ..datasets.for_lifters.random_views import Lifting
from ..gast.checkpoint import save
from ..gast.errors import InputError
from ..gast.gastnet import GASTNet
from ..gast.lifter import with_confidence
from ..gast.lifting_task import Batch, LiftingTask
from ..gast.metrics import mpjpe_mm, p_mpjpe_mm
from ..gast.skeleton import H36M17
from .training.budget import evaluated_batches
from .training.fitting import Interrupted, fit
from .training.starting import blend, start_lifter


@program("train_lifter", ranks=True)
def main(cfg: DictConfig) -> None:
    """Fit, take the best checkpoint by validation subjects, and write it with its card."""
    torch.set_num_threads(cfg.threads)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    data = instantiate(cfg.datamodule)
    if cfg.check:
        if not print_report(sets_of(data)):
            raise InputError("a set holds nothing that can be used; the reasons are above")
        return
    task = instantiate(cfg.task)
    data.setup()
    print("\n".join(data.report))
    if cfg.start is not None:
        print(start_lifter(task.net, cfg.start, data))
    trainer: pl.Trainer = instantiate(cfg.trainer)
    keep = partial(write, cfg, task.net.net, data)
    try:
        fit(trainer, task, data, resume=cfg.resume)
    except Interrupted as stopped:
        keep({"steps": stopped.steps, "interrupted": True}, {})
        print(f"the averaged weights are in {cfg.output}", flush=True)
        raise
    if cfg.blend is not None:
        blend(task.net, cfg.blend, data)
    steps = {"steps": trainer.global_step}
    keep(steps, {})  # from here on an interruption loses only the figures
    print(f"trained; the weights, not evaluated yet, are in {cfg.output}", flush=True)
    batches = evaluated_batches(trainer, data.val_dataloader(), doing="evaluating")
    figures = evaluate(task, batches)
    keep(steps, figures)
    print(
        f"validation: MPJPE {figures['mpjpe_mm']} mm, P-MPJPE {figures['p_mpjpe_mm']} mm, after "
        f"{trainer.global_step} steps\nlifter written to {cfg.output}\n"
        f"next: {following(cfg)}"
    )


def following(cfg: DictConfig) -> str:
    """The command that uses the lifter: live if it can be, else its evaluation."""
    live = cfg.net.causal and cfg.skeleton.name == H36M17.name and cfg.normalisation == "person"
    if live:
        return shlex.join(["gastlive", f"lifter={cfg.output}", "source=webcam"])
    return shlex.join(["gastlive-evaluate", "lifter", f"checkpoint={cfg.output}"])


def write(
    cfg: DictConfig,
    net: GASTNet,
    data: Lifting | Paired,
    fitted: dict[str, Any],
    figures: dict[str, float],
) -> None:
    """The lifter's file; its card holds the command, the config and what came out."""
    training = {
        "command": " ".join(sys.argv),
        "config": OmegaConf.to_container(cfg, resolve=True),
        **fitted,
        "data": data.report,
        "validation": figures,
        "note": cfg.note,
    }
    save(
        net, cfg.output, fps=cfg.fps, normalisation=cfg.normalisation, training=training,
        half=cfg.half,
    )  # fmt: skip


def sets_of(data: Lifting | Paired) -> Mapping[str, Checkable]:
    """The sets to train and to validate on, by name."""
    if isinstance(data, Paired):
        return {"pairs": data.pairs}
    train = {f"train: {name}": found for name, found in data.sets.items()}
    return train | {f"val: {name}": found for name, found in data.val_sets.items()}


@torch.inference_mode()
def evaluate(task: LiftingTask, batches: Iterable[Batch]) -> dict[str, float]:
    """MPJPE and P-MPJPE in mm over validation views."""
    pairs = [(task.net(with_confidence(xy, sure)), xyz) for xy, xyz, sure in batches]
    lifted, true = (
        torch.cat([clips.flatten(0, 1) for clips in part]) for part in zip(*pairs, strict=True)
    )
    return {
        "mpjpe_mm": round(mpjpe_mm(lifted, true).item(), 1),
        "p_mpjpe_mm": round(p_mpjpe_mm(lifted, true).item(), 1),
    }


if __name__ == "__main__":
    main()
