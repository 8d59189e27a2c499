"""The training task of lifters, a Lightning module: losses, optimizer, validation errors."""

from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .errors import InputError
from .lifter import Lifter
from .metrics import acceleration_error_mm, mpjpe_mm, p_mpjpe_mm

Batch = tuple[Tensor, Tensor, Tensor]
"""2-D joints (N, T, J, 2) in screen units, the true 3-D joints (N, T, J, 3) in metres relative to
the root, NaN where unknown, and which joints were detected (N, T, J)."""


class LiftingTask(pl.LightningModule):
    """Trains on clips with every frame supervised, or on one frame of each receptive field.

    Args:
        net: Screen units (N, T, J, 2) to metres (N, T, J, 3).
        optimizer: Builds the optimizer from the parameters (a Hydra ``_partial_``).
        scheduler: Builds the learning-rate schedule from the optimizer, stepped every batch.
        one_frame: Batches are receptive fields, of which the net lifts the newest frame, or the
            middle one if it is centred: more different poses a second than whole clips, but no
            motion.
        velocity: Weight of the error of the joints' motion from frame to frame, in whole clips.
        bones: Weight of the error of the bones' lengths.
        unseen: Weight of joints that were not detected; the net guesses them.
        joints: Weight of joints by name; one that is not named has 1.

    Raises:
        InputError: A weight is for no joint of the layout.
    """

    bone_ends: Tensor
    joint_weights: Tensor

    def __init__(
        self,
        net: Lifter,
        *,
        optimizer: Callable[[Iterable], Optimizer],
        scheduler: Callable[[Optimizer], LRScheduler],
        one_frame: bool,
        velocity: float,
        bones: float,
        unseen: float = 0.3,
        joints: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.net, self.optimizer, self.scheduler = net, optimizer, scheduler
        self.one_frame, self.velocity, self.bones, self.unseen = one_frame, velocity, bones, unseen
        layout, joints = net.skeleton, dict(joints or {})
        if strangers := sorted(set(joints) - set(layout.joints)):
            raise InputError(
                f"task.joints names {', '.join(strangers)}; layout {layout.name} has "
                f"{', '.join(layout.joints)}"
            )
        weights = torch.tensor([float(joints.get(joint, 1.0)) for joint in layout.joints])
        self.register_buffer("joint_weights", weights, persistent=False)
        self.register_buffer("bone_ends", torch.tensor(layout.bones).T, persistent=False)

    def configure_optimizers(self) -> Any:
        """As the config says."""
        optimizer = self.optimizer(self.parameters())
        schedule = {"scheduler": self.scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss in metres, logged in mm."""
        lifted, (_, xyz, seen) = self._lift(batch)
        known = xyz.isfinite().all(-1)
        xyz = torch.where(known[..., None], xyz, 0.0)
        weight = known * torch.where(seen, 1.0, self.unseen) * self.joint_weights
        error = _distance_mm(lifted, xyz, weight)
        self.log("train/mpjpe_mm", error, prog_bar=True)
        loss = error + self.bones * self._bone_error_mm(lifted, xyz, known)
        if not self.one_frame:
            both = known[:, 1:] & known[:, :-1]
            loss = loss + self.velocity * _distance_mm(lifted.diff(dim=1), xyz.diff(dim=1), both)
        return loss / 1000

    def _lift(self, batch: Batch) -> tuple[Tensor, Batch]:
        """The lifted frames, and the part of the batch that they are."""
        xy, xyz, seen = batch
        if not self.one_frame:
            return self.net(xy), batch
        frames = xy.shape[1]
        at = frames - 1 if getattr(self.net.net, "causal", True) else frames // 2
        now = slice(at, at + 1)
        return self.net.strided(xy), (xy[:, now], xyz[:, now], seen[:, now])

    def _bone_error_mm(self, lifted: Tensor, xyz: Tensor, known: Tensor) -> Tensor:
        child, parent = self.bone_ends
        lengths = [(x[..., child, :] - x[..., parent, :]).norm(dim=-1) for x in (lifted, xyz)]
        weight = known[..., child] & known[..., parent]
        error = (lengths[0] - lengths[1]).abs() * weight
        return error.sum() / weight.sum().clamp_min(1) * 1000

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Errors in mm, logged."""
        xy, xyz, _ = batch
        lifted = self.net(xy)
        scores = {
            "val/mpjpe_mm": mpjpe_mm(lifted, xyz),
            "val/p_mpjpe_mm": p_mpjpe_mm(lifted, xyz),
            "val/acceleration_mm": acceleration_error_mm(lifted, xyz),
        }
        self.log_dict(scores, prog_bar=True, batch_size=len(xy))


def _distance_mm(lifted: Tensor, xyz: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean distance of joints (..., J, 3) in mm; nothing if no joint has a weight."""
    error = (lifted - xyz).norm(dim=-1) * weight
    return error.sum() / weight.sum().clamp_min(1e-6) * 1000
