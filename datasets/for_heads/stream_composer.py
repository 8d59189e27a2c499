"""Continuous streams for training and scoring heads, composed of lifted clips end to end.

Between them are pauses and blended transitions. Camera axes: x right, y down, z forward.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...action.mirroring import mirror_images
from ...gast.skeleton import Skeleton
from ..labels import UNKNOWN, LabelMap
from ..process_seed import SharedOut
from .augmentation import Augmentation, Piece, Splice
from .lifted import LiftedClip, facing

Batch = tuple[Tensor, Tensor, Tensor]
"""Joints (N, T, J, 3) in metres relative to the root, class indices (N, T), `UNKNOWN` where
unlabelled, and weights (N, T)."""


class Act(NamedTuple):
    """A segment, ``start <= t < stop``, of every view of one recording."""

    views: tuple[int, ...]
    start: int
    stop: int
    label: int


class Repertoire:
    """Lifted clips by class; still frames at a clip's ends, which publishers leave, are background.

    Films are cut closer, and their true speed is unknown: they keep their label to the end.

    Up to the `joint_speed` `still` a person stands still; above the `travel_speed` `travels` they
    are on the way to a place.

    Attributes:
        pieces: Every clip, labelled.
        acts: Segments of each class index that occurs.
        swap: (K,) class index of each class's mirror image.
    """

    def __init__(
        self,
        clips: Sequence[LiftedClip],
        labels: LabelMap,
        skeleton: Skeleton,
        *,
        still: float = 0.3,
        travels: float = 0.5,
    ) -> None:
        self.skeleton, self.idle = skeleton, labels.idle
        self.swap = mirror_images(labels.names)
        self.pieces = [Piece(clip.xyz, _labelled(clip, labels, still, travels)) for clip in clips]
        self.facing = [float(facing(piece.xyz[None], skeleton)[0]) for piece in self.pieces]
        self.recordings = defaultdict[tuple[str, str, str], list[int]](list)
        for i, clip in enumerate(clips):
            self.recordings[clip.origin.dataset, clip.origin.subject, clip.name].append(i)
        self.acts: dict[int, list[Act]] = defaultdict(list)
        for views in self.recordings.values():
            for start, stop, label in _runs(self.pieces[views[0]].labels):
                if label != UNKNOWN and stop - start >= _SHORTEST:
                    self.acts[label].append(Act(tuple(views), start, stop, label))

    def view(self, views: Sequence[int], towards: float, rng: np.random.Generator) -> int:
        """One of a recording's views, in 7 of 10 draws the one that faces most `towards` (yaw)."""
        turns = [abs(np.angle(np.exp(1j * (self.facing[i] - towards)))) for i in views]
        return int(views[int(np.argmin(turns))] if rng.random() < 0.7 else rng.choice(views))


_SHORTEST, _WAY = 5, 8
"""Frames; a shorter run is a slip of the labelling, a shorter way no walk."""


def _labelled(clip: LiftedClip, labels: LabelMap, still: float, travels: float) -> np.ndarray:
    ours = np.append(labels.places(clip.origin.dataset, clip.origin.labels), UNKNOWN)
    frames = ours[clip.actions]
    moving = np.flatnonzero(clip.speed > still)
    if len(moving) and len(_runs(frames)) == 1:
        frames[: moving[0]] = frames[moving[-1] + 1 :] = np.where(
            frames[0] < 0, UNKNOWN, labels.idle
        )
    way = np.append(labels.on_the_way(clip.origin.dataset, clip.origin.labels), False)
    if labels.walking is not None and way[clip.actions].all():
        there = np.flatnonzero(clip.travel <= travels)
        first, last = (there[0], there[-1] + 1) if len(there) else (len(frames), len(frames))
        walking = labels.names.index(labels.walking)
        if first >= _WAY:
            frames[:first] = walking
        if len(frames) - last >= _WAY:
            frames[last:] = walking
    return frames


def _runs(labels: np.ndarray) -> list[tuple[int, int, int]]:
    edges = np.r_[0, np.flatnonzero(np.diff(labels)) + 1, len(labels)]
    return [(int(a), int(b), int(labels[a])) for a, b in pairwise(edges)]


class Casting:
    """Draws acts: classes by the square root of their number of segments, 16 at least."""

    def __init__(self, acts: Mapping[int, Sequence[Act]]) -> None:
        self.acts, self.classes = acts, sorted(acts)
        shares = np.sqrt([max(len(acts[label]), _RARE) for label in self.classes])
        self.shares = shares / shares.sum()

    def act(self, rng: np.random.Generator) -> Act:
        """Any act."""
        acts = self.acts[self.classes[rng.choice(len(self.classes), p=self.shares)]]
        return acts[int(rng.integers(len(acts)))]


def around(act: Act, frames: int, rng: np.random.Generator) -> tuple[int, int]:
    """Start and stop of a piece of a clip of so many frames, with an act or part of a long one."""
    start, stop = act.start, act.stop
    if (longer := stop - start - _LONGEST) > 0:
        start += int(rng.integers(longer))
        stop = start + _LONGEST
    start = max(0, start - int(rng.integers(_AROUND)))
    return start, min(frames, stop + int(rng.integers(_AROUND)))


