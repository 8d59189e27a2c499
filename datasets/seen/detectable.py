"""Motion capture with the joints that a 2-D detector sees, so that lifters learn those."""

from dataclasses import replace

import torch

from ...gast.inputs.filling import TORSO
from ...gast.skeleton import Skeleton
from ..clip import MotionClip
from ..rates import at_layout
from .body import body_axes
from .completion import make_middle

FACE = (0.0, -0.12, 0.17)
"""Tip of the nose from the middle of the skull, in torso lengths: right, up and forward."""


def detectable(clip: MotionClip, layout: Skeleton) -> MotionClip:
    """The clip in another layout, with middle line and nose where detectors put them.

    The root of an ASF or a Kinect lies a fifth of the torso above the hips' middle, and a nose made
    from the head would be inside the skull. An InputError if the clip's layout can't make a joint.
    """
    mapped = at_layout(clip, layout)
    if any(joint not in clip.layout.index or joint not in layout.index for joint in TORSO):
        return mapped
    xyz = make_middle(torch.from_numpy(mapped.xyz), layout)
    if "nose" in layout.index and "nose" not in clip.layout.index:
        torso = xyz[..., layout.index["thorax"], :] - xyz[..., layout.index["hip"], :]
        ahead = xyz.new_tensor(FACE) @ body_axes(xyz, layout)
        xyz[..., layout.index["nose"], :] += torso.norm(dim=-1, keepdim=True) * ahead
    return replace(mapped, xyz=xyz.numpy())
