"""Joint layouts: the only place that knows which joints a skeleton has and how they connect.

A layout is a table of joint and parent by name; indices, bones, mirror order, adjacency, limb
groups and maps between layouts are derived. Names go by meaning; where a publisher's name differs,
a comment at its table says so. Points of the middle line: `hip` between the hips, `spine` half-way
up, `thorax` at the base of the neck between the shoulders, `neck` where the head sits on the neck,
`nose`, `head_center` inside the skull between the ears, `head` the top of the head.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from .errors import InputError


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Joints by name, in storage order, each with its parent; the one root's is ``None``.

    Names that differ only in a ``left_`` / ``right_`` prefix are mirror images of each other.

    Raises:
        InputError: A parent is unknown, there is not exactly one root, or a side has no twin.
    """

    name: str
    parents: Mapping[str, str | None]

    def __post_init__(self) -> None:
        roots = [joint for joint, parent in self.parents.items() if parent is None]
        strangers = {p for p in self.parents.values() if p is not None} - set(self.parents)
        lonely = [joint for joint in self.parents if _twin(joint) not in self.parents]
        if len(roots) != 1 or strangers or lonely:
            raise InputError(f"skeleton {self.name!r}: {roots=}, {strangers=}, {lonely=}")

    def __len__(self) -> int:
        return len(self.parents)

    @cached_property
    def joints(self) -> tuple[str, ...]:
        """Joint names in storage order, length J."""
        return tuple(self.parents)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Joint name to index."""
        return {joint: i for i, joint in enumerate(self.parents)}

    @cached_property
    def root(self) -> int:
        """Index of the joint without a parent."""
        return next(self.index[joint] for joint, parent in self.parents.items() if parent is None)

    @cached_property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(child, parent) index pairs, J - 1 of them."""
        return tuple((self.index[j], self.index[p]) for j, p in self.parents.items() if p)

    @cached_property
    def outward_bones(self) -> tuple[tuple[int, int], ...]:
        """The same pairs, in an order in which every parent comes before its children."""
        placed, ordered, waiting = {self.root}, [], list(self.bones)
        while waiting:
            ready = [bone for bone in waiting if bone[1] in placed]
            ordered += ready
            placed |= {child for child, _ in ready}
            waiting = [bone for bone in waiting if bone not in ready]
        return tuple(ordered)

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """Indices of the joints without children."""
        inner = set(self.parents.values())
        return tuple(self.index[joint] for joint in self.joints if joint not in inner)

    @cached_property
    def mirror(self) -> np.ndarray:
        """Permutation (J,) that swaps left and right: ``pose[mirror]``."""
        return np.array([self.index[_twin(joint)] for joint in self.joints])

    @cached_property
    def adjacency(self) -> np.ndarray:
        """Symmetric (J, J) bool matrix of bones, with self-loops."""
        matrix = np.eye(len(self), dtype=bool)
        child, parent = np.array(self.bones).T
        matrix[child, parent] = matrix[parent, child] = True
        return matrix

    @cached_property
    def limbs(self) -> Mapping[str, tuple[int, ...]]:
        """Joint indices of each limb group that the layout has; every joint is in exactly one."""
        groups: dict[str, list[int]] = {}
        for i, joint in enumerate(self.joints):
            groups.setdefault(_limb(joint), []).append(i)
        return {name: tuple(indices) for name, indices in groups.items()}


