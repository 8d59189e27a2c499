import re
from itertools import chain

import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.gast.inputs.filling import REST
from gastlive.gast.skeleton import (
    BLAZEPOSE33,
    CMU31,
    COCO17,
    H36M16,
    H36M17,
    H36M19,
    HUMANEVA15,
    KINECT20,
    LAYOUTS,
    MPII16,
    NTU25,
    OPENPOSE18,
    OPENPOSE25,
    STAND_INS,
    WHOLEBODY133,
    Skeleton,
    joint_map,
    named,
)

EVERY = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
PAIRS = [(a, b) for a in LAYOUTS.values() for b in (COCO17, H36M17, H36M19, HUMANEVA15, KINECT20)]


@EVERY
def test_mirroring_twice_changes_nothing(layout):
    np.testing.assert_array_equal(layout.mirror[layout.mirror], np.arange(len(layout)))


@EVERY
def test_bones_mirror_onto_bones(layout):
    mirrored = {(int(layout.mirror[c]), int(layout.mirror[p])) for c, p in layout.bones}
    assert mirrored == set(layout.bones)


@EVERY
def test_every_joint_hangs_on_the_root(layout):
    parent = dict(layout.bones)
    for joint in range(len(layout)):
        steps = 0
        while joint != layout.root:
            joint, steps = parent[joint], steps + 1
            assert steps < len(layout)


@EVERY
def test_limb_groups_share_out_all_joints_and_mirror(layout):
    groups = layout.limbs
    assert sorted(i for group in groups.values() for i in group) == list(range(len(layout)))
    mirrored = {int(layout.mirror[i]) for i in groups["left_arm"]}
    assert mirrored == set(groups["right_arm"])
    assert {"head", "left_leg", "right_leg"} <= set(groups)


@EVERY
def test_no_part_of_an_arm_or_leg_counts_as_head(layout):
    parts = ("shoulder", "elbow", "wrist", "hand", "finger", "thumb", "hip", "knee", "ankle")
    head = [layout.joints[i] for i in layout.limbs["head"]]
    assert not [joint for joint in head if any(part in joint for part in parts)]


@pytest.mark.parametrize(
    ("layout", "parents"),
    [
        (H36M17, [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15]),
        (H36M19, [-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 10, 13, 14, 10, 16, 17]),
        (HUMANEVA15, [-1, 0, 1, 2, 3, 1, 5, 6, 0, 8, 9, 0, 11, 12, 1]),
    ],
    ids=["h36m17", "h36m19", "humaneva15"],
)
def test_parents_are_the_published_ones(layout, parents):
    ours = [-1] * len(layout)
    for child, parent in layout.bones:
        ours[child] = parent
    assert ours == parents


@pytest.mark.parametrize(
    ("layout", "joint", "index"),
    [
        (COCO17, "right_ankle", 16), (COCO17, "left_wrist", 9),
        (H36M16, "head", 9), (H36M16, "right_wrist", 15),
        (MPII16, "right_ankle", 0), (MPII16, "head", 9), (MPII16, "left_wrist", 15),
        (OPENPOSE18, "thorax", 1), (OPENPOSE18, "left_ear", 17),
        (OPENPOSE25, "hip", 8), (OPENPOSE25, "right_heel", 24), (OPENPOSE25, "left_big_toe", 19),
        (WHOLEBODY133, "right_heel", 22), (WHOLEBODY133, "chin", 31),
        (WHOLEBODY133, "left_hand_root", 91), (WHOLEBODY133, "right_little_finger_4", 132),
        (BLAZEPOSE33, "left_shoulder", 11), (BLAZEPOSE33, "right_foot_index", 32),
        (KINECT20, "head_center", 3), (KINECT20, "right_foot", 19),
        (NTU25, "thorax", 20), (NTU25, "right_thumb", 24), (NTU25, "left_shoulder", 4),
        (CMU31, "left_hip", 1), (CMU31, "head", 16), (CMU31, "right_thumb", 30),
    ],
)  # fmt: skip
def test_joints_stand_where_the_publisher_puts_them(layout, joint, index):
    assert layout.index[joint] == index


# Joints in the publishers' own words and order.
COCO = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
    "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
