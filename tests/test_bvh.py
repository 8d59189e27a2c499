from pathlib import Path

import numpy as np
import pytest

from gastlive.datasets.formats.bvh import read_bvh
from gastlive.datasets.published.cmu import Cmu
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import CMU31

SAMPLES = Path(__file__).parents[2] / "shared" / "data" / "samples"
published = pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs ../shared/data/samples")
AT = CMU31.index

TREE = {
    "Hips": (None, (0, 90, 0)), "Spine": ("Hips", (0, 10, 0)), "Spine1": ("Spine", (0, 15, 0)),
    "Neck": ("Spine1", (0, 25, 0)), "Head": ("Neck", (0, 8, 0)),
    **{f"{side}{joint}": (parent if parent in ("Hips", "Spine1") else f"{side}{parent}", offset)
       for side, x in (("Left", 1), ("Right", -1))
       for joint, parent, offset in (
           ("UpLeg", "Hips", (10 * x, 0, 0)), ("Leg", "UpLeg", (0, -40, 0)),
           ("Foot", "Leg", (0, -40, 0)), ("ToeBase", "Foot", (0, -5, 12)),
           ("Shoulder", "Spine1", (5 * x, 20, 0)), ("Arm", "Shoulder", (10 * x, 0, 0)),
           ("ForeArm", "Arm", (28 * x, 0, 0)), ("Hand", "ForeArm", (25 * x, 0, 0)))},
}  # fmt: skip
FEET = {"LeftToeBase": (0, 0, 5), "RightToeBase": (0, 0, 5)}
ENDS = {"Head": (0, 18, 0), **FEET}


def spelled(tree, *, rename=lambda name: name, ends=ENDS):
    """A T-pose that looks along z, in centimetres."""

    def node(name):
        parent, offset = tree[name]
        kind = "JOINT" if parent else "ROOT"
        channels = "6 Xposition Yposition Zposition" if parent is None else "3"
        inner = [line for child in tree if tree[child][0] == name for line in node(child)]
        if name in ends:
            inner += ["End Site", "{", "OFFSET {} {} {}".format(*ends[name]), "}"]
        turns = "Zrotation Xrotation Yrotation"
        return [f"{kind} {rename(name)}", "{", "OFFSET {} {} {}".format(*offset),
                f"CHANNELS {channels} {turns}", *inner, "}"]  # fmt: skip

    return ["HIERARCHY", *node("Hips")]


def turned(tree=TREE, *, place=(0, 0, 0), **turns):
    """One line of motion; turns are about z, x, y of the joint."""
    order = []

    def walk(name):
        order.append(name)
        for child in tree:
            if tree[child][0] == name:
                walk(child)

    walk("Hips")
    values = [value for name in order for value in turns.get(name, (0, 0, 0))]
    return " ".join(map(str, (*place, *values)))


@pytest.fixture
def file(tmp_path):
    def write(tree_lines, *frames, step="0.0333333"):
        path = tmp_path / "x.bvh"
        head = ["MOTION", f"Frames: {len(frames)}", f"Frame Time: {step}"]
        path.write_text("\n".join([*tree_lines, *head, *frames, ""]))
        return path

    return write


ARMS_DOWN = {"LeftArm": (-90, 0, 0), "RightArm": (90, 0, 0)}


def test_offsets_add_up_in_metres_with_z_up(file):
    xyz, fps = read_bvh(file(spelled(TREE), turned(**ARMS_DOWN)))
    assert (xyz.shape, xyz.dtype, fps) == ((1, 31, 3), np.float32, 30)
    expected = {
        "hip": (0, 0, 0.9),
        "left_ankle": (0.1, 0, 0.1),
        "left_foot": (0.1, -0.12, 0.05),
        "left_toe": (0.1, -0.17, 0.05),
        "thorax": (0, 0, 1.4),
        "head": (0, 0, 1.66),
        "left_shoulder": (0.15, 0, 1.35),
        "left_wrist": (0.15, 0, 0.82),
        "right_elbow": (-0.15, 0, 1.07),
    }
    for joint, place in expected.items():
        np.testing.assert_allclose(xyz[0, AT[joint]], place, atol=1e-5, err_msg=joint)


def test_what_the_rig_lacks_is_made_from_its_neighbours(file):
    pose = read_bvh(file(spelled(TREE), turned(**ARMS_DOWN)))[0][0]
    np.testing.assert_allclose(pose[AT["left_fingers"]], pose[AT["left_wrist"]], atol=1e-6)
    np.testing.assert_allclose(pose[AT["left_forearm"], 2], 1.07 - 0.67 * 0.25, atol=1e-5)


