"""Bodies of other proportions: bones lengthened and limbs thickened."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .mesh import Mesh

PARTS = {
    "trunk": ("LowerBack", "Spine", "Spine1"),
    "upper_arm": ("LeftArm", "RightArm"),
    "forearm": ("LeftForeArm", "RightForeArm"),
    "thigh": ("LeftUpLeg", "RightUpLeg"),
    "shank": ("LeftLeg", "RightLeg"),
}
"""Bones that change together."""


def built(
    mesh: Mesh, *, lengths: Mapping[str, float], girths: Mapping[str, float], height_m: float
) -> Mesh:
    """A mesh whose `PARTS` are longer and thicker by these factors, scaled to a height."""
    rig = mesh.rig
    along = rig.tails - rig.heads
    along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
    length, girth = np.ones((2, len(rig.bones), 1, 1))
    for part, bones in PARTS.items():
        at = [rig.index[bone] for bone in bones]
        length[at], girth[at] = lengths.get(part, 1.0), girths.get(part, 1.0)
    axis = along[:, :, None] * along[:, None]
    stretch = length * axis + girth * (np.eye(3) - axis)
    slide = length * axis + np.eye(3) - axis  # girth leaves the joints where they are
    heads = rig.heads.copy()
    for i, parent in enumerate(rig.parents):
        if parent >= 0:
            heads[i] = heads[parent] + slide[parent] @ (rig.heads[i] - rig.heads[parent])
    tails = heads + np.einsum("bij,bj->bi", slide, rig.tails - rig.heads)
    shifts = heads - np.einsum("bij,bj->bi", stretch, rig.heads)
    blended = mesh.skinning @ np.concatenate([stretch.reshape(-1, 9), shifts], 1)
    vertices = np.einsum("vij,vj->vi", blended[:, :9].reshape(-1, 3, 3), mesh.vertices)
    vertices += blended[:, 9:]
    low = vertices[:, 2].min()
    scale = height_m / (vertices[:, 2].max() - low)
    heads, tails, vertices = ((part - [0, 0, low]) * scale for part in (heads, tails, vertices))
    return replace(mesh, rig=replace(rig, heads=heads, tails=tails), vertices=vertices)