H36M_ARMS = ("LShoulder", "LElbow", "LWrist", "RShoulder", "RElbow", "RWrist")
OPENPOSE_UPPER = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist",
)  # fmt: skip
OPENPOSE_LEGS = ("RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle")
OPENPOSE_FACE = ("REye", "LEye", "REar", "LEar")
KINECT_LIMBS = (
    "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
    "ShoulderRight", "ElbowRight", "WristRight", "HandRight",
    "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
    "HipRight", "KneeRight", "AnkleRight", "FootRight",
)  # fmt: skip
FINGERS = ("thumb", "index_finger", "middle_finger", "ring_finger", "little_finger")
H36M_MEANS = {"RFoot": "right_ankle", "LFoot": "left_ankle", "Neck/Nose": "nose"}
OPENPOSE_MEANS = {"Neck": "thorax", "MidHip": "hip"}
MPII_MEANS = {"pelvis": "hip", "upper_neck": "neck", "head_top": "head"}
BLAZEPOSE_MEANS = {"mouth_left": "left_mouth", "mouth_right": "right_mouth"}
KINECT_MEANS = {
    "HipCenter": "hip", "ShoulderCenter": "thorax", "Head": "head_center",
    "SpineBase": "hip", "SpineMid": "spine", "SpineShoulder": "thorax",
}  # fmt: skip
ACCLAIM_MEANS = {
    "root": "hip", "lowerback": "lower_spine", "upperback": "spine", "lowerneck": "lower_neck",
    "upperneck": "neck", "hipjoint": "hip", "femur": "knee", "tibia": "ankle", "toes": "toe",
    "clavicle": "shoulder", "humerus": "elbow", "radius": "forearm",
}  # fmt: skip
PUBLISHED = {
    "coco17": (COCO, {}),
    # Human3.6M's 32 without those that repeat or do not move, as in 3d-pose-baseline.
    "h36m17": (
        ("Hip", "RHip", "RKnee", "RFoot", "LHip", "LKnee", "LFoot", "Spine", "Thorax", "Neck/Nose",
         "Head", *H36M_ARMS), H36M_MEANS,
    ),
    "h36m19": (
        ("Hip", "RHip", "RKnee", "RFoot", "RToe", "LHip", "LKnee", "LFoot", "LToe", "Spine",
         "Thorax", "Neck/Nose", "Head", *H36M_ARMS), H36M_MEANS,
    ),
    "h36m16": (
        ("Hip", "RHip", "RKnee", "RFoot", "LHip", "LKnee", "LFoot", "Spine", "Thorax", "Head",
         *H36M_ARMS), H36M_MEANS,
    ),
    "humaneva15": (
        ("pelvis", "thorax", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder",
         "right_elbow", "right_wrist", "left_hip", "left_knee", "left_ankle", "right_hip",
         "right_knee", "right_ankle", "head"), MPII_MEANS,
    ),
    "mpii16": (
        ("r_ankle", "r_knee", "r_hip", "l_hip", "l_knee", "l_ankle", "pelvis", "thorax",
         "upper_neck", "head_top", "r_wrist", "r_elbow", "r_shoulder", "l_shoulder", "l_elbow",
         "l_wrist"), MPII_MEANS,
    ),
    "openpose18": ((*OPENPOSE_UPPER, *OPENPOSE_LEGS, *OPENPOSE_FACE), OPENPOSE_MEANS),
    "openpose25": (
        (*OPENPOSE_UPPER, "MidHip", *OPENPOSE_LEGS, *OPENPOSE_FACE,
         "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel"), OPENPOSE_MEANS,
    ),
    # Its face is tested by the points' mirror images.
    "wholebody133": (
        (*COCO, "left_big_toe", "left_small_toe", "left_heel",
         "right_big_toe", "right_small_toe", "right_heel", *[None] * 68,
         *(f"{side}_{joint}" for side in ("left", "right") for joint in
           ("hand_root", *(f"{finger}_{i}" for finger in FINGERS for i in range(1, 5))))), {},
    ),
    "halpe26": (
        (*COCO, "Head", "Neck", "Hip",
         "LBigToe", "RBigToe", "LSmallToe", "RSmallToe", "LHeel", "RHeel"), OPENPOSE_MEANS,
    ),
    "blazepose33": (
        ("nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye",
         "right_eye_outer", "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder",
         "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_pinky",
         "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb", "left_hip",
         "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
         "right_heel", "left_foot_index", "right_foot_index"), BLAZEPOSE_MEANS,
    ),
    # NUI_SKELETON_POSITION_INDEX of SDK 1.x.
    "kinect20": (("HipCenter", "Spine", "ShoulderCenter", "Head", *KINECT_LIMBS), KINECT_MEANS),
    # JointType of SDK 2.0.
    "ntu25": (
        ("SpineBase", "SpineMid", "Neck", "Head", *KINECT_LIMBS, "SpineShoulder",
         "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight"), KINECT_MEANS,
    ),
    # The bones of an .asf file; a joint is a bone's far end.
    "cmu31": (
        ("root", "lhipjoint", "lfemur", "ltibia", "lfoot", "ltoes",
         "rhipjoint", "rfemur", "rtibia", "rfoot", "rtoes", "lowerback", "upperback", "thorax",
         "lowerneck", "upperneck", "head",
         "lclavicle", "lhumerus", "lradius", "lwrist", "lhand", "lfingers", "lthumb",
         "rclavicle", "rhumerus", "rradius", "rwrist", "rhand", "rfingers", "rthumb"),
        ACCLAIM_MEANS,
    ),
    # The publisher's list has left before right; the files have right first (see test_films.py).
    "penn13": (
        ("head", *(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee",
         "ankle") for side in ("right", "left"))), {"head": "head_center"},
    ),
    "jhmdb15": (
        ("neck", "belly", "face", *(f"{side}_{joint}" for joint in ("shoulder", "hip", "elbow",
         "knee", "wrist", "ankle") for side in ("right", "left"))),
        {"belly": "lower_spine", "face": "head_center"},
    ),
}  # fmt: skip