def test_turns_go_in_the_order_of_the_channels(file):
    """The last channel acts first: y leaves the upper leg where it is, x lifts it, z swings it."""
    raised = turned(**ARMS_DOWN, LeftUpLeg=(90, -90, 45))
    pose = read_bvh(file(spelled(TREE), raised))[0][0]
    np.testing.assert_allclose(pose[AT["left_knee"]], (0.1, -0.4, 0.9), atol=1e-5)
    foot = pose[AT["left_foot"]] - pose[AT["left_ankle"]]
    np.testing.assert_allclose(foot, (-0.12 * 0.5**0.5, -0.05, 0.12 * 0.5**0.5), atol=1e-5)


def test_the_root_moves_on_from_its_offset(file):
    frames = [turned(**ARMS_DOWN), turned(place=(10, 20, -30), **ARMS_DOWN)]
    xyz = read_bvh(file(spelled(TREE), *frames))[0]
    np.testing.assert_allclose(xyz[1] - xyz[0], [[0.1, 0.3, 0.2]] * 31, atol=1e-5)


def test_a_first_frame_in_t_pose_is_left_out(file):
    frames = [turned(), turned(**ARMS_DOWN), turned(**ARMS_DOWN)]
    assert len(read_bvh(file(spelled(TREE), *frames))[0]) == 2
    assert len(read_bvh(file(spelled(TREE), *frames[1:]))[0]) == 2


def mixamo(name):
    return f"mixamorig:{name}"


def poser(name):
    own = {"Shoulder": "Collar", "Arm": "Shoulder", "ForeArm": "Elbow", "Hand": "Wrist",
           "UpLeg": "Hip", "Leg": "Knee", "Foot": "Ankle", "ToeBase": "Toe"}  # fmt: skip
    for side in ("Left", "Right"):
        if name.startswith(side):
            return side + own[name.removeprefix(side)]
    return name.replace("Spine1", "Chest2").replace("Spine", "Chest")


def character_creator(name):
    side = {"L": "L_", "R": "R_"}.get(name[0] if name.startswith(("Left", "Right")) else "", "")
    bare = name.removeprefix("Left").removeprefix("Right")
    own = {"Hips": "Hip", "Spine": "Spine01", "Spine1": "Spine02", "Neck": "NeckTwist01",
           "UpLeg": "Thigh", "Leg": "Calf", "Shoulder": "Clavicle", "Arm": "Upperarm",
           "ForeArm": "Forearm"}  # fmt: skip
    return f"CC_Base_{side}{own.get(bare, bare)}"


@pytest.mark.parametrize("rename", [mixamo, poser, character_creator])
def test_rigs_differ_in_name_only(file, rename):
    frame = turned(**ARMS_DOWN, LeftUpLeg=(0, -90, 0), Head=(0, 30, 0))
    plain = read_bvh(file(spelled(TREE), frame))[0]
    other = read_bvh(file(spelled(TREE, rename=rename), frame))[0]
    np.testing.assert_allclose(other, plain, atol=1e-6)


def test_without_an_end_site_the_crown_is_above_the_eyes(file):
    eyed = {**TREE, "LeftEye": ("Head", (3, 8, 9)), "RightEye": ("Head", (-3, 8, 9))}
    frame = turned(eyed, **ARMS_DOWN, Head=(-90, 0, 0))
    pose = read_bvh(file(spelled(eyed, ends=FEET), frame))[0][0]
    np.testing.assert_allclose(pose[AT["head"]], (0.184, 0, 1.48), atol=1e-5)


def test_an_end_site_without_length_is_no_crown(file):
    """A leg of 80 cm makes a crown 15.2 cm above the head's joint, however the head turns."""
    nodding = turned(**ARMS_DOWN, Head=(-90, 0, 0))
    lines = spelled(TREE, ends={**ENDS, "Head": (0, 0, 0)})
    assert "OFFSET 0 0 0" in lines
    pose = read_bvh(file(lines, nodding))[0][0]
    np.testing.assert_allclose(pose[AT["head"]], (0.152, 0, 1.48), atol=1e-5)
    endless = spelled(TREE, ends=FEET)
    np.testing.assert_allclose(read_bvh(file(endless, nodding))[0][0], pose, atol=1e-6)


def test_a_joint_without_length_at_the_end_of_a_bone_is_no_crown(file):
    tree = {**TREE, "HeadTop_End": ("Head", (0, 0, 0))}
    lines = spelled(tree, ends={"HeadTop_End": (0, 0, 0), **FEET})
    pose = read_bvh(file(lines, turned(tree, **ARMS_DOWN)))[0][0]
    np.testing.assert_allclose(pose[AT["head"]], (0, 0, 1.632), atol=1e-5)


def test_a_joint_without_length_that_others_hang_on_is_still_a_joint(file):
    tree = {**TREE, "Spine": ("Hips", (0, 0, 0)), "Spine1": ("Spine", (0, 25, 0))}
    pose = read_bvh(file(spelled(tree), turned(tree, **ARMS_DOWN)))[0][0]
    np.testing.assert_allclose(pose[AT["lower_spine"]], (0, 0, 0.9), atol=1e-5)


