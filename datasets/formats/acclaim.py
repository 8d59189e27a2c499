"""Acclaim ASF/AMC, the motion capture format of the CMU Graphics Lab and of HDM05.

An ASF has the bones of one person, an AMC their rotations in each frame; a bone ends in a joint.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import CMU31, Skeleton
from ..axes import from_y_up
from ..rates import resampled
from .text import broken, floats, read_text

INCH_M = 0.0254
FPS = 120.0
"""Frame rate of the AMC files of both publishers; it is not in the files."""

ANGLES: Mapping[str, float] = {
    "deg": np.pi / 180, "degree": np.pi / 180, "degrees": np.pi / 180,
    "rad": 1.0, "radian": 1.0, "radians": 1.0,
}  # fmt: skip
"""Radians in one unit of angle, by its name in small letters."""

MOVES = ("tx", "ty", "tz", "rx", "ry", "rz")
"""Channels of a root; other bones only turn."""

_SIDED = {
    "hipjoint": "hip",
    "femur": "knee",
    "tibia": "ankle",
    "foot": "foot",
    "toes": "toe",
    "clavicle": "shoulder",
    "humerus": "elbow",
    "radius": "forearm",
    "wrist": "wrist",
    "hand": "hand",
    "fingers": "fingers",
    "thumb": "thumb",
}
ACCLAIM_JOINTS: Mapping[str, str] = {
    "root": "hip",
    "lowerback": "lower_spine",
    "upperback": "spine",
    "thorax": "thorax",
    "lowerneck": "lower_neck",
    "upperneck": "neck",
    "head": "head",
    **{f"l{bone}": f"left_{joint}" for bone, joint in _SIDED.items()},
    **{f"r{bone}": f"right_{joint}" for bone, joint in _SIDED.items()},
}
"""Bone to the joint at its far end, as `CMU31` names it."""


def read_acclaim(
    asf: str | PathLike[str], amc: str | PathLike[str], *, fps: float = FPS
) -> np.ndarray:
    """Joints (T, 31, 3) of one take in layout `CMU31`, float32, metres, world axes, floor about 0.

    The file is taken to have 120 frames per second and is resampled to `fps`. An InputError names
    file and line if one is broken or the two don't fit.
    """
    skeleton = AcclaimSkeleton.read(asf)
    motion = skeleton.read_motion(amc)
    return resampled(skeleton.pose(motion, layout=CMU31), fps=FPS, to_fps=fps)


@dataclass(frozen=True, slots=True)
class Bone:
    """One bone at rest.

    Attributes:
        parent: Index, smaller than the bone's own; -1 for the root.
        offset: (3,) from near to far end in the file's axes, metres.
        axis: (3, 3) rotation of the frame in which the bone turns.
        order: Axes of its rotations, such as ``XYZ``; the first is applied first.
        channels: Of its AMC lines, such as ``("rx", "rz")``.
    """

    name: str
    parent: int
    offset: np.ndarray
    axis: np.ndarray
    order: str
    channels: tuple[str, ...]


@dataclass(frozen=True)
class AcclaimSkeleton:
    """The bones of an ASF, parents first, with metres per unit and radians per angle unit."""

    path: Path
    bones: tuple[Bone, ...]
    unit_m: float
    angle: float

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """Parse an ASF; an InputError names file and line where it is broken."""
        return cls(Path(path), *_parse_asf(Path(path)))

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Bone name to its place in `bones`."""
        return {bone.name: i for i, bone in enumerate(self.bones)}

    def read_motion(self, path: str | PathLike[str]) -> dict[str, np.ndarray]:
        """Channels (T, n) of each bone that an AMC moves, metres and radians.

        An InputError names file and line if it is missing or broken or has other bones.
        """
        channels = {bone.name: bone.channels for bone in self.bones}
        angle, values = _parse_amc(Path(path), channels)
        unit = {"t": self.unit_m, "r": angle or self.angle}
        return {
            name: columns * np.array([unit[channel[0]] for channel in channels[name]])
            for name, columns in values.items()
        }

    def positions(self, motion: Mapping[str, np.ndarray]) -> np.ndarray:
        """Far ends of all bones, (T, B, 3) float64 in the file's axes (y up), metres."""
        frames = len(next(iter(motion.values())))
        turns: list[np.ndarray] = []
        ends = np.empty((frames, len(self.bones), 3))
        for i, bone in enumerate(self.bones):
            moves = dict(zip(bone.channels, motion.get(bone.name, np.empty(0)).T, strict=False))
            turn = bone.axis @ _euler(moves, bone.order, frames) @ bone.axis.T
            if bone.parent < 0:
                turns.append(turn)
                shift = np.stack([moves.get(c, np.zeros(frames)) for c in ("tx", "ty", "tz")], -1)
                ends[:, i] = bone.offset + shift
            else:
                turns.append(turns[bone.parent] @ turn)
                ends[:, i] = ends[:, bone.parent] + turns[i] @ bone.offset
        return ends

    def pose(self, motion: Mapping[str, np.ndarray], *, layout: Skeleton) -> np.ndarray:
        """Joints (T, J, 3) float32 in world axes, metres; an InputError if a bone is missing."""
        bones = {joint: bone for bone, joint in ACCLAIM_JOINTS.items() if bone in self.index}
        missing = [joint for joint in layout.joints if joint not in bones]
        if missing:
            raise InputError(
                f"{self.path} has no bone for {', '.join(missing)}; use the ASF of CMU or HDM05"
            )
        order = [self.index[bones[joint]] for joint in layout.joints]
        return from_y_up(self.positions(motion)[:, order]).astype(np.float32)


