from pathlib import Path

import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.formats.acclaim import ACCLAIM_JOINTS, AcclaimSkeleton, read_acclaim
from gastlive.datasets.published.cmu import Cmu
from gastlive.datasets.published.hdm05 import Hdm05
from gastlive.datasets.published.mocap6 import Mocap6
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


def test_a_bone_turns_within_the_bone_that_it_hangs_on(files):
    pose = read_acclaim(*files(asf(), amc([STILL, "lhumerus 0 0 90", "lradius 0 90 0"])))[0]
    np.testing.assert_allclose(pose[AT["left_forearm"]], (0.1, 0.1, 0.4), atol=1e-6)


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


@pytest.mark.parametrize(("order", "elbow"), [("XYZ", (0.1, 0, 0.4)), ("ZYX", (0.1, -0.1, 0.3))])
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


@pytest.mark.parametrize("unit", ["deg", "Deg", "degrees", "DEGREES"])
def test_degrees_are_degrees_however_they_are_spelled(files, unit):
    text = asf(axes={"lhumerus": "0 0 90 XYZ"}, dofs={"lhumerus": "rx"})
    text = text.replace("angle deg", f"angle {unit}")
    silent = amc([STILL, "lhumerus 90"]).replace(":DEGREES\n", "")
    pose = read_acclaim(*files(text, silent))[0]
    np.testing.assert_allclose(pose[AT["left_elbow"]], (0.1, 0.1, 0.3), atol=1e-6)


@pytest.mark.parametrize("unit", ["rad", "Radians"])
def test_radians_of_the_skeleton_hold_where_the_motion_does_not_say(files, unit):
    text = asf(axes={"lhumerus": f"0 0 {np.pi / 2} XYZ"}, dofs={"lhumerus": "rx"})
    text = text.replace("angle deg", f"angle {unit}")
    silent = amc([STILL, f"lhumerus {np.pi / 2}"]).replace(":DEGREES\n", "")
    pose = read_acclaim(*files(text, silent))[0]
    np.testing.assert_allclose(pose[AT["left_elbow"]], (0.1, 0.1, 0.3), atol=1e-6)


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
        (
            ("angle deg", "angle grad"),
            None,
            r"x\.asf, line 6: unit of angle is 'grad', wanted one ",
        ),
        (("angle deg", "angle"), None, r"x\.asf, line 6: unit of angle is '', wanted one of deg"),
        (("axis XYZ", "axis XYX"), None, r"x\.asf, line 11: 'axis' wants an order"),
        (("name upperback", "name lowerback"), None, r"line 25: a second bone 'lowerback'"),
        (("name lowerback", "name root"), None, r"line 15: a second bone 'root'"),
        (
            (" end\nbegin\n id 2", "begin\n id 2"),
            None,
            r"line 15: the bone that begins here has no",
        ),
        (("root lowerback", "tail lowerback"), None, r"line \d+: bone 'tail' is not known here"),
        (("lowerback upperback", "lowerback lowerback"), None, r": bone 'lowerback' can't hang on"),
        (
            ("lowerback upperback", "upperback lowerback"),
            None,
            r"line \d+: bone 'upperback' is not",
        ),
        (
            ("upperback thorax", "upperback thorax lowerback"),
            None,
            r"x\.asf, line \d+: bone 'lowerback' can't hang on 'upperback' too",
        ),
        (("upperback thorax", "upperback root"), None, r": bone 'root' can't hang on 'upperback'"),
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


def write(root, **texts):
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def rising(frames):
    return amc(*[[f"root 0 {i} 0 0 0 0"] for i in range(frames)])


def test_hdm05_takes_actor_and_action_from_the_name(tmp_path):
    write(tmp_path, train__3__HDM_bk_dot_asf=asf(), test__3__HDM_mm_dot_asf=asf())
    write(tmp_path, train__3__HDM_bk_grabHighR_001_120_dot_amc=rising(41))
    write(tmp_path, train__3__HDM_bk_sneak2StepsLStart_006_120_dot_AMC=rising(9))
    write(tmp_path, test__3__HDM_mm_grabHighR_018_120_dot_amc=rising(5))
    write(tmp_path, test__3__HDM_mm_grabHighR_019_120_dot_amc=rising(5)[:-4])
    data = Hdm05(str(tmp_path), subjects=["bk"], fps=30.0)
    first, last = data
    assert data.labels == ["grabHighR", "sneak2StepsLStart"]
    assert (first.subject, first.fps, first.layout) == ("bk", 30, CMU31)
    assert first.segments == (Segment(0, 11, "grabHighR"),)
    assert last.segments == (Segment(0, 3, "sneak2StepsLStart"),)
    test = Hdm05(str(tmp_path), subjects=["mm"])
    assert [clip.name for clip in test] == ["HDM_mm_grabHighR_018_120"]
    assert "HDM_mm_grabHighR_019_120.amc, line 13" in test.problems[0].reason
    only = Hdm05(str(tmp_path), actions=["grabHighR"])
    assert (len(only), only.labels) == (3, ["grabHighR"])
    with pytest.raises(InputError, match="no action hop; choose from grabHighR, sneak"):
        Hdm05(str(tmp_path), actions=["hop"])


