"""Batches of two kinds of streams."""

from collections.abc import Iterator
from typing import Protocol

import torch
from torch.utils.data import IterableDataset

from .stream_composer import Batch


class Batches(Protocol):
    """As many batches a pass as its length says."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


class Beside(IterableDataset[Batch]):
    """Each batch of one data set and, after it, one of another; as many batches as the first has.

    Those of the second go to the device of the first.
    """

    def __init__(self, first: Batches, second: Batches) -> None:
        self.first, self.second = first, second

    def __len__(self) -> int:
        """Batches a pass."""
        return len(self.first)

    def __iter__(self) -> Iterator[Batch]:
        for one, other in zip(self.first, self.second, strict=True):
            xyz, labels, weights = (
                torch.cat([a, b.to(a)]) for a, b in zip(one, other, strict=True)
            )
            yield xyz, labels, weights
