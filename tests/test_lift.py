"""Lifting files and folders; keypoints stand in for videos where the detector doesn't matter."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from gastlive.datasets.formats.bvh import Bvh, read_bvh
from gastlive.datasets.own.lifted_video import read_lifted_video
from gastlive.experiments import lift
from gastlive.experiments.lifting.chain import Chain
from gastlive.experiments.lifting.inputs import find_inputs
from gastlive.experiments.lifting.results import evenly
from gastlive.experiments.lifting.work import Work, progress
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import CMU31, COCO17, H36M17
from gastlive.realtime import live
from gastlive.realtime.sources.demo import PATH as DEMO
from gastlive.realtime.sources.keypoints import Keypoints

PROGRAM = [sys.executable, "-m", "gastlive.experiments.lift"]
ALL = ["demo.npz", "demo.jsonl", "demo.mp4", "demo.person1.bvh"]
with np.load(DEMO.parent / "demo_truth.npz") as truth:
    XY = truth["coco17_px"]
SAYS = {"layout": "coco17", "width": 640, "height": 480, "fps": 30.0}


def keypoints(path, xy=XY[:20]):
    """A keypoint file that says everything itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, keypoints=xy, **SAYS)
    return path


@cache
def composed(*overrides):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose("lift", overrides=["runtime=torch", *overrides])


def work(folder, *overrides, given="in", bars=None):
    """The program in this process, ready to run."""
    where = {"input": str(folder / given), "output": str(folder / "out")}
    return Work(OmegaConf.merge(composed(*overrides), where), bars or progress())


def lifted(folder, *overrides, given="in"):
    """Run it; what it says at the end."""
    job = work(folder, *overrides, given=given)
    job.run()
    return job


def program(folder, *arguments):
    """The program as a user runs it: exit status, stdout, stderr."""
    done = subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("[!.]*.*"))


def stamps(folder):
    return {name: (folder / name).stat().st_mtime_ns for name in names(folder)}


def refusal(*args, **kwargs):
    with pytest.raises(InputError) as caught:
        lifted(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# What comes out


def test_a_keypoint_file_becomes_npz_jsonl_bvh_and_mp4(tmp_path):
    keypoints(tmp_path / "demo.npz")
    job = lifted(tmp_path, given="demo.npz")
    out = tmp_path / "out"
    assert names(out) == sorted(ALL)
    assert not [path for path in out.iterdir() if path.name.endswith(".part")]
    found = read_lifted_video(out / "demo.npz")
    assert (found.layout, found.fps, found.width, found.height) == ("h36m17", 30.0, 640, 480)
    assert (found.label, found.lifter, found.detector) == ("", "gast81", "")
    assert found.people == [1]
    np.testing.assert_array_equal(found.frame, np.arange(20))
    assert (found.xyz.shape, found.xy.shape, found.visible.shape) == (
        (20, 17, 3), (20, 17, 2), (20, 17),
    )  # fmt: skip
    with av.open(str(out / "demo.mp4")) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in film.decode(video=0)) == 20
    assert [len(frame.poses) for frame in Keypoints(str(out / "demo.jsonl"))] == [1] * 20
    assert "1 of 1 inputs lifted" in job.report()
    assert str(out) in job.report()


def test_a_mirrored_recording_is_put_right(tmp_path):
    keypoints(tmp_path / "demo.npz")
    flipped = XY[:20] * (-1, 1) + (640, 0)
    keypoints(tmp_path / "mirrored" / "demo.npz", flipped[:, COCO17.mirror])
    lifted(tmp_path, "formats=[npz]", given="demo.npz")
    right = read_lifted_video(tmp_path / "out" / "demo.npz")
    lifted(tmp_path, "formats=[npz]", "source.mirror=true", given="mirrored/demo.npz")
    again = read_lifted_video(tmp_path / "out" / "demo.npz")
    np.testing.assert_allclose(again.xy, right.xy, atol=1e-2)
    np.testing.assert_allclose(again.xyz, right.xyz, atol=1e-3)


