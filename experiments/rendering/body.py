"""A dressed person that follows a rig's movement, in plain numpy."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from ...gast.errors import InputError
from .anny_export import export_anny
from .mesh import Mesh, read_mesh
from .outfit import Look, Outfit, dress
from .rig import Posing, Rig

EXPORT_VERSION = 1
"""Part of the cache's file names; counted up when what an export holds changes."""


class Body:
    """A dressed body that follows a rig: the naked `mesh` and the `outfit` it wears."""

    def __init__(self, mesh: Mesh, outfit: Outfit) -> None:
        self.mesh = mesh
        self.rig = mesh.rig
        self.look: Look = dress(mesh, outfit)
        self._keypoint_share = mesh.keypoints @ mesh.skinning
        moments = [
            csr_matrix(mesh.keypoints * mesh.vertices[:, i]) @ mesh.skinning for i in range(3)
        ]
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
        age: 0 baby, 1/3 child, 2/3 young adult, 1 old.
        muscle: 0 slight to 1 strong.
        weight: 0 thin to 1 heavy.
        proportions: 0 uncommon to 1 ideal.
        height_m: From sole to crown.
        outfit: Its clothes.

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
    return Body(anny_mesh(shape, height_m=height_m), outfit)


def anny_mesh(shape: Mapping[str, float], *, height_m: float) -> Mesh:
    """The naked body; `shape` and errors are those of `anny_body`."""
    for name, value in shape.items():
        if not 0 <= value <= 1:
            raise InputError(f"body.{name} is {value}, wanted 0 to 1; see conf/body")
    if not 0.5 <= height_m <= 2.5:
        raise InputError(f"body.height_m is {height_m}, wanted 0.5 to 2.5 metres; see conf/body")
    path = cached_body(shape)
    if not path.exists():
        export_anny(path, shape)
    return read_mesh(path, height_m=height_m)


def cached_body(shape: Mapping[str, float]) -> Path:
    """Path of an exported body: below GASTLIVE_CACHE, else in the user's cache folder."""
    import platformdirs

    root = os.environ.get("GASTLIVE_CACHE") or platformdirs.user_cache_dir("gastlive")
    key = json.dumps([EXPORT_VERSION, {k: float(v) for k, v in sorted(shape.items())}])
    return Path(root) / "bodies" / f"anny_{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
