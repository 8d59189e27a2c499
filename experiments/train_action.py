"""Train an action head: ``gastlive-train-action lifted=FOLDER head=... name=...``."""

import sys

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..action.calibration import best_temperature
from ..action.checkpoint import head_name, save_head
from ..action.evaluation import figures, scored
from ..conf.program import program


@program("train_action")
def main(cfg: DictConfig) -> None:
    """Fit, calibrate on the validation subjects, and write the head with its card."""
    torch.set_num_threads(cfg.threads)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    data, head = instantiate(cfg.data), instantiate(cfg.head)
    head_name(head)
    data.setup()
    print("\n".join(data.report), flush=True)
    fitted = instantiate(cfg.training).fit(head, data)
    result = scored(head.eval().per_frame, data.val_dataloader())
    temperature = best_temperature(torch.cat(result.logits), torch.cat(result.labels))
    background = data.labels.background
    validation = figures(result, head, background=background, temperature=temperature)
    training = {
        "command": " ".join(sys.argv),
        "config": OmegaConf.to_container(cfg, resolve=True),
        **fitted,
        "data": data.report,
        "validation": validation,
        "note": cfg.note,
    }
    save_head(
        head, cfg.output, background=background, temperature=temperature, lifter=data.lifter,
        training=training, half=cfg.half,
    )  # fmt: skip
    for label, share in validation.pop("by_label").items():
        print(f"{label:>15} {share:6.1%}")
    print(f"validation {validation}\nhead written to {cfg.output}")


if __name__ == "__main__":
    main()
