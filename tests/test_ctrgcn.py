"""CTR-GCN's npz of NTU RGB+D, made here as its scripts write it."""

import zipfile

import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.ctrgcn import CtrGcn
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import NTU25


def bodies(clips, *, frames=8, two=True):
    """(clips, 12, 150), filled up with zeros."""
    x = np.zeros((clips, 12, 2, 25, 3), np.float32)
    x[:, :frames] = np.random.default_rng(0).normal(size=(clips, frames, 2, 25, 3))
    if not two:
        x[:, :, 1] = 0
    return x.reshape(clips, 12, 150)


def one_hot(*actions, of=60):
    return np.eye(of)[list(actions)]


def write(root, *, save=np.savez, **changes):
    arrays = {
        "x_train": bodies(2, two=False),
        "y_train": one_hot(0, 59),
        "x_test": bodies(1),
        "y_test": one_hot(12),
    }
    save(root / "NTU60_CS.npz", **{**arrays, **changes})
    return str(root)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_clips_are_read_part_by_part(tmp_path, save):
    data = CtrGcn(write(tmp_path, save=save), file="NTU60_CS.npz")
    clips = list(data)
    assert [clip.name for clip in clips] == ["train_0", "train_1", "test_0"]
    assert [clip.subject for clip in clips] == ["train", "train", "test"]
    assert [clip.segments for clip in clips] == [
        (Segment(0, 8, "drink water"),),
        (Segment(0, 8, "walking apart"),),
        (Segment(0, 8, "tear up paper"),),
    ]
    assert {(clip.dataset, clip.layout, clip.fps) for clip in clips} == {("NTU60_CS", NTU25, 30)}
    assert (len(data), len(data.labels), data.problems) == (3, 60, [])


def test_joints_are_world_points_of_two_people(tmp_path):
    given = bodies(1)
    given[0, 0, 3:6] = 0  # the origin is the first spine
    *_, clip = CtrGcn(write(tmp_path, x_test=given), file="NTU60_CS.npz")
    x, y, z = np.moveaxis(given[0, :8].reshape(8, 2, 25, 3), -1, 0)
    world = np.stack([-x, z, y], -1)
    np.testing.assert_array_equal(clip.xyz, world[:, 0])
    np.testing.assert_array_equal(clip.partner, world[:, 1])
    assert (clip.xyz.dtype, clip.partner.dtype) == (np.float32, np.float32)


def test_a_body_of_zeros_is_nobody(tmp_path):
    assert next(iter(CtrGcn(write(tmp_path), file="NTU60_CS.npz"))).partner is None


def test_somebody_who_is_away_for_a_while_is_nan(tmp_path):
    given = bodies(1)
    given[0, 7, :75] = given[0, :3, 75:] = given[0, 6:, 75:] = 0
    given[0, 7, 75:] = 1
    data = CtrGcn(write(tmp_path, x_test=given), file="NTU60_CS.npz")
    *_, clip = data
    assert np.flatnonzero(np.isnan(clip.xyz).all((1, 2))).tolist() == [7]
    assert np.flatnonzero(np.isnan(clip.partner).all((1, 2))).tolist() == [0, 1, 2, 6]
    (problem,) = data.problems
    assert problem.reason == "the first person is away in 1 frames"
    assert problem.file.endswith("NTU60_CS.npz/test_0")


def test_one_part_can_be_chosen_at_another_rate(tmp_path):
    data = CtrGcn(write(tmp_path), subjects=["test"], fps=15.0, file="NTU60_CS.npz")
    (clip,) = data
    assert (clip.name, clip.fps, len(clip.xyz), len(data)) == ("test_0", 15, 4, 1)
    with pytest.raises(InputError, match="has no subject val; choose from train, test"):
        CtrGcn(str(tmp_path), subjects=["val"], file="NTU60_CS.npz")


def test_the_larger_set_has_120_actions(tmp_path):
    y = {"y_train": one_hot(0, 119, of=120), "y_test": one_hot(60, of=120)}
    data = CtrGcn(write(tmp_path, **y), file="NTU60_CS.npz")
    labels = [clip.segments[0].label for clip in data]
    assert labels == ["drink water", "rock-paper-scissors", "put on headphone"]
    assert len(data.labels) == 120


def test_what_can_not_be_used_is_named_and_the_rest_is(tmp_path):
    x, y = bodies(4), one_hot(0, 1, 2, 3)
    x[1] = 0
    y[2] = 0
    y[3, 9] = 1
    data = CtrGcn(write(tmp_path, x_train=x, y_train=y), file="NTU60_CS.npz")
    for _ in range(2):
        assert [clip.name for clip in data] == ["train_0", "test_0"]
        assert [problem.reason for problem in data.problems] == [
            "none of its 12 frames has a joint",
            "shows 0 actions at once, wanted one",
            "shows 2 actions at once, wanted one",
        ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"x_train": np.zeros((2, 12, 75))}, r"'x_train' is float64 \(2, 12, 75\), wanted numbers"),
        ({"x_test": np.zeros((1, 150))}, r"'x_test' is float64 \(1, 150\), wanted numbers"),
        ({"x_test": np.zeros((1, 2, 150), int)}, r"'x_test' is int64 \(1, 2, 150\), wanted"),
        ({"x_test": np.asfortranarray(np.zeros((3, 2, 150)))}, "'x_test' is float64"),
        ({"y_train": one_hot(0, 1, 2)}, r"'y_train' is float64 \(3, 60\), wanted numbers \(2, 60"),
        ({"y_test": np.zeros(1)}, r"'y_test' is float64 \(1,\), wanted numbers \(1, 60 or 120\)"),
        ({"y_test": np.array([{}])}, "is broken or no npz of CTR-GCN"),
    ],
)
def test_arrays_of_something_else_are_refused(tmp_path, changes, reason):
    with pytest.raises(InputError, match=reason):
        CtrGcn(write(tmp_path, **changes), file="NTU60_CS.npz")


def test_a_broken_file_says_so(tmp_path):
    path = tmp_path / "NTU60_CS.npz"
    with pytest.raises(InputError, match=r"can't read .*NTU60_CS\.npz: No such file"):
        CtrGcn(str(tmp_path), file="NTU60_CS.npz")
    np.savez(path, x_train=bodies(1))
    with pytest.raises(InputError, match="is broken or no npz of CTR-GCN"):
        CtrGcn(str(tmp_path), file="NTU60_CS.npz")
    path.write_bytes(b"none")
    with pytest.raises(InputError, match="is broken or no npz of CTR-GCN"):
        CtrGcn(str(tmp_path), file="NTU60_CS.npz")


def test_a_file_that_goes_wrong_half_way_is_named(tmp_path):
    root = write(tmp_path)
    path = tmp_path / "NTU60_CS.npz"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["x_train.npy"] = parts["x_train.npy"][:-4000]
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    data = CtrGcn(root, file="NTU60_CS.npz")
    assert [clip.name for clip in data] == ["train_0", "test_0"]
    (problem,) = data.problems
    assert (problem.file, "is broken" in problem.reason) == (str(path), True)
