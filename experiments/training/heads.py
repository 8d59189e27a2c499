"""Training of one action head, as a config describes it, from its data to its file."""

import hashlib
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
from ...action.heads.several import together
from ...action.soup import mean_head
from ...gast.errors import InputError
from ...gast.shipped import find
from ..confusion import confusion as picture
from ..confusion import weaknesses
from ..plotting import DPI
from .calibrating import Calibrated, Data, calibrated, refuse_softer, summary
from .fitting import Interrupted
from .own_videos import lift_videos, lifter_of
from .starting import start_head


def train(cfg: DictConfig) -> None:
    """Fit, calibrate and tune on the validation subjects, and write the head with its card.

    `cfg` is that of ``gastlive-train-action``.
    """
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    refuse_softer(cfg.softer)  # rather than after the training
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
    trainer, aim = getattr(training, "trainer", None), instantiate(cfg.decision)
    found = calibrated(head.eval(), data, before, trainer, aim=aim, softer=cfg.softer)
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


def recalibrate(cfg: DictConfig) -> None:
    """Calibrate and tune a head anew as `train` does, with the rest of its card as it was.

    `cfg` is that of ``gastlive-calibrate``. With others in `mean_with` it is the mean of all, see
    `mean_head`; with others in `beside`, it and they score together, see `together`.

    Raises:
        InputError: No such head, or the data are not what it takes.
    """
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    names = [cfg.checkpoint, *cfg.mean_with]
    paths = [find(str(name), folder=HEADS, kind="head") for name in names]
    head, card = mean_head(paths)
    beside = [find(str(name), folder=HEADS, kind="head") for name in cfg.beside]
    if beside:
        head = together([(head, card), *map(load_head, beside)], [paths[0], *beside])
    data: Data = instantiate(cfg.datamodule)
    data.windows(head.frames)
    data.setup("validate")
    _refuse_unfit(cfg.checkpoint, card, data)
    print("\n".join(data.report), flush=True)
    aim = instantiate(cfg.decision)
    found = calibrated(head, data, None, None, aim=aim, softer=cfg.softer)
    if "background_shift" in found.figures:  # that of the weights as they were trained
        earlier = card.training.get("validation", {}).get("background_shift", 0.0)
        found.figures["background_shift"] += earlier
    training = {
        **card.training,
        "validation": found.figures,
        "calibrated": {"command": " ".join(sys.argv), "data": data.report},
    }
    if len(paths) > 1:
        training["mean_of"] = [_named(path) for path in paths]
    if beside:
        training["beside"] = [_named(path) for path in beside]
    save_head(
        head, cfg.output, background=card.background, temperature=found.temperature,
        lifter=(card.lifter, card.lifter_sha256), decision=found.decision, training=training,
        half=cfg.half,
    )  # fmt: skip
    print("\n".join(summary(found.figures)))
    print(f"head written to {cfg.output}")


def _named(path: Path) -> dict[str, str]:
    return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _refuse_unfit(name: str, card: HeadCard, data: Data) -> None:
    if card.labels != tuple(data.labels.names):
        raise InputError(
            f"head {name} has other labels than the ones given here; choose labels=... as it was "
            f"trained with"
        )
    if card.background != data.labels.background:
        raise InputError(
            f"the background of head {name} is {card.background}, of the labels here "
            f"{data.labels.background}; choose labels=... as it was trained with"
        )
    if card.fps != data.fps:
        raise InputError(
            f"head {name} takes {card.fps:g} frames per second, the data have {data.fps:g}; give "
            f"fps={card.fps:g}"
        )
    if card.lifter_sha256 != data.lifter[1]:
        raise InputError(
            f"head {name} was trained on {card.lifter or 'true joints'}, the data were lifted by "
            f"{data.lifter[0] or 'nothing'}, or another version; lift them anew"
        )


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
