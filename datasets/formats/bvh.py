"""BVH, the motion capture format of animation programs, of any rig with a human's joints."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import CMU31, Skeleton, joint_map
from ..axes import from_y_up
from .text import broken, floats, read_text

_SIDED: Mapping[str, tuple[str, ...]] = {
    "hip": ("upleg", "thigh", "upperleg", "femur", "hip"),
    "knee": ("calf", "leg", "lowerleg", "lowleg", "shin", "tibia", "knee"),
    "ankle": ("ankle", "foot"),
    "foot": ("toebase", "toes", "toe", "ball"),
    "toe": ("midtoe1", "toeend", "toebaseend", "toesend", "ballend"),
    "shoulder": ("upperarm", "arm", "uparm", "humerus", "shoulder"),
    "elbow": ("forearm", "lowerarm", "lowarm", "radius", "elbow"),
    "wrist": ("wrist", "hand"),
    "hand": ("mid1", "handmiddle1", "middle1", "fingerbase"),
    "fingers": ("mid3", "handmiddle3", "middle3", "handindex1"),
    "thumb": ("thumb3", "handthumb3", "thumb"),
}
BVH_JOINTS: Mapping[str, tuple[str, ...]] = {
    "hip": ("hips", "hip", "pelvis", "root"),
    "lower_spine": ("spine01", "spine", "chest"),
    "spine": ("spine02", "spine1", "chest1", "chest2"),
    "thorax": ("necktwist01", "neck", "neck0"),
    "lower_neck": ("necktwist02", "neck1"),
    "neck": ("head",),
    "head": ("headtopend", "headtop", "headend"),
    **{
        f"{side}_{joint}": tuple(f"{prefix}{name}" for name in names for prefix in (side, side[0]))
        for side in ("left", "right")
        for joint, names in _SIDED.items()
    },
}
"""Names that a joint of `CMU31` goes by, the surest first, as `_plain` spells them. They cover the
rigs of Mixamo, Character Creator (``CC_Base_*``), MotionBuilder and Poser and the CMU conversions;
a name that ends in ``end`` may be an end site."""

_TIPS = ("foot", "toe", "forearm", "hand", "fingers", "thumb")
_NEEDED = [
    joint
    for joint in CMU31.joints
    if joint not in ("lower_spine", "spine", "lower_neck", "head") and not joint.endswith(_TIPS)
]
"""Joints that nothing else stands in for."""

_EYES = ("leye", "reye", "lefteye", "righteye")
CROWN = 2.3
"""Height of the crown over that of the eyes, both above the joint on which the head turns."""
CROWN_BY_LEG = 0.19
"""Height of the crown above that joint over the length of thigh and shank (Character Creator)."""

TPOSE = np.radians(10)


def read_bvh(
    path: str | PathLike[str], *, up: str = "y", unit_m: float = 0.01
) -> tuple[np.ndarray, float]:
    """Joints (T, 31, 3) of one take in layout `CMU31`, float32, metres, world axes; and its fps.

    `up` is the file's axis that points up, ``y`` or ``z``; `unit_m` its unit in metres, 0.01 for
    centimetres. A first frame in T-pose, which many programs add, is left out. Inner joints of the
    spine, toes, hands and fingers that the rig lacks are made from their neighbours, see
    `joint_map`; a missing crown of the head is estimated. An InputError says where the file is
    broken or which joints are missing.
    """
    if up not in ("y", "z"):
        raise InputError(f"up is {up!r}; choose y or z")
    bvh = Bvh.read(path)
    xyz = bvh.pose() * unit_m
    xyz = (from_y_up(xyz) if up == "y" else xyz).astype(np.float32)
    return xyz[1:] if len(xyz) > 1 and in_tpose(xyz[0]) else xyz, bvh.fps


def in_tpose(pose: np.ndarray) -> bool:
    """Whether both arms of a `CMU31` pose (31, 3) are stretched out level, within `TPOSE`."""
    left, right = (
        pose[CMU31.index[f"{side}_wrist"]] - pose[CMU31.index[f"{side}_shoulder"]]
        for side in ("left", "right")
    )
    arms = np.stack([left / np.linalg.norm(left), -right / np.linalg.norm(right)])
    return bool(arms[0] @ arms[1] > np.cos(TPOSE) and (np.abs(arms[:, 2]) < np.sin(TPOSE)).all())


@dataclass(slots=True)
class Node:
    """A joint or an end site: its parent's index; offset (3,) and channels as in the file."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.full(3, np.nan))
    channels: tuple[str, ...] = ()
    is_end: bool = False

    @property
    def is_placed(self) -> bool:
        """Whether it has an offset."""
        return bool(np.isfinite(self.offset).all())


