"""Fill a folder with filmed streams for heads: ``gastlive-film-streams folder=... files=64``."""

import sys

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.progress import track

from ..action.teaching.background import Background, save_background
from ..conf.program import program
from ..datasets.for_heads.filmed import Filming, Lift
from ..datasets.for_heads.stream_cache import EACH, fill, read_streams, stream_files
from ..gast.device import device
from ..gast.errors import InputError


@program("film_streams")
def main(cfg: DictConfig) -> None:
    """Write files until the folder has as many as wanted; what is there already stays."""
    torch.set_num_threads(cfg.threads)
    filming: Filming = instantiate(cfg.filming)
    there = len(stream_files(cfg.folder))
    writing = fill(filming, cfg.folder, files=cfg.files, seed=cfg.seed, device=device(cfg.device))
    lacking, silent = max(cfg.files - there, 0), not sys.stdout.isatty()
    written = sum(1 for _ in track(writing, "filming", lacking, transient=True, disable=silent))
    print(f"{written} files of {EACH} streams written to {cfg.folder}, {there} were there")
    if cfg.background is not None:
        save_background(background_of(filming, cfg), cfg.background)
        print(f"{cfg.streams} streams written to {cfg.background}")


def background_of(filming: Filming, cfg: DictConfig) -> Background:
    """The first streams of the folder; an InputError if it has fewer."""
    recipe, parts = filming.recipe(), list[np.ndarray]()
    for path in stream_files(cfg.folder):
        parts.append(read_streams(path, recipe)[0])
    have = sum(map(len, parts))
    if have < cfg.streams:
        raise InputError(f"{cfg.folder} has {have} streams, wanted {cfg.streams}; give more files")
    lift = Lift(filming.lifter, filming.skeleton, fps=filming.fps, half=filming.half)
    return Background(
        np.concatenate(parts)[: cfg.streams], filming.skeleton.name, filming.fps, lift.name,
        lift.sha256, note=filming.everybody(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