def _euler(moves: Mapping[str, np.ndarray], order: str, frames: int) -> np.ndarray:
    """(T, 3, 3) rotations; the first axis of `order` is applied first."""
    from scipy.spatial.transform import Rotation  # slow to import

    angles = {axis: moves[f"r{axis}"] for axis in order.lower() if f"r{axis}" in moves}
    if not angles:
        return np.broadcast_to(np.eye(3), (frames, 3, 3))
    return Rotation.from_euler("".join(angles), np.stack(list(angles.values()), -1)).as_matrix()


@dataclass(frozen=True)
class _Block:
    """Lines that each begin with a keyword, with their numbers for messages."""

    path: Path
    line: int
    lines: Mapping[str, tuple[int, list[str]]]

    def words(self, key: str, *, default: str | None = None) -> list[str]:
        if key in self.lines:
            return self.lines[key][1]
        if default is None:
            raise broken(self.path, self.line, f"no {key!r} in what begins here")
        return default.split()

    def numbers(self, key: str, *, count: int, default: str | None = None) -> np.ndarray:
        words = self.words(key, default=default)[:count]
        values = floats(words)
        if values is None or len(values) < count:
            raise self.error(key, f"{key!r} wants {count} numbers, got {' '.join(words)!r}")
        return values

    def turns(self, key: str, *, default: str) -> str:
        order = (self.words(key, default=default) or [""])[-1].upper()
        if not order or set(order) - set("XYZ") or len(set(order)) < len(order):
            raise self.error(key, f"{key!r} wants an order such as XYZ, got {order!r}")
        return order

    def channels(self, key: str, *, allowed: Sequence[str], default: str) -> tuple[str, ...]:
        channels = tuple(word.lower() for word in self.words(key, default=default))
        if strange := [channel for channel in channels if channel not in allowed]:
            raise self.error(key, f"can't move a bone by {', '.join(strange)}")
        return channels

    def error(self, key: str, what: str) -> InputError:
        return broken(self.path, self.lines.get(key, (self.line, []))[0], what)


_Lines = list[tuple[int, list[str]]]


def _parse_asf(path: Path) -> tuple[tuple[Bone, ...], float, float]:
    """Bones with parents first, metres in a unit of length and radians in one of angle."""
    sections = _sections(path)
    units = _block(path, sections["units"])
    length = units.numbers("length", count=1, default="1")[0]
    if length <= 0:
        raise units.error("length", f"unit of length is {length:g}, wanted more than 0")
    unit_m = INCH_M / float(length)
    word = " ".join(units.words("angle", default="deg"))
    if (angle := ANGLES.get(word.lower())) is None:
        raise units.error("angle", f"unit of angle is {word!r}, wanted one of {', '.join(ANGLES)}")
    root = _root(_block(path, sections["root"]), unit_m, angle)
    loose = dict[str, Bone]()
    for number, bone in _bonedata(path, sections["bonedata"], unit_m, angle):
        if bone.name in (root.name, *loose):
            raise broken(path, number, f"a second bone {bone.name!r}")
        loose[bone.name] = bone
    return _hierarchy(path, sections["hierarchy"], root, loose), unit_m, angle


def _hierarchy(
    path: Path, lines: _Lines, root: Bone, loose: Mapping[str, Bone]
) -> tuple[Bone, ...]:
    placed = {root.name: root}
    for number, (parent, *children) in lines:
        if parent.lower() in ("begin", "end") and not children:
            continue
        for name in (parent, *children):
            if name != root.name and name not in loose:
                raise broken(path, number, f"bone {name!r} is not known here, it has no bonedata")
        if parent not in placed:
            raise broken(path, number, f"bone {parent!r} is not known here, it hangs on none yet")
        for child in children:
            if child in placed:
                raise broken(path, number, f"bone {child!r} can't hang on {parent!r} too")
            placed[child] = replace(loose[child], parent=list(placed).index(parent))
    return tuple(placed.values())


