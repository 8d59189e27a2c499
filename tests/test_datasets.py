import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from gastlive.datasets.axes import KINECT_JOINTS
from gastlive.datasets.clip import MotionClip, Segment
from gastlive.datasets.motion import resample, runs
from gastlive.datasets.published.cmu import Cmu
from gastlive.datasets.published.hdm05 import Hdm05
from gastlive.datasets.published.mocap6 import Mocap6
from gastlive.datasets.published.nw_ucla import NwUcla
from gastlive.datasets.published.precog16 import Precog16
from gastlive.datasets.published.utd_mhad import UtdMhad
from gastlive.datasets.rates import at_layout
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import CMU31, H36M17, KINECT20

SAMPLES = Path(__file__).parents[2] / "shared" / "data" / "samples"
UTD = SAMPLES.parent / "utd_mhad.tar.xz"
published = pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs ../shared/data/samples")

SDK = (
    "HipCenter; Spine; ShoulderCenter; Head; ShoulderLeft; ElbowLeft; WristLeft; HandLeft; "
    "ShoulderRight; ElbowRight; WristRight; HandRight; HipLeft; KneeLeft; AnkleLeft; FootLeft; "
    "HipRight; KneeRight; AnkleRight; FootRight"
)
FACING = np.array([
    (0, 0, 3), (0, 0.1, 3), (0, 0.45, 3), (0, 0.6, 3),
    (-0.2, 0.4, 3), (-0.25, 0.15, 3), (-0.25, -0.1, 3), (-0.25, -0.2, 3),
    (0.2, 0.4, 3), (0.25, 0.15, 3), (0.25, -0.1, 3), (0.25, -0.2, 3),
    (-0.1, -0.05, 3), (-0.1, -0.45, 3), (-0.1, -0.85, 3), (-0.1, -0.9, 2.9),
    (0.1, -0.05, 3), (0.1, -0.45, 3), (0.1, -0.85, 3), (0.1, -0.9, 2.9),
])  # fmt: skip
"""Somebody who faces the sensor, in the SDK's order and axes: x to the sensor's left, y up."""


def ahead(clip):
    """Where a clip's people look, (T, 3)."""
    at, xyz = clip.layout.index, clip.xyz
    across = xyz[:, at["left_hip"]] - xyz[:, at["right_hip"]]
    return np.cross(across, xyz[:, at["thorax"]] - xyz[:, at["hip"]])


def assert_somebody_faces_the_sensor(clip, *, tilt=0.0):
    at, xyz = clip.layout.index, clip.xyz
    assert (clip.layout, xyz.dtype) == (KINECT20, np.float32)
    np.testing.assert_allclose(
        xyz[0, at["head_center"]] - xyz[0, at["hip"]],
        (0, 0.6 * np.sin(tilt), 0.6 * np.cos(tilt)),
        atol=1e-6,
    )
    np.testing.assert_allclose(xyz[0, at["left_hand"], 0], 0.25, atol=1e-6)
    toes = xyz[0, at["left_foot"]] - xyz[0, at["left_ankle"]]
    assert ahead(clip)[0] @ toes > 0
    assert toes[1] < 0


def clip_of(xyz, *, fps=120.0, segments=(), layout=CMU31):
    return MotionClip("a", "made", "1", layout, np.asarray(xyz, np.float32), fps, segments)


# Shared functions


def test_resampling_takes_every_fourth_frame_of_a_fourth_of_the_rate():
    clip = clip_of(np.random.default_rng(0).normal(size=(10, 31, 3)))
    np.testing.assert_array_equal(resample(clip, 30.0).xyz, clip.xyz[::4])


def test_resampling_goes_straight_between_frames():
    steps = np.arange(11)[:, None, None] * np.ones((31, 3))
    slower = resample(clip_of(steps, fps=50.0), 20.0)
    np.testing.assert_allclose(slower.xyz[:, 0, 0], [0, 2.5, 5, 7.5, 10], atol=1e-6)
    assert slower.fps == 20


def test_resampling_invents_no_time_after_the_last_frame():
    faster = resample(clip_of(np.zeros((11, 31, 3)), fps=10.0), 25.0)
    assert len(faster.xyz) == 26


def test_labels_stay_with_their_time():
    segments = (Segment(0, 6, "a"), Segment(6, 7, "short"), Segment(9, 20, "b"))
    clip = resample(clip_of(np.zeros((20, 31, 3)), segments=segments), 30.0)
    assert clip.segments == (Segment(0, 2, "a"), Segment(3, 5, "b"))


