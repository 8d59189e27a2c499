"""Continuous streams for heads, as Lightning wants them: for training, validation and tests."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from ...gast.skeleton import Skeleton
from ..clip import MotionSet
from ..labels import UNKNOWN, LabelMap, OwnLabels
from ..protocols import Protocol
from .augmentation import Augmentation, Piece, Splice
from .labelled import Lifted, fitting, mapped, source_of, told
from .lifted import LiftedClip
from .stream_composer import Batch, Repertoire, Streams, continuous


class ActionData(pl.LightningDataModule):
    """What data modules for heads share: clips by part of a protocol, and what their labels mean.

    Args:
        data: Lifted clips, or a data set whose joints are taken as they are.
        protocol: Which clips are for what.
        skeleton: Layout of the joints.
        labels: What the publishers' labels mean.
        fps: Frames per second.

    Attributes:
        report: Lines about what was read.
        lifter: Name and sha256 of the lifter behind the clips that were read.
    """

    def __init__(
        self,
        data: Lifted | MotionSet,
        protocol: Protocol,
        skeleton: Skeleton,
        labels: LabelMap | OwnLabels,
        fps: float,
    ) -> None:
        super().__init__()
        self.source, self.protocol = source_of(data, skeleton, fps), protocol
        self.skeleton, self._labels, self.fps = skeleton, labels, fps
        self.report: list[str] = []
        self.lifter = ("", "")

    @property
    def labels(self) -> LabelMap:
        """The label map given, or the one that the data's own labels make."""
        if not isinstance(self._labels, LabelMap):
            clips = fitting(self.source, "train", self.protocol, self.skeleton, self.fps)
            self._labels = mapped(self._labels, clips)
        return self._labels

    def read(self, part: str) -> list[LiftedClip]:
        """The clips of a part.

        Raises:
            InputError: See `labelled.fitting`.
        """
        clips = fitting(self.source, part, self.protocol, self.skeleton, self.fps)
        self.lifter = (clips[0].origin.lifter, clips[0].origin.lifter_sha256)
        return clips


class ActionStreams(ActionData):
    """Training streams, and streams of other people that show every recording once.

    Args:
        data: Lifted clips, or a data set whose joints are taken as they are.
        protocol: Who is trained on and who validates.
        skeleton: Layout of the joints.
        labels: What the publishers' labels mean.
        fps: Frames per second.
        frames: T of a training stream.
        batch: Streams a batch.
        batches: Batches an epoch.
        val_frames: Least length of a validation stream.
        seed: Of what is drawn.
        onset_s: An action's first moments, in which nobody can know it yet.
        onset_weight: How much they count in training.
        still: See `Repertoire`.
        refit: Train on the validation subjects too, once everything has been chosen.
        splice: How clips are set end to end.
        augmentation: What a training stream might as well have been.

    Attributes:
        labels: The label map in use.
        report: Lines about what was read; filled by `setup`.
        lifter: Name and sha256 of the lifter behind the clips; filled by `setup`.

    Raises:
        InputError: See `labelled.fitting`.
    """

    def __init__(
        self,
        data: Lifted | MotionSet,
        *,
        protocol: Protocol,
        skeleton: Skeleton,
        labels: LabelMap | OwnLabels,
        fps: float = 30.0,
        frames: int = 180,
        batch: int = 24,
        batches: int = 250,
        val_frames: int = 400,
        seed: int = 0,
        onset_s: float = 0.3,
        onset_weight: float = 0.3,
        still: float = 0.3,
        refit: bool = False,
        splice: Splice | None = None,
        augmentation: Augmentation | None = None,
    ) -> None:
        super().__init__(data, protocol, skeleton, labels, fps)
        self.frames, self.batch, self.batches = frames, batch, batches
        self.val_frames, self.seed, self.still = val_frames, seed, still
        self.onset_frames, self.onset_weight = round(onset_s * fps), onset_weight
        self.refit, self.splice = refit, splice or Splice()
        self.augmentation = augmentation or Augmentation()

    def setup(self, stage: str | None = None) -> None:
        """Read the clips, once."""
        if self.report:
            return
        self.train = Streams(
            self._read(["train", "val"] if self.refit else ["train"]), frames=self.frames,
            batch=self.batch, batches=self.batches, classes=len(self.labels.names), seed=self.seed,
            splice=self.splice, augmentation=self.augmentation, onset_frames=self.onset_frames,
            onset_weight=self.onset_weight,
        )  # fmt: skip
        self.val = self.once("val")
        self.report += self.source.problems()

    def windows(self, frames: int | None) -> None:
        """Training streams are as long as a head's window; None leaves them alone."""
        self.frames = frames or self.frames

    def once(self, part: str) -> "Kept":
        """Continuous streams that show every recording of a part of the protocol once."""
        rng = np.random.default_rng(self.seed + 1)
        pieces = continuous(self._read([part]), frames=self.val_frames, splice=self.splice, rng=rng)
        return Kept(padded(pieces, self.batch))

    def _read(self, parts: Sequence[str]) -> Repertoire:
        clips = [clip for part in parts for clip in self.read(part)]
        repertoire = Repertoire(clips, self.labels, self.skeleton, still=self.still)
        part = " and ".join(parts)
        self.report.append(told(part, clips))
        lacking = set(range(len(self.labels.names))) - set(repertoire.acts)
        if lacking:
            names = ", ".join(self.labels.names[i] for i in sorted(lacking))
            self.report.append(f"{part}: nothing shows {names}")
        return repertoire

    def train_dataloader(self) -> DataLoader:
        """Endless fresh streams."""
        return DataLoader(self.train, batch_size=None)

    def val_dataloader(self) -> DataLoader:
        """The same streams every time: every recording of the validation subjects once."""
        return DataLoader(self.val, batch_size=None)


class Kept(Dataset[Batch]):
    """Batches that stay as they are."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = list(batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Batch:
        return self.batches[index]


def padded(pieces: Sequence[Piece], batch: int) -> Iterator[Batch]:
    """Streams of like lengths in batches, short ones with unknown frames after their end."""
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
