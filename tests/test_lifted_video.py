from dataclasses import fields, replace

import numpy as np
import pytest

from gastlive.datasets.own.lifted_video import LiftedVideo, read_lifted_video, save_lifted_video
from gastlive.gast.errors import InputError

VIDEO = LiftedVideo(
    source="clips/wave/a.mp4", label="wave", layout="h36m17", fps=30.0, width=640, height=480,
    lifter="gast27", detector="MoveNet",
    person=np.array([1, 1, 3], np.int32), frame=np.array([0, 2, 1], np.int32),
    time_s=np.array([0.0, 0.067, 0.033]), xy=np.ones((3, 17, 2), np.float32),
    visible=np.ones((3, 17), bool), xyz=np.ones((3, 17, 3), np.float32),
    root_xyz=np.ones((3, 3), np.float32),
)  # fmt: skip


def test_what_is_saved_is_read(tmp_path):
    save_lifted_video(tmp_path / "a.npz", VIDEO)
    read = read_lifted_video(tmp_path / "a.npz")
    for part in fields(LiftedVideo):
        np.testing.assert_array_equal(getattr(read, part.name), getattr(VIDEO, part.name))
    assert read.people == [1, 3]
    assert (type(read.label), type(read.fps)) == (str, float)


def test_a_file_without_the_roots_path_can_still_be_read(tmp_path):
    """Files of gastlive-lift from before it wrote `root_xyz`."""
    save_lifted_video(tmp_path / "a.npz", replace(VIDEO, root_xyz=None))
    with np.load(tmp_path / "a.npz") as file:
        assert "root_xyz" not in file
    assert read_lifted_video(tmp_path / "a.npz").root_xyz is None


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    for content in (b"", b"PK nonsense"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"a\.npz is no file of gastlive-lift"):
            read_lifted_video(path)
    np.savez(path, version=np.array(1), xyz=np.zeros(3))
    with pytest.raises(InputError, match="lift it anew"):
        read_lifted_video(path)


def test_another_version_is_refused(tmp_path):
    save_lifted_video(tmp_path / "a.npz", replace(VIDEO, label=""))
    with np.load(tmp_path / "a.npz") as file:
        content = dict(file) | {"version": np.array(2)}
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(InputError, match="version 2, wanted 1"):
        read_lifted_video(tmp_path / "a.npz")
