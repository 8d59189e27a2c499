"""A lifter's input and ground truth: the same rule for virtual and for real cameras."""

from dataclasses import replace

import torch
from torch import Tensor

from ...gast.errors import InputError
from ...gast.inputs.filling import TORSO
from ...gast.skeleton import Skeleton
from ...gast.units import UNITS
from ..camera_axes import facing_root
from ..pair import Pair, pair_at
from .completion import make_middle


def input_and_truth(
    xy: Tensor, xyz: Tensor, skeleton: Skeleton, *, normalisation: str
) -> tuple[Tensor, Tensor]:
    """A lifter's input (..., J, 2) and its ground truth (..., J, 3), relative to the root, float32.

    Takes screen units, and metres from the camera in its axes; what is unknown is NaN. Lifters in
    person units can't know where in the picture a person is, so their truth is in the axes of a
    camera turned to the root; hip, spine and thorax are computed from shoulders and hips, as live.
    In screen units the camera's axes and the publisher's joints are kept, as in the papers. An
    InputError for another normalisation.
    """
    if normalisation not in UNITS:
        raise InputError(f"unknown normalisation {normalisation!r}; choose from {', '.join(UNITS)}")
    if normalisation == "screen":
        return xy.float(), (xyz - xyz[..., skeleton.root, None, :]).float()
    if all(joint in skeleton.index for joint in TORSO):
        xy, xyz = make_middle(xy, skeleton), make_middle(xyz, skeleton)
    return xy.float(), facing_root(xyz, root=skeleton.root).float()


def pair_for_lifter(pair: Pair, skeleton: Skeleton, *, fps: float, normalisation: str) -> Pair:
    """`pair_at`, then `input_and_truth`."""
    pair = pair_at(pair, skeleton, fps)
    given = torch.from_numpy(pair.xy), torch.from_numpy(pair.xyz)
    xy, xyz = input_and_truth(*given, skeleton, normalisation=normalisation)
    return replace(pair, xy=xy.numpy(), xyz=xyz.numpy())
