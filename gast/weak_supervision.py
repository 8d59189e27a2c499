"""Losses for films without 3-D truth: reprojection, lengths of limbs, and knees as hinges.

What each can see, and what none can: `reprojection` sees the picture plane, not depth. Lengths see
how steep a bone is, not whether it points towards the camera or away. `knees` see a leg that bends
the wrong way. An arm or a straight leg mirrored in depth has the same loss as the true one.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from .errors import InputError
from .skeleton import Skeleton

LIMBS: Mapping[str, tuple[str, str]] = {
    "thigh": ("*_hip", "*_knee"),
    "shin": ("*_knee", "*_ankle"),
    "upper_arm": ("*_shoulder", "*_elbow"),
    "forearm": ("*_elbow", "*_wrist"),
    "hips": ("left_hip", "right_hip"),
    "shoulders": ("left_shoulder", "right_shoulder"),
    "flank": ("*_shoulder", "*_hip"),
}
"""Ends of each limb; ``*`` is either side."""

LENGTHS: Mapping[str, tuple[float, float]] = {
    "thigh": (0.42, 0.13), "shin": (0.23, 0.06), "upper_arm": (-0.15, 0.08),
    "forearm": (-0.2, 0.06), "hips": (-0.75, 0.12), "shoulders": (0.11, 0.09),
    "flank": (0.34, 0.06),
}  # fmt: skip
"""Log length of each limb over the geometric mean of all, mean and standard deviation of the 28
people of the training motion (Kinects put the hips higher than the others)."""
SIZE_M = (-1.2, 0.09)
"""The same of the logarithm of that geometric mean in metres."""
LEAST = 4
"""Marked joints that a frame needs for `reprojection`."""
SLACK = 0.2
"""Sine of how far a knee may bend the wrong way, and lie out of its plane, for nothing."""


class FilmLoss(nn.Module):
    """Weighted sum of the losses of `parts`, for lifted joints and marked ones of the same frames.

    Args:
        skeleton: With shoulders, elbows, wrists, hips, knees and ankles; else an InputError.
        reprojection, lengths, symmetry, constancy, knees: Weights.
        distances_m: Of the camera from the person's root; the one that fits a frame best counts,
            as neither focal length nor distance of a film is known.

    Source: Pavllo et al. 2019, "3D human pose estimation in video with temporal convolutions",
        section 4; they know the focal length and learn the trajectory, here both are fitted.
    """

    ends: Tensor
    mean: Tensor
    spread: Tensor
    legs: Tensor

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        reprojection: float,
        lengths: float,
        symmetry: float,
        constancy: float,
        knees: float,
        distances_m: Sequence[float] = (2.5, 4.0, 8.0),
    ) -> None:
        super().__init__()
        pairs = [(limb, *ends) for limb in LIMBS for ends in _sides(*LIMBS[limb])]
        lacking = {end for pair in pairs for end in pair[1:]} - set(skeleton.index)
        if lacking:
            raise InputError(
                f"layout {skeleton.name!r} lacks {', '.join(sorted(lacking))}, which losses on "
                f"films need; train without films or use another layout"
            )
        self.weights = {
            "reprojection": reprojection, "lengths": lengths, "symmetry": symmetry,
            "constancy": constancy, "knees": knees,
        }  # fmt: skip
        self.distances_m = tuple(distances_m)
        limbs = [[i for i, pair in enumerate(pairs) if pair[0] == limb] for limb in LIMBS]
        self._limbs = limbs
        at = skeleton.index
        self._keep("ends", [[at[pair[1]] for pair in pairs], [at[pair[2]] for pair in pairs]])
        self._keep("mean", [LENGTHS[limb][0] for limb in LIMBS])
        self._keep("spread", [LENGTHS[limb][1] for limb in LIMBS])
        joints = ("hip", "knee", "ankle")
        self._keep("legs", [[at[f"{s}_{j}"] for j in joints] for s in ("left", "right")])

    def forward(self, lifted: Tensor, xy: Tensor, confidence: Tensor) -> Tensor:
        """The loss, a number without unit, see `parts`."""
        parts = self.parts(lifted, xy, confidence)
        return torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()

    def parts(self, lifted: Tensor, xy: Tensor, confidence: Tensor) -> dict[str, Tensor]:
        """Each loss by itself, a mean over frames.

        Takes neighbouring frames (N, T, J, 3), metres, axes of a camera turned to the root (x
        right, y down, z away), with the joints of the same frames in the film (N, T, J, 2), any
        unit, and how far to trust them (N, T, J), 0..1; what has 0 does not count.

        `lengths`: squared deviations of log lengths from people's, in their standard deviations.
        `symmetry` and `constancy`: differences of log lengths of the sides and of neighbouring
        frames; with one frame there is no constancy. `knees`: see `knees_bent_wrong`.
        """
        logs = self._log_lengths(lifted)
        frame = reprojection_errors(lifted, xy, confidence, distances_m=self.distances_m)
        known = frame.isfinite()
        paired = [pair for pair in self._limbs if len(pair) == 2]
        return {
            "reprojection": torch.where(known, frame, 0).sum() / known.sum().clamp_min(1),
            "lengths": self._implausible(logs).mean(),
            "symmetry": torch.stack([logs[..., a] - logs[..., b] for a, b in paired]).abs().mean(),
            "constancy": logs.diff(dim=1).abs().mean() if logs.shape[1] > 1 else logs.new_zeros(()),
            "knees": knees_bent_wrong(lifted, self.legs).mean(),
        }

    def log_lengths(self, lifted: Tensor) -> Tensor:
        """Logarithms (..., limbs) of the lengths of `LIMBS` in metres, the mean of both sides."""
        logs = self._log_lengths(lifted)
        return torch.stack([logs[..., limb].mean(-1) for limb in self._limbs], -1)

    def implausibility(self, lifted: Tensor) -> Tensor:
        """Squared deviations (..., limbs + 1) in people's standard deviations, the size last."""
        return self._implausible(self._log_lengths(lifted))

    def _log_lengths(self, lifted: Tensor) -> Tensor:
        first, second = self.ends
        bones = lifted[..., first, :] - lifted[..., second, :]
        return (bones.square().sum(-1) + 1e-6).log() / 2

    def _implausible(self, logs: Tensor) -> Tensor:
        limbs = torch.stack([logs[..., limb].mean(-1) for limb in self._limbs], -1)
        size = limbs.mean(-1, keepdim=True)
        mean, spread = SIZE_M
        off = torch.cat([(limbs - size - self.mean) / self.spread, (size - mean) / spread], -1)
        return off.square()

    def _keep(self, name: str, values: Sequence) -> None:
        self.register_buffer(name, torch.tensor(values), persistent=False)


