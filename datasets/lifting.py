"""Batches of random views of motion, for training lifters."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from ..gast.errors import InputError
from ..gast.skeleton import Skeleton
from .clip import MotionSet
from .motion import at_layout, resample
from .views import DetectorNoise, Views, scale_bones

Batch = tuple[Tensor, Tensor, Tensor]
"""2-D joints (N, T, J, 2) in screen units as detected, 3-D joints (N, T, J, 3) in metres relative
to the root, and which joints were seen (N, T, J)."""


class RandomViews(IterableDataset[Batch]):
    """Windows of clips through random cameras and a noisy detector.

    Args:
        clips: (T, J, 3) each, world axes, complete; one list a data set.
        shares: How often a window comes from each set; within a set every window is as likely.
        skeleton: Their layout.
        frames: T of a window.
        batch: Windows a batch.
        batches: How many there are.
        seed: The same seed gives the same batches.
        fixed: Every pass shows the same views; otherwise every pass shows new ones.
        views: Where cameras stand.
        noise: What the detector does; ``None`` for exact 2-D joints.
        body_spread: See `views.scale_bones`.
    """

    def __init__(
        self,
        clips: Sequence[Sequence[np.ndarray]],
        skeleton: Skeleton,
        *,
        shares: Sequence[float],
        frames: int,
        batch: int,
        batches: int,
        seed: int,
        fixed: bool,
        views: Views,
        noise: DetectorNoise | None,
        body_spread: float = 0.0,
    ) -> None:
        self.clips = [clip for data in clips for clip in data if len(clip) >= frames]
        if not self.clips:
            raise InputError(f"no clip has {frames} frames; choose shorter windows or more data")
        self.skeleton, self.frames, self.batch, self.batches = skeleton, frames, batch, batches
        self.seed, self.fixed, self.views, self.noise = seed, fixed, views, noise
        self.body_spread, self.passes = body_spread, 0
        self.chances = np.concatenate(
            [_chances(data, frames, share) for data, share in zip(clips, shares, strict=True)]
        )
        self.chances /= self.chances.sum()

    def __len__(self) -> int:
        """Batches a pass."""
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng([self.seed, 0 if self.fixed else self.passes])
        self.passes += 1
        for _ in range(self.batches):
            yield self.draw(rng)

    def draw(self, rng: np.random.Generator) -> Batch:
        """One batch."""
        windows = np.stack([self._window(rng) for _ in range(self.batch)])
        if self.body_spread:
            windows = scale_bones(windows, self.skeleton, spread=self.body_spread, rng=rng)
        mirrored = rng.random(self.batch) < 0.5
        flipped = windows[mirrored][:, :, self.skeleton.mirror] * [-1.0, 1.0, 1.0]
        windows[mirrored] = flipped
        xy, xyz = self.views.see(windows, root=self.skeleton.root, rng=rng)
        seen = np.ones(xy.shape[:3], bool)
        if self.noise is not None:
            xy, seen = self.noise.apply(xy, self.skeleton, rng)
        return torch.from_numpy(xy), torch.from_numpy(xyz), torch.from_numpy(seen)

    def _window(self, rng: np.random.Generator) -> np.ndarray:
        clip = self.clips[rng.choice(len(self.clips), p=self.chances)]
        start = rng.integers(len(clip) - self.frames + 1)
        return clip[start : start + self.frames].astype(np.float64)


def _chances(clips: Sequence[np.ndarray], frames: int, share: float) -> np.ndarray:
    """How likely a window comes from each clip that is long enough."""
    starts = np.array([len(clip) - frames + 1 for clip in clips if len(clip) >= frames], float)
    return share * starts / starts.sum() if len(starts) else starts


class Lifting(pl.LightningDataModule):
    """Training and validation views of motion capture.

    Args:
        skeleton: Layout to train in.
        train: Sets whose clips are trained on, by name.
        val: Sets of other subjects, for choosing the checkpoint, by name.
        shares: How often a training window comes from each set, by name.
        fps: Frames per second of the windows.
        frames: T of a window.
        batch: Windows a batch.
        batches: Batches an epoch.
        val_batches: Batches of a validation, always the same ones.
        seed: Of the views.
        views: Where cameras stand.
        noise: What the detector does; ``None`` for exact 2-D joints.
        body_spread: See `views.scale_bones`.

    Attributes:
        report: A line a set: subjects, clips, frames, problems; filled by `setup`.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        train: Mapping[str, MotionSet],
        val: Mapping[str, MotionSet],
        shares: Mapping[str, float],
        fps: float = 30.0,
        frames: int = 40,
        batch: int = 12,
        batches: int = 250,
        val_batches: int = 20,
        seed: int = 0,
        views: Views | None = None,
        noise: DetectorNoise | None = None,
        body_spread: float = 0.06,
    ) -> None:
        super().__init__()
        self.skeleton, self.sets, self.val_sets, self.fps = skeleton, train, val, fps
        self.shares = shares
        self.frames, self.batch, self.batches, self.val_batches = (
            frames,
            batch,
            batches,
            val_batches,
        )
        self.seed, self.views, self.noise = seed, views or Views(), noise
        self.body_spread = body_spread
        self.report: list[str] = []

    def setup(self, stage: str | None = None) -> None:
        """Read the sets, once."""
        if self.report:
            return
        self._train = self._read(self.sets, "train")
        self._val = self._read(self.val_sets, "val")

    def _read(self, sets: Mapping[str, MotionSet], split: str) -> dict[str, list[np.ndarray]]:
        read = {}
        for name, data in sets.items():
            clips: list[np.ndarray] = []
            subjects, frames = set(), 0
            for clip in data:
                xyz = at_layout(resample(clip, self.fps), self.skeleton).xyz
                if np.isfinite(xyz).all():
                    clips.append(xyz.astype(np.float32))
                    subjects.add(clip.subject)
                    frames += len(xyz)
            self.report.append(
                f"{split}: {name} subjects {', '.join(sorted(subjects))}; "
                f"{len(clips)} clips, {frames} frames; {len(data.problems)} problems"
            )
            read[name] = clips
        return read

    def _random(
        self, clips: Mapping[str, list[np.ndarray]], batches: int, *, fixed: bool
    ) -> RandomViews:
        shares = [1.0 if fixed else self.shares[name] for name in clips]
        return RandomViews(
            list(clips.values()), self.skeleton, shares=shares, frames=self.frames,
            batch=self.batch, batches=batches, seed=self.seed + fixed, fixed=fixed,
            views=self.views, noise=self.noise, body_spread=0.0 if fixed else self.body_spread,
        )  # fmt: skip

    def train_dataloader(self) -> DataLoader:
        """Endless fresh views."""
        views = self._random(self._train, self.batches, fixed=False)
        return DataLoader(views, batch_size=None)

    def val_dataloader(self) -> DataLoader:
        """The same views every time."""
        views = self._random(self._val, self.val_batches, fixed=True)
        return DataLoader(views, batch_size=None)
