"""How far off a lifter is on held-out people: ``gastlive-evaluate-lifter checkpoint=...``."""

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor

from ..conf.program import program
from ..gast.checkpoint import load
from ..gast.metrics import acceleration_error_mm, mpjpe_mm, p_mpjpe_mm
from ..gast.shipped import LIFTERS, find
from ..gast.units import Lifter


@program("evaluate_lifter")
def main(cfg: DictConfig) -> None:
    """Print and store the errors on views of every set in ``sets``, with and without noise."""
    torch.set_num_threads(cfg.threads)
    path = find(cfg.checkpoint, folder=LIFTERS, kind="lifter")
    net, card = load(path, layout=cfg.skeleton.name, fps=cfg.datamodule.fps)
    lifter = Lifter(net, skeleton=net.skeleton, normalisation=card.normalisation).eval()
    results = {
        "checkpoint": str(cfg.checkpoint),
        "seed": cfg.seed,
        "views": cfg.batch * cfg.batches,
    }
    for name, noise in {"exact 2-D joints": None, "noisy 2-D joints": cfg.noise}.items():
        data = instantiate(cfg.datamodule, noise=noise)
        data.setup()
        results[name] = errors(lifter, data.val_dataloader())
        results["data"] = [line for line in data.report if line.startswith("val")]
    Path(cfg.output).parent.mkdir(parents=True, exist_ok=True)
    Path(cfg.output).write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    print(f"written to {cfg.output}")


@torch.inference_mode()
def errors(lifter: Lifter, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> dict[str, float]:
    """MPJPE, P-MPJPE (mm) and acceleration error (mm per frame squared) over all batches."""
    pairs = [(lifter(xy), xyz) for xy, xyz, _ in batches]
    lifted, true = (torch.cat(part) for part in zip(*pairs, strict=True))
    measures = {
        "mpjpe_mm": mpjpe_mm(lifted, true),
        "p_mpjpe_mm": p_mpjpe_mm(lifted, true),
        "acceleration_error_mm": acceleration_error_mm(lifted, true),
    }
    return {name: round(value.item(), 2) for name, value in measures.items()}


if __name__ == "__main__":
    main()