def named(name: str) -> Skeleton:
    """The layout of that name; else an InputError lists those there are."""
    if name not in LAYOUTS:
        raise InputError(f"unknown joint layout {name!r}; choose one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


@dataclass(frozen=True, eq=False)
class JointMap:
    """A linear map from one layout's J joints to another's J'.

    Attributes:
        weights: (J', J) float32; each row sums to one.
        approximated: Target joints that the source lacks, each with the joints that replace it.
    """

    source: Skeleton
    target: Skeleton
    weights: np.ndarray
    approximated: Mapping[str, Mapping[str, float]]

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(..., J, C) to (..., J', C)."""
        return self.weights.astype(points.dtype) @ points

    def confidence(self, confidence: np.ndarray) -> np.ndarray:
        """(..., J) to (..., J'), the least of the joints that a joint is made of."""
        used = self.weights != 0
        return np.where(used, confidence[..., None, :], np.inf).min(-1).astype(confidence.dtype)


@cache
def joint_map(source: Skeleton, target: Skeleton) -> JointMap:
    """How to read a pose of one layout in another; `STAND_INS` replace joints that it lacks.

    Raises:
        InputError: A joint of the target can't be made from the source.
    """
    rows, approximated = [], {}
    for joint in target.joints:
        recipe = _resolve(joint, source, ())
        if recipe is None:
            raise InputError(
                f"layout {source.name!r} has nothing to make {joint!r} of {target.name!r} from; "
                f"use a layout that has it"
            )
        if recipe != {joint: 1.0}:
            approximated[joint] = recipe
        rows.append([recipe.get(name, 0.0) for name in source.joints])
    return JointMap(source, target, np.array(rows, np.float32), approximated)


def _resolve(joint: str, source: Skeleton, trail: tuple[str, ...]) -> dict[str, float] | None:
    """Source joints and weights that make up `joint`; `trail` prevents circles."""
    if joint in source.index:
        return {joint: 1.0}
    for stand_in in _stand_ins(joint):
        made: dict[str, float] = {}
        for part, weight in stand_in.items():
            inner = None if part in trail else _resolve(part, source, (*trail, joint))
            if inner is None:
                break
            for name, share in inner.items():
                made[name] = made.get(name, 0.0) + weight * share
        else:
            return made
    return None


STAND_INS: Mapping[str, tuple[Mapping[str, float], ...]] = {
    # Middle line. The spine's true curve is lost; a bent back is drawn straight.
    "hip": ({"left_hip": 0.5, "right_hip": 0.5},),
    "thorax": ({"left_shoulder": 0.5, "right_shoulder": 0.5},),
    "spine": ({"hip": 0.5, "thorax": 0.5},),
    "lower_spine": ({"hip": 0.75, "thorax": 0.25},),
    "lower_neck": ({"thorax": 0.6, "neck": 0.4},),
    # The head turns about `neck`; what lies off that axis (nose, ears) is pulled onto it.
    "neck": ({"thorax": 0.6, "head_center": 0.4}, {"thorax": 0.7, "head": 0.3}),
    "head_center": (
        {"left_ear": 0.5, "right_ear": 0.5},
        {"neck": 0.4, "head": 0.6},
        {"head": 0.65, "thorax": 0.35},
        {"nose": 1.0},
    ),
    "head": (
        {"left_ear": 0.8, "right_ear": 0.8, "thorax": -0.6},
        {"head_center": 1.5, "thorax": -0.5},
    ),
    "nose": ({"head_center": 1.0},),
    "*_eye": ({"nose": 1.0},),
    "*_ear": ({"head_center": 1.0},),
    # Hands and feet: a missing tip is put on the joint before it.
    "*_hand": ({"*_middle_finger_1": 1.0}, {"*_index": 0.5, "*_pinky": 0.5}, {"*_wrist": 1.0}),
    "*_forearm": ({"*_elbow": 0.33, "*_wrist": 0.67},),
    "*_hand_tip": ({"*_fingers": 1.0}, {"*_hand": 1.0}),
    "*_fingers": ({"*_hand_tip": 1.0},),
    "*_thumb": ({"*_hand": 1.0},),
    "*_foot": (
        {"*_toe": 1.0},
        {"*_big_toe": 0.5, "*_small_toe": 0.5},
        {"*_foot_index": 1.0},
        {"*_ankle": 1.0},
    ),
    "*_toe": ({"*_big_toe": 1.0}, {"*_foot_index": 1.0}, {"*_foot": 1.0}),
    "*_big_toe": ({"*_toe": 1.0},),
    "*_small_toe": ({"*_toe": 1.0},),
    "*_foot_index": ({"*_toe": 1.0},),
    "*_heel": ({"*_ankle": 1.0},),
}
"""What stands in for a joint that a layout lacks, best first; ``*`` is either side. Weights of one
stand-in sum to one, so a map never moves or scales a pose; a negative weight extrapolates."""


def _stand_ins(joint: str) -> list[dict[str, float]]:
    side, _, rest = joint.partition("_")
    if side not in ("left", "right"):
        return [dict(parts) for parts in STAND_INS.get(joint, ())]
    return [
        {part.replace("*", side): weight for part, weight in parts.items()}
        for parts in STAND_INS.get(f"*_{rest}", ())
    ]


def _twin(joint: str) -> str:
    side, _, rest = joint.partition("_")
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, joint)


_MIDDLE = {"hip", "lower_spine", "spine", "thorax"}
_LEG = {"hip", "knee", "ankle", "heel", "foot", "toe", "big_toe", "small_toe", "foot_index"}
_ARM = {
    "shoulder",
    "elbow",
    "forearm",
    "wrist",
    "hand",
    "hand_root",
    "hand_tip",
    "fingers",
    "thumb",
    "index",
    "pinky",
}


def _limb(joint: str) -> str:
    side, _, rest = joint.partition("_")
    if joint in _MIDDLE:
        return "torso"
    if side in ("left", "right") and rest in _LEG:
        return f"{side}_leg"
    if side in ("left", "right") and (rest in _ARM or rest.startswith(("finger_", "thumb_"))):
        return f"{side}_arm"
    if side in ("left", "right") and "_finger_" in rest:
        return f"{side}_arm"
    return "head"


_LEFT_LEG: dict[str, str | None] = {
    "left_hip": "hip",
    "left_knee": "left_hip",
    "left_ankle": "left_knee",
}
_RIGHT_LEG: dict[str, str | None] = {
    "right_hip": "hip",
    "right_knee": "right_hip",
    "right_ankle": "right_knee",
}
_LEFT_ARM: dict[str, str | None] = {
    "left_shoulder": "thorax",
    "left_elbow": "left_shoulder",
    "left_wrist": "left_elbow",
}
_RIGHT_ARM: dict[str, str | None] = {
    "right_shoulder": "thorax",
    "right_elbow": "right_shoulder",
    "right_wrist": "right_elbow",
}

# H3.6M's "Neck/Nose" is `nose` here, its "Head" is the top of the head.
_H36M_MIDDLE: dict[str, str | None] = {
    "spine": "hip",
    "thorax": "spine",
    "nose": "thorax",
    "head": "nose",
}
H36M17 = Skeleton(
    "h36m17",
    {"hip": None, **_RIGHT_LEG, **_LEFT_LEG, **_H36M_MIDDLE, **_LEFT_ARM, **_RIGHT_ARM},
)
H36M19 = Skeleton(
    "h36m19",
    {
        "hip": None,
        **_RIGHT_LEG, "right_toe": "right_ankle",
        **_LEFT_LEG, "left_toe": "left_ankle",
        **_H36M_MIDDLE, **_LEFT_ARM, **_RIGHT_ARM,
    },
)  # fmt: skip
# Stacked Hourglass fine-tuned on H3.6M: no nose.
H36M16 = Skeleton(
    "h36m16",
    {
        "hip": None, **_RIGHT_LEG, **_LEFT_LEG,
        "spine": "hip", "thorax": "spine", "head": "thorax",
        **_LEFT_ARM, **_RIGHT_ARM,
    },
)  # fmt: skip
HUMANEVA15 = Skeleton(
    "humaneva15",
    {
        "hip": None, "thorax": "hip",
        **_LEFT_ARM, **_RIGHT_ARM, **_LEFT_LEG, **_RIGHT_LEG,
        "head": "thorax",
    },
)  # fmt: skip
# MPII's "pelvis" is `hip`, "upper neck" is `neck`, "head top" is `head`.
MPII16 = Skeleton(
    "mpii16",
    {
        "right_ankle": "right_knee", "right_knee": "right_hip", "right_hip": "hip",
        "left_hip": "hip", "left_knee": "left_hip", "left_ankle": "left_knee",
        "hip": None, "thorax": "hip", "neck": "thorax", "head": "neck",
        "right_wrist": "right_elbow", "right_elbow": "right_shoulder", "right_shoulder": "thorax",
        "left_shoulder": "thorax", "left_elbow": "left_shoulder", "left_wrist": "left_elbow",
    },
)  # fmt: skip

_COCO17: dict[str, str | None] = {
    "nose": None,
    "left_eye": "nose", "right_eye": "nose", "left_ear": "left_eye", "right_ear": "right_eye",
    "left_shoulder": "nose", "right_shoulder": "nose",
    "left_elbow": "left_shoulder", "right_elbow": "right_shoulder",
    "left_wrist": "left_elbow", "right_wrist": "right_elbow",
    "left_hip": "left_shoulder", "right_hip": "right_shoulder",
    "left_knee": "left_hip", "right_knee": "right_hip",
    "left_ankle": "left_knee", "right_ankle": "right_knee",
}  # fmt: skip
COCO17 = Skeleton("coco17", _COCO17)

# OpenPose's "Neck" is the mean of the shoulders, so it is `thorax` here; "MidHip" is `hip`.
_OPENPOSE_UPPER: dict[str, str | None] = {
    "nose": "thorax", "thorax": None,
    "right_shoulder": "thorax", "right_elbow": "right_shoulder", "right_wrist": "right_elbow",
    "left_shoulder": "thorax", "left_elbow": "left_shoulder", "left_wrist": "left_elbow",
}  # fmt: skip
_OPENPOSE_FACE: dict[str, str | None] = {
    "right_eye": "nose", "left_eye": "nose", "right_ear": "right_eye", "left_ear": "left_eye",
}  # fmt: skip
OPENPOSE18 = Skeleton(
    "openpose18",
    {
        **_OPENPOSE_UPPER,
        **_RIGHT_LEG, "right_hip": "thorax", **_LEFT_LEG, "left_hip": "thorax",
        **_OPENPOSE_FACE,
    },
)  # fmt: skip
_FEET: dict[str, str | None] = {
    "left_big_toe": "left_ankle", "left_small_toe": "left_big_toe", "left_heel": "left_ankle",
    "right_big_toe": "right_ankle", "right_small_toe": "right_big_toe",
    "right_heel": "right_ankle",
}  # fmt: skip
OPENPOSE25 = Skeleton(
    "openpose25",
    {
        **_OPENPOSE_UPPER, "hip": "thorax", **_RIGHT_LEG, **_LEFT_LEG, **_OPENPOSE_FACE, **_FEET,
    },
)  # fmt: skip


def _face() -> dict[str, str]:
    """The 68 face points of iBUG 300-W in order; sides are the person's own."""
    right, left = "right", "left"
    names = [f"{right}_jaw_{i}" for i in range(8)] + ["chin"]
    names += [f"{left}_jaw_{i}" for i in range(7, -1, -1)]
    names += [f"{right}_brow_{i}" for i in range(5)] + [
        f"{left}_brow_{i}" for i in range(4, -1, -1)
    ]
    names += [f"nose_bridge_{i}" for i in range(4)]
    names += ["right_nostril_0", "right_nostril_1", "nose_base"]
    names += ["left_nostril_1", "left_nostril_0"]
    names += [f"{right}_eyelid_{i}" for i in range(6)]
    names += [f"{left}_eyelid_{i}" for i in (3, 2, 1, 0, 5, 4)]
    for ring, upper, lower in (("outer", 3, 2), ("inner", 2, 1)):
        names += [f"{right}_{ring}_lip_{i}" for i in range(upper)] + [f"{ring}_lip_top"]
        names += [f"{left}_{ring}_lip_{i}" for i in range(upper - 1, -1, -1)]
        names += [f"{left}_{ring}_lip_{upper + i}" for i in range(lower)]
        names += [f"{ring}_lip_bottom"]
        names += [f"{right}_{ring}_lip_{upper + i}" for i in range(lower - 1, -1, -1)]
    return dict.fromkeys(names, "nose")


def _hand(side: str) -> dict[str, str]:
    """The 21 points of one hand in order: its root, then four to a finger from root to tip."""
    chain = {f"{side}_hand_root": f"{side}_wrist"}
    for finger in ("thumb", "index_finger", "middle_finger", "ring_finger", "little_finger"):
        parent = f"{side}_hand_root"
        for i in range(1, 5):
            chain[f"{side}_{finger}_{i}"] = parent
            parent = f"{side}_{finger}_{i}"
    return chain


WHOLEBODY133 = Skeleton(
    "wholebody133", {**_COCO17, **_FEET, **_face(), **_hand("left"), **_hand("right")}
)
# Halpe's first 26, which AlphaPose gives. Its "Neck" lies between the shoulders: `thorax` here.
HALPE26 = Skeleton(
    "halpe26",
    {
        **_COCO17,
        "head": "nose", "thorax": "nose", "hip": "thorax",
        "left_big_toe": "left_ankle", "right_big_toe": "right_ankle",
        "left_small_toe": "left_big_toe", "right_small_toe": "right_big_toe",
        "left_heel": "left_ankle", "right_heel": "right_ankle",
    },
)  # fmt: skip
BLAZEPOSE33 = Skeleton(
    "blazepose33",
    {
        "nose": None,
        "left_eye_inner": "nose", "left_eye": "left_eye_inner", "left_eye_outer": "left_eye",
        "right_eye_inner": "nose", "right_eye": "right_eye_inner", "right_eye_outer": "right_eye",
        "left_ear": "left_eye_outer", "right_ear": "right_eye_outer",
        "left_mouth": "nose", "right_mouth": "nose",
        "left_shoulder": "nose", "right_shoulder": "nose",
        "left_elbow": "left_shoulder", "right_elbow": "right_shoulder",
        "left_wrist": "left_elbow", "right_wrist": "right_elbow",
        "left_pinky": "left_wrist", "right_pinky": "right_wrist",
        "left_index": "left_wrist", "right_index": "right_wrist",
        "left_thumb": "left_wrist", "right_thumb": "right_wrist",
        "left_hip": "left_shoulder", "right_hip": "right_shoulder",
        "left_knee": "left_hip", "right_knee": "right_hip",
        "left_ankle": "left_knee", "right_ankle": "right_knee",
        "left_heel": "left_ankle", "right_heel": "right_ankle",
        "left_foot_index": "left_heel", "right_foot_index": "right_heel",
    },
)  # fmt: skip

_KINECT_LEFT_LEG = {**_LEFT_LEG, "left_foot": "left_ankle"}
_KINECT_RIGHT_LEG = {**_RIGHT_LEG, "right_foot": "right_ankle"}
_KINECT_LEFT_ARM = {**_LEFT_ARM, "left_hand": "left_wrist"}
_KINECT_RIGHT_ARM = {**_RIGHT_ARM, "right_hand": "right_wrist"}
# Kinect v1 (SDK 1.x). "HipCenter" is `hip`, "ShoulderCenter" `thorax`, "Head" `head_center`.
KINECT20 = Skeleton(
    "kinect20",
    {
        "hip": None, "spine": "hip", "thorax": "spine", "head_center": "thorax",
        **_KINECT_LEFT_ARM, **_KINECT_RIGHT_ARM, **_KINECT_LEFT_LEG, **_KINECT_RIGHT_LEG,
    },
)  # fmt: skip
# Kinect v2 as in NTU RGB+D. "SpineBase" is `hip`, "SpineMid" `spine`, "SpineShoulder" `thorax`.
NTU25 = Skeleton(
    "ntu25",
    {
        "hip": None, "spine": "hip", "neck": "thorax", "head_center": "neck",
        **_KINECT_LEFT_ARM, **_KINECT_RIGHT_ARM, **_KINECT_LEFT_LEG, **_KINECT_RIGHT_LEG,
        "thorax": "spine",
        "left_hand_tip": "left_hand", "left_thumb": "left_hand",
        "right_hand_tip": "right_hand", "right_thumb": "right_hand",
    },
)  # fmt: skip


def _acclaim_side(side: str) -> tuple[dict[str, str | None], dict[str, str | None]]:
    def chain(root: str, *joints: str) -> dict[str, str | None]:
        names = [root, *(f"{side}_{joint}" for joint in joints)]
        return dict(zip(names[1:], names, strict=False))

    leg = chain("hip", "hip", "knee", "ankle", "foot", "toe")
    arm = chain("thorax", "shoulder", "elbow", "forearm", "wrist", "hand", "fingers")
    return leg, {**arm, f"{side}_thumb": f"{side}_wrist"}


_LEFT, _RIGHT = _acclaim_side("left"), _acclaim_side("right")
# The Acclaim rig of CMU and HDM05: a joint is the far end of a bone, here in this order: root;
# hipjoint, femur, tibia, foot, toes; lowerback, upperback, thorax, lowerneck, upperneck, head;
# clavicle, humerus, radius (ends half-way down the forearm), wrist, hand, fingers, thumb.
CMU31 = Skeleton(
    "cmu31",
    {
        "hip": None, **_LEFT[0], **_RIGHT[0],
        "lower_spine": "hip", "spine": "lower_spine", "thorax": "spine",
        "lower_neck": "thorax", "neck": "lower_neck", "head": "neck",
        **_LEFT[1], **_RIGHT[1],
    },
)  # fmt: skip

# Penn Action. Its "head" is the middle of the head.
PENN13 = Skeleton(
    "penn13",
    {
        "head_center": None,
        "right_shoulder": "head_center", "left_shoulder": "head_center",
        "right_elbow": "right_shoulder", "left_elbow": "left_shoulder",
        "right_wrist": "right_elbow", "left_wrist": "left_elbow",
        "right_hip": "right_shoulder", "left_hip": "left_shoulder",
        "right_knee": "right_hip", "left_knee": "left_hip",
        "right_ankle": "right_knee", "left_ankle": "left_knee",
    },
)  # fmt: skip
# JHMDB. "Belly" is `lower_spine`, "face" is `head_center`.
JHMDB15 = Skeleton(
    "jhmdb15",
    {
        "neck": "lower_spine", "lower_spine": None, "head_center": "neck",
        "right_shoulder": "neck", "left_shoulder": "neck",
        "right_hip": "lower_spine", "left_hip": "lower_spine",
        "right_elbow": "right_shoulder", "left_elbow": "left_shoulder",
        "right_knee": "right_hip", "left_knee": "left_hip",
        "right_wrist": "right_elbow", "left_wrist": "left_elbow",
        "right_ankle": "right_knee", "left_ankle": "left_knee",
    },
)  # fmt: skip

LAYOUTS = {
    layout.name: layout
    for layout in (
        COCO17, H36M17, H36M19, H36M16, HUMANEVA15, MPII16, OPENPOSE18, OPENPOSE25, WHOLEBODY133,
        HALPE26, BLAZEPOSE33, KINECT20, NTU25, CMU31, PENN13, JHMDB15,
    )
}  # fmt: skip