def in_axes_of_the_camera(xyz, root_xyz):
    """Joints in the axes of a camera turned to the person, as lifters in person units give them."""
    z = root_xyz / np.linalg.norm(root_xyz, axis=-1, keepdims=True)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    return xyz @ np.stack([x, np.cross(z, x), z], 1)


def test_the_bvh_shows_the_lifted_person_with_steady_bones(tmp_path):
    keypoints(tmp_path / "demo.npz", XY[300:400])
    lifted(tmp_path, "formats=[npz,bvh]", given="demo.npz")
    world, fps = read_bvh(tmp_path / "out" / "demo.person1.bvh")
    video = read_lifted_video(tmp_path / "out" / "demo.npz")
    found = in_axes_of_the_camera(video.xyz, video.root_xyz)
    assert (len(world), fps) == (100, 30)
    camera = np.stack([world[..., 0], -world[..., 2], world[..., 1]], -1)
    for child, parent in H36M17.bones:
        end, start = H36M17.joints[child], H36M17.joints[parent]
        if {end, start} <= set(CMU31.joints):
            bone = camera[:, CMU31.index[end]] - camera[:, CMU31.index[start]]
            given = found[:, child] - found[:, parent]
            length = np.linalg.norm(given, axis=-1, keepdims=True)
            np.testing.assert_allclose(bone, given / length * length.mean(), atol=1e-3)


def test_it_is_what_the_live_program_gives(tmp_path):
    path = keypoints(tmp_path / "demo.npz")
    lifted(tmp_path, "formats=[jsonl]", given="demo.npz")
    source = ["source=keypoints", f"source.path='{path}'", "detector=none", "tracker=given"]
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        run = [f"run_folder={tmp_path / 'live'}", "sink=[jsonl]", "runtime=torch", *source]
        live.build(compose("live", overrides=run)).run()

    def joints(file):
        _, *frames = [json.loads(line) for line in file.read_text().splitlines()]
        return [[person["xyz"] for person in frame["people"]] for frame in frames]

    live_joints = joints(tmp_path / "live" / "frames.jsonl")
    assert joints(tmp_path / "out" / "demo.jsonl") == live_joints
    assert sum(bool(people) for people in live_joints) == 20


def test_everyone_keeps_the_id_of_the_file_and_gets_a_bvh(tmp_path):
    two = np.stack([XY[:20] - 100, XY[:20] + 100])
    two[1, :10] = np.nan
    keypoints(tmp_path / "demo.npz", two)
    lifted(tmp_path, "formats=[npz,bvh]", given="demo.npz")
    found = read_lifted_video(tmp_path / "out" / "demo.npz")
    assert found.people == [1, 2]
    np.testing.assert_array_equal(found.frame[found.person == 2], np.arange(10, 20))
    lengths = [len(read_bvh(tmp_path / f"out/demo.person{i}.bvh")[0]) for i in (1, 2)]
    assert lengths == [20, 10]


def test_the_roots_path_is_written_and_moves_the_bvh(tmp_path):
    """The demo's person, under the field of view of its camera."""
    keypoints(tmp_path / "demo.npz", np.stack([XY[:90] + 30, XY[:90]]))
    lens = f"field_of_view_deg={np.degrees(2 * np.arctan(320 / 1039.55)):.3f}"
    lifted(tmp_path, "formats=[npz,bvh]", lens, given="demo.npz")
    found = read_lifted_video(tmp_path / "out" / "demo.npz")
    with np.load(DEMO.parent / "demo_truth.npz") as truth:
        hip = truth["h36m17_m"][:90, H36M17.root]
    ours = found.root_xyz[found.person == 2]
    np.testing.assert_allclose(ours, hip, atol=0.7)
    np.testing.assert_allclose(ours[:, :2], hip[:, :2] * ours[:, 2:] / hip[:, 2:], atol=0.05)
    origin = found.root_xyz[0]
    for track in (1, 2):
        place = Bvh.read(tmp_path / "out" / f"demo.person{track}.bvh").motion[:, :3] / 100
        path = found.root_xyz[found.person == track] - origin
        np.testing.assert_allclose(place[:, 0], path[:, 0], atol=1e-5)
        np.testing.assert_allclose(place[:, 2], -path[:, 2], atol=1e-5)


