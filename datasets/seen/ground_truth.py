"""What a lifter is given and what it should answer; the same rule for virtual and real cameras."""

from dataclasses import replace

import numpy as np

from ...gast.errors import InputError
from ...gast.inputs.filling import TORSO
from ...gast.skeleton import Skeleton
from ...gast.units import UNITS
from ..axes import turned_towards
from ..pair import Pair, pair_at
from .completion import make_middle


def input_and_truth(
    xy: np.ndarray, xyz: np.ndarray, skeleton: Skeleton, *, normalisation: str
) -> tuple[np.ndarray, np.ndarray]:
    """2-D joints (..., J, 2) and their ground truth (..., J, 3) for lifters of some units.

    A lifter in person units can't tell where in the picture a person is: its truth is in the axes
    of a camera turned to look at their root. It is meant for the live program, so hip, spine and
    thorax are made from shoulders and hips, as there. In screen units the camera's own axes and
    the joints as given are the truth, as in the papers.

    Args:
        xy: Screen units; NaN where not seen.
        xyz: Metres, camera axes, from the camera; NaN where not known.
        skeleton: Layout of the joints.
        normalisation: The lifter's, a key of `gastlive.gast.units.UNITS`.

    Returns:
        Both in float32, `xyz` relative to the root.

    Raises:
        InputError: No such normalisation.
    """
    if normalisation not in UNITS:
        raise InputError(f"unknown normalisation {normalisation!r}; choose from {', '.join(UNITS)}")
    if normalisation == "screen":
        truth = xyz - xyz[..., skeleton.root, None, :]
        return xy.astype(np.float32), truth.astype(np.float32)
    if all(joint in skeleton.index for joint in TORSO):
        xy, xyz = make_middle(xy, skeleton), make_middle(xyz, skeleton)
    return xy.astype(np.float32), turned_towards(xyz, root=skeleton.root)


def pair_for_lifter(pair: Pair, skeleton: Skeleton, *, fps: float, normalisation: str) -> Pair:
    """A real recording at a layout and frame rate, its joints as `input_and_truth` has them.

    Raises:
        InputError: No such layout, rate or normalisation.
    """
    pair = pair_at(pair, skeleton, fps)
    xy, xyz = input_and_truth(pair.xy, pair.xyz, skeleton, normalisation=normalisation)
    return replace(pair, xy=xy, xyz=xyz)
