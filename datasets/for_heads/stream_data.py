"""Lightning data modules for heads, and the one that makes continuous streams."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from ...gast.skeleton import Skeleton
from ..clip import MotionSet
from ..labels import UNKNOWN, LabelMap, OwnLabels
from ..process_seed import SharedOut
from ..protocols import Protocol
from .augmentation import Augmentation, Piece, Splice
from .labelled import Joints, Labelled, Lifted, checked_clips, part_summary
from .lifted import LiftedClip
from .stream_composer import Batch, Repertoire, Streams, continuous


class ActionData(pl.LightningDataModule):
    """What data modules for heads share.

    Args:
        data: Lifted clips, or a data set whose own joints are used.
        protocol: Which clips train, validate and test.
        labels: What the publishers' labels mean.
        batch: Samples a mini-batch.
        refit: Train on the validation part too, once everything has been chosen.

    Attributes:
        report: Lines about what was read.
        examples: How many training examples show each label that occurs, where that is known.
        lifter: Name and sha256 of the lifter behind the clips that were read.
    """

    train: SharedOut[Batch]
    val: Dataset[Batch]

    def __init__(
        self,
        data: Lifted | MotionSet,
        *,
        protocol: Protocol,
        skeleton: Skeleton,
        labels: LabelMap | OwnLabels,
        fps: float,
        batch: int,
        seed: int,
        refit: bool,
        augmentation: Augmentation,
    ) -> None:
        super().__init__()
        self.source: Labelled = (
            data if isinstance(data, Lifted) else Joints(data, skeleton, fps=fps)
        )
        self.protocol, self.skeleton, self.fps = protocol, skeleton, fps
        self._labels, self.batch, self.seed, self.refit = labels, batch, seed, refit
        self.augmentation = augmentation
        self.report: list[str] = []
        self.examples: dict[str, int] = {}
        self.lifter = ("", "")

    @property
    def labels(self) -> LabelMap:
        """The label map given, or the one that the data's own labels make."""
        if not isinstance(self._labels, LabelMap):
            clips = self._clips("train")
            self._labels = self._labels.of({c.origin.dataset: c.origin.labels for c in clips})
        return self._labels

    def read(self, part: str) -> list[LiftedClip]:
        """The `checked_clips` of a part."""
        clips = self._clips(part)
        self.lifter = (clips[0].origin.lifter, clips[0].origin.lifter_sha256)
        return clips

    def _clips(self, part: str) -> list[LiftedClip]:
        return checked_clips(self.source, part, self.protocol, self.skeleton, self.fps)

    def close(self) -> None:
        """End what runs beside a training."""

    def state_dict(self) -> dict[str, Any]:
        """How many passes are begun: a resumed training goes on with others."""
        return {"passes": self.train.process.passes}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.train.process.passes = state["passes"]

    def train_dataloader(self) -> DataLoader:
        """Augmented training batches, new ones in every epoch."""
        return DataLoader(self.train, batch_size=None)

    def val_dataloader(self) -> DataLoader:
        """The same validation batches every time."""
        return DataLoader(self.val, batch_size=None)


class ActionStreams(ActionData):
    """Training streams, and streams of other people that show every recording once.

    Arguments are those of `ActionData`, `Streams` and, for `still`, `Repertoire`. `val_frames` is
    the least length of a validation stream; `onset_s` is in seconds.
    """

    def __init__(
        self,
        data: Lifted | MotionSet,
        *,
        protocol: Protocol,
        skeleton: Skeleton,
        labels: LabelMap | OwnLabels,
        fps: float,
        frames: int,
        batch: int,
        batches: int,
        val_frames: int = 400,
        seed: int,
        onset_s: float = 0.3,
        onset_weight: float = 0.3,
        still: float = 0.3,
        refit: bool,
        splice: Splice | None = None,
        augmentation: Augmentation,
    ) -> None:
        super().__init__(
            data, protocol=protocol, skeleton=skeleton, labels=labels, fps=fps, batch=batch,
            seed=seed, refit=refit, augmentation=augmentation,
        )  # fmt: skip
        self.frames, self.batches, self.val_frames = frames, batches, val_frames
        self.onset_frames, self.onset_weight = round(onset_s * fps), onset_weight
        self.still, self.splice = still, splice or Splice()

    def setup(self, stage: str | None = None) -> None:
        """Read the clips on the first call; those of the training not to ``validate`` alone."""
        if self.report:
            return
        if stage != "validate":
            self.train = self.composing(self.batch)
        self.val = self.once("val")
        self.report += self.source.problems()

    def composing(self, batch: int) -> Streams:
        """Training streams, so many a mini-batch, of the training part's clips."""
        repertoire = self._read(["train", "val"] if self.refit else ["train"])
        names = self.labels.names
        self.examples = {names[label]: len(acts) for label, acts in repertoire.acts.items()}
        return Streams(
            repertoire, frames=self.frames,
            batch=batch, batches=self.batches, classes=len(self.labels.names), seed=self.seed,
            splice=self.splice, augmentation=self.augmentation, onset_frames=self.onset_frames,
            onset_weight=self.onset_weight,
        )  # fmt: skip

    def aside(self, hours: float) -> "Sequence[Iterable[Batch]]":
        """Hours of quiet people, and hours of people who act, to calibrate on; empty: none."""
        return ()

    def windows(self, frames: int | None) -> None:
        """Make training streams as long as a head's window, if it has one."""
        self.frames = frames or self.frames

    def once(self, part: str) -> "FixedBatches":
        """Continuous streams that show every recording of a part of the protocol once."""
        rng = np.random.default_rng(self.seed + 1)
        pieces = continuous(self._read([part]), frames=self.val_frames, splice=self.splice, rng=rng)
        return FixedBatches(padded_batches(pieces, self.batch))

    def _read(self, parts: Sequence[str]) -> Repertoire:
        clips = [clip for part in parts for clip in self.read(part)]
        repertoire = Repertoire(clips, self.labels, self.skeleton, still=self.still)
        part = " and ".join(parts)
        self.report.append(part_summary(part, clips))
        lacking = set(range(len(self.labels.names))) - set(repertoire.acts)
        if lacking:
            names = ", ".join(self.labels.names[i] for i in sorted(lacking))
            self.report.append(f"{part}: nothing shows {names}")
        return repertoire


class FixedBatches(Dataset[Batch]):
    """The same batches every time."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = list(batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Batch:
        return self.batches[index]


def padded_batches(pieces: Sequence[Piece], batch: int) -> Iterator[Batch]:
    """Batches of streams of like lengths, padded with unlabelled frames."""
    ordered = sorted(pieces, key=lambda piece: len(piece.labels))
    for i in range(0, len(ordered), batch):
        part = ordered[i : i + batch]
        longest = max(len(piece.labels) for piece in part)
        extra = [longest - len(piece.labels) for piece in part]
        xyz = [
            np.pad(p.xyz, ((0, n), (0, 0), (0, 0)), mode="edge")
            for p, n in zip(part, extra, strict=True)
        ]
        labels = [
            np.pad(p.labels, (0, n), constant_values=UNKNOWN)
            for p, n in zip(part, extra, strict=True)
        ]
        known = np.stack(labels)
        weights = (known >= 0).astype(np.float32)
        yield torch.from_numpy(np.stack(xyz)), torch.from_numpy(known), torch.from_numpy(weights)
