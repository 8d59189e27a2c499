"""A process beside a training that keeps its cache of streams filled."""

import multiprocessing
import os
import signal
import sys
from pathlib import Path

import torch

from ...gast.errors import InputError
from .filmed import Filming
from .stream_cache import fill


class Filler:
    """Fills a folder in a process of its own, which ends with this one, however that ends.

    Arguments are those of `stream_cache.fill`.
    """

    def __init__(self, filming: Filming, folder: str | Path, *, files: int, seed: int) -> None:
        # A forked process would share locks of torch's threads.
        self.process = multiprocessing.get_context("spawn").Process(
            target=_fill, args=(filming, str(folder), files, seed), daemon=True
        )
        self.process.start()

    def is_alive(self) -> bool:
        """Whether it still fills."""
        return self.process.is_alive()

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.join()


def _fill(filming: Filming, folder: str, files: int, seed: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which ends this
    torch.set_num_threads(1)
    if hasattr(os, "nice"):
        os.nice(5)
    parent = multiprocessing.parent_process()
    try:
        for _ in fill(
            filming,
            folder,
            files=files,
            seed=seed,
            device=torch.device("cpu"),
            forever=True,
            wanted=lambda: parent is None or parent.is_alive(),
        ):
            pass  # fmt: skip
    except (InputError, OSError) as error:
        print(f"gastlive: no more streams: {error}", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
