from pathlib import Path

import numpy as np
import pytest

from gastlive.datasets.acclaim import ACCLAIM_JOINTS, AcclaimSkeleton, read_acclaim
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import CMU31

SAMPLES = Path(__file__).parents[2] / "shared" / "data" / "samples"
published = pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs ../shared/data/samples")

AT = CMU31.index
ROOM = {"l": "1 0 0", "r": "-1 0 0"}
DOWN, UP, AHEAD = "0 -1 0", "0 1 0", "0 0 1"
BONES = {
    "lowerback": ("root", UP), "upperback": ("lowerback", UP), "thorax": ("upperback", UP),
    "lowerneck": ("thorax", UP), "upperneck": ("lowerneck", UP), "head": ("upperneck", UP),
    **{f"{s}{bone}": (parent if parent == "root" or parent == "thorax" else f"{s}{parent}", way)
       for s in "lr"
       for bone, parent, way in (
           ("hipjoint", "root", ROOM[s]), ("femur", "hipjoint", DOWN), ("tibia", "femur", DOWN),
           ("foot", "tibia", AHEAD), ("toes", "foot", AHEAD), ("clavicle", "thorax", ROOM[s]),
           ("humerus", "clavicle", ROOM[s]), ("radius", "humerus", ROOM[s]),
           ("wrist", "radius", ROOM[s]), ("hand", "wrist", ROOM[s]),
           ("fingers", "hand", ROOM[s]), ("thumb", "wrist", AHEAD))},
}  # fmt: skip
LENGTH = 0.45 / 0.0254 * 0.1
"""In the units of the file; 10 cm."""


def asf(*, axes=None, dofs=None):
    """A person in T-pose who looks along the file's z; every bone has 10 cm."""
    axes, dofs = axes or {}, dofs or {}
    data = [
        f"begin\n id {i}\n name {bone}\n direction {way}\n length {LENGTH}\n"
        f" axis {axes.get(bone, '0 0 0 XYZ')}\n dof {dofs.get(bone, 'rx ry rz')}\n"
        " limits (-10 10)\n        (-10 10)\n end"
        for i, (bone, (_, way)) in enumerate(BONES.items(), 1)
    ]
    tree = [f"{parent} {bone}" for bone, (parent, _) in BONES.items()]
    return "\n".join(
        ["# by hand", ":version 1.10", ":name TEST", ":units", " length 0.45", " angle deg",
         ":documentation", " begin here", ":root", " order TX TY TZ RX RY RZ", " axis XYZ",
         " position 0 0 0", " orientation 0 0 0", ":bonedata", *data,
         ":hierarchy", " begin", *tree, " end"]
    )  # fmt: skip


def amc(*frames):
    lines = [f"{i}\n" + "\n".join(frame) for i, frame in enumerate(frames, 1)]
    return "\n".join(["#!OML:ASF x.asf", ":FULLY-SPECIFIED", ":DEGREES", *lines]) + "\n"


@pytest.fixture
def files(tmp_path):
    def write(asf_text, amc_text):
        (tmp_path / "x.asf").write_text(asf_text)
        (tmp_path / "x.amc").write_text(amc_text)
        return tmp_path / "x.asf", tmp_path / "x.amc"

    return write


STILL = "root 0 0 0 0 0 0"


def test_the_t_pose_stands_upright_in_metres_and_looks_towards_the_viewer(files):
    pose = read_acclaim(*files(asf(), amc([STILL])))[0]
    assert pose.dtype == np.float32
    expected = {
        "hip": (0, 0, 0),
        "thorax": (0, 0, 0.3),
        "head": (0, 0, 0.6),
        "left_hip": (0.1, 0, 0),
        "left_ankle": (0.1, 0, -0.2),
        "left_toe": (0.1, -0.2, -0.2),
        "left_shoulder": (0.1, 0, 0.3),
        "right_fingers": (-0.6, 0, 0.3),
        "right_thumb": (-0.4, -0.1, 0.3),
    }
    for joint, place in expected.items():
        np.testing.assert_allclose(pose[AT[joint]], place, atol=1e-6, err_msg=joint)