def _sections(path: Path) -> dict[str, _Lines]:
    sections: dict[str, _Lines] = {}
    section = ""
    for number, text in enumerate(read_text(path).splitlines(), 1):
        words = text.split("#")[0].split()
        if words and words[0].startswith(":"):
            section = words[0][1:].lower()
            sections[section] = []
        elif words and section:
            sections[section].append((number, words))
    if missing := [name for name in ("root", "bonedata", "hierarchy") if not sections.get(name)]:
        raise broken(path, 1, f"no section {', '.join(':' + name for name in missing)}")
    return {"units": [], **sections}


def _block(path: Path, lines: _Lines) -> _Block:
    fields = {words[0].lower(): (number, words[1:]) for number, words in lines}
    return _Block(path, lines[0][0] if lines else 1, fields)


def _root(block: _Block, unit_m: float, angle: float) -> Bone:
    order = block.turns("axis", default="XYZ")
    channels = block.channels("order", allowed=MOVES, default="TX TY TZ RX RY RZ")
    frame = block.numbers("orientation", count=3, default="0 0 0") * angle
    position = block.numbers("position", count=3, default="0 0 0") * unit_m
    return Bone("root", -1, position, _frame(frame, order), order, channels)


def _bonedata(path: Path, lines: _Lines, unit_m: float, angle: float) -> Iterator[tuple[int, Bone]]:
    """Bones that have no parent yet, each with the line on which it begins."""
    begun: int | None = None
    for i, (_, words) in enumerate(lines):
        if words[0].lower() == "begin":
            if begun is not None:
                break
            begun = i
        elif words[0].lower() == "end" and begun is not None:
            block = _block(path, lines[begun:i])
            order = block.turns("axis", default="0 0 0 XYZ")
            along = block.numbers("direction", count=3)
            frame = block.numbers("axis", count=3, default="0 0 0") * angle
            if not along.any():
                raise block.error("direction", "the direction has no length")
            yield (
                lines[begun][0],
                Bone(
                    name=" ".join(block.words("name")),
                    parent=-1,
                    offset=along
                    / np.linalg.norm(along)
                    * block.numbers("length", count=1)
                    * unit_m,
                    axis=_frame(frame, order),
                    order=order,
                    channels=block.channels("dof", allowed=MOVES[3:], default=""),
                ),
            )
            begun = None
    if begun is not None:
        raise broken(path, lines[begun][0], "the bone that begins here has no end")


def _frame(angles: np.ndarray, order: str) -> np.ndarray:
    moves = {f"r{axis}": angles[i : i + 1] for i, axis in enumerate("xyz")}
    return _euler(moves, order, 1)[0]


def _parse_amc(
    path: Path, channels: Mapping[str, tuple[str, ...]]
) -> tuple[float | None, dict[str, np.ndarray]]:
    """Radians in a unit of angle, if the file says, and each moved bone's values (T, n) as read."""
    angle: float | None = None
    rows: dict[str, list[list[str]]] = {}
    numbers: dict[str, list[int]] = {}
    frames: list[int] = []
    for number, text in enumerate(read_text(path).splitlines(), 1):
        words = text.split()
        if not words or words[0][0] in "#:":
            angle = ANGLES.get(text.strip().lower().removeprefix(":"), angle)
        elif len(words) == 1 and words[0].isdigit():
            frames.append(number)
        elif words[0] not in channels or not frames:
            raise broken(path, number, f"bone {words[0]!r} is not in the ASF or in no frame")
        elif len(words) - 1 != (wanted := len(channels[words[0]])):
            raise broken(path, number, f"{text.strip()!r} wants {wanted} numbers")
        else:
            rows.setdefault(words[0], []).append(words[1:])
            numbers.setdefault(words[0], []).append(number)
    if "root" not in rows:
        raise broken(path, 1, "no frame moves the root")
    for name, lines in numbers.items():
        _check_each_frame(path, name, lines, frames)
    return angle, {name: _table(path, rows[name], numbers[name]) for name in rows}


def _check_each_frame(path: Path, name: str, lines: list[int], frames: list[int]) -> None:
    """A bone moved in one frame is moved, once, in every frame."""
    inside = np.searchsorted(frames, lines) - 1
    counts = np.bincount(inside, minlength=len(frames))
    if (counts != 1).any():
        frame = int((counts != 1).argmax())
        raise broken(path, frames[frame], f"the frame has {name!r} {counts[frame]} times")


def _table(path: Path, rows: list[list[str]], numbers: list[int]) -> np.ndarray:
    values = floats(rows)
    if values is None:
        number, row = next(p for p in zip(numbers, rows, strict=True) if floats(p[1]) is None)
        raise broken(path, number, f"{' '.join(row)!r} wants numbers only")
    return values