def ours(name, means):
    """A publisher's name in our words: side first, meaning by `means`, snake case."""
    sides = {"L": "left_", "R": "right_", "l_": "left_", "r_": "right_"}
    if name in means:
        return means[name]
    if ACCLAIM_MEANS is means and name[0] in "lr":
        return sides[f"{name[0]}_"] + means.get(name[1:], name[1:])
    if match := re.fullmatch(r"(L|R|l_|r_)([A-Z].*|[a-z_]+)", name):
        return sides[match[1]] + ours(match[2], {})
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    stem, _, side = name.rpartition("_")
    return f"{side}_{stem}" if side in ("left", "right") else name


@EVERY
def test_joints_are_in_the_publishers_order(layout):
    names, means = PUBLISHED[layout.name]
    published = [name and ours(name, means) for name in names]
    assert len(published) == len(layout)
    assert [j if p else p for p, j in zip(published, layout.joints, strict=True)] == published


def test_the_face_is_in_the_order_of_ibug():
    first = WHOLEBODY133.index["right_jaw_0"]
    # Mirror images of iBUG 300-W's 68 points, the person's right first; the rest is the middle.
    right = [*range(8), *range(17, 22), 31, 32, *range(36, 42), 48, 49, 50, 59, 58, 60, 61, 67]
    left = [*range(16, 8, -1), *range(26, 21, -1), 35, 34, 45, 44, 43, 42, 47, 46, 54, 53, 52, 55,
            56, 64, 63, 65]  # fmt: skip
    middle = [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]
    assert sorted([*right, *left, *middle]) == list(range(68))
    for one, other in chain(zip(right, left, strict=True), zip(middle, middle, strict=True)):
        assert WHOLEBODY133.mirror[first + one] == first + other
    for point in right:
        assert WHOLEBODY133.joints[first + point].startswith("right_")
    names = ("jaw", "brow", "nose", "nostril", "eyelid", "outer_lip", "inner_lip")
    at = (0, 17, 27, 31, 36, 48, 60)
    assert all(n in WHOLEBODY133.joints[first + i] for n, i in zip(names, at, strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("right_eyelid_0", "left_eyelid_0"),
        ("right_eyelid_4", "left_eyelid_4"),
    ],
)
def test_face_points_of_ibug_mirror(one, other):
    index = WHOLEBODY133.index
    # iBUG 36 <-> 45 and 40 <-> 47, counted from the face's first point.
    pairs = {(36, 45), (40, 47)}
    first = index["right_jaw_0"]
    assert (index[one] - first, index[other] - first) in pairs


def test_outer_lips_mirror_as_in_ibug():
    first = WHOLEBODY133.index["right_jaw_0"]
    mirror = {
        48: 54,
        49: 53,
        50: 52,
        51: 51,
        55: 59,
        56: 58,
        57: 57,
        60: 64,
        61: 63,
        65: 67,
        66: 66,
    }
    for one, other in mirror.items():
        assert WHOLEBODY133.mirror[first + one] == first + other


def test_a_side_without_its_twin_is_refused():
    with pytest.raises(InputError, match="left_hand"):
        Skeleton("odd", {"hip": None, "left_hand": "hip"})


