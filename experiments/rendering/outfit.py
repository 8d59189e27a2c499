"""Clothes as colours of the vertices of a body: shirt, trousers, shoes, hair or skin."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ...gast.errors import InputError
from .mesh import Mesh


class Material(IntEnum):
    """Surfaces that the shader draws differently."""

    SKIN = 0
    CLOTH = 1
    SHOE = 2
    HAIR = 3
    FLOOR = 4
    WALL = 5


@dataclass(frozen=True)
class Pattern:
    """Stripes or checks of a second colour.

    Attributes:
        colour: Red, green, blue, 0 to 1.
        width_m: Of one stripe.
        along: 0 upright stripes, 1 level ones, 2 checks.
    """

    colour: Sequence[float]
    width_m: float
    along: int

    def covers(self, vertices: np.ndarray) -> np.ndarray:
        """(V,) bool: which vertices (V, 3) at rest have the second colour."""
        upright, level = (np.floor(vertices[:, i] / self.width_m) % 2 == 1 for i in (0, 2))
        return np.asarray((upright, level, upright ^ level)[self.along])


@dataclass(frozen=True)
class Outfit:
    """Colours (red, green, blue), 0 to 1; an InputError if one is invalid.

    Attributes:
        sleeve: How far down the upper arm, and beyond 1 down the forearm, a sleeve reaches.
        leg: How far trousers reach: 1 down to the shoes, 0.5 to the knees.
        pattern: On the shirt.
    """

    skin: Sequence[float]
    shirt: Sequence[float]
    trousers: Sequence[float]
    shoes: Sequence[float]
    hair: Sequence[float]
    sleeve: float = 0.65
    leg: float = 1.0
    pattern: Pattern | None = None

    def __post_init__(self) -> None:
        for part in ("skin", "shirt", "trousers", "shoes", "hair"):
            colour = getattr(self, part)
            if len(colour) != 3 or not all(0 <= channel <= 1 for channel in colour):
                raise InputError(
                    f"body.outfit.{part} is {list(colour)}, wanted three numbers from 0 to 1"
                )


@dataclass(frozen=True, eq=False)
class Look:
    """A dressed body at rest.

    Attributes:
        vertices: (V, 3) metres, cloth and hair standing off the skin.
        colours: (V, 3) red, green, blue, 0 to 1.
        materials: (V,) of `Material`.
    """

    vertices: np.ndarray
    colours: np.ndarray
    materials: np.ndarray


THICKNESS_M = {"shirt": 0.010, "trousers": 0.012, "shoes": 0.010, "hair": 0.014}
"""How far each garment stands off the skin."""

_LEGS = ("UpLeg", "Leg", "Foot", "ToeBase")


def dress(mesh: Mesh, outfit: Outfit) -> Look:
    """Colour the skin and move covered vertices outwards, off it."""
    colours = np.tile(np.array(outfit.skin, np.float64), (len(mesh.vertices), 1))
    materials = np.full(len(mesh.vertices), Material.SKIN)
    lift = np.zeros(len(mesh.vertices))
    _paint_face(mesh, outfit, colours)
    cloth = {"shirt": Material.CLOTH, "trousers": Material.CLOTH, "shoes": Material.SHOE}
    for part, where in _garments(mesh, outfit).items():
        colours[where] = getattr(outfit, part)
        materials[where] = cloth.get(part, Material.HAIR)
        lift[where] = THICKNESS_M[part]
        if part == "shirt" and outfit.pattern is not None:
            colours[where & outfit.pattern.covers(mesh.vertices)] = outfit.pattern.colour
    return Look(mesh.vertices + mesh.normals * lift[:, None], colours, materials)


def _garments(mesh: Mesh, outfit: Outfit) -> dict[str, np.ndarray]:
    """Garment to the vertices (V,) bool that it covers; no vertex is in two."""
    height = mesh.vertices[:, 2]
    joint = mesh.rig.rest
    hips = joint["left_hip"][2]
    trunk = _moved_by(mesh, "LowerBack", "Spine", "Spine1", "LeftShoulder", "RightShoulder")
    sleeves = sum(_sleeve(mesh, side, outfit.sleeve) for side in ("left", "right"))
    waist = _moved_by(mesh, "Hips") * (height > hips + 0.02)
    shirt = (trunk + sleeves + waist > 0.5) & (height < joint["thorax"][2] + 0.035)
    bones = [f"{side}{bone}" for side in ("Left", "Right") for bone in _LEGS]
    below = _moved_by(mesh, "Hips", "LHipJoint", "RHipJoint", *bones) > 0.5
    sole = height < joint["left_ankle"][2] + 0.03
    bare = height < hips - outfit.leg * (hips - joint["left_ankle"][2] - 0.03)
    return {
        "shirt": shirt,
        "trousers": below & ~shirt & ~sole & ~bare,
        "shoes": below & ~shirt & sole,
        "hair": _hair(mesh),
    }


def _moved_by(mesh: Mesh, *bones: str) -> np.ndarray:
    """(V,) how much these bones move each vertex, 0 to 1."""
    columns = [mesh.rig.index[bone] for bone in bones]
    return np.asarray(mesh.skinning[:, columns].sum(1)).ravel()


def _sleeve(mesh: Mesh, side: str, length: float) -> np.ndarray:
    """(V,) share of the arm that the sleeve covers."""
    names = [f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist")]
    covered = np.zeros(len(mesh.vertices))
    for i, bone in enumerate(("Arm", "ForeArm")):
        start, end = mesh.rig.rest[names[i]], mesh.rig.rest[names[i + 1]]
        along = (mesh.vertices - start) @ (end - start) / ((end - start) @ (end - start))
        if length > i:
            covered += _moved_by(mesh, f"{side.capitalize()}{bone}") * (along < length - i)
    return covered


def _hair(mesh: Mesh) -> np.ndarray:
    """(V,) bool: the crown, and the back of the head down to below the ears."""
    x, y, z = mesh.vertices.T
    face = mesh.rest_keypoints
    eye, ear = face["left_eye"], face["left_ear"]
    head = _moved_by(mesh, "Head", "Neck1", "Neck") > 0.5
    crown = z > eye[2] + 0.052
    behind = (y > ear[1] - 0.012) & (z > ear[2] - 0.05)
    ears = (np.abs(x) > 0.075) & (z < ear[2] + 0.02)
    return head & (z > face["nose"][2] - 0.12) & (crown | (behind & ~ears))


def _paint_face(mesh: Mesh, outfit: Outfit, colours: np.ndarray) -> None:
    """Brows, pupils and lips, in place."""
    x, y, z = mesh.vertices.T
    face = mesh.rest_keypoints
    for side in ("left", "right"):
        eye = face[f"{side}_eye"]
        near = y < eye[1] + 0.03
        brow = (np.abs(z - eye[2] - 0.022) < 0.004) & (np.abs(x - eye[0]) < 0.022) & near
        colours[brow] = np.clip(np.array(outfit.hair) * 1.3, 0, 1)
        colours[(np.hypot(x - eye[0], z - eye[2]) < 0.0062) & near] = (0.05, 0.04, 0.03)
    mouth = face["nose"] + [0, 0.012, -0.042]
    lips = (np.abs(z - mouth[2]) < 0.009) & (np.abs(x) < 0.024) & (y < mouth[1] + 0.02)
    colours[lips] = np.array(outfit.skin) * (0.85, 0.55, 0.55)
