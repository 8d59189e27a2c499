"""Films with joints marked by hand, in files as the sets have them."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.jhmdb import Jhmdb
from gastlive.datasets.published.penn_action import PennAction
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, JHMDB15, PENN13, joint_map

PENN_TAR = Path(__file__).parents[2] / "shared/data/penn_action.tar.xz"
FACING = np.array([
    (100, 40), (80, 70), (120, 70), (75, 110), (125, 110), (70, 150), (130, 150),
    (90, 150), (110, 150), (88, 200), (112, 200), (87, 250), (113, 250),
], float)  # fmt: skip
"""Somebody who faces the camera, in Penn Action's order of rows."""


def write_penn(root, name, frames=4, *, train=1, **changes):
    pose = np.repeat(FACING[None], frames, axis=0)
    content = {
        "action": "jumping_jacks", "pose": "front", "x": pose[..., 0], "y": pose[..., 1],
        "visibility": np.ones((frames, 13), np.uint8), "train": train,
        "bbox": np.zeros((frames, 4)), "dimensions": np.array([[270, 480, frames]], np.uint16),
        "nframes": frames,
    }  # fmt: skip
    savemat(root / f"{name}.mat", content | changes)


def test_a_film_of_penn_action_is_read(tmp_path):
    visible = np.ones((4, 13), np.uint8)
    visible[2, 5] = 0
    write_penn(tmp_path, "0007", visibility=visible)
    write_penn(tmp_path, "0009", train=-1)
    data = PennAction(str(tmp_path))
    clip, other = data
    assert (clip.name, clip.subject, clip.camera) == ("train_0007", "train", "front")
    assert (other.name, other.subject, data.subjects) == ("test_0009", "test", ["test", "train"])
    assert (clip.layout, clip.size, clip.fps) == (PENN13, (480, 270), 30)
    assert clip.segments == (Segment(0, 4, "jumping jacks"),)
    np.testing.assert_array_equal(clip.score, visible)
    np.testing.assert_array_equal(clip.xy[0], FACING.astype(np.float32))
    assert (clip.xy[2, 5] == 0).all()
    assert data.problems == []


def test_who_faces_the_camera_in_penn_action_has_the_right_side_on_the_left_of_the_picture(
    tmp_path,
):
    write_penn(tmp_path, "0001")
    (clip,) = PennAction(str(tmp_path))
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        right, left = (clip.xy[0, PENN13.index[f"{side}_{joint}"], 0] for side in ("right", "left"))
        assert right < left


def test_the_published_parts_of_penn_action_are_chosen_as_subjects(tmp_path):
    write_penn(tmp_path, "0001")
    write_penn(tmp_path, "0002", train=-1)
    assert [clip.name for clip in PennAction(str(tmp_path), subjects=["test"])] == ["test_0002"]
    with pytest.raises(InputError, match="penn_action has no subject val; choose from test, train"):
        PennAction(str(tmp_path), subjects=["val"])


def test_films_of_penn_action_that_are_of_no_use_are_named(tmp_path):
    write_penn(tmp_path, "0001", visibility=np.zeros((4, 13), np.uint8))
    write_penn(tmp_path, "0002", x=np.zeros((4, 12)))
    write_penn(tmp_path, "0003", action="juggling")
    write_penn(tmp_path, "0004", dimensions=np.zeros((1, 3)))
    write_penn(tmp_path, "0005")
    (tmp_path / "0006.mat").write_bytes(b"no MATLAB")
    data = PennAction(str(tmp_path), subjects=["train"])
    assert [clip.name for clip in data] == ["train_0005"]
    reasons = {Path(problem.file).stem: problem.reason for problem in data.problems}
    assert sorted(reasons) == ["0001", "0002", "0003", "0004", "0006"]
    assert reasons["0001"] == "none of its 4 frames has a joint"
    assert "wanted (frames, 13)" in reasons["0002"]
    assert "'juggling' is none of Penn Action's" in reasons["0003"]
    assert "wanted height, width" in reasons["0004"]
    assert "is no MATLAB file with a 'train'" in reasons["0006"]


