"""A person's body: a skinned mesh with a rig, exported once from Anny and then plain numpy.

Anny (NAVER, Apache-2.0) is a parametric body made from the CC0 MakeHuman assets.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from ...gast.errors import InputError
from ...gast.skeleton import COCO17
from .outfit import Look, Outfit, dress
from .rig import Posing, Rig

EXPORT_VERSION = 1
"""Part of the cache's file names; counted up when what an export holds changes."""


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


class Body:
    """A dressed body that follows a rig's movement.

    Args:
        mesh: The naked body.
        outfit: What it wears.
    """

    def __init__(self, mesh: Mesh, outfit: Outfit) -> None:
        self.mesh = mesh
        self.rig = mesh.rig
        self.look: Look = dress(mesh, outfit)
        self._keypoint_share = mesh.keypoints @ mesh.skinning
        moments = [csr_matrix(mesh.keypoints * mesh.vertices[:, i]) @ mesh.skinning for i in range(3)]
        self._keypoint_moment = np.stack([moment.toarray() for moment in moments], -1)

    def posed(self, posing: Posing) -> tuple[np.ndarray, np.ndarray]:
        """Vertices and normals of one frame, (V, 3) each, in world axes; T is 1."""
        turns, shifts = _transforms(self.rig, posing)
        blended = self.mesh.skinning @ np.concatenate([turns[0].reshape(-1, 9), shifts[0]], 1)
        turn = blended[:, :9].reshape(-1, 3, 3)
        vertices = np.einsum("vij,vj->vi", turn, self.look.vertices) + blended[:, 9:]
        return vertices, np.einsum("vij,vj->vi", turn, self.mesh.normals)

    def coco17(self, posing: Posing) -> np.ndarray:
        """Joints of `COCO17` in each frame, (T, 17, 3): means over skin, so without clothes."""
        turns, shifts = _transforms(self.rig, posing)
        moved = np.einsum("tbij,kbj->tki", turns, self._keypoint_moment)
        return moved + np.einsum("kb,tbi->tki", self._keypoint_share, shifts)

    def lowest(self, posing: Posing) -> np.ndarray:
        """Height of the lowest point in each frame, (T,), metres."""
        step = 4  # every fourth vertex lies within a centimetre of any other
        skinning, vertices = self.mesh.skinning[::step], self.look.vertices[::step]
        turns, shifts = _transforms(self.rig, posing)
        rows = np.concatenate([turns[:, :, 2], shifts[:, :, 2:]], -1)
        heights = (skinning @ row for row in rows)
        return np.array([((h[:, :3] * vertices).sum(1) + h[:, 3]).min() for h in heights])


def _transforms(rig: Rig, posing: Posing) -> tuple[np.ndarray, np.ndarray]:
    """Per bone from rest to world: (T, B, 3, 3) turns and (T, B, 3) shifts."""
    shifts = rig.heads_of(posing) - np.einsum("tbij,bj->tbi", posing.turns, rig.heads)
    return posing.turns, shifts


def anny_body(
    *,
    gender: float,
    age: float,
    muscle: float,
    weight: float,
    proportions: float,
    height_m: float,
    outfit: Outfit,
) -> Body:
    """A body of the parametric model Anny, from the cache if it was made before.

    Args:
        gender: 0 male to 1 female.
        age: 0 newborn, 1/3 child, 2/3 young adult, 1 old.
        muscle: 0 slight to 1 strong.
        weight: 0 thin to 1 heavy.
        proportions: 0 uncommon to 1 ideal.
        height_m: From sole to crown.
        outfit: What it wears.

    Raises:
        InputError: A number is out of range, or the body is not in the cache and Anny is missing.
    """
    shape = {
        "gender": gender,
        "age": age,
        "muscle": muscle,
        "weight": weight,
        "proportions": proportions,
    }
    for name, value in shape.items():
        if not 0 <= value <= 1:
            raise InputError(f"body.{name} is {value}, wanted 0 to 1; see conf/body")
    if not 0.5 <= height_m <= 2.5:
        raise InputError(f"body.height_m is {height_m}, wanted 0.5 to 2.5 metres; see conf/body")
    path = cached_body(shape)
    if not path.exists():
        _export(path, shape)
    return Body(read_mesh(path, height_m=height_m), outfit)


def cached_body(shape: Mapping[str, float]) -> Path:
    """Where an exported body is kept: GASTLIVE_CACHE, else the user's cache folder."""
    import platformdirs

    root = os.environ.get("GASTLIVE_CACHE") or platformdirs.user_cache_dir("gastlive")
    key = json.dumps([EXPORT_VERSION, {k: float(v) for k, v in sorted(shape.items())}])
    return Path(root) / "bodies" / f"anny_{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"


def read_mesh(path: Path, *, height_m: float) -> Mesh:
    """An exported body, scaled to a height, feet on z = 0.

    Raises:
        InputError: The file is broken.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            data = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError) as error:
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


def _export(path: Path, shape: Mapping[str, float]) -> None:
    """Make a body with Anny and write it; takes a minute the first time ever."""
    try:
        import anny
        import torch
    except ImportError as error:
        raise InputError(
            f"making a body needs {error.name}, which is missing; pip install 'gastlive[render]'"
        ) from error
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # Anny prefers another skinning, which isn't used here
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