@pytest.fixture(scope="module")
def videos(tmp_path_factory, demo_film):
    """A folder of two videos of the same and a broken one between them, lifted."""
    folder = tmp_path_factory.mktemp("videos")
    first = demo_film(folder / "in" / "walk" / "a.mp4", frames=12)
    for name, content in (("wave/b.mp4", b"no video"), ("wave/c.mp4", first.read_bytes())):
        path = folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with redirect_stdout(io.StringIO()) as said:
        job = lifted(folder, "formats=[npz]")
    return folder / "out", job, said.getvalue()


def test_people_in_videos_are_detected_and_one_video_does_not_change_the_next(videos):
    first, second = (read_lifted_video(videos[0] / f"{name}.npz") for name in ("walk/a", "wave/c"))
    assert (first.label, second.label, first.detector) == ("walk", "wave", "TopDown")
    assert first.people == second.people == [1]
    np.testing.assert_array_equal(first.frame, np.arange(12))
    np.testing.assert_array_equal(first.xyz, second.xyz)


def test_a_broken_video_is_reported_and_skipped(videos):
    folder, job, said = videos
    assert (job.finished, job.failed) == (["walk/a", "wave/c"], ["wave/b"])
    (line,) = [line for line in said.splitlines() if line.startswith("wave/b")]
    assert "skipped" in line
    assert "not a video" in line
    assert names(folder) == ["walk/a.npz", "wave/c.npz"]
    assert not list((folder / "wave").glob(".*"))


def test_a_video_without_anybody_gives_files_without_anybody(tmp_path):
    keypoints(tmp_path / "demo.npz", np.full((20, 17, 2), np.nan))
    job = lifted(tmp_path, given="demo.npz")
    assert names(tmp_path / "out") == sorted(ALL[:3])
    found = read_lifted_video(tmp_path / "out" / "demo.npz")
    assert (found.people, found.xyz.shape) == ([], (0, 17, 3))
    assert job.finished == ["demo"]


def test_gaps_are_bridged_at_a_steady_rate():
    times_s, values = np.array([0.0, 0.1, 0.4]), np.array([[0.0], [1.0], [4.0]])
    np.testing.assert_allclose(evenly(times_s, values, fps=10)[:, 0], [0, 1, 2, 3, 4], atol=1e-12)
    np.testing.assert_allclose(evenly(times_s, values, fps=5)[:, 0], [0, 2, 4], atol=1e-12)
    np.testing.assert_array_equal(evenly(times_s[:1], values[:1], fps=10), values[:1])


# Folders


def test_a_folder_keeps_its_shape_and_its_names_become_labels(tmp_path):
    for name in ("wave/a", "wave/b", "more/walk/a", "c"):
        keypoints(tmp_path / "in" / f"{name}.npz")
    lifted(tmp_path, "formats=[npz]")
    labels = {
        name: read_lifted_video(tmp_path / "out" / name).label for name in names(tmp_path / "out")
    }
    assert labels == {
        "wave/a.npz": "wave", "wave/b.npz": "wave", "more/walk/a.npz": "walk", "c.npz": "",
    }  # fmt: skip


def test_folders_of_openpose_are_an_input_each(tmp_path):
    for name in ("wave/one", "walk/two"):
        folder = tmp_path / "in" / name
        folder.mkdir(parents=True)
        for i in range(8):
            body = [part for x, y in [*XY[i], XY[i, 0]] for part in (float(x), float(y), 0.9)]
            content = {"people": [{"person_id": [-1], "pose_keypoints_2d": body}]}
            (folder / f"x_{i:012d}_keypoints.json").write_text(json.dumps(content))
    size = ["source.width=640", "source.height=480", "source.fps=30"]
    job = lifted(tmp_path, "formats=[npz]", *size)
    assert job.failed == []
    assert names(tmp_path / "out") == ["walk/two.npz", "wave/one.npz"]
    found = read_lifted_video(tmp_path / "out" / "wave" / "one.npz")
    assert (found.label, found.people) == ("wave", [1])
    np.testing.assert_array_equal(found.frame, np.arange(8))