def test_skeleton_and_labels_are_found_whatever_their_capitals(tmp_path):
    write(tmp_path, h__HDM_BK_dot_ASF=asf(), h__HDM_bk_grabHighR_001_120_dot_amc=rising(3))
    write(tmp_path, c__86_dot_ASF=asf(), c__86_01_dot_AMC=rising(12))
    write(tmp_path, c__01_Ground_Truth_dot_TXT=TRUTH)
    write(tmp_path, m__amc__13_29_dot_AMC=rising(25), m__labels__13_29_dot_TXT="1 1")
    hdm05, cmu = Hdm05(str(tmp_path / "h")), Cmu(str(tmp_path / "c"))
    mocap6 = Mocap6(str(tmp_path / "m"), asf=str(tmp_path / "c" / "86.ASF"))
    assert [(len(clip.xyz), len(clip.segments)) for clip in (*hdm05, *cmu, *mocap6)] == [
        (3, 1), (12, 2), (25, 1)
    ]  # fmt: skip
    assert hdm05.problems + cmu.problems + mocap6.problems == []


def test_cmu_knows_what_a_trial_shows_and_how_fast_it_was_taken(tmp_path):
    head = '"Subject","Trial #","Motion Description","framerate","Frames 60fps"\n'
    write(tmp_path, index_dot_csv=f'{head}2,1,"walk, turn",120,9\n2,3,"run/jog",60,9\n')
    write(tmp_path, **{f"asfamc__02__02{name}": text for name, text in
                       (("_dot_asf", asf()), ("_01_dot_amc", rising(9)),
                        ("_03_dot_amc", rising(9)), ("_04_dot_amc", rising(9)))})  # fmt: skip
    data = Cmu(str(tmp_path))
    assert [(clip.name, clip.subject, clip.fps, clip.segments) for clip in data] == [
        ("02_01", "02", 120, ()),
        ("02_03", "02", 60, ()),
        ("02_04", "02", 120, ()),
    ]
    assert [data.describe(take) for take in data.takes] == ["walk, turn", "run/jog", ""]
    assert [clip.name for clip in Cmu(str(tmp_path), motions=["jog", "hop"])] == ["02_03"]
    with pytest.raises(InputError, match="describes nothing that is there as hop"):
        Cmu(str(tmp_path), motions=["hop"])
    with pytest.raises(InputError, match="no format bvh; choose from amc"):
        Cmu(str(tmp_path), formats=["bvh"])


TRUTH = "2\n1 walking\n3 4 5\n2 leg_kicking\n11\n"


def test_cmu_labels_up_to_the_best_transition_frame(tmp_path):
    write(tmp_path, s__86_dot_asf=asf(), s__86_01_dot_amc=rising(12))
    write(tmp_path, s__01_ground_truth_dot_txt=TRUTH)
    data = Cmu(str(tmp_path))
    (clip,) = data
    assert clip.segments == (Segment(0, 4, "walking"), Segment(4, 12, "leg kicking"))
    assert data.labels == ["walking", "leg kicking"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("2\n", "3\n"), "line 1: says '3' actions, has 2"),
        (("3 4 5", "3 4"), "line 3: wanted the frames at which 'walking' ends"),
        (("11", "end"), "line 5: wanted the frames at which 'leg_kicking' ends"),
    ],
)
def test_cmu_names_the_line_of_a_broken_ground_truth(tmp_path, edit, message):
    write(tmp_path, s__86_dot_asf=asf(), s__86_01_dot_amc=rising(12))
    write(tmp_path, s__01_ground_truth_dot_txt=TRUTH.replace(*edit, 1))
    with pytest.raises(InputError, match=message):
        Cmu(str(tmp_path))


def test_cmu_names_the_line_of_a_broken_index(tmp_path):
    write(tmp_path, index_dot_csv="Subject,Trial\n2,x\n", s__02_01_dot_amc=rising(2))
    with pytest.raises(InputError, match=r"index\.csv, line 2: wanted subject, trial"):
        Cmu(str(tmp_path))


def test_mocap6_has_a_label_every_tenth_of_a_second(tmp_path):
    write(tmp_path, other_dot_asf=asf(), m__amc__13_29_dot_amc=rising(47))
    write(tmp_path, m__labels__13_29_dot_txt="1 1 0 12")
    write(tmp_path, m__labels__14_06_dot_txt="1 1")
    data = Mocap6(str(tmp_path / "m"), asf=str(tmp_path / "other.asf"), fps=30.0)
    (clip,) = data
    assert (clip.name, clip.subject, len(clip.xyz)) == ("13_29", "13", 12)
    assert clip.segments == (Segment(0, 6, "jumping jack"), Segment(9, 12, "toe touch two hands"))
    (whole,) = Mocap6(str(tmp_path / "m"), asf=str(tmp_path / "other.asf"))
    assert whole.segments[-1] == Segment(36, 47, "toe touch two hands")
    assert ["14_06.amc: No such file" in problem.reason for problem in data.problems] == [True]


def test_mocap6_names_labels_that_are_none(tmp_path):
    write(tmp_path, other_dot_asf=asf(), m__amc__13_29_dot_amc=rising(25))
    write(tmp_path, m__labels__13_29_dot_txt="1 13")
    data = Mocap6(str(tmp_path / "m"), asf=str(tmp_path / "other.asf"))
    assert list(data) == []
    assert "13_29.txt, line 1: wanted labels from 0 to 12" in data.problems[0].reason


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