def test_a_missing_joint_stays_missing_and_alone():
    xyz = np.zeros((8, 31, 3))
    xyz[4, 2] = xyz[7, 3] = np.nan
    slower = resample(clip_of(xyz), 60.0)
    assert np.argwhere(np.isnan(slower.xyz).any(-1)).tolist() == [[2, 2]]


def test_a_rate_of_nought_is_refused():
    with pytest.raises(InputError, match="more than 0"):
        resample(clip_of(np.zeros((2, 31, 3))), 0.0)


def test_another_layout_keeps_the_joints_that_both_have():
    clip = clip_of(np.random.default_rng(0).normal(size=(3, 31, 3)))
    other = at_layout(clip, H36M17)
    assert other.layout is H36M17
    for joint in ("hip", "left_knee", "right_wrist", "head"):
        np.testing.assert_allclose(
            other.xyz[:, H36M17.index[joint]], clip.xyz[:, CMU31.index[joint]], atol=1e-6
        )


def test_what_is_made_from_a_missing_joint_is_missing_and_the_rest_is_not():
    xyz = np.ones((1, 31, 3))
    xyz[0, CMU31.index["neck"]] = np.nan
    missing = np.isnan(at_layout(clip_of(xyz), H36M17).xyz[0]).any(-1)
    assert [j for j, gone in zip(H36M17.joints, missing, strict=True) if gone] == ["nose"]


def test_equal_labels_in_a_row_are_one_stretch_and_empty_ones_none():
    assert runs(["a", "a", "", "b", "a"], stops=[2, 4, 6, 8, 8]) == (
        Segment(0, 4, "a"),
        Segment(6, 8, "b"),
    )


# What all sets have in common


def nowhere(kind, root):
    return kind(str(root), asf="none.asf") if kind is Mocap6 else kind(str(root))


@pytest.mark.parametrize("kind", [Hdm05, Cmu, Mocap6, Precog16, UtdMhad, NwUcla])
def test_a_folder_without_the_set_says_whom_to_ask(kind, tmp_path):
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match=f"no {kind.dataset} files in .*; download the set "):
            nowhere(kind, root)


def write_ucla(root, name, skeletons):
    data = {"file_name": name, "skeletons": np.asarray(skeletons).tolist(), "label": 1}
    (root / f"{name}.json").write_text(json.dumps(data))


def test_a_subject_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    write_ucla(tmp_path, "a01_s01_e00_v01", [FACING])
    with pytest.raises(InputError, match="no subject 02; choose from 01"):
        NwUcla(str(tmp_path), subjects=["02"])


def test_what_can_not_be_read_is_named_and_the_rest_is(tmp_path):
    gone = np.stack([FACING] * 4)
    gone[1, :2] = 0
    write_ucla(tmp_path, "a01_s01_e00_v01", [FACING] * 4)
    write_ucla(tmp_path, "a01_s01_e01_v01", gone)
    write_ucla(tmp_path, "a01_s01_e02_v01", np.zeros((3, 20, 3)))
    write_ucla(tmp_path, "a01_s01_e03_v01", np.zeros((0, 20, 3)))
    write_ucla(tmp_path, "a01_s01_e04_v01", np.zeros((3, 19, 3)))
    write_ucla(tmp_path, "a01_s01_e05_v01", [FACING])
    (tmp_path / "a01_s01_e06_v01.json").write_text('{"skeletons": [[[1, ')
    data = NwUcla(str(tmp_path))
    for _ in range(2):
        clips = list(data)
        assert [clip.name[8:11] for clip in clips] == ["e00", "e01", "e05"]
        assert [(Path(p.file).stem[8:11], p.reason.split("/")[-1]) for p in data.problems] == [
            ("e01", "2 joints are missing in 1 frames"),
            ("e02", "none of its 3 frames has a joint"),
            ("e03", "a01_s01_e03_v01.json: skeletons are (0,), wanted (frames, 20, 3)"),
            ("e04", "a01_s01_e04_v01.json: skeletons are (3, 19, 3), wanted (frames, 20, 3)"),
            ("e05", "has a single frame"),
            ("e06", "a01_s01_e06_v01.json is no JSON with 'skeletons' of numbers"),
        ]
    missing = np.isnan(clips[1].xyz).all(-1)
    assert [KINECT20.joints[j] for _, j in np.argwhere(missing)] == ["hip", "spine"]


