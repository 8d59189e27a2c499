"""Batches of random views of motion, for training lifters."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, IterableDataset

from ...gast.skeleton import Skeleton
from ..clip import MotionSet
from ..process_seed import generator_of, process_seed
from ..rates import resample
from ..seen.detectable import detectable
from ..seen.ground_truth import input_and_truth
from ..seen.noise import Noise
from ..seen.views import Views
from .bodies import other_bodies
from .films import Film, FilmWindows
from .windows import Windows

Batch = tuple[Tensor, Tensor, Tensor]
"""2-D joints (N, T, J, 2) in screen units as detected, 3-D joints (N, T, J, 3) in metres, see
`input_and_truth`, and the detector's confidence (N, T, J), 0 for a joint that wasn't detected."""
AT_ONCE = 1024
"""So many windows are made together: many small operations cost as much for one as for these."""


class RandomViews(IterableDataset[Batch]):
    """Windows of clips through random cameras and a noisy detector; options as of `Lifting`.

    All on the device of the windows. `fixed`: every pass shows the same views, otherwise new ones.
    """

    def __init__(
        self,
        windows: Windows,
        skeleton: Skeleton,
        *,
        batch: int,
        batches: int,
        seed: int,
        fixed: bool,
        normalisation: str,
        views: Views,
        noise: Noise | None,
        exact: float = 0.0,
        mirror: float = 0.5,
        body_spread: float = 0.0,
        films: FilmWindows | None = None,
        film_share: float = 0.0,
    ) -> None:
        self.windows, self.skeleton, self.batch, self.batches = windows, skeleton, batch, batches
        self.seed, self.fixed, self.views, self.noise = seed, fixed, views, noise
        self.normalisation = normalisation
        self.exact, self.mirror, self.body_spread, self.passes = exact, mirror, body_spread, 0
        self.films, self.film_share = films, film_share

    def __len__(self) -> int:
        """Batches a pass."""
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        words = (0,) if self.fixed else (self.passes, *process_seed())
        generator = generator_of(self.seed, *words, device=self.windows.device)
        self.passes += 1
        together = max(AT_ONCE // self.batch, 1)
        for made in range(0, self.batches, together):
            count = min(together, self.batches - made)
            drawn = self._with_films(*self.draw(count * self.batch, generator), generator)
            yield from zip(*(part.split(self.batch) for part in drawn), strict=True)

    @torch.no_grad()
    def draw(self, count: int, generator: Generator) -> Batch:
        """So many windows."""
        xyz, held = self.windows.draw(count, generator)
        if self.body_spread:
            xyz = other_bodies(xyz, self.skeleton, spread=self.body_spread, generator=generator)
        xyz = self._mirrored(xyz, generator)
        filmed = self.views.film(xyz, root=self.skeleton.root, generator=generator)
        xy, truth = input_and_truth(*filmed, self.skeleton, normalisation=self.normalisation)
        confidence = torch.ones_like(xy[..., 0])
        if self.noise is not None:
            spoilt = self._chance(count, generator) >= self.exact
            at = spoilt.nonzero()[:, 0]
            xy[at], confidence[at] = self.noise.apply(xy[at], self.skeleton, generator, truth[at])
        # What stands for the past is what was detected first.
        time = torch.arange(xyz.shape[1], device=xyz.device).maximum(held[:, None])
        own = torch.arange(count, device=xyz.device)[:, None]
        return xy[own, time], truth, confidence[own, time]

    def _with_films(
        self, xy: Tensor, truth: Tensor, confidence: Tensor, generator: Generator
    ) -> Batch:
        """The batch with a share of its windows from films, whose truth is NaN."""
        if self.films is None or self.film_share <= 0:
            return xy, truth, confidence
        rows = torch.arange(0, len(xy) - 1e-3, 1 / self.film_share, device=xy.device).long()
        xy[rows], confidence[rows] = self.films.windows(
            len(rows), frames=xy.shape[1], generator=generator
        )
        truth[rows] = torch.nan
        return xy, truth, confidence

    def _mirrored(self, xyz: Tensor, generator: Generator) -> Tensor:
        swapped = self._chance(len(xyz), generator) < self.mirror
        order = torch.from_numpy(self.skeleton.mirror).to(xyz.device)
        flipped = xyz[:, :, order] * xyz.new_tensor([-1.0, 1.0, 1.0])
        return torch.where(swapped[:, None, None, None], flipped, xyz)

    def _chance(self, count: int, generator: Generator) -> Tensor:
        return torch.rand(count, generator=generator, device=self.windows.device)


class Lifting(pl.LightningDataModule):
    """Data module of motion capture through random virtual cameras.

    `val` sets choose the checkpoint, by windows that are always the same. `early`, `appear`,
    `varied` and `paces` as of `Windows`, `body_spread` as of `other_bodies`; for training alone.

    Args:
        shares: How often a training window comes from each set, by name; 1 if it isn't named.
        normalisation: Of the lifter, see `input_and_truth`.
        frames: T of a training window, or factors of it: a net's ``filter_widths``.
        neighbours: Frames more in a window, so that the net lifts neighbouring frames of it.
        batches: Batches an epoch.
        noise: Of the detector; ``None`` for exact 2-D joints.
        exact: Share of training windows that keep exact 2-D joints all the same.
        mirror: Share of training windows in which left and right are swapped.
        films: Without 3-D truth, `film_share` of the training windows, whose truth is NaN.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        train: Mapping[str, MotionSet],
        val: Mapping[str, MotionSet],
        shares: Mapping[str, float],
        normalisation: str,
        fps: float,
        frames: int | Sequence[int],
        neighbours: int,
        batch: int,
        batches: int,
        early: bool,
        appear: float,
        varied: float,
        paces: tuple[float, float],
        val_frames: int,
        val_batch: int = 16,
        val_batches: int,
        seed: int,
        views: Views | None = None,
        noise: Noise | None = None,
        exact: float,
        mirror: float,
        films: Sequence[Film] | None,
        film_share: float,
        body_spread: float = 1.0,
    ) -> None:
        super().__init__()
        self.skeleton, self.sets, self.val_sets, self.fps = skeleton, train, val, fps
        self.shares, self.batch, self.batches = shares, batch, batches
        self.frames = (frames if isinstance(frames, int) else math.prod(frames)) + neighbours
        self.early, self.appear, self.varied, self.paces = early, appear, varied, paces
        self.val_frames, self.val_batch, self.val_batches = val_frames, val_batch, val_batches
        self.seed, self.views, self.noise = seed, views or Views(), noise
        self.normalisation = normalisation
        self.exact, self.mirror, self.body_spread = exact, mirror, body_spread
        self.films, self.film_share = films, film_share
        self.passes, self._training = 0, cast(RandomViews | None, None)
        self.report: list[str] = []
        """Subjects, clips, frames and problems of each set, after `setup`."""

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
                xyz = detectable(resample(clip, self.fps), self.skeleton).xyz
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

    def train_dataloader(self) -> DataLoader:
        """Endless fresh views, made on the device that trains."""
        windows = Windows(
            list(self._train.values()), shares=[self.shares.get(name, 1.0) for name in self._train],
            frames=self.frames, early=self.early, appear=self.appear, varied=self.varied,
            paces=self.paces,
        )  # fmt: skip
        loader = self._loader(
            windows, batch=self.batch, batches=self.batches, seed=self.seed, fixed=False,
            exact=self.exact, mirror=self.mirror, body_spread=self.body_spread,
            films=self._films(), film_share=self.film_share,
        )  # fmt: skip
        self._training = cast(RandomViews, loader.dataset)
        self._training.passes = self.passes
        return loader

    def _films(self) -> FilmWindows | None:
        if not self.films:
            return None
        return FilmWindows(
            list(self.films),
            self.skeleton,
            pace=self.paces,
            mirror=self.mirror,
            device=self._device,
        )

    def state_dict(self) -> dict[str, Any]:
        """How many passes are begun: a resumed training goes on with others."""
        return {"passes": self.passes if self._training is None else self._training.passes}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.passes = state["passes"]
        if self._training is not None:
            self._training.passes = self.passes

    def val_dataloader(self) -> DataLoader:
        """The same views every time."""
        clips = list(self._val.values())
        windows = Windows(clips, shares=[1.0] * len(clips), frames=self.val_frames)
        return self._loader(
            windows, batch=self.val_batch, batches=self.val_batches, seed=self.seed + 1, fixed=True
        )

    @property
    def _device(self) -> torch.device:
        return self.trainer.strategy.root_device if self.trainer else torch.device("cpu")

    def _loader(self, windows: Windows, **how: Any) -> DataLoader:
        views = RandomViews(
            windows.to(self._device), self.skeleton, normalisation=self.normalisation,
            views=self.views, noise=self.noise, **how,
        )  # fmt: skip
        return DataLoader(views, batch_size=None)