def test_a_bone_takes_all_that_hangs_on_it_along(files):
    pose = read_acclaim(*files(asf(), amc([STILL, "lhumerus 0 0 90"])))[0]
    np.testing.assert_allclose(pose[AT["left_shoulder"]], (0.1, 0, 0.3), atol=1e-6)
    np.testing.assert_allclose(pose[AT["left_elbow"]], (0.1, 0, 0.4), atol=1e-6)
    np.testing.assert_allclose(pose[AT["left_fingers"]], (0.1, 0, 0.8), atol=1e-6)


def test_angles_that_a_bone_lacks_are_nought_and_the_rest_go_by_name(files):
    pose = read_acclaim(
        *files(asf(dofs={"lhumerus": "rz"}), amc([STILL, "lhumerus 90"])),
    )[0]
    np.testing.assert_allclose(pose[AT["left_elbow"]], (0.1, 0, 0.4), atol=1e-6)


def test_a_bone_turns_about_axes_of_its_own(files):
    """With its frame turned 90 degrees about z, its x is the file's y."""
    text = asf(axes={"lhumerus": "0 0 90 XYZ"}, dofs={"lhumerus": "rx"})
    pose = read_acclaim(*files(text, amc([STILL, "lhumerus 90"])))[0]
    np.testing.assert_allclose(pose[AT["left_elbow"]], (0.1, 0.1, 0.3), atol=1e-6)


@pytest.mark.parametrize(
    ("order", "elbow"), [("XYZ", (0.1, 0, 0.4)), ("ZYX", (0.1, -0.1, 0.3))]
)
def test_the_first_named_axis_turns_first(files, order, elbow):
    """The arm along x, by 90 degrees about x and z: z x leaves it at y, x z takes it on to z."""
    text = asf(axes={"lhumerus": f"0 0 0 {order}"})
    pose = read_acclaim(*files(text, amc([STILL, "lhumerus 90 0 90"])))[0]
    np.testing.assert_allclose(pose[AT["left_elbow"]], elbow, atol=1e-6)


def test_the_root_moves_in_units_of_length_and_turns_everything(files):
    ten_cm = LENGTH
    pose = read_acclaim(*files(asf(), amc([f"root {ten_cm} {2 * ten_cm} {3 * ten_cm} 0 90 0"])))[0]
    np.testing.assert_allclose(pose[AT["hip"]], (0.1, -0.3, 0.2), atol=1e-6)
    np.testing.assert_allclose(pose[AT["left_hip"]] - pose[AT["hip"]], (0, 0.1, 0), atol=1e-6)


def test_radians_are_read_as_radians(files):
    turned = amc([STILL, f"lhumerus 0 0 {np.pi / 2}"]).replace(":DEGREES", ":RADIANS")
    pose = read_acclaim(*files(asf(), turned))[0]
    np.testing.assert_allclose(pose[AT["left_elbow"]], (0.1, 0, 0.4), atol=1e-6)


def test_a_quarter_of_the_rate_is_every_fourth_frame(files):
    frames = amc(*[[f"root {i} 0 0 0 0 0"] for i in range(10)])
    paths = files(asf(), frames)
    np.testing.assert_array_equal(read_acclaim(*paths, fps=30), read_acclaim(*paths)[::4])


def test_each_acclaim_bone_is_a_joint_of_its_own():
    assert sorted(ACCLAIM_JOINTS.values()) == sorted(CMU31.joints)


