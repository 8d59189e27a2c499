"""GAST-Net's own online head: features fused early, joints pooled by limb."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...gast.attention import ChannelNorm, symmetry
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..features import FEATURES, bones, inward, motion
from ..graphconv import JointNorm
from ..head import WindowedHead


class EarlyFusion(WindowedHead):
    """Joints, bones and their motions, in metres, embedded and fused; a graph for each frame.

    It uses `samples` frames of the window, evenly spread, both ends included. The last layers are
    eight times as wide as `channels`; dropout is of whole channels. `parents` replace those of some
    joints of the layout, ``None`` for the root; see `reference_checkpoint.NTU_PARENTS`. An
    InputError for a width below 1, not 2 to `frames` samples, or parents of an unknown joint.

    Source: the net released in fabro66/Online-Skeleton-based-Action-Recognition; the graph of
        each frame: Zhang et al. 2020, "Semantics-guided neural networks", §3.2.
    """

    inner: Tensor

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        frames: int,
        samples: int,
        channels: int,
        dropout: float,
        parents: Mapping[str, str | None] | None = None,
    ) -> None:
        parents = dict(parents or {})
        body = _body(skeleton, parents)
        if channels < 1 or not 2 <= samples <= frames:
            raise InputError(
                f"early fusion wants channels from 1 and 2 to {frames} samples of a window of "
                f"{frames}, got {channels} channels and {samples} samples"
            )
        settings = {
            "frames": frames, "samples": samples, "channels": channels, "dropout": dropout,
            "parents": parents,
        }  # fmt: skip
        super().__init__(skeleton, labels=labels, fps=fps, settings=settings, frames=frames)
        self.samples = samples
        self.register_buffer("inner", inward(body), persistent=False)
        c = channels
        self.embed = nn.ModuleDict({kind: _embedding(len(body), c) for kind in FEATURES})
        self.fuse = nn.Linear(len(FEATURES) * c, 2 * c)
        self.fuse_norm = ChannelNorm(2 * c)
        self.semantic = SemanticGraph(body, 2 * c, 4 * c)
        self.graphs = nn.ModuleList([Graph(2 * c, 2 * c), Graph(2 * c, 4 * c), Graph(4 * c, 4 * c)])
        self.limbs = _limbs(body)
        self.time = nn.Sequential(
            *_layer(8 * c, 8 * c, 1), nn.Dropout1d(dropout),
            *_layer(8 * c, 8 * c, 3), nn.Dropout1d(dropout), *_layer(8 * c, 8 * c, 1),
        )  # fmt: skip
        self.score = nn.Linear(8 * c, len(self.labels))
        self.apply(_start)
        for layer in self.graphs:
            nn.init.zeros_(layer.get_parameter("heard.weight"))

    def forward(self, window: Tensor) -> Tensor:
        """(N, frames, J, 3) to logits (N, K)."""
        picked = torch.linspace(0, window.shape[1] - 1, self.samples, device=window.device)
        joints = window[:, picked.round().long()]
        bone = bones(joints, self.inner)
        parts = dict(zip(FEATURES, (joints, bone, motion(joints), motion(bone)), strict=True))
        embedded = [self.embed[kind](part) for kind, part in parts.items()]
        x = F.relu(self.fuse_norm(self.fuse(torch.cat(embedded, -1))))  # (N, T, J, C)
        links = self.semantic(x)
        for graph in self.graphs:
            x = graph(x, links)
        return self.score(self.time(self._pooled(x)).amax(-1))

    def _pooled(self, x: Tensor) -> Tensor:
        """(N, T, J, C) to (N, 2C, T): maximum over the body, mean over limbs' maxima."""
        limbs = torch.stack([x[:, :, limb].amax(2) for limb in self.limbs])
        return torch.cat([x.amax(2), limbs.mean(0)], -1).transpose(1, 2)


def _body(skeleton: Skeleton, parents: Mapping[str, str | None]) -> Skeleton:
    strange = set(parents) - set(skeleton.parents)
    if strange:
        raise InputError(
            f"parents of {', '.join(sorted(strange))}, which layout {skeleton.name} does not have"
        )
    return Skeleton(skeleton.name, {**skeleton.parents, **parents})


def _limbs(skeleton: Skeleton) -> list[list[int]]:
    """Joints of each arm and leg, and of torso and head together."""
    limbs = {name: list(joints) for name, joints in skeleton.limbs.items()}
    middle = [*limbs.pop("torso", []), *limbs.pop("head", [])]
    return [*limbs.values(), *([middle] if middle else [])]


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv1d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _layer(inputs: int, outputs: int, kernel: int) -> tuple[nn.Module, ...]:
    conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
    return conv, nn.BatchNorm1d(outputs), nn.ReLU()


def _embedding(joints: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        JointNorm(3 * joints), nn.Linear(3, channels), nn.ReLU(), nn.Linear(channels, channels),
        nn.ReLU(),
    )  # fmt: skip


class SemanticGraph(nn.Module):
    """A graph for each frame: attention of so many channels, bones and symmetry."""

    near: Tensor
    sides: Tensor

    def __init__(self, skeleton: Skeleton, inputs: int, channels: int) -> None:
        super().__init__()
        self.ask = nn.Linear(inputs, channels)
        self.offer = nn.Linear(inputs, channels)
        for name, links in (("near", skeleton.adjacency), ("sides", symmetry(skeleton))):
            self.register_buffer(name, torch.from_numpy(links), persistent=False)
            degrees = links.sum(0).astype(np.float32)
            weights = torch.from_numpy(np.outer(degrees, degrees) ** -0.5)
            self.register_parameter(f"{name}_weights", nn.Parameter(weights[links]))

    def _constant(self, name: str) -> Tensor:
        weights, links = self.get_parameter(f"{name}_weights"), self.get_buffer(name)
        return weights.new_zeros(links.shape).masked_scatter(links, weights)

    def forward(self, x: Tensor) -> Tensor:
        """(..., J, C) to the adjacency (..., J, J) of each joint i (row) to each."""
        alike = (self.ask(x) @ self.offer(x).transpose(-1, -2)).softmax(-1)
        return alike + self._constant("near") + self._constant("sides")


class Graph(nn.Module):
    """A graph convolution with a separate linear map for the joint itself."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.heard = nn.Linear(inputs, outputs, bias=False)
        self.own = nn.Linear(inputs, outputs)
        self.norm = ChannelNorm(outputs)

    def forward(self, x: Tensor, links: Tensor) -> Tensor:
        """(..., J, inputs) and (..., J, J) to (..., J, outputs)."""
        return F.relu(self.norm(self.heard(links @ x) + self.own(x)))
