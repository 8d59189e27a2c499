"""Batches of several kinds of streams."""

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
    """Each batch of one data set and, after it, one of each other; as many as the first has.

    Those of the others go to the device of the first.
    """

    def __init__(self, first: Batches, *others: Batches) -> None:
        self.first, self.others = first, others

    def __len__(self) -> int:
        """Batches a pass."""
        return len(self.first)

    def __iter__(self) -> Iterator[Batch]:
        for one, *others in zip(self.first, *self.others, strict=True):
            xyz, labels, weights = (
                torch.cat([part.to(parts[0]) for part in parts])
                for parts in zip(one, *others, strict=True)
            )
            yield xyz, labels, weights
