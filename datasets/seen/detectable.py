"""Motion as detectors would tell it, so that a lifter learns what it will be given."""

from dataclasses import replace

import numpy as np

from ...gast.inputs.filling import TORSO
from ...gast.skeleton import Skeleton
from ..clip import MotionClip
from ..rates import at_layout
from .body import body_axes
from .completion import make_middle

FACE = (0.0, -0.12, 0.17)
"""The tip of the nose from the middle of the skull, in lengths of the torso: to the person's right,
up and forward."""


def detectable(clip: MotionClip, layout: Skeleton) -> MotionClip:
    """The clip in another layout, with the joints of the middle line where a detector puts them.

    Data sets put them elsewhere, and each somewhere else: the root of an ASF lies a fifth of the
    torso above the hips' middle, a Kinect's hip centre and spine likewise, and where there is no
    nose it would be inside the skull. A lifter that was taught those is wrong on what it gets live:
    a hip and a thorax in the middle between hips and shoulders, and the tip of the nose.

    Args:
        clip: In any layout.
        layout: Of the result.

    Raises:
        InputError: The clip's layout has nothing to make one of the joints from.
    """
    mapped = at_layout(clip, layout)
    if any(joint not in clip.layout.index or joint not in layout.index for joint in TORSO):
        return mapped
    xyz = make_middle(mapped.xyz, layout).astype(mapped.xyz.dtype)
    if "nose" in layout.index and "nose" not in clip.layout.index:
        right_up_forward = body_axes(xyz, layout)
        torso = np.linalg.norm(
            xyz[..., layout.index["thorax"], :] - xyz[..., layout.index["hip"], :], axis=-1
        )
        xyz[..., layout.index["nose"], :] += torso[..., None] * (FACE @ right_up_forward)
    return replace(mapped, xyz=xyz)
