"""Cut clips, one action each, for heads that are scored as the published protocols do."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from ...action.windowing import random_window, to_frames
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..clip import MotionSet
from ..labels import UNKNOWN, LabelMap, OwnLabels
from ..process_seed import PassCounter, process_seed, rank_share, worker_share
from ..protocols import Protocol
from .augmentation import Augmentation, Piece, mirror_images
from .labelled import Lifted, told
from .lifted import LiftedClip
from .stream_data import ActionData, Kept

Batch = tuple[Tensor, Tensor, Tensor]
"""For a head that looks at windows: joints (N, M, frames, J, 3), labels (N,), weights (N,). For one
that streams: (N, M, T, J, 3), (N, T), (N, T), clips that end sooner with unknown frames."""


class Sample(NamedTuple):
    """One action of one recording in one view: joints (M, T, J, 3) of M people, and its label."""

    xyz: np.ndarray
    label: int
    name: str
    subject: str


def samples(clips: Sequence[LiftedClip], labels: LabelMap, *, bodies: int = 1) -> list[Sample]:
    """Every labelled stretch of the clips; M is 2 where `bodies` is and somebody else is there."""
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


class Epoch(IterableDataset[Batch]):
    """Every sample once a pass, in a new order and varied anew.

    Args:
        samples: What there is.
        skeleton: Layout of the joints.
        frames: Length of a head's window, or of what a streaming head sees of a clip.
        window: Clips are resampled to `frames`, as for a windowed head.
        crop: Least share of a clip that a window shows.
        batch: Samples a batch.
        classes: K.
        bodies: M of a batch.
        seed: Of order and variation.
        augmentation: What a clip might as well have been.
        swap: (K,) label of each label's mirror image.
        onset_weight: How much the first third of a clip counts for a streaming head.
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
        self.samples, self.skeleton, self.frames, self.window = samples, skeleton, frames, window
        self.crop, self.batch, self.bodies, self.seed = crop, batch, bodies, seed
        self.augmentation, self.swap, self.onset_weight = augmentation, swap, onset_weight
        self._passes = PassCounter()
        counts = np.bincount([sample.label for sample in samples], minlength=classes)
        weights = np.sqrt(counts[counts > 0].mean() / np.maximum(counts, 1))
        self.class_weights = np.clip(weights, 1 / 3, 3).astype(np.float32)

    def __len__(self) -> int:
        """Mini-batches an epoch, as many on every rank."""
        count, ranks = len(self.samples), rank_share().step
        if count < ranks:
            raise InputError(
                f"{count} training clips can't be shared out among {ranks} processes; give more "
                f"clips, or fewer devices"
            )
        return min(count // ranks, -(-count // (ranks * self.batch)))

    def __iter__(self) -> Iterator[Batch]:
        epoch = self._passes.next()
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.samples))
        batches = np.array_split(order[rank_share()], len(self))
        rank, _ = process_seed()
        for i in range(len(batches))[worker_share()]:
            rng = np.random.default_rng([self.seed, epoch, rank, 1 + i])
            yield together([self.draw(self.samples[k], rng) for k in batches[i]], self.bodies)

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

        The source is a frame of the whole clip, so that an onset is one at any pace and wherever
        the clip is cut; below zero for padding.
        """
        people = np.moveaxis(xyz, 0, 1)  # (T, M, J, 3)
        piece = self.augmentation.pace(Piece(people, np.arange(len(people))), rng)
        spare = len(piece.labels) - self.frames
        start = int(rng.integers(spare + 1)) if spare > 0 else 0
        cut, source = (part[start : start + self.frames] for part in piece)
        return held(np.moveaxis(cut, 1, 0), source, self.frames)


def held(xyz: np.ndarray, labels: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """(M, T, J, 3) and (T,) with the last pose held up to so many frames, unlabelled."""
    more = frames - len(labels)
    return (
        np.pad(xyz, ((0, 0), (0, more), (0, 0), (0, 0)), mode="edge"),
        np.pad(labels, (0, more), constant_values=UNKNOWN),
    )


def together(drawn: Sequence[tuple[np.ndarray, ...]], bodies: int) -> Batch:
    """One batch; a body that is not there is all zeros."""
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

    Args:
        data: Lifted clips, or a data set whose joints are taken as they are.
        protocol: Which clips are trained on, which validate, and which test.
        skeleton: Layout of the joints.
        labels: What the publishers' labels mean.
        fps: Frames per second.
        frames: T of what a streaming head sees of a clip in training.
        batch: Clips a batch.
        crop: Least share of a clip that a window shows in training.
        bodies: 2 takes a second person where there is one.
        seed: Of what is drawn.
        onset_weight: How much a clip's first third counts for a streaming head.
        refit: Train on the validation clips too, once everything has been chosen.
        augmentation: What a training clip might as well have been.

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
        frames: int = 96,
        batch: int = 32,
        crop: float = 0.6,
        bodies: int = 1,
        seed: int = 0,
        onset_weight: float = 0.3,
        refit: bool = False,
        augmentation: Augmentation | None = None,
    ) -> None:
        super().__init__(data, protocol, skeleton, labels, fps)
        self.frames, self.batch, self.crop, self.bodies = frames, batch, crop, bodies
        self.seed, self.onset_weight, self.refit = seed, onset_weight, refit
        self.augmentation, self.window = augmentation or Augmentation(), False

    def windows(self, frames: int | None) -> None:
        """Clips are resampled to a head's window; None is a head that streams."""
        self.window, self.frames = frames is not None, frames or self.frames

    def clips(self, part: str) -> list[Sample]:
        """All samples of a part of the protocol, as they are."""
        clips = self.read(part)
        self.report.append(told(part, clips))
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
        self.train = Epoch(
            train, self.skeleton, frames=self.frames, window=self.window, crop=self.crop,
            batch=self.batch, classes=len(names), bodies=self.bodies, seed=self.seed,
            augmentation=self.augmentation, swap=mirror_images(names),
            onset_weight=self.onset_weight,
        )  # fmt: skip
        self.val = Kept(self._whole(val))
        self.report += self.source.problems()

    def _whole(self, found: Sequence[Sample]) -> Iterator[Batch]:
        """Clips as they are: resampled to the window, or held up to the longest of their batch."""
        ordered = sorted(found, key=lambda sample: sample.xyz.shape[1])
        for i in range(0, len(ordered), self.batch):
            part = ordered[i : i + self.batch]
            longest = part[-1].xyz.shape[1]
            drawn = []
            for sample in part:
                if self.window:
                    xyz, labels = to_frames(sample.xyz, self.frames), np.array(sample.label)
                else:
                    shown = np.full(sample.xyz.shape[1], sample.label)
                    xyz, labels = held(sample.xyz, shown, longest)
                drawn.append((xyz, labels, (labels >= 0).astype(np.float32)))
            yield together(drawn, self.bodies)

    def train_dataloader(self) -> DataLoader:
        """Every training clip once, varied."""
        return DataLoader(self.train, batch_size=None)

    def val_dataloader(self) -> DataLoader:
        """Every validation clip once, as it is."""
        return DataLoader(self.val, batch_size=None)
