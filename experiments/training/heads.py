"""Training of one action head, as a config describes it, from its data to its file."""

import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ...action.checkpoint import HeadCard, head_name, load_head, save_head
from ...action.deployed import HEADS
from ...action.head import Head
from ...gast.shipped import find
from ..confusion import confusion as picture
from ..confusion import weaknesses
from ..plotting import DPI
from .calibrating import Calibrated, Data, calibrated, summary
from .fitting import Interrupted
from .own_videos import lift_videos, lifter_of
from .starting import start_head


def train(cfg: DictConfig) -> None:
    """Fit, calibrate and tune on the validation subjects, and write the head with its card.

    `cfg` is that of ``gastlive-train-action``.
    """
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
    print("\n".join([*summary(found.figures), *weak(found, head, data)]))
    if found.confusion is not None:
        print(f"what is taken for what: {draw(found.confusion, head, Path(cfg.output))}")
    print(f"head written to {cfg.output}")


def weak(found: Calibrated, head: Head, data: Data) -> list[str]:
    """Lines on the labels that the validation shows to be weak."""
    if found.confusion is None:
        return []
    lines = weaknesses(found.confusion, head.labels, data.examples)
    return ["weak:", *(f"  {line}" for line in lines)] if lines else ["no label is weak"]


def draw(confusion: np.ndarray, head: Head, output: Path) -> Path:
    """Save the picture of a confusion matrix beside the head's file."""
    path = output.with_name(f"{output.stem}_confusion.png")
    picture(confusion, head.labels, f"{output.stem}, validation").savefig(path, dpi=DPI)
    return path


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
