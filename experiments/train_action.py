"""Train an action head: ``gastlive-train-action data.folder=FOLDER head=... name=...``."""

import sys
from contextlib import closing
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..action.checkpoint import HeadCard, head_name, load_head, save_head
from ..action.deployed import HEADS
from ..action.head import Head
from ..conf.program import program
from ..gast.shipped import find
from .training.calibrating import Calibrated, Data, calibrated, summary
from .training.fitting import Interrupted
from .training.own_videos import lift_videos, lifter_of
from .training.starting import start_head


def main() -> None:
    """The program; with ``data=folder`` it starts from ``+experiment=own_clips``."""
    given = sys.argv[1:]
    if "data=folder" in given and not any(word.startswith("+experiment=") for word in given):
        sys.argv[1:] = ["+experiment=own_clips", *given]
    run()


@program("train_action", verbatim=("data.path",))
def run(cfg: DictConfig) -> None:
    """Fit, calibrate and tune on the validation subjects, and write the head with its card."""
    torch.set_num_threads(cfg.threads)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    before = calibrated_before(cfg.calibrated)
    lift_videos(cfg)
    data: Data = instantiate(cfg.datamodule)
    head: Head = instantiate(cfg.head, labels=data.labels.names)
    head_name(head)
    if cfg.start is not None:
        print(start_head(head, cfg.start))
    data.windows(head.frames)
    data.setup()
    print("\n".join(data.report), flush=True)
    training, keep = instantiate(cfg.training), partial(write, cfg, head, data)
    try:
        with closing(data):
            fitted = training.fit(head, data)
    except Interrupted as stopped:
        keep({"steps": stopped.steps, "interrupted": True}, Calibrated())
        print(f"the averaged weights, not calibrated, are in {cfg.output}", flush=True)
        raise
    keep(fitted, Calibrated())  # from here on an interruption loses only the calibration
    print(f"trained; the weights, not calibrated yet, are in {cfg.output}", flush=True)
    found = calibrated(head.eval(), data, before, getattr(training, "trainer", None))
    keep(fitted, found)
    print("\n".join(summary(found.figures)))
    print(f"head written to {cfg.output}")


def calibrated_before(name: str | None) -> HeadCard | None:
    """The card of a head that was calibrated before.

    Raises:
        InputError: No such head.
    """
    return None if name is None else load_head(find(name, folder=HEADS, kind="head"))[1]


def write(
    cfg: DictConfig, head: Head, data: Data, fitted: dict[str, Any], found: Calibrated
) -> None:
    """The head's file; its card holds the command, the config and what came out."""
    training = {
        "command": " ".join(sys.argv),
        "config": OmegaConf.to_container(cfg, resolve=True),
        **fitted,
        "data": data.report,
        "validation": found.figures,
        "note": cfg.note,
    }
    save_head(
        head, cfg.output, background=data.labels.background, temperature=found.temperature,
        lifter=lifter_of(data, cfg), decision=found.decision, training=training, half=cfg.half,
    )  # fmt: skip


if __name__ == "__main__":
    main()
