"""A noise file's parameters for each joint and frame, and the random errors that they describe."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...gast.skeleton import Skeleton
from .completion import kind_of

SPELLS = ("brief", "lasting")
"""A spell lasts a few frames, or so long that the clip may end before it."""


class Spells(NamedTuple):
    """Slips of both lengths (T, 2, N, J) and losses (T, N, J), bool."""

    slipping: Tensor
    lost: Tensor


class JointErrors:
    """Parameters for the joints of a layout in their situations.

    Args:
        model: Content of a noise file.
        skeleton: The layout.
        situations: (T, N, J), as of `situations`.
        fps: Frames per second.
    """

    def __init__(
        self, model: Mapping[str, Any], skeleton: Skeleton, situations: Tensor, fps: float
    ) -> None:
        self.model, self.skeleton, self.fps = model, skeleton, fps
        self.device, self.shape = situations.device, situations.shape
        self.number = len(situations_of(model))
        row = torch.arange(len(skeleton), device=self.device) * self.number
        self._place = situations + row
        limbs = list(skeleton.limbs.values())
        self.limbs = len(limbs)
        self._limb = self._tensor([
            next(n for n, own in enumerate(limbs) if i in own) for i in range(len(skeleton))
        ])  # fmt: skip

    def table(self, *keys: str) -> Tensor:
        """Parameters (J, S, ...) by situation; those of the middle line have no effect."""
        kinds = self.model["joints"]
        rows = []
        for joint in self.skeleton.joints:
            value = kinds.get(kind_of(joint), next(iter(kinds.values())))
            for key in keys:
                value = value[key]
            rows.append([value] * self.number if isinstance(value, float | int) else value)
        return self._tensor(rows)

    def now(self, *keys: str) -> Tensor:
        """Parameters (T, N, J, ...) of the situation that each joint is in."""
        return self.look_up(self.table(*keys))

    def look_up(self, table: Tensor) -> Tensor:
        """Rows (T, N, J, ...) of a table (J, S, ...)."""
        rows = table.flatten(0, 1)
        if rows.ndim > 1:
            return torch.nn.functional.embedding(self._place, rows)
        return rows.take(self._place)

    @property
    def bias(self) -> Tensor:
        """Bias (J, 3) to the person's right, up and forward."""
        kinds = self.model["joints"]
        rows = [
            kinds.get(kind_of(joint), next(iter(kinds.values())))["bias"]
            for joint in self.skeleton.joints
        ]
        bias = self._tensor(rows)
        right = [joint.startswith("right_") for joint in self.skeleton.joints]
        bias[right, 0] *= -1
        return bias

    def trembling(self, generator: torch.Generator) -> Tensor:
        """Offset of each clip plus jitter of each frame, (T, N, J, 2), torso lengths."""
        frames, count, number = self.shape
        mixing = self._mixing().T
        decay = torch.exp(-1 / (self.fps * self.table("memory_s")))
        share = self.table("wander")
        steady = self._per_frame(decay)[:, :, None]
        wander = self._normal((frames, count, 2, number), generator)
        gain = self._per_frame((1 - decay**2).sqrt())[:, :, None]
        wander[1:] *= gain[1:] if len(gain) > 1 else gain
        for t in range(1, frames):
            wander[t].addcmul_(steady[t if len(steady) > 1 else 0], wander[t - 1])
        wander *= self._per_frame(share.sqrt())[:, :, None]
        white = self._normal((frames, count, 2, number), generator)
        wander.addcmul_(self._per_frame((1 - share).sqrt())[:, :, None], white)
        offset = self._normal((count, 2, number), generator) @ mixing
        spread = float(self.model["spread"])
        strength = torch.exp(spread * self._normal((count, number), generator) - spread**2)
        error = (strength * self._level("jitter"))[:, :, None] * (wander @ mixing)
        error.addcmul_((strength * self._level("offset"))[:, :, None], offset)
        return error.transpose(2, 3)

    def spells(self, generator: torch.Generator) -> Spells:
        """Slips and losses, by a two-state Markov chain each; limbs fail together."""
        frames, count, number = self.shape
        whats = [(what, how) for what in ("slip", "lost") for how in SPELLS]
        begin = [self.now(what, how, "begin_hz") / self.fps for what, how in whats]
        stay = [
            1 - 1 / (self.now(what, how, "last_s") * self.fps).clamp_min(1) for what, how in whats
        ]
        chance = self._chance((frames, 4, count, self.limbs), generator).index_select(
            -1, self._limb
        )
        on = torch.empty((frames, 4, count, number), dtype=torch.bool, device=self.device)
        stays = torch.empty_like(on)
        for i in range(4):  # begins first stand where the result will
            torch.lt(chance[:, i], begin[i], out=on[:, i])
            torch.lt(chance[:, i], stay[i], out=stays[:, i])
            ends = 1 - stay[i][0]
            on[0, i] = chance[0, i] < begin[i][0] / (begin[i][0] + ends).clamp_min(1e-12)
        for t in range(1, frames):
            on[t] = torch.where(on[t - 1], stays[t], on[t])
        return Spells(on[:, :2], on[:, 2] | on[:, 3])

    def slipped(
        self, exact: Tensor, slipping: Tensor, generator: torch.Generator, other: Tensor | None
    ) -> Tensor:
        """Joints (T, N, J, 2) with slips: about elsewhere, or on the left-right counterpart.

        Where a slip in the situation ``other`` goes to somebody, they are at `other` (T, N, J, 2).
        """
        frames, count, number = self.shape
        begins = slipping.clone()
        begins[1:] &= ~slipping[:-1]
        target = self._chance((frames, 2, count, self.limbs), generator).index_select(
            -1, self._limb
        )
        aside = self._normal((2, frames, 2, count, number), generator)
        for i, how in enumerate(SPELLS):
            aside[:, :, i] *= self.now("slip", how, "size")
            target[:, i] -= self.now("slip", how, "twin")  # negative: to the twin
        for t in range(1, frames):  # while it lasts it stays about there
            target[t] = torch.where(begins[t], target[t], target[t - 1])
            aside[:, t] = torch.where(begins[t], aside[:, t], aside[:, t - 1])
        twins, place = exact.index_select(2, self._tensor(self.skeleton.mirror)), exact
        for i in range(2):
            slip = exact + torch.stack([aside[0, :, i], aside[1, :, i]], -1)
            if other is not None:
                slip = torch.where(self._goes_to_other(target[:, i])[..., None], other, slip)
            slip = torch.where((target[:, i] < 0)[..., None], twins, slip)
            place = torch.where(slipping[:, i, ..., None], slip, place)
        return place

    def _goes_to_other(self, target: Tensor) -> Tensor:
        names = situations_of(self.model)
        share = self.model.get("to_other", 0.0)
        if "other" not in names:
            return torch.zeros_like(target, dtype=torch.bool)
        within = self._place % self.number == names.index("other")
        return within & (target < share) & (target >= 0)

    def _level(self, *keys: str) -> Tensor:
        """Lengths (T, N, J) that go over into each other where the situation changes."""
        level = self.now(*keys)
        keep = float(np.exp(-1 / (self.fps * blend))) if (blend := self.model.get("blend_s")) else 0
        for t in range(1, len(level) if keep else 0):
            level[t].lerp_(level[t - 1], keep)
        return level

    def _per_frame(self, table: Tensor) -> Tensor:
        """(T, N, J), or (1, 1, J) if the situation makes no difference."""
        if (table == table[:, :1]).all():
            return table[:, 0][None, None]
        return self.look_up(table)

    def _mixing(self) -> Tensor:
        """(J, J) matrix that correlates independent numbers as measured between joints."""
        correlation = self.model["correlation"]
        at = [self.skeleton.index[joint] for joint in correlation["joints"]]
        mixing = np.eye(len(self.skeleton), dtype=np.float32)
        mixing[np.ix_(at, at)] = np.linalg.cholesky(np.array(correlation["matrix"]))
        return self._tensor(mixing)

    def _normal(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        return torch.randn(*shape, generator=generator, device=self.device)

    def _chance(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        return torch.rand(*shape, generator=generator, device=self.device)

    def _tensor(self, values: Any) -> Tensor:
        array = np.asarray(values)
        kind = torch.float32 if array.dtype.kind == "f" else torch.long
        return torch.from_numpy(array).to(self.device, kind)


def situations_of(model: Mapping[str, Any]) -> list[str]:
    """Names of a file's situations; version 1 knows near and far."""
    return list(model.get("situations", ("near", "far")))