@dataclass(frozen=True)
class Bvh:
    """A parsed file.

    Attributes:
        nodes: Parents first; an end site is named after its joint, with ``End`` behind it.
        motion: (T, channels) as in the file, angles in degrees.
    """

    path: Path
    nodes: tuple[Node, ...]
    motion: np.ndarray
    fps: float
    _placed: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """Parse a BVH; an InputError names file and line where it is broken."""
        lines = read_text(path).splitlines()
        start = next((i for i, line in enumerate(lines) if line.strip() == "MOTION"), None)
        if start is None:
            raise broken(path, len(lines), "no line MOTION")
        nodes = _parse_nodes(path, lines[:start])
        motion, fps = _parse_motion(path, lines, start, sum(len(node.channels) for node in nodes))
        return cls(Path(path), nodes, motion, fps)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Plain name to the first node of that name; ends of bones without length are left out."""
        long = [
            bool(node.offset.any()) or any(c.lower().endswith("position") for c in node.channels)
            for node in self.nodes
        ]
        for i in reversed(range(len(self.nodes))):
            if long[i] and self.nodes[i].parent >= 0:
                long[self.nodes[i].parent] = True
        names = [_plain(node.name) for node in self.nodes]
        return {name: i for i, name in reversed(list(enumerate(names))) if long[i]}

    def place(self, node: int) -> tuple[np.ndarray, np.ndarray]:
        """Rotations (T, 3, 3) and positions (T, 3) of a node in the file's axes and unit.

        Position channels add to the offset of a root, but replace that of an inner joint.
        """
        if node not in self._placed:
            here = self.nodes[node]
            turn, moved = self._own(node)
            if here.parent < 0:
                self._placed[node] = turn, here.offset + moved
            else:
                outer, origin = self.place(here.parent)
                shift = np.where(np.isnan(moved), here.offset, moved)
                at = origin + (outer @ shift[..., None])[..., 0]
                self._placed[node] = outer @ turn, at
        return self._placed[node]

    def _own(self, node: int) -> tuple[np.ndarray, np.ndarray]:
        """Rotation (T, 3, 3) and shift (T, 3) of one node; a shift without a channel is NaN."""
        from scipy.spatial.transform import Rotation  # slow to import

        here = self.nodes[node]
        first = sum(len(other.channels) for other in self.nodes[:node])
        shift = np.full((len(self.motion), 3), 0.0 if here.parent < 0 else np.nan)
        turns: dict[str, np.ndarray] = {}
        for i, channel in enumerate(here.channels, first):
            if channel.lower().endswith("position"):
                shift[:, "XYZ".index(channel[0].upper())] = self.motion[:, i]
            else:
                turns[channel[0].upper()] = self.motion[:, i]
        if not turns:
            return np.broadcast_to(np.eye(3), (len(self.motion), 3, 3)), shift
        angles = np.stack(list(turns.values()), -1)
        return Rotation.from_euler("".join(turns), angles, degrees=True).as_matrix(), shift

    def pose(self) -> np.ndarray:
        """`CMU31` (T, 31, 3) in the file's axes and unit; an InputError lists missing joints."""
        found = {
            joint: self.place(self.index[name])[1]
            for joint, names in BVH_JOINTS.items()
            if (name := next((name for name in names if name in self.index), None)) is not None
        }
        if missing := [joint for joint in _NEEDED if joint not in found]:
            raise InputError(
                f"{self.path} has no joint for {', '.join(missing)}; rename its joints as Mixamo "
                f"does, or use another file"
            )
        if "head" not in found:
            found["head"] = self._crown(found)
        return joint_map(_layout(tuple(found)), CMU31)(np.stack(list(found.values()), 1))

    def _crown(self, found: Mapping[str, np.ndarray]) -> np.ndarray:
        """Top of the head (T, 3), estimated from the height of the eyes, else from the legs."""
        turn, at = self.place(self.index["head"])
        if eyes := [self.index[name] for name in _EYES if name in self.index]:
            eye = np.mean([self.place(eye)[1][0] for eye in eyes], 0) - at[0]
            return at + turn @ np.array([0, CROWN * (turn[0].T @ eye)[1], 0])
        hip, knee, ankle = (found[f"left_{joint}"][0] for joint in ("hip", "knee", "ankle"))
        leg = np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)
        return at + turn @ (CROWN_BY_LEG * leg * self._rest_up())

    def _rest_up(self) -> np.ndarray:
        """Direction (3,) from the root to the head at rest, when no joint is turned."""
        up, node = np.zeros(3), self.index["head"]
        while self.nodes[node].parent >= 0:
            up = up + self.nodes[node].offset
            node = self.nodes[node].parent
        return up / np.linalg.norm(up) if up.any() else np.array([0.0, 1.0, 0.0])


