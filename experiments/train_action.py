"""Train an action head: ``gastlive-train-action data.folder=FOLDER head=... name=...``."""

import sys

import torch
from omegaconf import DictConfig

from ..conf.program import program
from .training.few import train_few
from .training.heads import train


def main() -> None:
    """The program; with ``data=folder`` it starts from ``+experiment=own_clips``."""
    given = sys.argv[1:]
    if "data=folder" in given and not any(word.startswith("+experiment=") for word in given):
        sys.argv[1:] = ["+experiment=own_clips", *given]
    run()


@program("train_action", verbatim=("data.path",))
def run(cfg: DictConfig) -> None:
    """Train, calibrate and tune the head, see `train`, or teach it, see `train_few`."""
    torch.set_num_threads(cfg.threads)
    (train_few if cfg.few else train)(cfg)


if __name__ == "__main__":
    main()
