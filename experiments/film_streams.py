"""Fill a folder with filmed streams for heads: ``gastlive-film-streams folder=... files=64``."""

import sys

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.progress import track

from ..conf.program import program
from ..datasets.for_heads.filmed import Filming
from ..datasets.for_heads.stream_cache import EACH, fill, stream_files
from ..gast.device import device


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


if __name__ == "__main__":
    main()
