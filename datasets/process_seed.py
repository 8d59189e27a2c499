"""Shares random data out among training processes (ranks) and their loaders' workers."""

import torch
from torch import distributed
from torch.utils.data import get_worker_info


def process_seed() -> tuple[int, int]:
    """Rank and worker (0 where there is but one), words of a seed for data that no other draws."""
    return _rank(), _worker()[0]


def rank_share() -> slice:
    """Every n-th item, for this one of n training processes."""
    return slice(_rank(), None, distributed.get_world_size() if distributed.is_initialized() else 1)


def worker_share() -> slice:
    """Every n-th item, for this one of a loader's n workers."""
    worker, workers = _worker()
    return slice(worker, None, workers)


class PassCounter:
    """Counts passes over a data set, in memory shared with the copies that workers have of it."""

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
