"""Batches of filmed streams: fresh ones, and those of a folder whose files are replaced."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..process_seed import SharedOut, leads, process_seed
from .augmentation import Augmentation
from .filmed import Studio
from .stream_cache import read_streams, stream_files
from .stream_composer import Batch, Weights

TOGETHER = 256
"""Streams that a GPU makes together: small operations cost as much for one."""
_OFTEN = 200
"""Streams whose labels say how often a class is on."""
_WAIT_S = 0.5

Weigh = Callable[[np.ndarray], Weights]
"""Weights by labels of many frames."""


class SomeStreams(Dataset[Batch]):
    """Streams of a studio, always the same, on the CPU."""

    def __init__(self, studio: Studio, *, batches: int, batch: int, seed: int) -> None:
        self.studio, self.batches, self.batch, self.seed = studio, batches, batch, seed

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        return (self[index] for index in range(self.batches))

    def __getitem__(self, index: int) -> Batch:
        xyz, labels = self.studio.streams(self.batch, self.seed, 2, index)
        return xyz.cpu(), labels, (labels >= 0).float()


class FreshStreams(IterableDataset[Batch]):
    """New streams in every batch, made on the studio's device."""

    def __init__(
        self, studio: Studio, *, batch: int, batches: int, seed: int, weigh: Weigh
    ) -> None:
        self.studio, self.batch, self.batches, self.seed = studio, batch, batches, seed
        self.weights, self.passes = weigh(studio.labels(_OFTEN, seed)), 0

    def __len__(self) -> int:
        """Batches a pass."""
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        words, together = (self.passes, *process_seed()), max(TOGETHER // self.batch, 1)
        self.passes += 1
        for made in range(0, self.batches, together):
            count = min(together, self.batches - made) * self.batch
            xyz, labels = self.studio.streams(count, self.seed, *words, made)
            weights = np.stack([self.weights(one) for one in labels.numpy()])
            parts = (xyz, labels.to(xyz.device), torch.from_numpy(weights).to(xyz.device))
            yield from zip(*(part.split(self.batch) for part in parts), strict=True)


@dataclass
class _File:
    xyz: np.ndarray
    labels: np.ndarray
    uses: int = 0


class CachedStreams(SharedOut[Batch]):
    """Streams of a folder in random order, varied anew each time.

    All are used once before any is used again; training processes share them out.

    Args:
        folder: See `stream_cache.fill`.
        recipe: Of the streams, see `Filming.recipe`.
        batch: Streams a batch.
        batches: Batches a pass.
        seed: Of the order and of what varies.
        uses: Files that were used so often go, if enough others are there,
        keep: which is so many.
        begin: Files for which it waits at first, and never again.
        filling: Whether more files come; if not, what is there is enough, or an InputError.
        augmentation: Of each use.
        swap: (K,) class index of each class's mirror image.
        skeleton: Of the joints.
        weigh: Weights of frames by the labels of the first files.
    """

    def __init__(
        self,
        folder: str | Path,
        recipe: dict[str, object],
        *,
        batch: int,
        batches: int,
        seed: int,
        uses: int,
        keep: int,
        begin: int,
        filling: Callable[[], bool],
        augmentation: Augmentation,
        swap: np.ndarray,
        skeleton: Skeleton,
        weigh: Weigh,
    ) -> None:
        super().__init__()
        self.folder, self.recipe, self.batch, self.batches = folder, recipe, batch, batches
        self.seed, self.uses, self.keep, self.begin = seed, uses, keep, begin
        self.filling, self.augmentation, self.swap = filling, augmentation, swap
        self.skeleton, self.passes = skeleton, 0
        self.files: dict[Path, _File] = {}
        self._waiting: list[tuple[Path, int]] = []
        self._await()
        self.weights = weigh(np.concatenate([f.labels.ravel() for f in self.files.values()]))

    def __len__(self) -> int:
        """Batches a pass."""
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng((self.seed, self.passes, *process_seed()))
        self.passes += 1
        for _ in range(self.batches):
            streams = [self._stream(rng) for _ in range(self.batch)]
            xyz, labels, weights = (np.stack(part) for part in zip(*streams, strict=True))
            yield torch.from_numpy(xyz), torch.from_numpy(labels), torch.from_numpy(weights)

    def _stream(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if not self._waiting:
            self.refresh()
            rows = [
                (path, i)
                for path, file in self.files.items()
                for i in range(len(file.xyz))[self.process.of_rank()]
            ]
            self._waiting = [rows[i] for i in rng.permutation(len(rows))]
            for file in self.files.values():
                file.uses += 1
        path, row = self._waiting.pop()
        file = self.files[path]
        xyz, labels = file.xyz[row].astype(np.float32), file.labels[row].astype(np.int64)
        mirror = self.augmentation.mirrors(rng)
        if mirror:
            labels = np.where(labels >= 0, self.swap[labels], labels)
        varied = self.augmentation.vary(xyz[None], self.skeleton, rng, mirror=mirror)[0]
        return varied, labels, self.weights(labels)

    def refresh(self) -> None:
        """Read what is new and drop what was used up."""
        for path in stream_files(self.folder):
            if path not in self.files:
                self._take(path)
        used = sorted(self.files, key=lambda path: -self.files[path].uses)
        for path in used[: max(len(used) - self.keep, 0)]:
            if self.files[path].uses >= self.uses:
                del self.files[path]
                if leads():
                    path.unlink(missing_ok=True)

    def _take(self, path: Path) -> None:
        try:
            self.files[path] = _File(*read_streams(path, self.recipe))
        except FileNotFoundError:
            return  # another training process has dropped it

    def _await(self) -> None:
        self.refresh()
        if len(self.files) < self.begin and self.filling():
            print(f"waiting for the first {self.begin} files of streams in {self.folder}",
                  flush=True)  # fmt: skip
        while len(self.files) < self.begin and self.filling():
            time.sleep(_WAIT_S)
            self.refresh()
        if not self.files:
            raise InputError(
                f"no streams in {self.folder} and nobody who makes some; see the lines above, or "
                f"fill it with gastlive-film-streams"
            )
