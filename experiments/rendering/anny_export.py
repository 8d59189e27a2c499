"""Exports a body of Anny to a small file, after which neither Anny nor torch is needed.

Anny (NAVER Corp., code Apache-2.0) is a parametric body made from the CC0 MakeHuman assets.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import COCO17


def export_anny(path: Path, shape: Mapping[str, float]) -> None:
    """Make a body and write what `read_mesh` reads; takes two minutes the first time ever.

    Raises:
        InputError: Anny is missing.
    """
    try:
        import anny
        import torch
    except ImportError as error:
        raise InputError(
            f"making a body needs {error.name}, which is missing; "
            f"pip install -e '.[render]' in a clone"
        ) from error
    with torch.no_grad():
        model = anny.Anny(rig="cmu_mb").to(dtype=torch.float32)
        rest = torch.eye(4).repeat(1, model.bone_count, 1, 1)
        posed = model(pose_parameters=rest, phenotype_kwargs={**shape, "height": 0.5})
        regressor = anny.KeypointsRegressor.coco(model, labels=list(COCO17.joints))
    vertices = posed["rest_vertices"][0].numpy()
    keypoints = np.zeros((len(COCO17), len(vertices)), np.float32)
    np.add.at(
        keypoints,
        (np.arange(len(COCO17))[:, None], regressor.regression_indices.numpy()),
        regressor.regression_weights.numpy(),
    )
    rows, columns = np.nonzero(keypoints)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(
        part,
        vertices=vertices,
        faces=model.faces.numpy().astype(np.int32),
        bones=model.vertex_bone_indices.numpy().astype(np.int16),
        weights=model.vertex_bone_weights.numpy().astype(np.float32),
        bone_names=np.array(model.bone_labels),
        parents=np.array(model.bone_parents, np.int16),
        heads=posed["rest_bone_heads"][0].numpy(),
        tails=posed["rest_bone_tails"][0].numpy(),
        keypoint=rows.astype(np.int16),
        keypoint_vertex=columns.astype(np.int32),
        keypoint_weight=keypoints[rows, columns],
    )
    part.replace(path)
