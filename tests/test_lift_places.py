"""Where the files to lift can lie: addresses through fsspec, and lists."""

import io
from functools import cache

import fsspec
import numpy as np
import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from gastlive.datasets.own.lifted_video import read_lifted_video
from gastlive.experiments.lifting.work import Work, progress
from gastlive.gast.errors import InputError
from gastlive.realtime.sources.demo import PATH as DEMO

with np.load(DEMO.parent / "demo_truth.npz") as truth:
    XY = truth["coco17_px"]


@cache
def composed():
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose("lift", overrides=["runtime=torch", "formats=[npz]"])


def lifted(folder, given, **more):
    where = {"input": str(given), "output": str(folder / "out"), **more}
    job = Work(OmegaConf.merge(composed(), where), progress())
    job.run()
    return job


def content(frames=8):
    file = io.BytesIO()
    np.savez(file, keypoints=XY[:frames], layout="coco17", width=640, height=480, fps=30.0)
    return file.getvalue()


@pytest.fixture
def bucket():
    """A file system of its own that forgets everything afterwards."""
    files = fsspec.filesystem("memory")
    for path in ("/clips/wave/a.npz", "/clips/walk/b.npz", "/clips/.trash/c.npz"):
        files.pipe(path, content())
    files.pipe("/clips/walk/broken.npz", b"no keypoints")
    files.pipe("/clips/readme.md", b"")
    yield files
    files.store.clear()


def test_a_folder_at_an_address_is_lifted_as_one_on_disk(tmp_path, bucket, capsys):
    job = lifted(tmp_path, "memory://clips")
    assert (job.finished, job.failed) == (["walk/b", "wave/a"], ["walk/broken"])
    found = read_lifted_video(tmp_path / "out" / "wave" / "a.npz")
    assert (found.source, found.label) == ("memory:///clips/wave/a.npz", "wave")
    (tmp_path / "in" / "wave").mkdir(parents=True)
    (tmp_path / "in" / "wave" / "a.npz").write_bytes(content())
    lifted(tmp_path, tmp_path / "in", output=str(tmp_path / "local"))
    other = read_lifted_video(tmp_path / "local" / "wave" / "a.npz")
    np.testing.assert_array_equal(found.xyz, other.xyz)
    assert "memory:///clips/walk/broken.npz can't be read as arrays" in capsys.readouterr().out


def test_what_is_finished_is_left_alone_until_the_file_there_changes(tmp_path, bucket):
    lifted(tmp_path, "memory://clips/wave")
    assert lifted(tmp_path, "memory://clips/wave").finished == []
    bucket.pipe("/clips/wave/a.npz", content(frames=12))
    assert lifted(tmp_path, "memory://clips/wave").finished == ["a"]
    assert lifted(tmp_path, "memory://clips/wave/a.npz").finished == [], "the same one file"


def test_a_list_names_results_by_the_paths_in_it_and_what_is_not_there_is_skipped(
    tmp_path, bucket, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in ("in/wave/a.npz", "elsewhere.npz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content())
    lines = [
        "# mine", "in/wave/a.npz", "", "memory://clips/walk/b.npz", "gone.mp4",
        "memory://clips/gone.npz", "in/wave/a.npz", str(tmp_path / "elsewhere.npz"),
    ]  # fmt: skip
    (tmp_path / "list.txt").write_text("\n".join(lines))
    job = lifted(tmp_path, "list.txt")
    assert job.finished == ["clips/walk/b", "elsewhere", "in/wave/a"]
    assert job.failed == ["clips/gone", "gone"]
    assert "clips/gone: skipped: memory://clips/gone.npz: no such file" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nosuch://bucket", "nosuch://bucket can't be read: Protocol not known: nosuch"),
        ("memory://empty", "input=memory://empty holds no video"),
    ],
)
def test_an_address_that_leads_nowhere_ends_it_in_one_line(tmp_path, given, said):
    with pytest.raises(InputError, match=said) as caught:
        lifted(tmp_path, given)
    assert "\n" not in str(caught.value)


def test_a_package_that_an_address_needs_is_asked_for(tmp_path, monkeypatch):
    def missing(_):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(
        InputError, match=r"Install s3fs to access S3; pip install 'gastlive\[s3\]'"
    ):
        lifted(tmp_path, "s3://bucket/clips")


def test_results_go_to_a_folder_only(tmp_path, bucket):
    with pytest.raises(InputError, match="output=memory://out: results go to a folder"):
        lifted(tmp_path, "memory://clips", output="memory://out")
    assert not bucket.exists("memory://out")
