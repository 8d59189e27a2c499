"""Augmentation by bodies of other proportions."""

import torch
from torch import Generator, Tensor

from ...gast.skeleton import Skeleton
from ..seen.completion import kind_of

SIZE = 0.09
"""Of a whole body. Adults of both sexes vary by 5 to 6 % (ANSUR II: 1.76 and 1.63 m, deviations
0.07 and 0.06 m); the rest is for children of school age."""
COMMON = {"arm": 0.03, "leg": 0.03}
"""Shared by the bones of an arm, and by those of a leg."""
OWN = {
    "shoulder": 0.05, "elbow": 0.035, "wrist": 0.035,
    "hip": 0.06, "knee": 0.035, "ankle": 0.035,
    "spine": 0.04, "thorax": 0.04, "nose": 0.05, "head": 0.05,
}  # fmt: skip
"""Of the bone that ends in a joint, by its kind: half the width of shoulders and hips, upper arm,
forearm, thigh, shin, trunk and head."""
_PARTS = {"elbow": "arm", "wrist": "arm", "knee": "leg", "ankle": "leg"}
_LIMIT = 2.5


def other_bodies(
    xyz: Tensor, skeleton: Skeleton, *, spread: float, generator: Generator
) -> Tensor:
    """Clips (N, T, J, 3) with other lengths of bones, both sides alike, angles kept.

    A bone's length is multiplied by random factors, whose logarithms have these standard
    deviations times `spread`: `OWN` of its kind, `COMMON` to its limb, `SIZE` of the body. They are
    cut off at 2.5 of those. With a `spread` of 1 segments vary as people's do relative to their
    stature: arms and legs by 4.6 %, trunk 4 %, head, shoulders and hips 5 to 6 %.

    Source: rounded from the coefficients of variation in Gordon et al., "2012 Anthropometric Survey
    of U.S. Army Personnel" (ANSUR II), 2014; which bones there are, Winter, "Biomechanics and Motor
    Control of Human Movement", 4th edition 2009, figure 4.1.
    """
    factors = _factors(len(xyz), skeleton, spread, xyz, generator)
    child, parent = zip(*skeleton.outward_bones, strict=True)
    bones = (xyz[:, :, child] - xyz[:, :, parent]) * factors[:, None, child, None]
    scaled = list(xyz.unbind(2))
    for i, (joint, before) in enumerate(skeleton.outward_bones):
        scaled[joint] = scaled[before] + bones[:, :, i]
    return torch.stack(scaled, 2)


def _factors(
    count: int, skeleton: Skeleton, spread: float, like: Tensor, generator: Generator
) -> Tensor:
    """(N, J): of the bone that ends in each joint."""

    def normal(deviations: list[float]) -> Tensor:
        shape = count, len(deviations)
        number = torch.randn(shape, generator=generator, device=like.device)
        return number.clamp(-_LIMIT, _LIMIT) * torch.tensor(deviations, device=like.device)

    kinds = [kind_of(joint) for joint in skeleton.joints]
    pairs = torch.arange(len(kinds)).minimum(torch.from_numpy(skeleton.mirror))
    own = normal([OWN.get(kind, 0.04) for kind in kinds])[:, pairs.to(like.device)]
    limbs = [*COMMON, "none"]
    of_limb = torch.tensor([limbs.index(_PARTS.get(kind, "none")) for kind in kinds])
    common = normal([*COMMON.values(), 0.0])[:, of_limb.to(like.device)]
    return (spread * (own + common + normal([SIZE]))).exp().to(like.dtype)
