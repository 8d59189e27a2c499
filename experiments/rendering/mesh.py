"""A naked body at rest: a skinned mesh with a rig, as exported to a file."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz
from ...gast.skeleton import COCO17
from .rig import Rig


@dataclass(frozen=True, eq=False)
class Mesh:
    """A naked body at rest.

    Attributes:
        rig: Its bones.
        vertices: (V, 3) metres.
        faces: (F, 3) vertex indices, anticlockwise from outside.
        bones: (V, B') indices of the bones that move each vertex.
        weights: (V, B') how much each of them does; rows sum to one.
        keypoints: (17, V) of COCO, each row weights of vertices that sum to one.
    """

    rig: Rig
    vertices: np.ndarray
    faces: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    keypoints: np.ndarray

    @cached_property
    def skinning(self) -> csr_matrix:
        """(V, B) weights."""
        rows = np.repeat(np.arange(len(self.vertices)), self.bones.shape[1])
        shape = (len(self.vertices), len(self.rig.bones))
        return csr_matrix((self.weights.ravel(), (rows, self.bones.ravel())), shape)

    @cached_property
    def normals(self) -> np.ndarray:
        """(V, 3) unit, outward."""
        a, b, c = (self.vertices[self.faces[:, i]] for i in range(3))
        face = np.cross(b - a, c - a)
        normals = np.zeros_like(self.vertices)
        for i in range(3):
            np.add.at(normals, self.faces[:, i], face)
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)

    @cached_property
    def rest_keypoints(self) -> dict[str, np.ndarray]:
        """Joints of `COCO17` at rest, (3,) each."""
        return dict(zip(COCO17.joints, self.keypoints @ self.vertices, strict=True))


def read_mesh(path: Path, *, height_m: float) -> Mesh:
    """An exported body, scaled to a height, feet on z = 0; an InputError if the file is broken."""
    try:
        with opened_npz(path) as file:
            data = {name: file[name] for name in file.files}
    except BROKEN as error:
        raise InputError(f"can't read the body {path}: {error}; delete it and run again") from error
    low, high = data["vertices"][:, 2].min(), data["vertices"][:, 2].max()
    scale = height_m / (high - low)
    heads, tails, vertices = (
        (data[name].astype(np.float64) - [0, 0, low]) * scale
        for name in ("heads", "tails", "vertices")
    )
    rig = Rig(tuple(str(bone) for bone in data["bone_names"]), data["parents"], heads, tails)
    keypoints = np.zeros((len(COCO17), len(vertices)))
    keypoints[data["keypoint"], data["keypoint_vertex"]] = data["keypoint_weight"]
    bones, weights = data["bones"], data["weights"].astype(np.float64)
    return Mesh(rig, vertices, data["faces"], bones, weights, keypoints)
