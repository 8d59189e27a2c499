"""Training batches of filmed streams: fresh on a GPU, from a cache that is replaced on a CPU."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..labels import LabelMap
from ..process_seed import process_seed
from .augmentation import Augmentation, mirror_images
from .filler import Filler
from .filmed import Filming, Studio
from .labelled import Lifted
from .stream_cache import read_streams, stream_files
from .stream_composer import Batch, Weights
from .stream_data import ActionStreams, FixedBatches

TOGETHER = 256
"""Streams that a GPU makes together: small operations cost as much for one."""
_OFTEN = 200
"""Streams whose labels say how often a class is on."""
_WAIT_S = 0.5
_ALL = 10**9

Weigh = Callable[[np.ndarray], Weights]
"""Weights by labels of many frames."""


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


class CachedStreams(IterableDataset[Batch]):
    """Streams of a folder in random order, varied anew each time.

    All are used once before any is used again.

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
            rows = [(path, i) for path, file in self.files.items() for i in range(len(file.xyz))]
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
                if process_seed() == (0, 0):
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


class FilmedStreams(ActionStreams):
    """Training streams from world-space motion; validation as of `ActionStreams`, of lifted clips.

    Without those it is filmed streams of the people for validation, always the same.
    On a GPU they are made anew for every batch. On a CPU they come from a `folder` that a process
    beside the training keeps filled, see `CachedStreams`. Arguments are those of `ActionData` and,
    for `onset_s` and `onset_weight`, of `ActionStreams`.

    Args:
        filming: How streams come about.
        folder: For files of 64 streams each.
        files: As many as the folder keeps; the process makes a quarter more.
        uses: How often a stream is used before it goes, if another is there.
        held: Streams for validation without lifted clips.
        begin: Files without which training doesn't begin.
        filler: Whether a process beside the training fills the folder.
    """

    def __init__(
        self,
        data: Lifted | None,
        *,
        filming: Filming,
        folder: str,
        files: int,
        uses: int,
        begin: int = 4,
        held: int = 192,
        filler: bool,
        batch: int,
        batches: int,
        seed: int,
        refit: bool,
        augmentation: Augmentation,
        **rest: Any,
    ) -> None:
        if not isinstance(filming.labels, LabelMap):
            raise InputError("filmed streams want a label map; choose another labels=...")
        super().__init__(
            data or Lifted(""), protocol=filming.split, skeleton=filming.skeleton,
            labels=filming.labels, fps=filming.fps, frames=filming.frames, batch=batch,
            batches=batches, seed=seed, refit=refit, augmentation=augmentation, **rest,
        )  # fmt: skip
        self.filming = replace(filming, parts=("train", "val") if refit else ("train",))
        self.folder, self.files, self.uses, self.begin = folder, files, uses, min(begin, files)
        self.fills, self.passes, self.held = filler, 0, None if data is not None else held
        self.filler: Filler | None = None

    def windows(self, frames: int | None) -> None:
        """Make streams as long as a head's window, if it has one."""
        super().windows(frames)
        self.filming = replace(self.filming, frames=self.frames)

    def setup(self, stage: str | None = None) -> None:
        """Read the validation clips on the first call."""
        if self.report:
            return
        self.val = self.once("val")
        recipe = self.filming.recipe()
        self.report.append(f"filmed: {self.filming.everybody()}")
        if (made := recipe["lifter_sha256"]) != self.lifter[1]:
            raise InputError(
                f"the validation clips were lifted by {self.lifter[0] or 'no lifter'}, streams by "
                f"{recipe['lifter'] or 'none'} (sha256 {str(made)[:8]}); lift them anew, or give "
                f"filming.lifter=..."
            )
        self.report += self.source.problems()

    def once(self, part: str) -> FixedBatches:
        """See `ActionStreams`; filmed streams where there are no lifted clips."""
        if self.held is None:
            return super().once(part)
        studio = replace(self.filming, parts=(part,)).studio(torch.device("cpu"))
        self.report += studio.report
        self.lifter = (studio.lift.name, studio.lift.sha256)
        xyz, labels = studio.streams(self.held, self.seed, 1)
        known = (labels >= 0).float()
        return FixedBatches(
            zip(*(part.split(self.batch) for part in (xyz, labels, known)), strict=True)
        )

    def train_dataloader(self) -> DataLoader:
        """Endless streams; starts the process that makes them, if there is one."""
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        self.train = train = self._cached() if device.type == "cpu" else self._fresh(device)
        train.passes = self.passes
        return DataLoader(train, batch_size=None)

    def close(self) -> None:
        """End the process that fills the folder."""
        if self.filler is not None:
            self.filler.close()
            self.filler = None

    def state_dict(self) -> dict[str, Any]:
        """How many passes are begun: a resumed training goes on with others."""
        return {"passes": getattr(self.train, "passes", self.passes)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.passes = state["passes"]

    def _fresh(self, device: torch.device) -> FreshStreams:
        studio = self.filming.studio(device)
        print("\n".join(studio.report), flush=True)
        return FreshStreams(
            studio, batch=self.batch, batches=self.batches, seed=self.seed, weigh=self._weigh
        )

    def _cached(self) -> CachedStreams:
        if self.fills and self.filler is None and process_seed() == (0, 0):
            files = self.files + max(self.files // 4, 1)  # so that others come before one goes
            self.filler = Filler(self.filming, self.folder, files=files, seed=self.seed)
        return CachedStreams(
            self.folder, self.filming.recipe(), batch=self.batch, batches=self.batches,
            seed=self.seed, uses=self.uses, begin=self.begin,
            keep=self.files if self.fills else _ALL,
            filling=lambda: self.fills and (self.filler is None or self.filler.is_alive()),
            augmentation=self.augmentation, swap=mirror_images(self.labels.names),
            skeleton=self.skeleton, weigh=self._weigh,
        )  # fmt: skip

    def _weigh(self, often: np.ndarray) -> Weights:
        return Weights(
            often[often >= 0],
            classes=len(self.labels.names),
            idle=self.labels.idle,
            onset_frames=self.onset_frames,
            onset_weight=self.onset_weight,
        )
