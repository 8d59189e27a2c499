"""The training task of lifters, a Lightning module: losses, optimizer, validation errors."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .errors import InputError
from .gastnet import GASTNet
from .lifter import Lifter, frames_of, with_confidence
from .metrics import acceleration_error_mm, mpjpe_mm, p_mpjpe_mm
from .weak_supervision import FilmLoss

Batch = tuple[Tensor, Tensor, Tensor]
"""2-D joints (N, T, J, 2) in screen units, the true 3-D joints (N, T, J, 3) in metres relative to
the root, NaN where unknown, and the detector's confidence (N, T, J), 0 for what it did not find."""


class LiftingTask(pl.LightningModule):
    """Trains on clips with every frame supervised, or on the newest frames of short windows.

    Args:
        net: Screen units (N, T, J, C) to metres (N, T, J, 3).
        optimizer: Builds the optimizer from the parameters (a Hydra ``_partial_``).
        scheduler: Builds the learning-rate schedule from the optimizer, stepped every batch;
            ``None`` leaves the rate to a callback.
        one_frame: Batches are receptive fields, or windows a little longer, of which the net lifts
            each frame that has a whole receptive field: more different poses a second than clips.
        velocity: Weight of the error of the joints' motion from frame to frame.
        bones: Weight of the error of the bones' lengths.
        unseen: Weight of joints that were not detected; the net guesses them.
        joints: Weight of joints by name; one that is not named has 1.
        films: Loss of windows without any ground truth; without it they count nothing.
        films_m: Its weight, so many metres.
        compiled: Compile the strided path; takes a minute and a C++ compiler.

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
        scheduler: Callable[[Optimizer], LRScheduler] | None = None,
        one_frame: bool,
        velocity: float,
        bones: float,
        films_m: float,
        compiled: bool,
        unseen: float = 0.3,
        joints: dict[str, float] | None = None,
        films: FilmLoss | None = None,
    ) -> None:
        super().__init__()
        self.net, self.optimizer, self.scheduler = net, optimizer, scheduler
        self.one_frame, self.velocity, self.bones, self.unseen = one_frame, velocity, bones, unseen
        self.films, self.films_m, self.compiled = films, films_m, compiled
        self._strided: Callable[[Tensor], Tensor] | None = None
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
        if self.scheduler is None:
            return optimizer
        schedule = {"scheduler": self.scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss in metres, logged in mm."""
        lifted, (xy, xyz, confidence) = self._lift(batch)
        known = xyz.isfinite().all(-1)
        true = torch.where(known[..., None], xyz, 0.0)
        weight = known * torch.where(confidence > 0, 1.0, self.unseen) * self.joint_weights
        error = _distance_mm(lifted, true, weight)
        self.log("train/mpjpe_mm", error, prog_bar=True)
        loss = error + self.bones * self._bone_error_mm(lifted, true, known)
        if lifted.shape[1] > 1:
            both = known[:, 1:] & known[:, :-1]
            loss = loss + self.velocity * _distance_mm(lifted.diff(dim=1), true.diff(dim=1), both)
        if self.films is not None and not (film := ~known.flatten(1).any(1)).logical_not().all():
            weak = self.films(lifted[film], xy[film], confidence[film].to(xy.dtype))
            self.log("train/films", weak)
            loss = loss + 1000 * self.films_m * weak
        return loss / 1000

    def _lift(self, batch: Batch) -> tuple[Tensor, Batch]:
        """The lifted frames, and the part of the batch that they are."""
        xy, xyz, confidence = batch
        joints = with_confidence(xy, confidence)
        if not self.one_frame:
            return self.net(joints).float(), batch
        fields, count = self.net.fields(joints)
        lifted = frames_of(self._net()(fields).float(), count)
        last = xy.shape[1] if getattr(self.net.net, "causal", True) else (xy.shape[1] + count) // 2
        now = slice(last - count, last)
        return lifted, (xy[:, now], xyz[:, now], confidence[:, now])

    def _net(self) -> Callable[[Tensor], Tensor]:
        if self._strided is None:  # not before: averaged weights are a copy of this module
            strided = cast(GASTNet, self.net.net).strided
            self._strided = torch.compile(strided) if self.compiled else strided
        return self._strided

    def _bone_error_mm(self, lifted: Tensor, xyz: Tensor, known: Tensor) -> Tensor:
        child, parent = self.bone_ends
        lengths = [(x[..., child, :] - x[..., parent, :]).norm(dim=-1) for x in (lifted, xyz)]
        weight = known[..., child] & known[..., parent]
        error = (lengths[0] - lengths[1]).abs() * weight
        return error.sum() / weight.sum().clamp_min(1) * 1000

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Errors in mm, logged."""
        xy, xyz, confidence = batch
        lifted = self.net(with_confidence(xy, confidence)).float()
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