def test_an_unknown_layout_names_the_choices():
    with pytest.raises(InputError, match=r"'h37m'.*coco17.*h36m17"):
        named("h37m")


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda layout: layout.name)
def test_a_map_moves_and_scales_with_the_pose(source, target):
    mapped = joint_map(source, target)
    np.testing.assert_allclose(mapped.weights.sum(1), 1, atol=1e-6)
    pose = np.random.default_rng(0).normal(size=(len(source), 2))
    np.testing.assert_allclose(mapped(2 * pose + 3), 2 * mapped(pose) + 3, atol=1e-5)


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda layout: layout.name)
def test_a_map_treats_left_and_right_alike(source, target):
    weights = joint_map(source, target).weights
    np.testing.assert_array_equal(weights[target.mirror][:, source.mirror], weights)


@EVERY
def test_a_map_onto_itself_is_the_identity(layout):
    mapped = joint_map(layout, layout)
    np.testing.assert_array_equal(mapped.weights, np.eye(len(layout)))
    assert not mapped.approximated


def test_joints_that_coco_lacks_are_made_as_documented():
    mapped = joint_map(COCO17, H36M17)
    assert set(mapped.approximated) == {"hip", "spine", "thorax", "head"}
    pose = np.zeros((17, 2), np.float32)
    for joint, y in {"shoulder": 10, "hip": 30, "ear": 4}.items():
        for side, x in {"left": 1, "right": -1}.items():
            pose[COCO17.index[f"{side}_{joint}"]] = x, y
    made = {joint: mapped(pose)[H36M17.index[joint]].tolist() for joint in mapped.approximated}
    assert made["thorax"] == [0, 10]
    assert made["hip"] == [0, 30]
    assert made["spine"] == [0, 20]
    np.testing.assert_allclose(made["head"], [0, 0.4], atol=1e-5)


# Joint, joints that a layout has, and what becomes of them; * is either side.
MADE_OF = [
    ("hip", "left_hip right_hip", {"left_hip": 0.5, "right_hip": 0.5}),
    ("thorax", "left_shoulder right_shoulder", {"left_shoulder": 0.5, "right_shoulder": 0.5}),
    ("spine", "hip thorax", {"hip": 0.5, "thorax": 0.5}),
    ("lower_spine", "hip thorax", {"hip": 0.75, "thorax": 0.25}),
    ("lower_neck", "thorax neck", {"thorax": 0.6, "neck": 0.4}),
    ("neck", "thorax head_center", {"thorax": 0.6, "head_center": 0.4}),
    ("neck", "thorax head", {"thorax": 0.74, "head": 0.26}),
    ("head_center", "left_ear right_ear nose", {"left_ear": 0.5, "right_ear": 0.5}),
    ("head_center", "neck head nose", {"neck": 0.4, "head": 0.6}),
    ("head_center", "thorax head nose", {"thorax": 0.28, "head": 0.72}),
    ("head_center", "thorax nose", {"nose": 1.0}),
    ("head", "left_ear right_ear thorax", {"left_ear": 0.8, "right_ear": 0.8, "thorax": -0.6}),
    ("head", "head_center thorax", {"head_center": 1.6, "thorax": -0.6}),
    ("nose", "head_center head", {"head_center": 1.0}),
    ("*_eye", "nose *_ear", {"nose": 1.0}),
    ("*_ear", "head_center nose", {"head_center": 1.0}),
    ("*_hand", "*_middle_finger_1 *_index *_pinky *_wrist", {"*_middle_finger_1": 1.0}),
    ("*_hand", "*_index *_pinky *_wrist", {"*_index": 0.5, "*_pinky": 0.5}),
    ("*_hand", "*_wrist *_elbow", {"*_wrist": 1.0}),
    ("*_forearm", "*_elbow *_wrist", {"*_elbow": 0.33, "*_wrist": 0.67}),
    ("*_hand_tip", "*_fingers *_hand *_wrist", {"*_fingers": 1.0}),
    ("*_hand_tip", "*_hand *_wrist", {"*_hand": 1.0}),
    ("*_fingers", "*_hand_tip *_hand", {"*_hand_tip": 1.0}),
    ("*_thumb", "*_hand *_wrist", {"*_hand": 1.0}),
    ("*_foot", "*_toe *_ankle", {"*_toe": 1.0}),
    ("*_foot", "*_big_toe *_small_toe *_ankle", {"*_big_toe": 1.0}),
    ("*_foot", "*_foot_index *_ankle *_heel", {"*_foot_index": 1.0}),
    ("*_foot", "*_ankle *_knee", {"*_ankle": 1.0}),
    ("*_toe", "*_big_toe *_small_toe *_foot", {"*_big_toe": 1.0}),
    ("*_toe", "*_foot_index *_ankle", {"*_foot_index": 1.0}),
    ("*_toe", "*_foot *_ankle", {"*_foot": 1.0}),
    ("*_big_toe", "*_toe *_ankle", {"*_toe": 1.0}),
    ("*_small_toe", "*_toe *_ankle", {"*_toe": 1.0}),
    ("*_foot_index", "*_toe *_ankle", {"*_toe": 1.0}),
    ("*_heel", "*_ankle *_knee *_toe", {"*_ankle": 1.0}),
]


