"""Quiet people beside the streams of a training."""

from collections.abc import Iterator

import numpy as np
import torch

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..process_seed import SharedOut
from .augmentation import Augmentation
from .quiet import QuietStreams
from .stream_composer import Batch, Weights

_ARRIVES = 0.25
"""Share of the pieces that begin when the person is first seen, as does the lifter."""


class QuietPieces(SharedOut[Batch]):
    """Random pieces of quiet streams, which are filmed once and varied anew each time.

    An InputError if a piece is to be longer than a stream.

    Args:
        quiet: The streams.
        frames: Of a piece.
        batch: Pieces a batch.
        batches: Batches a pass.
        seed: Of what is drawn.
        weights: Of frames.
        augmentation: Of each piece.
        skeleton: Of the joints.
    """

    def __init__(
        self,
        quiet: QuietStreams,
        *,
        frames: int,
        batch: int,
        batches: int,
        seed: int,
        weights: Weights,
        augmentation: Augmentation,
        skeleton: Skeleton,
    ) -> None:
        super().__init__()
        if frames > quiet.frames:
            raise InputError(f"quiet streams have {quiet.frames} frames, wanted {frames}")
        self.frames, self.batch, self.batches, self.seed = frames, batch, batches, seed
        self.weights, self.augmentation, self.skeleton = weights, augmentation, skeleton
        parts = [(xyz.numpy(), labels.numpy()) for xyz, labels, _ in quiet]
        self.xyz, self.labels = (np.concatenate(part) for part in zip(*parts, strict=True))

    def __len__(self) -> int:
        """Batches a pass."""
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        words = (self.seed, self.process.next_epoch(), self.process.rank, self.process.worker)
        rng = np.random.default_rng(words)
        for _ in range(self.batches):
            pieces = [self._piece(rng) for _ in range(self.batch)]
            xyz, labels, weights = (np.stack(part) for part in zip(*pieces, strict=True))
            yield torch.from_numpy(xyz), torch.from_numpy(labels), torch.from_numpy(weights)

    def _piece(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        row, last = int(rng.integers(len(self.xyz))), self.xyz.shape[1] - self.frames
        start = 0 if rng.random() < _ARRIVES else int(rng.integers(last + 1))
        piece = slice(start, start + self.frames)
        labels = self.labels[row, piece]  # idle and walking are their own mirror images
        varied = self.augmentation.vary(
            self.xyz[row, piece][None], self.skeleton, rng, mirror=self.augmentation.mirrors(rng)
        )[0]
        return varied, labels, self.weights(labels)
