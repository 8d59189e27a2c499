"""Where files to lift and results can lie: addresses through fsspec, and lists."""

import io
import json
import tempfile
from functools import cache

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from gastlive.datasets.own.lifted_video import read_lifted_video
from gastlive.experiments.lifting.outputs import AtAddress
from gastlive.experiments.lifting.results import CannotWrite
from gastlive.experiments.lifting.work import Work, progress
from gastlive.gast.errors import InputError
from gastlive.realtime.sources.demo import PATH as DEMO

from .bucket import Bucket

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


# Results at an address


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """The folder for temporary files."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def stamps(bucket):
    """What lies in the output, but for its records, and when it was written."""
    found = bucket.find("/out", detail=True)
    return {name: info["created"] for name, info in found.items() if "/." not in name}


def test_results_at_an_address_are_those_in_a_folder_and_nothing_stays_here(
    tmp_path, bucket, scratch, capsys
):
    job = lifted(tmp_path, "memory://clips", output="memory://out", formats=["npz", "jsonl"])
    assert (job.finished, job.failed) == (["walk/b", "wave/a"], ["walk/broken"])
    lifted(tmp_path, "memory://clips", formats=["npz", "jsonl"])
    names = [f"{name}.{kind}" for name in job.finished for kind in ("jsonl", "npz")]
    assert sorted(stamps(bucket)) == [f"/out/{name}" for name in names]
    for name in names:
        here = (tmp_path / "out" / name).read_bytes()
        if name.endswith("npz"):  # else the file has times of the run
            assert bucket.cat_file(f"/out/{name}") == here
    assert not list(scratch.iterdir())
    assert job.report().endswith("\nresults in memory://out (npz, jsonl)")
    assert "wave/a: 8 frames, 1 person\n" in capsys.readouterr().out


def test_what_is_finished_there_is_left_alone_and_what_is_missing_there_is_lifted(tmp_path, bucket):
    bucket.pipe("/clips/wave/a [1]*?.npz", content())
    there = {"output": "memory://out/"}
    assert lifted(tmp_path, "memory://clips", **there).finished == [
        "walk/b",
        "wave/a",
        "wave/a [1]*?",
    ]
    before = stamps(bucket)
    assert lifted(tmp_path, "memory://clips", **there).finished == []
    assert stamps(bucket) == before
    bucket.rm_file("/out/wave/a.npz")
    assert lifted(tmp_path, "memory://clips", **there).finished == ["wave/a"]
    more = lifted(tmp_path, "memory://clips", **there, formats=["npz", "bvh"])
    assert len(more.finished) == 3
    assert bucket.exists("/out/wave/a.person1.bvh")
    bucket.pipe("/clips/wave/a.npz", content(frames=12))
    assert lifted(tmp_path, "memory://clips", **there).finished == ["wave/a"]
    assert not bucket.exists("/out/wave/a.person1.bvh"), "it shows what was there before"


def test_an_input_counts_as_finished_when_all_of_it_is_there_and_not_before(
    tmp_path, bucket, monkeypatch
):
    there = {"output": "memory://out", "formats": ["npz", "jsonl"]}
    lifted(tmp_path, "memory://clips/wave", **there)
    put, brought = MemoryFileSystem.put_file, []

    def ended(files, here, place, **more):
        if brought:
            raise KeyboardInterrupt
        brought.append(place)
        put(files, here, place, **more)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "put_file", ended)
        with pytest.raises(KeyboardInterrupt):
            lifted(tmp_path, "memory://clips/wave", **there, field_of_view_deg=50)
    assert brought == ["/out/a.jsonl"]
    assert lifted(tmp_path, "memory://clips/wave", **there).finished == ["a"], "half of it is new"
    assert lifted(tmp_path, "memory://clips/wave", **there).finished == []


def test_each_shard_notes_there_what_it_has_finished_and_all_know(tmp_path, bucket):
    there = {"output": "memory://out"}
    halves = [lifted(tmp_path, "memory://clips", **there, shard=f"{i}/2") for i in (1, 2)]
    assert sorted(name for half in halves for name in half.finished) == ["walk/b", "wave/a"]
    assert lifted(tmp_path, "memory://clips", **there).finished == []


def test_a_record_there_deletes_nothing_outside(tmp_path, bucket):
    record = "/out/.gastlive-lift/a.json"
    for file in ("../clips/walk/b.npz", "/clips/walk/b.npz", "../out/../clips/walk/b.npz"):
        bucket.pipe(
            record, json.dumps({"name": "a", "key": "k", "files": {"npz": [file]}}).encode()
        )
        assert lifted(tmp_path, "memory://clips/wave", output="memory://out").finished == ["a"]
        assert bucket.exists("/clips/walk/b.npz")
    for wrong in (b"", b"{", b"\xff", b"[]"):
        bucket.pipe(record, wrong)
        assert lifted(tmp_path, "memory://clips/wave", output="memory://out").finished == ["a"]


def test_results_below_their_inputs_are_no_inputs_and_none_is_written_over(tmp_path, bucket):
    below = {"output": "memory://clips/lifted"}
    lifted(tmp_path, "memory://clips", **below)
    assert bucket.exists("/clips/lifted/wave/a.npz")
    assert len(lifted(tmp_path, "memory://clips", **below).inputs) == 3
    with pytest.raises(InputError, match="output=memory:///clips is the input folder"):
        lifted(tmp_path, "memory://clips", output="memory://clips")
    with pytest.raises(InputError, match=r"would write over the input memory:.*/clips/wave/a\.npz"):
        lifted(tmp_path, "memory://clips/wave/a.npz", output="memory://clips/wave")
    with pytest.raises(InputError, match=f"output={tmp_path} is the input folder"):
        lifted(tmp_path, tmp_path, output=f"file://{tmp_path}")


@pytest.mark.parametrize("call", ["pipe_file", "put_file"])
def test_an_address_that_can_not_be_written_to_ends_it_in_one_line(
    tmp_path, bucket, scratch, monkeypatch, call
):
    def refused(*_, **__):
        raise PermissionError("Access\nDenied")

    monkeypatch.setattr(MemoryFileSystem, call, refused)
    with pytest.raises(CannotWrite) as caught:
        lifted(tmp_path, "memory://clips", output="memory://out")
    assert str(caught.value) == (
        "memory://out can't be written to: Access Denied; what is finished stays, the same "
        "command goes on"
    )
    assert not list(scratch.iterdir())


def test_a_package_that_the_address_of_results_needs_is_asked_for(monkeypatch):
    def missing(_):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(InputError, match=r"pip install 'gastlive\[s3\]'"):
        AtAddress("s3://bucket/lifted")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::Warning")  # of botocore, about what it uses
def test_a_bucket_of_s3_is_read_and_written_and_its_records_are_believed(tmp_path, monkeypatch):
    pytest.importorskip("s3fs", reason="needs pip install 'gastlive[s3]'")
    there = {"output": "s3://mine/lifted", "formats": ["npz", "jsonl"]}
    with Bucket() as bucket:
        for name, value in {
            "FSSPEC_S3_ENDPOINT_URL": bucket.address, "AWS_ACCESS_KEY_ID": "me",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        fsspec.config.set_conf_env(fsspec.config.conf)
        bucket.objects |= {f"mine/clips/{name}.npz": content() for name in ("wave/a", "b [1]*")}
        assert lifted(tmp_path, "s3://mine/clips", **there).finished == ["b [1]*", "wave/a"]
        assert sorted(name for name in bucket.objects if name.startswith("mine/lifted/")) == [
            "mine/lifted/.gastlive-lift/README", "mine/lifted/.gastlive-lift/b [1]*.json",
            "mine/lifted/.gastlive-lift/wave/a.json", "mine/lifted/b [1]*.jsonl",
            "mine/lifted/b [1]*.npz", "mine/lifted/wave/a.jsonl", "mine/lifted/wave/a.npz",
        ]  # fmt: skip
        assert lifted(tmp_path, "s3://mine/clips", **there).finished == []
        bucket.objects["mine/clips/wave/a.npz"] = content(frames=12)
        assert lifted(tmp_path, "s3://mine/clips", **there).finished == ["wave/a"]
        (tmp_path / "a.npz").write_bytes(bucket.objects["mine/lifted/wave/a.npz"])
    assert len(read_lifted_video(tmp_path / "a.npz").frame) == 12
