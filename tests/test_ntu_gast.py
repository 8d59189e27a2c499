"""NTU-GAST Skeleton's h5 files, made here as its scripts read them."""

import h5py
import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.ntu_gast import NtuGast60, NtuGast120
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

NAME = "S001C002P003R002A013"
TURN = np.array([0.14070565, -0.15007018, -0.7552408, 0.62232804])
"""With which GAST-Net's released code turns its poses upright: w, x, y, z."""


def upright(camera):
    """Points (..., 3) in camera axes as GAST-Net's released code stores them."""
    w, axis = TURN[0], TURN[1:]
    across = np.cross(axis, camera)
    return camera + 2 * (w * across + np.cross(axis, across))


def write(root, people, *, name=NAME, key="skeletons"):
    path = root / "S001" / f"{name}.h5"
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file[key] = people


def test_one_person_is_read(tmp_path):
    xyz = np.random.default_rng(0).normal(size=(1, 6, 17, 3)).astype(np.float32)
    write(tmp_path, xyz)
    data = NtuGast60(str(tmp_path))
    (clip,) = data
    assert (clip.name, clip.dataset, clip.subject) == (NAME, "ntu_gast60", "P003")
    assert (clip.camera, clip.layout, clip.fps) == ("C002", H36M17, 30)
    assert clip.segments == (Segment(0, 6, "tear up paper"),)
    assert (clip.partner, clip.xyz.dtype, data.problems) == (None, np.float32, [])
    np.testing.assert_allclose(clip.xyz[..., 2], xyz[0, ..., 2], atol=1e-6)
    np.testing.assert_allclose(
        np.linalg.norm(clip.xyz[:, 3] - clip.xyz[:, 9], axis=-1),
        np.linalg.norm(xyz[0, :, 3] - xyz[0, :, 9], axis=-1),
        rtol=1e-5,
    )


def test_what_the_camera_saw_to_the_right_is_right_and_what_was_far_is_away(tmp_path):
    camera = np.zeros((1, 1, 17, 3))
    camera[0, 0, 1] = 1, 0, 0
    camera[0, 0, 2] = 0, 0, 1
    write(tmp_path, upright(camera).astype(np.float32))
    (clip,) = NtuGast60(str(tmp_path))
    right, away = clip.xyz[0, 1, :2], clip.xyz[0, 2, :2]
    np.testing.assert_allclose(right, (1, 0), atol=0.02)
    np.testing.assert_allclose(away / np.linalg.norm(away), (0, 1), atol=1e-3)


def test_two_people_are_nan_while_away(tmp_path):
    xyz = np.random.default_rng(0).normal(size=(2, 6, 17, 3)).astype(np.float32)
    xyz[0, 5] = xyz[1, :2] = 0
    xyz[1, 3, 0] = 0  # a joint at the origin is there
    write(tmp_path, xyz)
    data = NtuGast60(str(tmp_path))
    (clip,) = data
    assert np.flatnonzero(np.isnan(clip.xyz).any((1, 2))).tolist() == [5]
    assert np.flatnonzero(np.isnan(clip.partner).any((1, 2))).tolist() == [0, 1]
    assert [problem.reason for problem in data.problems] == ["17 joints are missing in 1 frames"]


def test_somebody_who_is_never_there_is_nobody(tmp_path):
    xyz = np.ones((2, 4, 17, 3), np.float32)
    xyz[0] = 0
    write(tmp_path, xyz)
    (clip,) = NtuGast60(str(tmp_path))
    assert clip.partner is None
    assert np.isfinite(clip.xyz).all()


def test_the_larger_set_has_the_actions_of_both(tmp_path):
    for name in (NAME, "S018C001P041R001A120"):
        write(tmp_path, np.ones((1, 4, 17, 3)), name=name)
    (tmp_path / "other.h5").write_bytes(b"")
    assert [clip.name for clip in NtuGast60(str(tmp_path))] == [NAME]
    assert [clip.segments[0].label for clip in NtuGast120(str(tmp_path))] == [
        "tear up paper",
        "rock-paper-scissors",
    ]
    with pytest.raises(InputError, match="ntu_gast60 has no subject P041; choose from P003"):
        NtuGast60(str(tmp_path), subjects=["P041"])


def test_what_can_not_be_read_is_named(tmp_path):
    write(tmp_path, np.zeros((1, 4, 17, 3)), name="S001C001P001R001A001")
    write(tmp_path, np.ones((1, 4, 16, 3)), name="S001C001P001R001A002")
    write(tmp_path, np.ones((3, 4, 17, 3)), name="S001C001P001R001A003")
    write(tmp_path, np.ones((1, 4, 17, 3)), name="S001C001P001R001A004", key="other")
    write(tmp_path, "text", name="S001C001P001R001A005")
    (tmp_path / "S001" / "S001C001P001R001A006.h5").write_bytes(b"none")
    (tmp_path / "S001" / "S001C001P001R001A007.h5").write_bytes(b"")
    data = NtuGast60(str(tmp_path))
    assert list(data) == []
    none = "is no HDF5 file with 'skeletons' of numbers"
    for problem, reason in zip(
        data.problems,
        [
            "none of its 4 frames has a joint",
            "'skeletons' is (1, 4, 16, 3), wanted (1 or 2, frames, 17, 3)",
            "'skeletons' is (3, 4, 17, 3), wanted (1 or 2, frames, 17, 3)",
            none,
            none,
            none,
            none,
        ],
        strict=True,
    ):
        assert problem.reason.endswith(reason)