def test_keypoint_files_beside_videos_are_passed_over_and_said_so(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").touch()
    keypoints(tmp_path / "in" / "a.npz")
    job = work(tmp_path)
    assert [(one.name, one.is_video) for one in job.inputs] == [("a", True)]
    assert "1 keypoint files beside the videos are passed over" in capsys.readouterr().out


def test_the_output_folder_and_hidden_files_are_no_input(tmp_path):
    for name in ("in/a", "in/out/b", "in/.trash/c", "in/.d"):
        keypoints(tmp_path / f"{name}.npz")
    found, _ = find_inputs(str(tmp_path / "in"), output=f"{tmp_path}/in/out")
    assert [one.name for one in found] == ["a"]


# Resuming


def test_what_is_finished_is_left_alone(tmp_path, capsys):
    keypoints(tmp_path / "in" / "wave" / "a.npz")
    lifted(tmp_path)
    before = stamps(tmp_path / "out")
    keypoints(tmp_path / "in" / "wave" / "b.npz")
    job = lifted(tmp_path)
    assert job.finished == ["wave/b"]
    assert stamps(tmp_path / "out").items() >= before.items()
    assert "1 of 2 are finished and unchanged" in capsys.readouterr().out
    assert "1 finished before" in job.report()


@pytest.mark.parametrize("change", [
    [], ["joints.min_confidence=0.3"], ["smoothing=none"], ["formats=[npz,jsonl]"],
    ["source.mirror=true"],
], ids=str)  # fmt: skip
def test_what_depends_on_something_changed_is_done_again(tmp_path, change):
    path = keypoints(tmp_path / "in" / "a.npz")
    lifted(tmp_path, "formats=[npz]")
    assert lifted(tmp_path, "formats=[npz]", "threads=2").finished == []
    if not change:
        keypoints(path, XY[50:70])
    assert lifted(tmp_path, *(change or ["formats=[npz]"])).finished == ["a"]


def test_another_format_comes_to_those_there_are_until_something_changes(tmp_path):
    keypoints(tmp_path / "in" / "a.npz")
    lifted(tmp_path, "formats=[npz]")
    lifted(tmp_path, "formats=[bvh]")
    assert names(tmp_path / "out") == ["a.npz", "a.person1.bvh"]
    assert lifted(tmp_path, "formats=[npz,bvh]").finished == []
    lifted(tmp_path, "formats=[jsonl]", "smoothing=none")
    assert names(tmp_path / "out") == ["a.jsonl"], "the others would not fit it"


def test_a_link_that_leads_nowhere_is_skipped(tmp_path):
    keypoints(tmp_path / "in" / "a.npz")
    (tmp_path / "in" / "b.npz").symlink_to("gone")
    job = lifted(tmp_path, "formats=[npz]")
    assert (job.finished, job.failed) == (["a"], ["b"])


def test_a_link_that_leads_back_is_followed_once(tmp_path):
    keypoints(tmp_path / "in" / "sub" / "a.npz")
    (tmp_path / "in" / "sub" / "again").symlink_to(tmp_path / "in")
    assert [one.name for one in work(tmp_path).inputs] == ["sub/a"]


def test_a_ledger_deletes_nothing_outside_its_folder(tmp_path):
    keypoints(tmp_path / "in" / "a.npz")
    (tmp_path / "out").mkdir()
    precious = tmp_path / "precious.npz"
    precious.write_text("")
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    for file in ("../precious.npz", str(precious), "link/precious.npz"):
        record = {"name": "a", "key": "another", "files": {"npz": [file]}}
        (tmp_path / "out" / ".gastlive-lift.jsonl").write_text(json.dumps(record))
        lifted(tmp_path, "formats=[npz]")
        assert precious.exists()
        (tmp_path / "out" / "a.npz").unlink()


def test_a_ledger_that_names_what_no_disk_can_hold_has_its_input_lifted_again(tmp_path):
    keypoints(tmp_path / "in" / "a.npz")
    (tmp_path / "out").mkdir()
    for name in ("7" * 300, "\ud800", "é" * 130):
        record = {"name": "a", "key": "another", "files": {"npz": [f"{name}.npz"]}}
        (tmp_path / "out" / ".gastlive-lift.jsonl").write_text(json.dumps(record))
        assert lifted(tmp_path, "formats=[npz]").finished == ["a"]
        (tmp_path / "out" / "a.npz").unlink()


def test_whatever_is_wrong_with_a_file_the_others_are_lifted(tmp_path, monkeypatch, capsys):
    for name in "ab":
        keypoints(tmp_path / "in" / f"{name}.npz")
    job = work(tmp_path, "formats=[npz]")
    lift = Chain.source

    def broken(chain, one, path):
        if one.name == "a":
            raise IndexError("index 3 is out of bounds")
        return lift(chain, one, path)

    monkeypatch.setattr(Chain, "source", broken)
    job.run()
    assert (job.failed, job.finished) == (["a"], ["b"])
    said = "a: skipped: is broken (IndexError: index 3 is out of bounds)"
    assert said in capsys.readouterr().out


def test_ctrl_c_that_a_library_makes_an_error_of_ends_it_all_the_same(tmp_path, monkeypatch):
    keypoints(tmp_path / "in" / "a.npz")

    def broken(*_):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise SystemError("returned a result with an exception set") from error

    monkeypatch.setattr(Chain, "frames", broken)
    with pytest.raises(KeyboardInterrupt):
        lifted(tmp_path)


def test_a_result_that_was_deleted_is_made_again_and_old_people_go(tmp_path):
    both = np.stack([XY[:20] - 100, XY[:20] + 100])
    keypoints(tmp_path / "in" / "a.npz", both)
    lifted(tmp_path, "formats=[bvh]")
    (tmp_path / "out" / "a.person2.bvh").unlink()
    assert lifted(tmp_path, "formats=[bvh]").finished == ["a"]
    assert names(tmp_path / "out") == ["a.person1.bvh", "a.person2.bvh"]
    keypoints(tmp_path / "in" / "a.npz", both[:1])
    lifted(tmp_path, "formats=[bvh]")
    assert names(tmp_path / "out") == ["a.person1.bvh"]


class Interrupted:
    """Bars that are watched by somebody who presses Ctrl-C after so many frames."""

    def __init__(self, frames):
        self.frames = frames

    def add_task(self, name, total=None):
        return name

    def remove_task(self, bar):
        pass

    def advance(self, bar):
        self.frames -= bar != "inputs"
        if self.frames < 0:
            raise KeyboardInterrupt


def test_an_interrupted_folder_keeps_what_is_finished_and_goes_on_with_the_rest(tmp_path):
    for name in "abc":
        keypoints(tmp_path / "in" / f"{name}.npz")
    job = work(tmp_path, bars=Interrupted(frames=30))
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job.finished == ["a"]
    assert "2 left: the same command goes on with them" in job.report()
    ours = {"a.npz", "a.jsonl", "a.mp4", "a.person1.bvh", ".gastlive-lift.jsonl"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == ours
    assert lifted(tmp_path).finished == ["b", "c"]


def test_what_a_killed_program_left_is_cleared_away(tmp_path):
    keypoints(tmp_path / "in" / "a.npz")
    part = tmp_path / "out" / ".a.part"
    part.mkdir(parents=True)
    (part / "frames.jsonl").write_text("half")
    ledger = tmp_path / "out" / ".gastlive-lift.jsonl"
    ledger.write_text('{"name": "a", "ke')
    assert lifted(tmp_path, "formats=[npz]").finished == ["a"]
    assert not part.exists()
    assert lifted(tmp_path, "formats=[npz]").finished == []


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(tmp_path):
    keypoints(tmp_path / "in" / "a.npz")
    keypoints(tmp_path / "in" / "b.npz", np.tile(XY, (20, 1, 1)))
    arguments = ["input=in", "output=out", "formats=[npz]", "runtime=torch"]
    running = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert running.stdout.readline().startswith("a: 20 frames")
        running.send_signal(signal.SIGINT)
        said, errors = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, errors
    assert "the same command goes on" in said
    assert errors == "gastlive: interrupted\n"
    assert names(tmp_path / "out") == ["a.npz"]


# What can go wrong


@pytest.mark.slow
def test_the_status_tells_what_was_skipped(tmp_path):
    keypoints(tmp_path / "my clips (1)" / "wave" / "good.npz")
    (tmp_path / "my clips (1)" / "wave" / "broken.npz").write_bytes(b"no keypoints")
    status, said, errors = program(
        tmp_path, "input=my clips (1)", "output=to here", "formats=[npz]", "runtime=torch"
    )
    assert status == 1
    assert "1 of 2 inputs lifted, 1 skipped" in said
    assert errors == "gastlive: 1 of 2 inputs could not be lifted: wave/broken\n"
    assert names(tmp_path / "to here") == ["wave/good.npz"]
    assert names(tmp_path) == [
        "my clips (1)/wave/broken.npz", "my clips (1)/wave/good.npz", "to here/wave/good.npz",
    ]  # fmt: skip


def test_a_file_that_breaks_in_the_middle_leaves_nothing(tmp_path):
    path = keypoints(tmp_path / "a.npz")
    lifted(tmp_path, "formats=[jsonl]", given="a.npz")
    (tmp_path / "in").mkdir()
    text = (tmp_path / "out" / "a.jsonl").read_text()
    (tmp_path / "in" / "broken.jsonl").write_text(text + "{}\n")
    path.unlink()
    job = lifted(tmp_path)
    assert job.failed == ["broken"]
    assert names(tmp_path / "out") == ["a.jsonl"]


def test_what_a_keypoint_file_does_not_say_is_asked_for(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    np.save(tmp_path / "in" / "a.npy", XY[:5])
    job = lifted(tmp_path, "source.layout=coco17", "source.fps=30", "source.width=640")
    assert job.failed == ["a"]
    assert "no height; give source.height=..." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["formats=[npz,gif]"], "formats=gif: choose some of npz,jsonl,bvh,mp4"),
        (["formats=[]"], "choose some of"),
        (["threads=0"], "threads=0"),
        (["field_of_view_deg=180"], "field_of_view_deg=180 is no field of view"),
        (["lifter.checkpoint=gast9"], "no lifter 'gast9'"),
        (["mp4.crf=99"], "mp4.crf=99"),
    ],
)
def test_a_wrong_setting_ends_it(tmp_path, overrides, said):
    keypoints(tmp_path / "in" / "a.npz")
    assert said in refusal(tmp_path, *overrides)


