"""Train an action head: ``gastlive-train-action data.folder=FOLDER head=... name=...``."""

import shlex
import sys
from collections.abc import Sequence

import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ..action.checkpoint import load_head
from ..conf.program import program
from ..gast.skeleton import H36M17
from .training.few import train_few
from .training.heads import train

_SAME = ("skeleton", "data", "protocol", "labels", "datamodule")
"""Choices that an evaluation shares with the training."""


def main() -> None:
    """The program; with ``data=folder`` it starts from ``+experiment=own_clips``."""
    given = sys.argv[1:]
    if "data=folder" in given and not any(word.startswith("+experiment=") for word in given):
        sys.argv[1:] = ["+experiment=own_clips", *given]
    run()


@program("train_action", verbatim=("data.path",), ranks=True)
def run(cfg: DictConfig) -> None:
    """Train, calibrate and tune the head, see `train`, or teach it, see `train_few`."""
    torch.set_num_threads(cfg.threads)
    (train_few if cfg.few else train)(cfg)
    print(f"next: {following(cfg, HydraConfig.get().overrides.task)}")


def following(cfg: DictConfig, given: Sequence[str]) -> str:
    """The command that uses the head: live if it can be, else its evaluation on the same data."""
    path = cfg.output
    if load_head(path)[1].background and cfg.skeleton.name == H36M17.name:
        return shlex.join(["gastlive", f"classifier={path}", "source=webcam"])
    choices = HydraConfig.get().runtime.choices
    chosen = [f"{group}={choices[group]}" for group in _SAME if choices[group]]
    values = [word for word in given if word.startswith(("data.", "protocol.", "labels."))]
    return shlex.join(["gastlive-evaluate", "action", f"checkpoint={path}", *chosen, *values])


if __name__ == "__main__":
    main()