def test_a_rig_without_a_needed_joint_says_which(file):
    armless = {name: row for name, row in TREE.items() if name[-4:] not in ("eArm", "Hand")}
    with pytest.raises(InputError, match=r"no joint for left_elbow, left_wrist, right_elbow, r"):
        read_bvh(file(spelled(armless), turned(armless)))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("OFFSET 0 90 0", "OFFSET 0 90"), r"x\.bvh, line 4: wanted 3 numbers"),
        (("Zrotation", "Wrotation"), r"x\.bvh, line 5: can't read 'CHANNELS 6"),
        (("CHANNELS 6 X", "CHANNELS 5 X"), r"x\.bvh, line 5: can't read 'CHANNELS 5"),
        (("Yposition Z", "Xposition Z"), r"x\.bvh, line 5: can't read 'CHANNELS 6"),
        (("OFFSET 0 18 0", "OFFSET 0 18 0\nCHANNELS 0"), r"line 25: can't read 'CHANNELS 0' here"),
        (("OFFSET 0 18 0", "OFFSET 0 18 0\nJOINT X\n{\n}"), r"line 25: a JOINT can't be here"),
        (("OFFSET 0 18 0", "End Site"), r"x\.bvh, line 24: can't read 'End Site' here"),
        (("OFFSET 0 18 0\n", ""), r"x\.bvh, line 24: 'HeadEnd' has no OFFSET"),
        (
            ("OFFSET 0 90 0", "OFFSET 0 90 0\nOFFSET 0 90 0"),
            r"line 5: can't read 'OFFSET 0 90 0' h",
        ),
        (("JOINT Spine1", "ROOT Spine1"), r"x\.bvh, line 10: a ROOT can't be here"),
        (("ROOT Hips", "JOINT Hips"), r"x\.bvh, line 2: a JOINT can't be here"),
        (("}\nMOTION", "MOTION"), r"the skeleton ends too early"),
        (("\nMOTION", ""), r"no line MOTION"),
        (("Frames: 2", "Frames: 3"), r"wanted 3 frames, found 2"),
        (("Frame Time: 0.0333333", "Frame Time: 0"), r"wanted 'Frames: COUNT'"),
        (("\n0 0 0 ", "\n0 0 x "), r"x\.bvh, line 122: wanted 66 numbers, found 66 words"),
        (("\n0 0 0 ", "\n0 0 "), r"x\.bvh, line 122: wanted 66 numbers, found 65 words"),
    ],
)
def test_a_broken_file_is_named_with_the_line(file, edit, message):
    path = file(spelled(TREE), turned(**ARMS_DOWN), turned(**ARMS_DOWN))
    text = path.read_text()
    assert edit[0] in text
    path.write_text(text.replace(*edit, 1))
    with pytest.raises(InputError, match=message):
        read_bvh(path)


def test_an_unknown_axis_is_refused(file):
    with pytest.raises(InputError, match="choose y or z"):
        read_bvh(file(spelled(TREE), turned()), up="x")


def test_cmu_reads_bvh_at_the_rate_of_the_file(file):
    path = file(spelled(TREE), *[turned(**ARMS_DOWN)] * 9, step="0.016667")
    path.rename(path.with_name("005_16.bvh"))
    (clip,) = Cmu(str(path.parent))
    assert (clip.name, clip.subject, clip.fps, len(clip.xyz)) == ("005_16", "05", 60, 9)


@published
def test_people_of_the_publisher_are_people():
    pose, fps = read_bvh(SAMPLES / "cmu_007_12.bvh")
    assert fps == 60
    height = pose[:, AT["head"], 2] - pose[:, [AT["left_toe"], AT["right_toe"]], 2].min(1)
    assert 1.6 < np.median(height) < 2.0
    assert np.abs(np.diff(pose, axis=0)).max() < 0.2
    thigh = np.linalg.norm(pose[:, AT["left_knee"]] - pose[:, AT["left_hip"]], axis=-1)
    assert np.ptp(thigh) < 1e-4
    across = pose[:, AT["left_hip"]] - pose[:, AT["right_hip"]]
    ahead = np.cross(across, pose[:, AT["thorax"]] - pose[:, AT["hip"]])
    toes = pose[:, AT["left_toe"]] - pose[:, AT["left_ankle"]]
    assert np.mean((ahead * toes).sum(-1) > 0) > 0.9


@pytest.mark.parametrize("rate", [23.976, 24.0, 25.0, 29.97, 59.94, 119.88, 120.0])
def test_a_frame_rate_need_not_be_a_whole_number(file, rate):
    pose = turned(**ARMS_DOWN)
    _, fps = read_bvh(file(spelled(TREE), pose, pose, step=f"{1 / rate:.8f}"))
    assert fps == pytest.approx(rate, abs=0.006)