def reprojection_errors(
    lifted: Tensor, xy: Tensor, confidence: Tensor, *, distances_m: Sequence[float]
) -> Tensor:
    """Mean distance (...,) of (..., J, 3), as a camera would see it, from joints (..., J, 2).

    In shares of the joints' spread, their root mean square from their middle, after the best scale
    and shift; NaN where fewer than `LEAST` joints count. Of the distances of the camera
    (`torch.inf` is weak perspective) the one with the least error counts.
    """
    errors = []
    for distance in distances_m:
        depth = 1 + (lifted[..., 2:] / distance).clamp_min(-0.8)
        errors.append(_aligned_error(lifted[..., :2] / depth, xy, confidence))
    return torch.stack(errors).min(0).values


def _aligned_error(seen: Tensor, xy: Tensor, confidence: Tensor) -> Tensor:
    enough = (confidence > 0).sum(-1) >= LEAST
    weight = (confidence / confidence.sum(-1, keepdim=True).clamp_min(1e-6))[..., None]
    xy = torch.where(confidence[..., None] > 0, xy, 0)
    seen = seen - (weight * seen).sum(-2, keepdim=True)
    xy = xy - (weight * xy).sum(-2, keepdim=True)
    moment = (weight * seen.square()).sum((-2, -1)).clamp_min(1e-8)
    scale = ((weight * seen * xy).sum((-2, -1)) / moment).clamp_min(0)
    spread = ((weight * xy.square()).sum((-2, -1)) + 1e-12).sqrt()
    off = seen * scale[..., None, None] - xy
    distance = (off.square().sum(-1) + 1e-12).sqrt()
    error = (weight[..., 0] * distance).sum(-1) / spread
    return torch.where(enough, error, torch.nan)


def knees_bent_wrong(lifted: Tensor, legs: Tensor) -> Tensor:
    """How far both knees (..., 2) of (..., J, 3) bend forwards, the sine beyond `SLACK`.

    `legs` (2, 3) are indices of hip, knee and ankle, left and right. A knee turns about the axis
    through both hips, give or take the thigh's turn, which is why there is slack.
    """
    hip, knee, ankle = (lifted[..., legs[:, i], :] for i in range(3))
    right = hip[..., 1:, :] - hip[..., :1, :]
    bend = torch.cross(_unit(knee - hip), _unit(ankle - knee), dim=-1)
    return ((bend * _unit(right)).sum(-1) - SLACK).clamp_min(0)


def _unit(vectors: Tensor) -> Tensor:
    return vectors / (vectors.square().sum(-1, keepdim=True) + 1e-8).sqrt()


def _sides(one: str, other: str) -> list[tuple[str, str]]:
    if "*" not in one:
        return [(one, other)]
    return [(one.replace("*", s), other.replace("*", s)) for s in ("left", "right")]