def test_inputs_that_can_not_be_told_apart_or_would_be_lost_are_refused(tmp_path):
    assert "no such file" in refusal(tmp_path, given="nothing")
    (tmp_path / "in").mkdir()
    assert "holds no video" in refusal(tmp_path)
    keypoints(tmp_path / "in" / "a.npz")
    (tmp_path / "in" / "a.json").write_text("{}")
    assert "would both become a" in refusal(tmp_path)
    keypoints(tmp_path / "out" / "a.npz")
    assert "is the input folder" in refusal(tmp_path, given="out")
    assert "write over the input" in refusal(tmp_path, given="out/a.npz")


def test_a_folder_that_can_not_be_written_ends_it(tmp_path):
    keypoints(tmp_path / "in" / "a.npz")
    (tmp_path / "out").write_text("in the way")
    assert "output=FOLDER" in refusal(tmp_path)


def test_a_source_that_would_not_be_heard_is_refused(ended, tmp_path):
    given = [f"input={DEMO}", "source=video", "source.stop_s=2"]
    status, _, said = ended(lift.main, *given, folder=tmp_path)
    assert (status, said.count("\n")) == (1, 1)
    assert "source=... chooses no source here: input= does" in said
    assert not (tmp_path / "lifted").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_ends_it_in_one_line(tmp_path, monkeypatch):
    for name in "ab":
        keypoints(tmp_path / "in" / f"{name}.npz")
    real = Path.mkdir

    def mkdir(self, *args, **kwargs):
        real(self, *args, **kwargs)
        if self.name == ".a.part" and not list(self.iterdir()):
            (self / "frames.jsonl").symlink_to("/dev/full")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    line = refusal(tmp_path, "formats=[jsonl]")
    assert "no space left on device" in line
    assert "output=FOLDER" in line
    assert names(tmp_path / "out") == []
