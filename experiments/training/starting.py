"""Trainings that start from the weights of another net."""

import copy

import pytorch_lightning as pl
from torch import Tensor

from ...action.checkpoint import load_head
from ...action.deployed import HEADS
from ...action.head import Head
from ...gast.checkpoint import load
from ...gast.errors import InputError
from ...gast.gastnet import GASTNet
from ...gast.lifter import Lifter, with_confidence
from ...gast.shipped import LIFTERS, find
from ...gast.warm_start import grow


def start_lifter(lifter: Lifter, start: str, data: pl.LightningDataModule) -> str:
    """Take over another lifter's weights, or raise `InputError`; a line that says how many."""
    path, net = find(start, folder=LIFTERS, kind="lifter"), lifter.net
    if not isinstance(net, GASTNet):
        raise InputError(f"start={start} is for a GASTNet, not for {type(net).__name__}")
    known = load(path, layout=net.skeleton.name, causal=net.causal)[0].state_dict()
    xy, _, confidence = next(iter(data.train_dataloader()))
    count = grow(net, known, lifter.units(with_confidence(xy, confidence)))
    return f"{count} of {len(net.state_dict())} tensors grow from {path.name}"


def blend(lifter: Lifter, other: str, data: pl.LightningDataModule) -> None:
    """Average the weights with those of another lifter that it could have started from.

    What is trained for new data keeps more of what it knew. Source: Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models", §3. An InputError as of `start_lifter`.
    """
    grown = copy.deepcopy(lifter)
    start_lifter(grown, other, data)
    known = grown.state_dict()
    for name, own in lifter.state_dict().items():
        if own.is_floating_point():
            own.lerp_(known[name], 0.5)


def start_head(head: Head, start: str) -> str:
    """Take over another head's layers of the same shape; what scores labels, if they are the same.

    Returns a line that says how many; `InputError` if none fits.
    """
    path, own = find(start, folder=HEADS, kind="head"), head.state_dict()
    other, _ = load_head(path, layout=head.skeleton.name, fps=head.fps)
    taken = {
        name: old
        for name, old in other.state_dict().items()
        if _fits(name, own, old) and (head.labels == other.labels or not name.startswith("score"))
    }
    if not taken:
        raise InputError(f"nothing of start={start} fits a {type(head).__name__}; use its head=...")
    head.load_state_dict(taken, strict=False)
    return f"{len(taken)} of {len(own)} tensors start from {path.name}"


def _fits(name: str, own: dict[str, Tensor], old: Tensor) -> bool:
    return name in own and own[name].shape == old.shape
