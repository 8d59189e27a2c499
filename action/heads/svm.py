"""The baseline head: a linear support vector machine on a window."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..features import WindowFeatures
from ..head import WindowedHead


class SVM(WindowedHead):
    """One plane for each action in `WindowFeatures`, found by scikit-learn and run by torch.

    Source: Fan et al. 2008, "LIBLINEAR: a library for large linear classification".
    """

    centre: Tensor
    spread: Tensor
    planes: Tensor
    offsets: Tensor

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        frames: int,
        samples: int,
    ) -> None:
        settings = {"frames": frames, "samples": samples}
        super().__init__(skeleton, labels=labels, fps=fps, settings=settings, frames=frames)
        self.features = WindowFeatures(skeleton, samples=samples)
        channels, classes = self.features.channels, len(self.labels)
        self.register_buffer("centre", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))
        self.register_buffer("planes", torch.zeros(classes, channels))
        self.register_buffer("offsets", torch.zeros(classes))

    def forward(self, window: Tensor) -> Tensor:
        """(N, frames, J, 3) to logits (N, K)."""
        scaled = (self.features(window) - self.centre) / self.spread
        return scaled @ self.planes.T + self.offsets

    def fit(self, windows: Tensor, targets: Tensor, *, c: float = 1e-3, seed: int = 0) -> None:
        """Fit windows (N, frames, J, 3) to class indices (N,); a class without any never wins.

        `c` is the cost of a window on the wrong side. An InputError for fewer than three classes.
        """
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC

        present = np.unique(targets.numpy())
        if len(present) < 3:
            raise InputError(
                f"windows of {len(present)} actions; a svm wants three or more to part"
            )
        scaler = StandardScaler()
        scaled = scaler.fit_transform(self.features(windows).numpy())
        machine = LinearSVC(  # the dual is several times faster with so many features
            C=c, random_state=seed, max_iter=5000, class_weight="balanced", dual=True
        )
        machine.fit(scaled, targets.numpy())
        self.centre.copy_(torch.from_numpy(scaler.mean_))
        self.spread.copy_(torch.from_numpy(scaler.scale_))
        self.planes.zero_()
        self.offsets.fill_(_NEVER)
        self.planes[present] = torch.from_numpy(machine.coef_).float()
        self.offsets[present] = torch.from_numpy(machine.intercept_).float()


_NEVER = -100.0


class StreamData(Protocol):
    """Training streams."""

    def train_dataloader(self) -> Iterable[tuple[Tensor, Tensor, Tensor]]:
        """Endless batches of joints, labels and weights; see `head_task.Batch`."""


class LinearFit:
    """Trains a `SVM` on so many windows of training streams, each labelled as its last frame."""

    def __init__(self, *, windows: int, c: float, seed: int) -> None:
        self.windows, self.c, self.seed = windows, c, seed

    def fit(self, head: SVM, data: StreamData) -> dict[str, Any]:
        """Train the head in place, return figures for the card; an InputError if it is no `SVM`."""
        if not isinstance(head, SVM):
            raise InputError(
                f"a {type(head).__name__} is trained by descent; take out training=linear"
            )
        rng = np.random.default_rng(self.seed)
        windows, targets = list[Tensor](), list[Tensor]()
        while sum(map(len, targets)) < self.windows:
            for xyz, labels, weights in data.train_dataloader():
                if labels.ndim == 1:  # cut clips, already resampled to the window
                    windows += [clip[:1] for clip in xyz]
                    targets.append(labels)
                    continue
                ends = torch.from_numpy(rng.integers(head.frames, xyz.shape[1] + 1, (len(xyz), 4)))
                for stream, label, weight, stops in zip(xyz, labels, weights, ends, strict=True):
                    stops = stops[weight[stops - 1] > 0]
                    windows += [stream[None, stop - head.frames : stop] for stop in stops.tolist()]
                    targets.append(label[stops - 1])
                if sum(map(len, targets)) >= self.windows:
                    break
        head.fit(torch.cat(windows), torch.cat(targets), c=self.c, seed=self.seed)
        return {"windows": len(windows)}
