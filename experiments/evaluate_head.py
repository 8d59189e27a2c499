"""How right a head is on held-out people: ``gastlive-evaluate-head checkpoint=... lifted=...``."""

import json
from pathlib import Path

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch.utils.data import DataLoader

from ..action.checkpoint import load_head
from ..action.evaluation import figures, scored
from ..conf.program import program
from ..gast.errors import InputError
from ..gast.shipped import HEADS, find


@program("evaluate_head")
def main(cfg: DictConfig) -> None:
    """Print and store a head's figures on continuous streams of one part of the split."""
    torch.set_num_threads(cfg.threads)
    head, card = load_head(find(cfg.checkpoint, folder=HEADS, kind="head"))
    data = instantiate(cfg.data)
    if card.labels != tuple(data.labels.names):
        raise InputError(
            f"head {cfg.checkpoint} has other labels than the ones given here; choose labels=... "
            f"as it was trained with"
        )
    streams = DataLoader(data.once(cfg.part), batch_size=None)
    if data.lifter[1] != card.lifter_sha256:
        raise InputError(
            f"{cfg.lifted} was lifted by {data.lifter[0] or 'nothing'}, the head was trained on "
            f"{card.lifter or 'true joints'}; lift anew with that lifter"
        )
    result = figures(
        scored(head, streams), head, background=card.background, temperature=card.temperature
    )
    results = {"checkpoint": str(cfg.checkpoint), "data": data.report, **result}
    Path(cfg.output).parent.mkdir(parents=True, exist_ok=True)
    Path(cfg.output).write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    print(f"written to {cfg.output}")


if __name__ == "__main__":
    main()