@pytest.mark.parametrize(
    ("asf_edit", "amc_edit", "message"),
    [
        (("length 0.45", "length none"), None, r"x\.asf, line 5: 'length' wants 1 number"),
        (("length 0.45", "length 0"), None, r"x\.asf, line 5: unit of length is 0"),
        (("axis XYZ", "axis XQZ"), None, r"x\.asf, line 11: 'axis' wants an order"),
        (("direction 0 1 0", "direction 0 1"), None, r"x\.asf, line 18: 'direction' wants 3"),
        (("direction 0 1 0", "direction 0 0 0"), None, r"x\.asf, line 18: .* no length"),
        (("dof rx ry rz", "dof rx l"), None, r"x\.asf, line 21: can't move a bone by l"),
        ((" name lowerback\n", ""), None, r"x\.asf, line 15: no 'name'"),
        (("root lowerback", "root tail"), None, r"x\.asf, line \d+: bone 'tail' is not known"),
        ((":hierarchy", ":tree"), None, r"x\.asf, line 1: no section :hierarchy"),
        (None, ("lhumerus 0", "tail 0"), r"x\.amc, line 6: bone 'tail'"),
        (None, ("lhumerus 0 0 0", "lhumerus 0 0"), r"x\.amc, line 6: .* wants 3 numbers"),
        (None, ("lhumerus 0 0 0", "lhumerus 0 0 x"), r"x\.amc, line 6: .* wants numbers only"),
        (None, ("lhumerus 0 0 0", "lhumerus 0 0 nan"), r"x\.amc, line 6: .* numbers only"),
        (None, ("lhumerus 0 0 0\n", ""), r"x\.amc, line 4: the frame has 'lhumerus' 0 times"),
        (None, ("root 0 0 0 0 0 0\n", ""), r"x\.amc, line 4: the frame has 'root' 0 times"),
    ],
)
def test_a_broken_file_is_named_with_the_line(files, asf_edit, amc_edit, message):
    skeleton, motion = asf(), amc([STILL, "lhumerus 0 0 0"], [STILL, "lhumerus 0 0 0"])
    if asf_edit:
        assert asf_edit[0] in skeleton
        skeleton = skeleton.replace(*asf_edit, 1)
    if amc_edit:
        assert amc_edit[0] in motion
        motion = motion.replace(*amc_edit, 1)
    with pytest.raises(InputError, match=message) as error:
        read_acclaim(*files(skeleton, motion))
    assert "\n" not in str(error.value)


def test_a_take_without_frames_is_refused(files):
    with pytest.raises(InputError, match="no frame moves the root"):
        read_acclaim(*files(asf(), amc()))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"can't read .*none\.asf"):
        AcclaimSkeleton.read(tmp_path / "none.asf")


def test_a_skeleton_of_another_kind_says_what_it_lacks(files):
    text = asf()
    start = text.index("begin\n id 6")
    headless = text[:start] + text[text.index("begin\n id 7") :]
    headless = headless.replace("upperneck head\n", "")
    with pytest.raises(InputError, match=r"no bone for head; use"):
        read_acclaim(*files(headless, amc([STILL])))


@published
@pytest.mark.parametrize(
    ("skeleton", "motion", "frames"),
    [
        ("cmu_02.asf", "cmu_02_03.amc", 173),
        ("HDM_dg.asf", "HDM_dg_elbowToKnee1RepsLelbowStart_017_120.amc", None),
    ],
)
def test_people_of_the_publishers_are_people(skeleton, motion, frames):
    pose = read_acclaim(SAMPLES / skeleton, SAMPLES / motion)
    if frames:
        assert len(pose) == frames
    bones = {
        CMU31.joints[c]: np.linalg.norm(pose[:, c] - pose[:, p], axis=-1) for c, p in CMU31.bones
    }
    assert max(np.ptp(length) for length in bones.values()) < 1e-5
    assert 0.7 < bones["left_knee"][0] + bones["left_ankle"][0] < 1
    height = pose[:, AT["head"], 2] - pose[:, [AT["left_toe"], AT["right_toe"]], 2].min(1)
    assert 1.2 < np.median(height) < 2.0
    assert -0.1 < pose[..., 2].min() < 0.1
    across = pose[:, AT["left_hip"]] - pose[:, AT["right_hip"]]
    ahead = np.cross(across, pose[:, AT["thorax"]] - pose[:, AT["hip"]])
    toes = pose[:, AT["left_toe"]] - pose[:, AT["left_ankle"]]
    assert np.mean((ahead * toes).sum(-1) > 0) > 0.9