# One by one


def test_nw_ucla_reads_actions_views_and_people(tmp_path):
    write_ucla(tmp_path, "a01_s01_e00_v01", [FACING] * 3)
    write_ucla(tmp_path, "a12_s02_e00_v03", [FACING] * 3)
    first, last = NwUcla(str(tmp_path), fps=30.0)
    assert (first.subject, first.camera, first.fps) == ("01", "1", 30)
    assert first.segments == (Segment(0, 5, "pick up with one hand"),)
    assert last.segments == (Segment(0, 5, "carry"),)
    assert_somebody_faces_the_sensor(first, tilt=np.radians(13))
    assert [clip.name for clip in NwUcla(str(tmp_path), cameras=["3"])] == ["a12_s02_e00_v03"]
    with pytest.raises(InputError, match="no view 4; choose from 1, 3"):
        NwUcla(str(tmp_path), cameras=["4"])


def write_utd(root, name, frames):
    order = [3, 2, 1, 0, *range(4, 20)]
    savemat(root / f"{name}.mat", {"d_skel": np.moveaxis(np.array(frames)[:, order], 0, -1)})


def test_utd_mhad_reads_actions_and_people(tmp_path):
    write_utd(tmp_path, "a1_s1_t1_skeleton", [FACING] * 4)
    write_utd(tmp_path, "a27_s2_t4_skeleton", [FACING] * 6)
    first, last = UtdMhad(str(tmp_path))
    assert_somebody_faces_the_sensor(first)
    assert (first.subject, first.segments) == ("1", (Segment(0, 4, "swipe left"),))
    assert (last.subject, last.segments) == ("2", (Segment(0, 6, "squat"),))
    assert len(UtdMhad.labels) == 27


@pytest.mark.skipif(not UTD.is_file(), reason="needs ../shared/data")
def test_joints_of_utd_mhad_are_in_the_order_that_the_publisher_wrote_down(tmp_path):
    with tarfile.open(UTD) as tar:
        lines = tar.extractfile("utd_mhad/Skeleton_joint_order.txt").read().decode().splitlines()
    theirs = [line.split(".")[1].strip(" ;") for line in lines if line[:1].isdigit()]
    ours = {"head": "head_center", "shoulder_center": "thorax", "hip_center": "hip"}
    numbered = np.broadcast_to(np.arange(1.0, 21)[:, None, None], (20, 3, 2))
    savemat(tmp_path / "a1_s1_t1_skeleton.mat", {"d_skel": numbered})
    (clip,) = UtdMhad(str(tmp_path))
    heights = [clip.xyz[0, KINECT20.index[ours.get(name, name)], 2] for name in theirs]
    assert heights == list(range(1, 21))


def test_utd_mhad_names_files_that_are_none(tmp_path):
    (tmp_path / "a1_s1_t1_skeleton.mat").write_bytes(b"none")
    savemat(tmp_path / "a1_s1_t2_skeleton.mat", {"skel": np.zeros(3)})
    savemat(tmp_path / "a1_s1_t3_skeleton.mat", {"d_skel": np.zeros((3, 20, 5))})
    data = UtdMhad(str(tmp_path))
    assert list(data) == []
    reasons = [problem.reason.split(".mat")[1] for problem in data.problems]
    assert reasons == [
        " is no MATLAB file with a 'd_skel' of numbers",
        " is no MATLAB file with a 'd_skel' of numbers",
        ": 'd_skel' is (3, 20, 5), wanted (20, 3, frames)",
    ]


def precog_row(label, points=FACING):
    return ";".join([*(" ".join(map(str, point)) for point in points), str(label)])


def test_precog16_labels_every_frame(tmp_path):
    rows = [precog_row(label) for label in (0, 0, 1, 1, 1, 0, 8)]
    (tmp_path / "Seq1_12.csv").write_text("\n".join([SDK, *rows, ""]))
    (clip,) = Precog16(str(tmp_path))
    assert_somebody_faces_the_sensor(clip)
    assert clip.subject == "12"
    assert clip.segments == (
        Segment(0, 2, "idle"),
        Segment(2, 5, "right punch"),
        Segment(5, 6, "idle"),
        Segment(6, 7, "elbow strike"),
    )


