"""Train a lifter: ``gastlive-train-lifter net=... train_sets...``."""

import sys
from collections.abc import Mapping

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..conf.program import program
from ..datasets.check import Checkable, print_report
from ..datasets.for_lifters.paired import Paired
from ..datasets.for_lifters.random_views import Lifting
from ..gast.checkpoint import load, save
from ..gast.errors import InputError
from ..gast.gastnet import GASTNet
from ..gast.lifter import Lifter
from ..gast.lifting_task import LiftingTask
from ..gast.metrics import mpjpe_mm, p_mpjpe_mm
from ..gast.shipped import LIFTERS, find
from ..gast.warm_start import grow
from .training.fitting import fit


@program("train_lifter")
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
        print(started(task.net, cfg.start, data))
    trainer: pl.Trainer = instantiate(cfg.trainer)
    best = fit(trainer, task, data, resume=cfg.resume)
    # Our own file of a moment ago: it also holds the optimizer, which is no plain weights.
    weights = torch.load(best, map_location="cpu", weights_only=False)["state_dict"]
    task.load_state_dict(weights)
    figures = evaluate(task.cpu().eval(), data)
    training = {
        "command": " ".join(sys.argv),
        "config": OmegaConf.to_container(cfg, resolve=True),
        "steps": trainer.global_step,
        "data": data.report,
        "validation": figures,
        "note": cfg.note,
    }
    net = task.net.net
    save(net, cfg.output, fps=cfg.fps, normalisation=cfg.normalisation, training=training)
    print(f"validation {figures}\nlifter written to {cfg.output}")


def started(lifter: Lifter, start: str, data: pl.LightningDataModule) -> str:
    """Go on from the weights of another lifter; a line that says how much was taken over.

    Raises:
        InputError: No such lifter, or one of another kind.
    """
    path, net = find(start, folder=LIFTERS, kind="lifter"), lifter.net
    if not isinstance(net, GASTNet):
        raise InputError(f"start={start} is for a GASTNet, not for {type(net).__name__}")
    known = load(path, layout=net.skeleton.name, causal=net.causal)[0].state_dict()
    xy, _, _ = next(iter(data.train_dataloader()))
    count = grow(net, known, lifter.units(xy))
    return f"{count} of {len(net.state_dict())} tensors grow from {path.name}"


def sets_of(data: Lifting | Paired) -> Mapping[str, Checkable]:
    """What would be trained and validated on, by name."""
    if isinstance(data, Paired):
        return {"pairs": data.pairs}
    train = {f"train: {name}": found for name, found in data.sets.items()}
    return train | {f"val: {name}": found for name, found in data.val_sets.items()}


@torch.inference_mode()
def evaluate(task: LiftingTask, data: pl.LightningDataModule) -> dict[str, float]:
    """MPJPE and P-MPJPE in mm over the validation views."""
    pairs = [(task.net(xy), xyz) for xy, xyz, _ in data.val_dataloader()]
    lifted, true = (
        torch.cat([clips.flatten(0, 1) for clips in part]) for part in zip(*pairs, strict=True)
    )
    return {
        "mpjpe_mm": round(mpjpe_mm(lifted, true).item(), 1),
        "p_mpjpe_mm": round(p_mpjpe_mm(lifted, true).item(), 1),
    }


if __name__ == "__main__":
    main()
