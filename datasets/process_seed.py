"""Shares random data out among training processes (ranks) and their loaders' workers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import distributed
from torch.utils.data import get_worker_info


def process_seed() -> tuple[int, int]:
    """Rank of this training process and number of this loader's worker, 0 where there is but one.

    As further words of a seed they make every process draw data of its own.
    """
    return _rank(), _worker()[0]


def of_this_rank(items: Sequence[Any]) -> tuple[Any, int]:
    """The items that this rank takes, every `ranks`-th, and `ranks`."""
    ranks = distributed.get_world_size() if distributed.is_initialized() else 1
    return items[_rank() :: ranks], ranks


def of_this_worker(items: Sequence[Any]) -> Any:
    """The items that this worker of a loader takes; all where the loader has no workers."""
    worker, workers = _worker()
    return items[worker::workers]


class PassCounter:
    """Counts the passes over a data set, also where every pass has fresh worker processes.

    Workers work on copies of a data set, so each keeps its count in memory that all share.
    """

    def __init__(self) -> None:
        self._passes = torch.zeros(_MOST_WORKERS, dtype=torch.int64).share_memory_()

    def next(self) -> int:
        """How many passes this worker has begun before; counts one more."""
        worker, _ = _worker()
        begun = int(self._passes[worker])
        self._passes[worker] += 1
        return begun


_MOST_WORKERS = 1024


def _rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def _worker() -> tuple[int, int]:
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)