def write_jhmdb(root, *, frames=(5, 11), label=("clap", "run"), xy=None):
    if xy is None:
        xy = np.zeros((sum(frames), 15, 2), np.float32)
        xy[:, 1] = 0.1
    for part in ("train", "test"):
        np.savez(root / f"{part}_1.npz", xy=xy, frames=np.array(frames), label=np.array(label))


def test_films_of_jhmdb_are_cut_apart_and_put_into_a_picture(tmp_path):
    xy = np.zeros((16, 15, 2), np.float32)
    xy[:5, 0] = (0.25, -0.5)
    xy[5:, 14] = (-2.0, 0)
    write_jhmdb(tmp_path, xy=xy)
    data = Jhmdb(str(tmp_path), subjects=["test"])
    clap, run = data
    assert (clap.name, run.name, clap.subject) == ("test_000", "test_001", "test")
    assert (clap.layout, clap.fps, clap.segments) == (JHMDB15, 25, (Segment(0, 5, "clap"),))
    assert (clap.size, len(run.xy), clap.score.min()) == ((320, 240), 11, 1)
    np.testing.assert_allclose(clap.xy[0, 0], (160 + 60, 120 - 120))
    assert run.size == (960, 240)
    np.testing.assert_allclose(run.xy[0, 14], (0, 120))


def test_jhmdb_is_read_at_another_frame_rate(tmp_path):
    write_jhmdb(tmp_path)
    _, run, *_ = Jhmdb(str(tmp_path), fps=30.0)
    assert (run.fps, run.xy.shape, run.segments) == (30, (13, 15, 2), (Segment(0, 13, "run"),))


def test_films_of_jhmdb_that_are_of_no_use_are_named(tmp_path):
    xy = np.zeros((16, 15, 2), np.float32)
    xy[:5] = np.nan
    write_jhmdb(tmp_path, label=("clap", "swim"), xy=xy)
    data = Jhmdb(str(tmp_path), subjects=["train"])
    assert list(data) == []
    reasons = [problem.reason for problem in data.problems]
    assert reasons == ["none of its 5 frames has a joint", "label 'swim' is none of JHMDB's 14"]
    far = np.where(np.arange(16)[:, None, None] < 5, xy, 1e37)
    write_jhmdb(tmp_path, xy=far.astype(np.float32))
    data = Jhmdb(str(tmp_path), subjects=["train"])
    assert not list(data)
    assert data.problems[1].reason == "a joint is more than 1000 pictures away"
    with pytest.raises(InputError, match="jhmdb has no subject x; choose from train, test"):
        Jhmdb(str(tmp_path), subjects=["x"])
    write_jhmdb(tmp_path, xy=xy[:3])
    with pytest.raises(InputError, match="wanted joints \\(frames, 15, 2\\)"):
        Jhmdb(str(tmp_path))
    (tmp_path / "train_1.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="get split 1 of JHMDB"):
        Jhmdb(str(tmp_path))


@pytest.mark.parametrize("layout", [PENN13, JHMDB15], ids=lambda layout: layout.name)
@pytest.mark.parametrize("target", [H36M17, COCO17], ids=lambda layout: layout.name)
def test_only_the_head_of_films_stands_in_for_what_is_not_marked(layout, target):
    """Middle joints are means of marked ones; nose, eyes and ears have one point of the head."""
    through = joint_map(layout, target)
    for joint, made_of in through.approximated.items():
        if through.target.index[joint] in through.target.limbs["head"]:
            assert "head_center" in made_of
        else:
            assert joint in ("hip", "spine", "thorax")


@pytest.mark.skipif(not PENN_TAR.is_file(), reason="the data folder is not here")
def test_real_films_of_penn_action_show_right_where_they_should(tmp_path):
    import tarfile

    with tarfile.open(PENN_TAR) as tar:
        for member in tar:
            if member.name.endswith(("0909.mat", "0951.mat", "1059.mat", "0984.mat")):
                tar.extract(member, tmp_path, filter="data")
    sides = {}
    for clip in PennAction(str(tmp_path)):
        right, left = (PENN13.index[f"{side}_shoulder"] for side in ("right", "left"))
        both = (clip.score[:, [right, left]] > 0).all(1)
        sides[clip.camera] = np.median(clip.xy[both, left, 0] - clip.xy[both, right, 0])
    assert sides["front"] > 0
