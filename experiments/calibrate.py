"""Calibrate a trained head anew: ``gastlive-calibrate checkpoint=mine.safetensors ...``."""

import torch
from omegaconf import DictConfig

from ..conf.program import program
from .training.heads import recalibrate


@program("calibrate", verbatim=("checkpoint", "data.path"))
def main(cfg: DictConfig) -> None:
    """Fit background, temperature and decision without training, see `recalibrate`."""
    torch.set_num_threads(cfg.threads)
    recalibrate(cfg)


if __name__ == "__main__":
    main()
