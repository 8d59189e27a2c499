"""Clips that lifters are evaluated on: 2-D input, ground truth, subject and actions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import numpy as np
import torch

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..clip import MotionClip, MotionSet
from ..pair import PairSet, filled
from ..process_seed import generator_of
from ..rates import resample
from ..seen.detectable import detectable
from ..seen.ground_truth import input_and_truth, pair_for_lifter
from ..seen.noise import Noise
from ..seen.views import Views


@dataclass(frozen=True, eq=False)
class Watched:
    """One recording as V cameras saw it.

    Attributes:
        actions: (T,) label of each frame, empty where there is none.
        xy: (V, T, J, 2) float32, screen units; an unseen joint stays where it was.
        xyz: (V, T, J, 3) float32, metres, see `input_and_truth`; NaN where not known.
        confidence: (V, T, J) float32, 0..1, as live: 0 where not detected, 1 if exact.
    """

    name: str
    dataset: str
    subject: str
    actions: np.ndarray
    cameras: Sequence[str]
    xy: np.ndarray
    xyz: np.ndarray
    confidence: np.ndarray


class HeldOut(Protocol):
    """What lifters are evaluated on; its constructor takes their `normalisation`.

    Attributes:
        conditions: Names of the kinds of 2-D input, such as exact and noisy.
        report: A line a data set: subjects, amount, what is left out; filled by `watch`.
    """

    conditions: list[str]
    report: list[str]

    def watch(self, condition: str) -> Iterator[Watched]:
        """Recordings in a fixed order, by the same cameras in each condition."""


class VirtualViews:
    """Motion capture through virtual cameras; each clip's depend on its name and the seed alone.

    An InputError if a number is below 1 or, in `watch`, there is no complete clip.

    Args:
        noises: Detector noise of each condition, by name; ``None`` for exact 2-D joints.
        normalisation: Of the lifters, see `input_and_truth`.
        frames: Longer clips are cut into pieces of so many frames; ``None`` leaves them whole.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        sets: Mapping[str, MotionSet],
        noises: Mapping[str, Noise | None],
        normalisation: str,
        fps: float,
        views_per_clip: int,
        frames: int | None = None,
        seed: int,
        views: Views | None = None,
    ) -> None:
        if views_per_clip < 1 or (frames is not None and frames < 1):
            raise InputError(
                f"views_per_clip={views_per_clip}, frames={frames}: give 1 or more of each"
            )
        self.skeleton, self.sets, self.noises, self.fps = skeleton, sets, noises, fps
        self.views_per_clip, self.frames, self.seed = views_per_clip, frames, seed
        self.views, self.normalisation = views or Views(), normalisation
        self.conditions, self.report = list(noises), list[str]()
        self._clips: list[MotionClip] = []

    def watch(self, condition: str) -> Iterator[Watched]:
        """Clips in the order of the sets, which are read once."""
        if not self._clips:
            self._read()
        for clip in self._clips:
            yield from self._seen(clip, self.noises[condition])

    def _read(self) -> None:
        for name, data in self.sets.items():
            clips = [detectable(resample(clip, self.fps), self.skeleton) for clip in data]
            complete = [clip for clip in clips if np.isfinite(clip.xyz).all()]
            subjects = ", ".join(sorted({clip.subject for clip in complete}))
            frames, holed = sum(len(clip.xyz) for clip in complete), len(clips) - len(complete)
            self.report.append(
                f"{name} subjects {subjects}: {len(complete)} clips, {frames} frames, each from "
                f"{self.views_per_clip} sides; {holed} clips with missing joints left out, "
                f"{len(data.problems)} problems"
            )
            self._clips += complete
        if not self._clips:
            raise InputError(f"{', '.join(self.sets)}: no complete clip; choose other subjects")

    def _seen(self, clip: MotionClip, noise: Noise | None) -> Iterator[Watched]:
        actions, key = actions_of(clip), crc32(f"{clip.dataset}/{clip.name}".encode())
        size = self.frames or len(clip.xyz)
        for start in range(0, len(clip.xyz), size):
            piece = torch.from_numpy(clip.xyz[start : start + size]).float()
            many = piece.expand(self.views_per_clip, *piece.shape)
            cameras = generator_of(self.seed, key, start)
            filmed = self.views.film(many, root=self.skeleton.root, generator=cameras)
            xy, xyz = input_and_truth(*filmed, self.skeleton, normalisation=self.normalisation)
            confidence = torch.ones_like(xy[..., 0])
            if noise is not None:
                # A generator of its own: the cameras are those of exact joints.
                errors = generator_of(self.seed, key, start, 1)
                xy, confidence = noise.apply(xy, self.skeleton, errors, xyz)
            yield Watched(
                name=f"{clip.name}+{start}" if start else clip.name,
                dataset=clip.dataset,
                subject=clip.subject,
                actions=actions[start : start + size],
                cameras=[f"view {i}" for i in range(self.views_per_clip)],
                xy=xy.numpy(),
                xyz=xyz.numpy(),
                confidence=confidence.numpy(),
            )


class PairedViews:
    """A publisher's recordings of held-out subjects, each camera's by itself.

    `normalisation` is that of the lifters, see `input_and_truth`; `condition` names the detector.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        pairs: PairSet,
        subjects: Sequence[str],
        fps: float,
        normalisation: str,
        condition: str,
    ) -> None:
        self.skeleton, self.pairs, self.subjects, self.fps = skeleton, pairs, subjects, fps
        self.normalisation = normalisation
        self.conditions, self.report = [condition], list[str]()

    def watch(self, condition: str) -> Iterator[Watched]:
        """See `HeldOut`."""
        count, frames = 0, 0
        for pair in self.pairs.read(self.subjects):
            pair = pair_for_lifter(
                pair, self.skeleton, fps=self.fps, normalisation=self.normalisation
            )
            count, frames = count + 1, frames + len(pair.xy)
            yield Watched(
                name=pair.name,
                dataset=self.pairs.dataset,
                subject=pair.subject,
                actions=np.full(len(pair.xy), pair.action),
                cameras=[pair.camera],
                xy=filled(pair.xy)[None],
                xyz=pair.xyz[None],
                confidence=np.isfinite(pair.xy).all(-1)[None].astype(np.float32),
            )
        who = ", ".join(map(str, self.subjects))
        if not count:
            reasons = "; ".join(f"{p.file} {p.reason}" for p in self.pairs.problems[:1])
            raise InputError(f"{self.pairs.dataset} has nothing of subjects {who}: {reasons}")
        self.report.append(
            f"{self.pairs.dataset} subjects {who}, {condition}: {count} recordings, {frames} "
            f"frames, {len(self.pairs.problems)} problems"
        )


def actions_of(clip: MotionClip) -> np.ndarray:
    """(T,) label of each frame, empty where there is none."""
    actions = np.full(len(clip.xyz), "", dtype=object)
    for segment in clip.segments:
        actions[segment.start : segment.stop] = segment.label
    return actions.astype(str)
