"""Detector noise by assumption, from before it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...gast.skeleton import Skeleton
from .noise import Detected
from .situations import Surroundings


@dataclass(frozen=True)
class DetectorNoise:
    """A guess at a detector's errors; lengths are shares of the torso in the picture.

    Attributes:
        bias: Standard deviation of the constant offset of each joint of a clip.
        jitter: Standard deviation of the error that varies over time.
        correlation: Of the jitter between neighbouring frames.
        slip: Share of frames in which a joint slips away for a moment.
        slip_size: Standard deviation of how far, a coordinate.
        lost: Share of clips in which part of a limb is unseen for a while and held, as live.
        cut: Share of clips in which both legs are unseen and hang straight down.
    """

    bias: float = 0.03
    jitter: float = 0.025
    correlation: float = 0.8
    slip: float = 0.004
    slip_size: float = 0.2
    lost: float = 0.35
    cut: float = 0.05

    def apply(
        self,
        xy: Tensor,
        skeleton: Skeleton,
        generator: torch.Generator,
        xyz: Tensor | None = None,
        around: Surroundings | None = None,
    ) -> Detected:
        """See `Noise`; `xyz` and `around` are ignored."""
        ends = skeleton.index["thorax"], skeleton.index["hip"]
        torso = (xy[:, :, ends[0]] - xy[:, :, ends[1]]).norm(dim=-1).mean(1)
        error = self.bias * _normal(xy[:, :1].shape, generator)
        error = error + self._wander(xy.shape, generator) + self._slips(xy.shape, generator)
        return self._lose(xy + torso[:, None, None, None] * error, skeleton, torso, generator)

    def _wander(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        fresh = _normal(shape, generator)
        gain = (1 - self.correlation**2) ** 0.5
        for t in range(1, shape[1]):
            fresh[:, t] = self.correlation * fresh[:, t - 1] + gain * fresh[:, t]
        strength = _chance((shape[0], 1, 1, 1), generator)
        return self.jitter * (0.4 + 1.2 * strength) * fresh

    def _slips(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        begun = _chance((*shape[:3], 1), generator) < self.slip
        offset = begun * self.slip_size * _normal(shape, generator)
        for t in range(1, shape[1]):
            offset[:, t] += 0.7 * offset[:, t - 1] * ~begun[:, t]
        return offset

    def _lose(
        self, xy: Tensor, skeleton: Skeleton, torso: Tensor, generator: torch.Generator
    ) -> Detected:
        count, frames = xy.shape[:2]
        xy, seen = xy.clone(), torch.ones_like(xy[..., 0])
        limbs = [i for name, i in skeleton.limbs.items() if name.endswith(("_arm", "_leg", "head"))]
        legs = [i for i, j in enumerate(skeleton.joints) if j.endswith(("_knee", "_ankle"))]
        chance = _chance((6, count), generator).cpu()
        for n in (chance[0] < self.lost).nonzero()[:, 0].tolist() if frames > 1 else ():
            # What is lost was seen before.
            share = chance[1:5, n].tolist()
            limb = limbs[int(share[0] * len(limbs))]
            gone = limb[int(share[1] * len(limb)) :]
            start = 1 + int(share[2] * (frames - 1))
            stop = start + 2 + int(share[3] * (max(3, frames // 2) - 2))
            seen[n, start:stop, list(gone)] = 0
            for child, parent in skeleton.outward_bones:
                if child in gone:
                    held = xy[n, start - 1, child] - xy[n, start - 1, parent]
                    xy[n, start:stop, child] = xy[n, start:stop, parent] + held
        cut = (chance[5] < self.cut).to(xy.device)[:, None]
        seen[:, :, legs] = torch.where(cut[..., None], 0, seen[:, :, legs])
        for child, parent in skeleton.outward_bones:
            if child in legs:
                hanging = xy[:, :, parent].clone()
                hanging[..., 1] += 0.9 * torso[:, None]
                xy[:, :, child] = torch.where(cut[..., None], hanging, xy[:, :, child])
        return Detected(xy, seen)


def _normal(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    return torch.randn(*shape, generator=generator, device=generator.device)


def _chance(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    return torch.rand(*shape, generator=generator, device=generator.device)