def test_precog16_goes_by_the_names_in_the_file(tmp_path):
    names = SDK.split("; ")
    swapped = [1, 0, *range(2, 20)]
    text = "; ".join(names[i] for i in swapped)
    (tmp_path / "Seq1_1.csv").write_text(f"{text}\n{precog_row(0, FACING[swapped])}\n")
    (clip,) = Precog16(str(tmp_path))
    assert_somebody_faces_the_sensor(clip)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: wanted the 20 joint names"),
        ("Head; Neck\n", "line 1: wanted the 20 joint names"),
        (f"{SDK}\n{precog_row(0)}\n{precog_row(9)}\n", "line 3: wanted 20 points"),
        (f"{SDK}\n{precog_row(0)[5:]}\n", "line 2: wanted 20 points"),
        (f"{SDK}\n{precog_row('x')}\n", "line 2: wanted 20 points"),
        (f"{SDK}\n", "none of its 0 frames has a joint"),
    ],
)
def test_precog16_names_the_line_that_is_wrong(tmp_path, text, reason):
    (tmp_path / "Seq1_1.csv").write_text(text)
    data = Precog16(str(tmp_path))
    assert list(data) == []
    assert reason in data.problems[0].reason


@published
@pytest.mark.parametrize(
    ("kind", "sample", "name", "label"),
    [
        (Precog16, "precog_Seq1_1.csv", "Seq1_1.csv", "idle"),
        (UtdMhad, "utd_a1_s1_t1_skeleton.mat", "a1_s1_t1_skeleton.mat", "swipe left"),
        (
            NwUcla,
            "nw_ucla_a01_s01_e00_v01.json",
            "a01_s01_e00_v01.json",
            "pick up with one hand",
        ),
    ],
)
def test_people_of_the_publishers_are_people(tmp_path, kind, sample, name, label):
    (tmp_path / name).write_bytes((SAMPLES / sample).read_bytes())
    data = kind(str(tmp_path))
    (clip,) = data
    at, xyz = clip.layout.index, clip.xyz
    assert data.problems == []
    assert clip.segments[0].label == label
    bones = np.array([np.linalg.norm(xyz[:, c] - xyz[:, p], axis=-1) for c, p in KINECT20.bones])
    assert np.median(bones, 1).min() > 0.02
    assert np.median(bones, 1).max() < 0.6
    assert 1.2 < np.median(xyz[:, at["head_center"], 2] - xyz[:, at["left_foot"], 2]) < 1.8
    for side, other in (("left", "right"), ("right", "left")):
        reach = xyz[:, at[f"{side}_wrist"]] - xyz[:, at[f"{side}_shoulder"]]
        across = xyz[:, at[f"{side}_wrist"]] - xyz[:, at[f"{other}_shoulder"]]
        nearer = np.linalg.norm(reach, axis=-1) < np.linalg.norm(across, axis=-1)
        assert nearer.mean() > 0.5
    toes = xyz[:, at["left_foot"]] - xyz[:, at["left_ankle"]]
    toes += xyz[:, at["right_foot"]] - xyz[:, at["right_ankle"]]
    assert ((ahead(clip) * toes).sum(-1) > 0).mean() > 0.8


@published
def test_a_right_swipe_of_utd_mhad_is_done_with_the_right_arm(tmp_path):
    """The publisher's first action is a swipe of the right arm: sides are not mirrored."""
    sample = SAMPLES / "utd_a1_s1_t1_skeleton.mat"
    (tmp_path / "a1_s1_t1_skeleton.mat").write_bytes(sample.read_bytes())
    (clip,) = UtdMhad(str(tmp_path))
    way = {
        side: np.abs(np.diff(clip.xyz[:, KINECT20.index[f"{side}_wrist"]], axis=0)).sum()
        for side in ("left", "right")
    }
    assert way["right"] > 5 * way["left"]


def test_every_joint_of_utd_mhad_is_put_where_it_is_on_the_body(tmp_path):
    write_utd(tmp_path, "a1_s1_t1_skeleton", [FACING] * 2)
    (clip,) = UtdMhad(str(tmp_path))
    names = [name.strip() for name in SDK.split(";")]
    for name, (x, y, z) in zip(names, FACING, strict=True):
        at = clip.xyz[0, KINECT20.index[KINECT_JOINTS[name]]]
        np.testing.assert_allclose(at, (-x, z, y), atol=1e-6, err_msg=name)
