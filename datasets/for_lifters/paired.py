"""Batches of detected 2-D joints with 3-D ground truth, for training and scoring lifters."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, count, islice
from typing import Any, NamedTuple, cast

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..pair import PairSet, filled
from ..process_seed import SharedOut
from ..seen.ground_truth import pair_for_lifter
from .random_views import Batch


class PairedClip(NamedTuple):
    """One recording by one camera as `input_and_truth` has it, float32.

    In `xy` (T, J, 2) an unseen joint stays where it was, in `xyz` (T, J, 3) an unknown one is NaN.
    """

    name: str
    subject: str
    action: str
    camera: str
    xy: np.ndarray
    xyz: np.ndarray


class _EndToEnd:
    """Clips end to end, F frames, so that windows of many of them are taken at once.

    `starts` has the first frame of each clip, `first` and `last` (F,) those of each frame's clip.
    """

    def __init__(self, clips: Sequence[PairedClip], seen: Sequence[np.ndarray]) -> None:
        lengths = np.array([len(clip.xy) for clip in clips])
        self.xy = np.concatenate([clip.xy for clip in clips])
        self.xyz = np.concatenate([clip.xyz for clip in clips])
        self.seen = np.concatenate(seen)
        stops = lengths.cumsum()
        self.starts = stops - lengths
        self.first, self.last = np.repeat(self.starts, lengths), np.repeat(stops - 1, lengths)


class PairWindows(SharedOut[Batch]):
    """Windows of clips in random order; options as of `Paired`, `frames` is T of a window.

    Without `one_frame` windows tile the clips, on each pass from another frame. A window that
    reaches beyond its clip repeats the clip's first or last frame there, without ground truth
    (NaN). Ranks and workers share the windows out.
    """

    def __init__(
        self,
        footage: _EndToEnd,
        skeleton: Skeleton,
        *,
        frames: int,
        one_frame: bool,
        causal: bool,
        batch: int,
        batches: int | None,
        mirror: bool,
        seed: int,
    ) -> None:
        super().__init__()
        self.footage, self.skeleton, self.frames = footage, skeleton, frames
        self.one_frame = one_frame
        self.batch, self.batches, self.mirror, self.seed = batch, batches, mirror, seed
        lifted = (frames - 1 if causal else frames // 2) if one_frame else 0
        self.offsets = np.arange(frames) - lifted
        self.known = np.flatnonzero(np.isfinite(footage.xyz).all(-1).any(-1))
        if not len(self.known):
            raise InputError("no frame of the training subjects has 3-D joints; check the files")

    def __iter__(self) -> Iterator[Batch]:
        # The same order in all processes, so that none takes what another does.
        rng = np.random.default_rng([self.seed, self.process.next_epoch()])
        endless = chain.from_iterable(self._batches(rng) for _ in count())
        batches = self._batches(rng) if self.batches is None else islice(endless, self.batches)
        ours = self.process.of_worker()
        for chosen in islice(batches, ours.start, None, ours.step):
            yield self.windows(*chosen)

    def _batches(self, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
        """Each window of this rank once, as arguments of `windows`; every rank has as many."""
        at, clip = (self.known, self.known) if self.one_frame else self._tiles(rng)
        order = rng.permutation(len(at) * (1 + self.mirror))
        padded = -(-len(order) // self.process.ranks) * self.process.ranks
        order = np.resize(order, padded)[self.process.of_rank()]
        for start in range(0, len(order), self.batch):
            some = order[start : start + self.batch]
            yield at[some % len(at)], clip[some % len(at)], some >= len(at)

    def _tiles(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """First frames of windows, which may lie before their clip, and a frame of the clip."""
        starts = self.footage.starts
        stops = self.footage.last[starts] + 1
        begins = starts - rng.integers(self.frames, size=len(starts))
        tiles = [np.arange(a, b, self.frames) for a, b in zip(begins, stops, strict=True)]
        return np.concatenate(tiles), np.repeat(starts, [len(tile) for tile in tiles])

    def windows(self, at: np.ndarray, clip: np.ndarray, mirrored: np.ndarray) -> Batch:
        """A batch of N windows, of which some are `mirrored`.

        `at` (N,) is the frame that is lifted or the first that is, `clip` any frame of its clip.
        """
        footage = self.footage
        frames = at[:, None] + self.offsets
        inside = np.clip(frames, footage.first[clip][:, None], footage.last[clip][:, None])
        xy, xyz, seen = footage.xy[inside], footage.xyz[inside], footage.seen[inside]
        xyz[inside != frames] = np.nan
        for part in (xy, xyz, seen):
            part[mirrored] = part[mirrored][:, :, self.skeleton.mirror]
        for part in (xy, xyz):
            part[mirrored, ..., 0] *= -1
        return torch.from_numpy(xy), torch.from_numpy(xyz), torch.from_numpy(seen)


class WholeClips(Dataset[Batch]):
    """Clips one by one, as batches of one; `seen` (T, J) has the joints detected in each."""

    def __init__(self, clips: Sequence[PairedClip], seen: Sequence[np.ndarray]) -> None:
        self.clips, self.seen = clips, seen

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, i: int) -> Batch:
        parts = (self.clips[i].xy, self.clips[i].xyz, self.seen[i])
        xy, xyz, seen = (torch.from_numpy(part)[None] for part in parts)
        return xy, xyz, seen


class Paired(pl.LightningDataModule):
    """Data module of a pair set with its published split.

    Training batches are windows, validation batches one whole clip each; unknown truth is NaN. An
    InputError if a subject is unknown, tested and trained on, or none is left to train on.

    Args:
        train: Subjects to train on, `val` excepted.
        val: Subjects that choose the checkpoint; if none, all train and choose, as in the paper.
        normalisation: Of the lifter, see `input_and_truth`.
        frames: T of a window, or factors of it: a net's ``filter_widths``.
        one_frame: There is a window for every known frame, which alone is lifted, as
            ``LiftingTask.one_frame``; otherwise all frames of a window are.
        causal: The one frame is a window's newest, otherwise its middle one.
        batches: Batches an epoch; None: every window once.
        mirror: Train on the mirrored windows, too.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        pairs: PairSet,
        train: Sequence[str],
        val: Sequence[str],
        test: Sequence[str],
        normalisation: str,
        fps: float,
        frames: int | Sequence[int],
        one_frame: bool,
        causal: bool,
        batch: int,
        batches: int | None = None,
        mirror: bool = True,
        seed: int,
    ) -> None:
        super().__init__()
        self.skeleton, self.pairs, self.fps = skeleton, pairs, fps
        self.normalisation = normalisation
        self.frames = frames if isinstance(frames, int) else math.prod(frames)
        self.splits = _splits(train=train, val=val, test=test)
        self.one_frame, self.causal, self.mirror = one_frame, causal, mirror
        self.batch, self.batches, self.seed = batch, batches, seed
        self.passes, self._windows = 0, cast(PairWindows | None, None)
        self.report: list[str] = []
        """Subjects, clips, frames and problems of each split, after `setup`."""

    def setup(self, stage: str | None = None) -> None:
        """Read the training and validation subjects, once."""
        if self.report:
            return
        train, seen = self._read("train")
        self._footage = _EndToEnd(train, seen)
        self._val, self._val_seen = (train, seen)
        if self.splits["val"] != self.splits["train"]:
            self._val, self._val_seen = self._read("val")

    def clips(self, split: str) -> Iterator[PairedClip]:
        """Clips of ``train``, ``val`` or ``test``, read one by one.

        An InputError for another split, or if one of its subjects is not there.
        """
        if split not in self.splits:
            raise InputError(f"no split {split!r}; choose one of {', '.join(self.splits)}")
        for clip, _ in self._clips(split):
            yield clip

    def _clips(self, split: str) -> Iterator[tuple[PairedClip, np.ndarray]]:
        """Each clip, and which of its joints were detected, (T, J) bool."""
        for pair in self.pairs.read(self.splits[split]):
            pair = pair_for_lifter(
                pair, self.skeleton, fps=self.fps, normalisation=self.normalisation
            )
            who = (pair.name, pair.subject, pair.action, pair.camera)
            seen = np.isfinite(pair.xy).all(-1)
            yield PairedClip(*who, filled(pair.xy), pair.xyz), seen

    def _read(self, split: str) -> tuple[list[PairedClip], list[np.ndarray]]:
        read = list(self._clips(split))
        if not read:
            raise InputError(
                f"{self.pairs.dataset} has nothing of {split} subjects "
                f"{', '.join(self.splits[split])}: "
                + "; ".join(f"{p.file} {p.reason}" for p in self.pairs.problems[:1])
            )
        frames = sum(len(clip.xy) for clip, _ in read)
        self.report.append(
            f"{split}: {self.pairs.dataset} subjects {', '.join(self.splits[split])}; "
            f"{len(read)} clips, {frames} frames; {len(self.pairs.problems)} problems"
        )
        return [clip for clip, _ in read], [seen for _, seen in read]

    def train_dataloader(self) -> DataLoader:
        """Windows in a new order every epoch."""
        self._windows = PairWindows(
            self._footage, self.skeleton, frames=self.frames, one_frame=self.one_frame,
            causal=self.causal, batch=self.batch, batches=self.batches, mirror=self.mirror,
            seed=self.seed,
        )  # fmt: skip
        self._windows.process.passes = self.passes
        return DataLoader(self._windows, batch_size=None)

    def state_dict(self) -> dict[str, Any]:
        """How many passes are begun: a resumed training goes on with other orders."""
        return {"passes": self.passes if self._windows is None else self._windows.process.passes}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.passes = state["passes"]
        if self._windows is not None:
            self._windows.process.passes = self.passes

    def val_dataloader(self) -> DataLoader:
        """Whole clips, one a batch, always in the same order."""
        return DataLoader(WholeClips(self._val, self._val_seen), batch_size=None)


def _splits(**given: Sequence[str]) -> dict[str, list[str]]:
    splits = {name: [str(subject) for subject in subjects] for name, subjects in given.items()}
    if both := sorted({*splits["train"], *splits["val"]} & set(splits["test"])):
        raise InputError(f"subject {', '.join(both)} is trained and tested on; leave it in one")
    splits["train"] = [subject for subject in splits["train"] if subject not in splits["val"]]
    if not splits["train"]:
        raise InputError("no subject is left to train on; give train=[...] others than val=[...]")
    splits["val"] = splits["val"] or splits["train"]
    return splits
