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


BODY17 = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle"
)
HAND = "hand_root " + " ".join(
    f"{finger}_{i}"
    for finger in ("thumb", "index_finger", "middle_finger", "ring_finger", "little_finger")
    for i in range(1, 5)
)
PUBLISHED = {
    "coco17": BODY17,
    "h36m17": "hip right_hip right_knee right_ankle left_hip left_knee left_ankle spine thorax "
    "nose head left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist",
    "h36m19": "hip right_hip right_knee right_ankle right_toe left_hip left_knee left_ankle "
    "left_toe spine thorax nose head left_shoulder left_elbow left_wrist right_shoulder "
    "right_elbow right_wrist",
    "h36m16": "hip right_hip right_knee right_ankle left_hip left_knee left_ankle spine thorax "
    "head left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist",
    "humaneva15": "hip thorax left_shoulder left_elbow left_wrist right_shoulder right_elbow "
    "right_wrist left_hip left_knee left_ankle right_hip right_knee right_ankle head",
    "mpii16": "right_ankle right_knee right_hip left_hip left_knee left_ankle hip thorax neck head "
    "right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist",
    "openpose18": "nose thorax right_shoulder right_elbow right_wrist left_shoulder left_elbow "
    "left_wrist right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye "
    "right_ear left_ear",
    "openpose25": "nose thorax right_shoulder right_elbow right_wrist left_shoulder left_elbow "
    "left_wrist hip right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye "
    "left_eye right_ear left_ear left_big_toe left_small_toe left_heel right_big_toe "
    "right_small_toe right_heel",
    "halpe26": f"{BODY17} head thorax hip left_big_toe right_big_toe left_small_toe "
    "right_small_toe left_heel right_heel",
    "blazepose33": "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye "
    "right_eye_outer left_ear right_ear left_mouth right_mouth left_shoulder right_shoulder "
    "left_elbow right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index "
    "left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "left_heel right_heel left_foot_index right_foot_index",
    "kinect20": "hip spine thorax head_center left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle left_foot "
    "right_hip right_knee right_ankle right_foot",
    "ntu25": "hip spine neck head_center left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle left_foot "
    "right_hip right_knee right_ankle right_foot thorax left_hand_tip left_thumb right_hand_tip "
    "right_thumb",
    "cmu31": "hip left_hip left_knee left_ankle left_foot left_toe right_hip right_knee "
    "right_ankle right_foot right_toe lower_spine spine thorax lower_neck neck head left_shoulder "
    "left_elbow left_forearm left_wrist left_hand left_fingers left_thumb right_shoulder "
    "right_elbow right_forearm right_wrist right_hand right_fingers right_thumb",
}
"""Every joint in the order in which the publisher of the layout stores it."""


@EVERY
def test_every_joint_stands_where_the_publisher_puts_it(layout):
    if layout is WHOLEBODY133:
        feet = "left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
        assert layout.joints[:23] == tuple(f"{BODY17} {feet}".split())
        hands = [f"{side}_{part}" for side in ("left", "right") for part in HAND.split()]
        assert layout.joints[23 + 68 :] == tuple(hands)
    else:
        assert layout.joints == tuple(PUBLISHED[layout.name].split())


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