class Weights:
    """Weights of frames in training.

    Those of a class are the inverse square root of how often it is on, mean 1, within a factor of
    3; an action's first `onset_frames`, in which nobody can know it yet, weigh `onset_weight`.

    Attributes:
        classes: (K,) by how often each is on among the labels given.
    """

    def __init__(
        self, often: np.ndarray, *, classes: int, idle: int, onset_frames: int, onset_weight: float
    ) -> None:
        counts = np.bincount(often[often >= 0], minlength=classes)
        weights = np.sqrt(counts[counts > 0].mean() / np.maximum(counts, 1))
        self.classes, self.idle = np.clip(weights, 1 / 3, 3), idle
        self.onset_frames, self.onset_weight = onset_frames, onset_weight

    def __call__(self, labels: np.ndarray) -> np.ndarray:
        """(T,) float32 of labels (T,); 0 where `UNKNOWN`."""
        weights = np.where(labels >= 0, self.classes[labels], 0.0)
        for start, _, label in _runs(labels)[1:]:
            if label not in (UNKNOWN, self.idle):
                weights[start : start + self.onset_frames] *= self.onset_weight
        return weights.astype(np.float32)


class Streams(SharedOut[Batch]):
    """Random training streams, new ones in every epoch, training process and worker.

    A stream has `frames` frames, a mini-batch `batch` streams, an epoch `batches` mini-batches; see
    `Casting` and `Weights`.
    """

    def __init__(
        self,
        repertoire: Repertoire,
        *,
        frames: int,
        batch: int,
        batches: int,
        classes: int,
        seed: int,
        splice: Splice,
        augmentation: Augmentation,
        onset_frames: int,
        onset_weight: float,
    ) -> None:
        super().__init__()
        self.repertoire, self.frames, self.batch, self.batches = repertoire, frames, batch, batches
        self.seed, self.splice, self.augmentation = seed, splice, augmentation
        self.casting, draws = Casting(repertoire.acts), np.random.default_rng(seed)
        self.weights = Weights(
            np.concatenate([self._joined(draws)[1] for _ in range(200)]), classes=classes,
            idle=repertoire.idle, onset_frames=onset_frames, onset_weight=onset_weight,
        )  # fmt: skip

    def __len__(self) -> int:
        """Mini-batches an epoch."""
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        words = [self.seed, self.process.next_epoch(), self.process.rank, self.process.worker]
        rng = np.random.default_rng(words)
        for _ in range(self.batches)[self.process.of_worker()]:
            yield self.draw(rng)

    def draw(self, rng: np.random.Generator) -> Batch:
        """One batch."""
        streams = [self.stream(rng) for _ in range(self.batch)]
        xyz, labels, weights = (np.stack(part) for part in zip(*streams, strict=True))
        return torch.from_numpy(xyz), torch.from_numpy(labels), torch.from_numpy(weights)

    def stream(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Joints (T, J, 3), labels (T,) and weights (T,)."""
        xyz, labels = self._joined(rng)
        return xyz, labels, self.weights(labels)

    def _joined(self, rng: np.random.Generator) -> Piece:
        towards, pieces, total = rng.uniform(-np.pi, np.pi), list[Piece](), 0
        early = int(rng.integers(0, 30))  # a person may come into view in the middle of something
        while total < self.frames + early:
            pieces.append(self._act(towards, rng))
            total += len(pieces[-1].labels)
        joined = self.splice.join(pieces, self.repertoire.idle, rng)
        xyz, labels = (part[early : early + self.frames] for part in joined)
        mirror = self.augmentation.mirrors(rng)
        varied = self.augmentation.vary(xyz[None], self.repertoire.skeleton, rng, mirror=mirror)[0]
        if mirror:
            labels = np.where(labels >= 0, self.repertoire.swap[labels], labels)
        return Piece(varied, labels)

    def _act(self, towards: float, rng: np.random.Generator) -> Piece:
        act = self.casting.act(rng)
        piece = self.repertoire.pieces[self.repertoire.view(act.views, towards, rng)]
        start, stop = around(act, len(piece.labels), rng)
        return self.augmentation.pace(Piece(piece.xyz[start:stop], piece.labels[start:stop]), rng)


_RARE = 16
_LONGEST, _AROUND = 100, 45
"""Frames: of a long action that are taken at once, and at most around it."""


def continuous(
    repertoire: Repertoire, *, frames: int, splice: Splice, rng: np.random.Generator
) -> list[Piece]:
    """Every recording once, in one of its views, in streams of at least so many frames."""
    recordings = list(repertoire.recordings.values())
    streams, pieces, total = list[Piece](), list[Piece](), 0
    for i in rng.permutation(len(recordings)):
        pieces.append(repertoire.pieces[rng.choice(recordings[i])])
        total += len(pieces[-1].labels)
        if total >= frames:
            streams.append(splice.join(pieces, repertoire.idle, rng))
            pieces, total = [], 0
    return [*streams, splice.join(pieces, repertoire.idle, rng)] if pieces else streams
