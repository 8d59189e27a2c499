"""Divides random data among training processes (ranks) and the workers of their loaders."""

from typing import Any, TypeVar

import numpy as np
import torch
from torch import distributed
from torch.utils.data import IterableDataset, get_worker_info

from ..gast.ranks import follows

T = TypeVar("T", covariant=True)


def process_seed() -> tuple[int, int]:
    """Rank and worker, 0 if there is only one: seed words that differ in every process."""
    return distributed.get_rank() if distributed.is_initialized() else 0, _worker()[0]


def leads() -> bool:
    """Whether this process does what is done once for all: fills folders and deletes files."""
    first = distributed.get_rank() == 0 if distributed.is_initialized() else not follows()
    return first and _worker()[0] == 0


class ProcessShare:
    """This process's share of a data set, which stores it: its copies in workers need the rank.

    Spawned workers have no process group. Epochs are counted in memory that all copies share,
    since workers may live for one epoch only.
    """

    def __init__(self) -> None:
        self._pickled_by = (0, 1)
        self._epochs = torch.zeros(1 + _WORKERS, _WORKERS, dtype=torch.int32).share_memory_()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pickled_by": self._group}

    @property
    def _group(self) -> tuple[int, int]:
        return _group() if distributed.is_initialized() else self._pickled_by

    @property
    def rank(self) -> int:
        """Of this training process."""
        return self._group[0]

    @property
    def ranks(self) -> int:
        """Number of training processes."""
        return self._group[1]

    @property
    def worker(self) -> int:
        """Of this process's loader; 0 in a loader without workers."""
        return _worker()[0]

    def of_rank(self) -> slice:
        """Every `ranks`-th item, other ones on every rank."""
        return slice(self.rank, None, self.ranks)

    def of_worker(self) -> slice:
        """Every so many-th item, other ones in every worker."""
        worker, workers = _worker()
        return slice(worker, None, workers)

    @property
    def passes(self) -> int:
        """Epochs begun, of the worker that is furthest; may be set."""
        return int(self._epochs.max())

    @passes.setter
    def passes(self, passes: int) -> None:
        self._epochs.fill_(passes)

    def next_epoch(self) -> int:
        """Counts epochs from 0, in all workers of a loader alike."""
        worker, workers = _worker()
        epoch = int(self._epochs[workers, worker])
        self._epochs[workers, worker] += 1
        return epoch


class SharedOut(IterableDataset[T]):
    """Training data that processes and workers share out; `process` has this one's share."""

    def __init__(self) -> None:
        self.process = ProcessShare()


_WORKERS = 256
"""A loader has no more."""


def _group() -> tuple[int, int]:
    """Rank and number of ranks."""
    if not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def _worker() -> tuple[int, int]:
    """Worker and number of workers."""
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


def generator_of(*words: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator on a device; every other word gives other numbers."""
    (seed,) = np.random.SeedSequence(words).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(seed >> np.uint64(1)))