MADE_FROM_ANY = [x for x in LAYOUTS.values() if x not in (WHOLEBODY133, BLAZEPOSE33)]


def both_sides(joint):
    return [joint.replace("*", side) for side in ("left", "right")]


def hung_together(joints):
    """A layout of these joints, whatever their bones."""
    joints = dict.fromkeys(chain.from_iterable(map(both_sides, joints)))
    return Skeleton("made", dict(zip(joints, [None, *joints], strict=False)))


@pytest.mark.parametrize(("joint", "there", "made_of"), MADE_OF, ids=lambda x: str(x))
def test_a_joint_that_is_lacking_is_made_of_these_on_either_side(joint, there, made_of):
    mapped = joint_map(hung_together(there.split()), hung_together([joint]))
    for side in ("left", "right"):
        made = mapped.approximated[joint.replace("*", side)]
        assert made == pytest.approx({part.replace("*", side): w for part, w in made_of.items()})


def test_every_stand_in_is_tried():
    assert {joint for joint, _, _ in MADE_OF} == set(STAND_INS)


@pytest.mark.parametrize("source", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("target", MADE_FROM_ANY, ids=lambda layout: layout.name)
def test_somebody_who_stands_is_read_in_another_layout_to_a_handsbreadth(source, target):
    def at_rest(joint):
        side, _, rest = joint.partition("_")
        mirrored = side == "right" and f"left_{rest}" in REST
        return np.array(REST[f"left_{rest}"]) * (-1, 1) if mirrored else REST.get(joint)

    for joint, made_of in joint_map(source, target).approximated.items():
        parts = [at_rest(part) for part in made_of]
        if at_rest(joint) is not None and all(part is not None for part in parts):
            made = np.array(list(made_of.values())) @ np.array(parts)
            assert np.linalg.norm(made - at_rest(joint)) < 0.16, joint


def test_a_missing_heel_is_put_on_the_ankle():
    pose = np.random.default_rng(0).normal(size=(17, 2))
    made = joint_map(COCO17, OPENPOSE25)(pose)
    for side in ("left", "right"):
        ankle = pose[COCO17.index[f"{side}_ankle"]]
        np.testing.assert_allclose(made[OPENPOSE25.index[f"{side}_heel"]], ankle)


def test_a_made_joint_is_as_sure_as_its_least_sure_part():
    confidence = np.ones(17, np.float32)
    confidence[COCO17.index["left_hip"]] = 0.1
    made = joint_map(COCO17, H36M17).confidence(confidence)
    assert made[H36M17.index["hip"]] == np.float32(0.1)
    assert made[H36M17.index["thorax"]] == 1


def test_a_layout_that_lacks_too_much_is_refused():
    arms = Skeleton("arms", {"left_wrist": None, "right_wrist": "left_wrist"})
    with pytest.raises(InputError, match="'arms' has nothing to make 'hip' of 'h36m17'"):
        joint_map(arms, H36M17)


def can_be_made(source, target):
    try:
        return joint_map(source, target) is not None
    except InputError:
        return False


@pytest.mark.parametrize("source", LAYOUTS.values(), ids=LAYOUTS)
def test_a_joint_that_is_made_lies_where_it_is_in_somebody_who_stands(source):
    tips = ("eye", "ear", "hand", "hand_tip", "foot", "toe", "heel")
    standing = np.array([rest_of(joint) or (0.0, 0.0) for joint in source.joints])
    targets = [layout for layout in LAYOUTS.values() if can_be_made(source, layout)]
    assert targets
    for target in targets:
        made = joint_map(source, target)
        for joint, recipe in made.approximated.items():
            if rest_of(joint) and all(map(rest_of, recipe)):
                slack = 0.16 if joint.endswith(tips) else 0.06
                at = made(standing)[target.index[joint]]
                assert np.abs(at - rest_of(joint)).max() < slack, (target.name, joint)


def rest_of(joint):
    """Metres to the left and down from the hip; none where it is not listed."""
    x, y = REST.get(joint.replace("right_", "left_"), (None, None))
    return y if y is None else (-x if joint.startswith("right_") else x, y)
