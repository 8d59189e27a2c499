"""The confidence that a detector has in joints, as informative about errors as measured."""

import torch
from torch import Tensor

from .joint_errors import JointErrors

KNOTS = (0.03, 0.1, 0.2, 0.4)
"""Errors in torso lengths at which the mean logit is known; between them it is interpolated."""


def confidences(distance: Tensor, joints: JointErrors, generator: torch.Generator) -> Tensor:
    """Confidence (T, N, J), 0 to 1, in joints that are so far (T, N, J) from their exact places.

    Of a file without confidences it is 1.
    """
    if any("confidence" not in kind for kind in joints.model["joints"].values()):
        return torch.ones_like(distance)
    table = joints.table("confidence", "mean")
    logit = joints.look_up(table[..., 0].contiguous())
    for i, (knot, to) in enumerate(zip(KNOTS, KNOTS[1:], strict=False)):
        rise = joints.look_up((table[..., i + 1] - table[..., i]).contiguous())
        logit.addcmul_(rise, ((distance - knot) / (to - knot)).clamp_(0, 1))
    between, within = joints.now("confidence", "between"), joints.now("confidence", "within")
    steady = joints.table("confidence", "memory")[:, 0]
    gain = (1 - steady**2).sqrt()
    noise = torch.randn(distance.shape, generator=generator, device=distance.device)
    noise[1:] *= gain
    for t in range(1, len(noise)):
        noise[t].addcmul_(noise[t - 1], steady)
    clip = torch.randn(distance.shape[1:], generator=generator, device=distance.device)
    logit = logit + between * clip + within * noise
    return torch.sigmoid(logit).clamp_min_(joints.model["least_confidence"])


def hats(distance: Tensor) -> Tensor:
    """Weights (..., K) of the `KNOTS`, piecewise linear, that add up to one."""
    knots = torch.tensor(KNOTS, device=distance.device)
    share = ((distance[..., None] - knots[:-1]) / knots.diff()).clamp(0, 1)
    ends = torch.ones_like(share[..., :1])
    return torch.cat([ends, share], -1) - torch.cat([share, 0 * ends], -1)
