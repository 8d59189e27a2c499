"""MSR Action3D, in files as its publisher writes them."""

import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.msr_action3d import NOISY, MsrAction3d
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import KINECT20

ARCHIVE = Path(__file__).parents[2] / "shared" / "data" / "msr_action3d.tar.xz"
published = pytest.mark.skipif(not ARCHIVE.is_file(), reason="needs ../shared/data")

LEFT_FIRST = [
    ("left_shoulder", -0.2, 0.4), ("right_shoulder", 0.2, 0.4), ("thorax", 0, 0.45),
    ("spine", 0, 0.1), ("left_hip", -0.1, -0.05), ("right_hip", 0.1, -0.05), ("hip", 0, 0),
    ("left_elbow", -0.25, 0.15), ("right_elbow", 0.25, 0.15),
    ("left_wrist", -0.25, -0.1), ("right_wrist", 0.25, -0.1),
    ("left_hand", -0.26, -0.2), ("right_hand", 0.26, -0.2),
    ("left_knee", -0.1, -0.45), ("right_knee", 0.1, -0.45),
    ("left_ankle", -0.1, -0.85), ("right_ankle", 0.1, -0.85),
    ("left_foot", -0.1, -0.9), ("right_foot", 0.1, -0.9), ("head_center", 0, 0.6),
]  # fmt: skip
"""Somebody who faces the camera, joint by joint in the published order: x to its left, y up."""
FACING = np.array([(x, y, 3.0) for _, x, y in LEFT_FIRST])


def write(root, name, frames, *, confidence=1.0):
    rows = np.c_[np.reshape(frames, (-1, 3)), np.full(np.size(frames) // 3, confidence)]
    text = "".join(" ".join(f"{value:.6e}" for value in row) + "\n" for row in rows)
    (root / f"{name}_skeleton3D.txt").write_text(text)


def test_actions_people_and_rate_are_read(tmp_path):
    write(tmp_path, "a01_s01_e01", [FACING] * 4)
    write(tmp_path, "a20_s10_e02", [FACING] * 6, confidence=0.0)
    data = MsrAction3d(str(tmp_path), fps=30.0, noisy=False)
    first, last = data
    assert (first.layout, first.fps, first.subject) == (KINECT20, 30, "01")
    assert first.segments == (Segment(0, 7, "high arm wave"),)
    assert (last.subject, last.segments) == ("10", (Segment(0, 11, "pick up and throw"),))
    assert (len(data.labels), data.problems) == (20, [])
    (clip,) = MsrAction3d(str(tmp_path), actions=["pick up and throw"], noisy=False)
    assert (clip.name, clip.fps) == ("a20_s10_e02_skeleton3D", 15)
    with pytest.raises(InputError, match="no action swim; choose from high arm wave, pick up"):
        MsrAction3d(str(tmp_path), actions=["swim"], noisy=False)
    with pytest.raises(InputError, match="no subject 02; choose from 01, 10"):
        MsrAction3d(str(tmp_path), subjects=["02"], noisy=False)


def test_left_is_left_of_somebody_who_faces_the_camera_whichever_comes_first(tmp_path):
    twins = [(0, 1), (4, 5), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16), (17, 18)]
    right_first = FACING.copy()
    for one, other in twins:
        right_first[[one, other]] = FACING[[other, one]]
    write(tmp_path, "a01_s01_e01", [FACING] * 3)
    write(tmp_path, "a01_s01_e02", [right_first] * 3)
    for clip in MsrAction3d(str(tmp_path), noisy=False):
        for joint, x, y in LEFT_FIRST:
            point = clip.xyz[0, KINECT20.index[joint]]
            np.testing.assert_allclose(point, [-x, 3, y], atol=1e-5)


def test_the_ten_recordings_that_the_protocol_leaves_out_are_named(tmp_path):
    for name in ("a01_s01_e01", *NOISY):
        write(tmp_path, name, [FACING] * 2)
    data = MsrAction3d(str(tmp_path), noisy=False)
    assert [clip.name for clip in data] == ["a01_s01_e01_skeleton3D"]
    assert [p.file.split("/")[-1][:11] for p in data.problems] == sorted(NOISY)
    assert {p.reason for p in data.problems} == {
        "its skeleton is lost or wrong; noisy=true reads it all the same"
    }
    assert len(list(MsrAction3d(str(tmp_path), noisy=True))) == 11


def test_the_ten_are_those_that_the_published_files_used_leave_out():
    assert set(NOISY) == {
        "a02_s03_e02", "a04_s03_e01", "a07_s04_e01", "a13_s09_e01", "a13_s09_e02",
        "a13_s09_e03", "a14_s03_e01", "a20_s07_e01", "a20_s07_e03", "a20_s10_e03",
    }  # fmt: skip


@published
def test_lists_and_names_are_those_of_the_publishers_own_files():
    with tarfile.open(ARCHIVE) as tar:
        names = {name[-26:-15] for name in tar.getnames() if name.endswith("_skeleton3D.txt")}
        used, actions = (
            loadmat(BytesIO(tar.extractfile(f"msr_action3d/{file}.mat").read()))[file]
            for file in ("files_used", "action_names")
        )
    used = {str(name[0]).strip() for name in used[:, 0]}
    assert (len(names), len(used)) == (567, 557)
    assert names - used == set(NOISY)
    ours = {"draw X": "draw x", "jogging": "jog", "pickup and throw": "pick up and throw"}
    theirs = [str(name[0]) for name in actions[0]]
    assert [ours.get(name, name) for name in theirs] == list(MsrAction3d.labels)


def test_what_can_not_be_read_is_named_and_the_rest_is(tmp_path):
    write(tmp_path, "a01_s01_e01", [FACING] * 2)
    write(tmp_path, "a01_s01_e02", np.zeros((3, 20, 3)))
    write(tmp_path, "a01_s01_e03", FACING[:19])
    (tmp_path / "a01_s02_e01_skeleton3D.txt").write_text("1 2 3 1\n\n1 2 3\n")
    (tmp_path / "a01_s02_e02_skeleton3D.txt").write_text("")
    data = MsrAction3d(str(tmp_path), noisy=False)
    assert [clip.name[:11] for clip in data] == ["a01_s01_e01"]
    wanted = "wanted x, y, z and a confidence: 4 numbers; get the file anew from its publisher"
    assert [p.reason.split("3D.txt")[-1] for p in data.problems] == [
        "none of its 3 frames has a joint",
        ": 19 rows are no whole number of frames of 20; get the file anew from its publisher",
        f", line 3: {wanted}",
        f", line 1: {wanted}",
    ]
    with pytest.raises(
        InputError, match=r"no msr_action3d files in .*; download the set from Z. L"
    ):
        MsrAction3d(str(tmp_path / "none"), noisy=False)
