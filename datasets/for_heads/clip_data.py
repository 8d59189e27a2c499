"""Cut clips of one action each, as the published protocols score heads."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...action.mirroring import mirror_images
from ...action.windowing import random_window, to_frames
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..clip import MotionSet
from ..labels import UNKNOWN, LabelMap, OwnLabels
from ..process_seed import SharedOut
from ..protocols import Protocol
from .augmentation import Augmentation, Piece
from .labelled import Lifted, part_summary
from .lifted import LiftedClip
from .stream_data import ActionData, FixedBatches

Batch = tuple[Tensor, Tensor, Tensor]
"""For a windowed head: joints (N, M, frames, J, 3), class indices (N,), weights (N,). For a
streaming one: (N, M, T, J, 3), (N, T), (N, T), padded with unlabelled frames."""


class Sample(NamedTuple):
    """One action of one recording in one view: joints (M, T, J, 3) of M people, class index."""

    xyz: np.ndarray
    label: int
    name: str
    subject: str


def samples(clips: Sequence[LiftedClip], labels: LabelMap, *, bodies: int = 1) -> list[Sample]:
    """Every labelled segment of the clips; M is 2 where `bodies` is and there is a partner."""
    found = []
    for clip in clips:
        places = np.append(labels.places(clip.origin.dataset, clip.origin.labels), UNKNOWN)
        ours = places[clip.actions]
        edges = np.r_[0, np.flatnonzero(np.diff(clip.actions)) + 1, len(ours)]
        people = [clip.xyz, *([clip.partner] if bodies > 1 and clip.partner is not None else [])]
        found += [
            Sample(np.stack([p[a:b] for p in people]), int(ours[a]), clip.name, clip.origin.subject)
            for a, b in pairwise(edges)
            if ours[a] != UNKNOWN
        ]
    return found


class Epoch(SharedOut[Batch]):
    """Every sample once an epoch over all training processes, in a new order and augmented anew.

    Args:
        frames: Length of a head's window, or of a streaming head's crop.
        window: Resample clips to `frames`, as for a windowed head.
        crop: Least share of a clip in a window.
        batch: Most samples in a mini-batch; those of an epoch are of nearly equal size.
        bodies: M of a batch.
        swap: (K,) class index of each class's mirror image.
        onset_weight: Weight of a clip's first third for a streaming head.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        skeleton: Skeleton,
        *,
        frames: int,
        window: bool,
        crop: float,
        batch: int,
        classes: int,
        bodies: int,
        seed: int,
        augmentation: Augmentation,
        swap: np.ndarray,
        onset_weight: float,
    ) -> None:
        super().__init__()
        self.samples, self.skeleton, self.frames, self.window = samples, skeleton, frames, window
        self.crop, self.batch, self.bodies, self.seed = crop, batch, bodies, seed
        self.augmentation, self.swap, self.onset_weight = augmentation, swap, onset_weight
        counts = np.bincount([sample.label for sample in samples], minlength=classes)
        weights = np.sqrt(counts[counts > 0].mean() / np.maximum(counts, 1))
        self.class_weights = np.clip(weights, 1 / 3, 3).astype(np.float32)

    def __len__(self) -> int:
        """Mini-batches an epoch, as many on every rank."""
        count, ranks = len(self.samples), self.process.ranks
        if count < ranks:
            raise InputError(
                f"{count} training clips can't be shared out among {ranks} processes; give more "
                f"clips, or fewer devices"
            )
        return min(count // ranks, -(-count // (ranks * self.batch)))

    def __iter__(self) -> Iterator[Batch]:
        epoch = self.process.next_epoch()
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.samples))
        batches = np.array_split(order[self.process.of_rank()], len(self))
        for i in range(len(batches))[self.process.of_worker()]:
            rng = np.random.default_rng([self.seed, epoch, self.process.rank, 1 + i])
            yield collate([self.draw(self.samples[k], rng) for k in batches[i]], self.bodies)

    def draw(self, sample: Sample, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Joints (M, frames, J, 3), class index and weight: one each, or one a frame."""
        xyz, mirror = sample.xyz, self.augmentation.mirrors(rng)
        label = int(self.swap[sample.label]) if mirror else sample.label
        weight = self.class_weights[label]
        if self.window:
            xyz = random_window(xyz, self.frames, rng, least=self.crop)
            labels, weights = np.array(label), np.array(weight)
        else:
            xyz, source = self._streamed(xyz, rng)
            onset = source < sample.xyz.shape[1] // 3
            weights = weight * np.where(onset, np.float32(self.onset_weight), np.float32(1))
            weights = np.where(source < 0, np.float32(0), weights)
            labels = np.where(source < 0, UNKNOWN, label)
        varied = self.augmentation.vary(xyz, self.skeleton, rng, mirror=mirror)
        return varied, labels, weights

    def _streamed(self, xyz: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Joints (M, frames, J, 3), at another pace, cut or padded, and the source of each frame.

        The source is the index in the whole clip, whose first third is its onset; -1 for padding.
        """
        people = np.moveaxis(xyz, 0, 1)  # (T, M, J, 3)
        piece = self.augmentation.pace(Piece(people, np.arange(len(people))), rng)
        spare = len(piece.labels) - self.frames
        start = int(rng.integers(spare + 1)) if spare > 0 else 0
        cut, source = (part[start : start + self.frames] for part in piece)
        return padded_to(np.moveaxis(cut, 1, 0), source, self.frames)


def padded_to(xyz: np.ndarray, labels: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """(M, T, J, 3) and (T,) padded to so many frames with the last pose, unlabelled."""
    more = frames - len(labels)
    return (
        np.pad(xyz, ((0, 0), (0, more), (0, 0), (0, 0)), mode="edge"),
        np.pad(labels, (0, more), constant_values=UNKNOWN),
    )


def collate(drawn: Sequence[tuple[np.ndarray, ...]], bodies: int) -> Batch:
    """One batch; an absent body is all zeros."""
    people, labels, weights = zip(*drawn, strict=True)
    xyz = np.zeros((len(people), bodies, *people[0].shape[1:]), np.float32)
    for n, some in enumerate(people):
        xyz[n, : len(some)] = some[:bodies]
    return (
        torch.from_numpy(xyz),
        torch.from_numpy(np.stack(labels).astype(np.int64)),
        torch.from_numpy(np.stack(weights).astype(np.float32)),
    )


class ActionClips(ActionData):
    """Clips of one action each, for training, validation and the protocol's test.

    Arguments are those of `ActionData` and `Epoch`; 2 `bodies` take a partner where there is one.
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
        crop: float,
        bodies: int,
        seed: int,
        onset_weight: float = 0.3,
        refit: bool,
        augmentation: Augmentation,
    ) -> None:
        super().__init__(
            data, protocol=protocol, skeleton=skeleton, labels=labels, fps=fps, batch=batch,
            seed=seed, refit=refit, augmentation=augmentation,
        )  # fmt: skip
        self.frames, self.crop, self.bodies = frames, crop, bodies
        self.onset_weight, self.window = onset_weight, False

    def windows(self, frames: int | None) -> None:
        """Resample clips to a head's window; ``None`` for a streaming head."""
        self.window, self.frames = frames is not None, frames or self.frames

    def clips(self, part: str) -> list[Sample]:
        """All samples of a part of the protocol, not augmented."""
        clips = self.read(part)
        summary = part_summary(part, clips)
        if summary not in self.report:  # a part is read again to calibrate on it
            self.report.append(summary)
        return samples(clips, self.labels, bodies=self.bodies)

    def setup(self, stage: str | None = None) -> None:
        """Read the clips, once."""
        if self.report:
            return
        train, val = self.clips("train"), self.clips("val")
        if self.refit:
            train = train + val
            self.report.append("the validation clips are trained on too")
        names = self.labels.names
        self.examples = dict(Counter(names[sample.label] for sample in train))
        self.train = Epoch(
            train, self.skeleton, frames=self.frames, window=self.window, crop=self.crop,
            batch=self.batch, classes=len(names), bodies=self.bodies, seed=self.seed,
            augmentation=self.augmentation, swap=mirror_images(names),
            onset_weight=self.onset_weight,
        )  # fmt: skip
        self.val = FixedBatches(self._whole(val))
        self.report += self.source.problems()

    def _whole(self, found: Sequence[Sample]) -> Iterator[Batch]:
        """Whole clips, resampled to the window, or padded to the longest of their batch."""
        ordered = sorted(found, key=lambda sample: sample.xyz.shape[1])
        for i in range(0, len(ordered), self.batch):
            part = ordered[i : i + self.batch]
            longest = part[-1].xyz.shape[1]
            drawn = []
            for sample in part:
                if self.window:
                    xyz, labels = to_frames(sample.xyz, self.frames), np.array(sample.label)
                else:
                    truth = np.full(sample.xyz.shape[1], sample.label)
                    xyz, labels = padded_to(sample.xyz, truth, longest)
                drawn.append((xyz, labels, (labels >= 0).astype(np.float32)))
            yield collate(drawn, self.bodies)