@cache
def _layout(joints: tuple[str, ...]) -> Skeleton:
    """A layout of the joints in a file; their parents do not matter here."""
    return Skeleton("bvh", {joint: None if joint == "hip" else "hip" for joint in joints})


def _plain(name: str) -> str:
    """``mixamorig:LeftUpLeg`` is ``leftupleg``, ``CC_Base_L_Thigh`` and ``Thigh.L`` ``lthigh``."""
    name = name.split(":")[-1].removeprefix("CC_Base_").lower()
    if match := re.fullmatch(r"(.+)[._]([lr]|left|right)", name):
        name = match[2] + match[1]
    return re.sub(r"[^a-z0-9]", "", name)


def _parse_nodes(path: str | PathLike[str], lines: list[str]) -> tuple[Node, ...]:
    nodes: list[Node] = []
    open_nodes: list[int] = []
    for number, line in enumerate(lines, 1):
        parent = open_nodes[-1] if open_nodes else -1
        here = nodes[parent] if open_nodes else None
        match line.split():
            case ["HIERARCHY"] | ["{"] | []:
                pass
            case [("ROOT" | "JOINT") as kind, *name]:
                if (kind == "ROOT") != (here is None) or (here and here.is_end):
                    raise broken(path, number, f"a {kind} can't be here")
                open_nodes.append(len(nodes))
                nodes.append(Node(" ".join(name), parent))
            case ["End", "Site"] if here and not here.is_end:
                open_nodes.append(len(nodes))
                nodes.append(Node(f"{here.name}End", parent, is_end=True))
            case ["OFFSET", *numbers] if here and not here.is_placed:
                here.offset = _row(path, number, numbers, 3)
            case ["CHANNELS", count, *channels] if here and _fit(here, count, channels):
                here.channels = tuple(channels)
            case ["}"] if here and here.is_placed:
                open_nodes.pop()
            case ["}"] if here:
                raise broken(path, number, f"{here.name!r} has no OFFSET")
            case _:
                raise broken(path, number, f"can't read {line.strip()!r} here")
    if open_nodes or not nodes:
        raise broken(path, len(lines), "the skeleton ends too early")
    return tuple(nodes)


def _fit(node: Node, count: str, channels: list[str]) -> bool:
    """Whether the channels are known, different, as many as stated and this joint's only ones."""
    names = {channel.lower() for channel in channels}
    known = all(re.fullmatch(r"[xyz](position|rotation)", name) for name in names)
    return (
        known
        and count == str(len(channels)) == str(len(names))
        and not (node.is_end or node.channels)
    )


def _parse_motion(
    path: str | PathLike[str], lines: list[str], start: int, channels: int
) -> tuple[np.ndarray, float]:
    text = "\n".join(lines[start : start + 3])
    head = re.fullmatch(r"MOTION\s+Frames:\s*(\d{1,18})\s+Frame Time:\s*(\S+)\s*", text)
    step = floats([head[2]]) if head else None
    if head is None or step is None or step[0] <= 0:
        raise broken(path, start + 2, "wanted 'Frames: COUNT' and 'Frame Time: SECONDS'")
    rows = [(n, words) for n, line in enumerate(lines[start + 3 :], start + 4)
            if (words := line.split())]  # fmt: skip
    if len(rows) != int(head[1]) or not rows:
        raise broken(path, start + 2, f"wanted {head[1]} frames, found {len(rows)}")
    motion = np.empty((len(rows), channels))
    for i, (number, words) in enumerate(rows):
        motion[i] = _row(path, number, words, channels)
    return motion, round(1 / float(step[0]), 2)


def _row(path: str | PathLike[str], number: int, words: list[str], count: int) -> np.ndarray:
    values = floats(words)
    if values is None or len(values) != count:
        raise broken(path, number, f"wanted {count} numbers, found {len(words)} words")
    return values
