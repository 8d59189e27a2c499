"""Train a lifter: ``gastlive-train-lifter net=... train_sets...``."""

import sys

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..conf.program import program
from ..gast.checkpoint import save
from ..gast.errors import InputError
from ..gast.metrics import mpjpe_mm, p_mpjpe_mm
from ..gast.task import LiftingTask


@program("train_lifter")
def main(cfg: DictConfig) -> None:
    """Fit, take the best checkpoint by validation subjects, and write it with its card."""
    torch.set_num_threads(cfg.threads)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    data, task = instantiate(cfg.datamodule), instantiate(cfg.task)
    data.setup()
    print("\n".join(data.report))
    trainer: pl.Trainer = instantiate(cfg.trainer)
    trainer.fit(task, datamodule=data, ckpt_path=cfg.resume)
    best = getattr(trainer.checkpoint_callback, "best_model_path", "")
    if not best:
        raise InputError("training ended before its first validation; give it more steps")
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


@torch.inference_mode()
def evaluate(task: LiftingTask, data: pl.LightningDataModule) -> dict[str, float]:
    """MPJPE and P-MPJPE in mm over the validation views."""
    pairs = [(task.net(xy), xyz) for xy, xyz, _ in data.val_dataloader()]
    lifted, true = (torch.cat(part) for part in zip(*pairs, strict=True))
    return {
        "mpjpe_mm": round(mpjpe_mm(lifted, true).item(), 1),
        "p_mpjpe_mm": round(p_mpjpe_mm(lifted, true).item(), 1),
    }


if __name__ == "__main__":
    main()
