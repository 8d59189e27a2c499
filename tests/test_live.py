"""The live program as a user runs it: real clip, real detector, shipped weights, real sinks.

The detector's weights come from the cache or, once, from the package index.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive.action.checkpoint import save_head
from gastlive.conf.option import option
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.live import build, naming
from gastlive.realtime.sinks.background import AHEAD
from gastlive.realtime.sources.demo import PATH as DEMO

VIDEOS = Path(__file__).parents[2] / "shared" / "videos"
PROGRAM = [sys.executable, "-m", "gastlive.realtime.live"]


def built(folder, *overrides):
    """The whole program in this process, ready to run."""
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("live", overrides=[f"run_folder={folder}", *overrides])
    return build(cfg)


def run(folder, *overrides):
    """One run in this process; what summary.json says."""
    return built(folder, *overrides).run()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_demo_gives_video_frames_events_and_summary(tmp_path, capfd):
    source = ["source=video", f"source.path={DEMO}", "source.start_s=2", "source.stop_s=9"]
    summary = run(tmp_path, *source)
    assert summary["ended"] == "source ended"
    assert summary["frames"] == 210
    assert summary["people"]["ids"] == [1]
    assert set(summary["runtimes"]) == {"lifter", "head"}
    assert set(summary["runtimes"].values()) <= {"torch", "openvino", "onnxruntime"}
    said = capfd.readouterr().out
    (event, *_) = lines(tmp_path / "events.jsonl")[1:]
    assert event["label"] in said
    _, *frames = lines(tmp_path / "frames.jsonl")
    assert len(frames) == 210
    assert sum(bool(frame["people"]) for frame in frames) > 200
    with av.open(str(tmp_path / "annotated.mp4")) as video:
        assert video.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in video.decode(video=0)) == 210


def test_what_a_sink_holds_does_not_change_any_more(tmp_path):
    held = []

    class Holder:
        def begin(self, info): ...

        def __call__(self, frame):
            known = [frame.image, *(pose.xy for pose in frame.poses)]
            for person in frame.people.values():
                known += [person.pose.xy, person.pose.confidence, person.xy, person.visible]
                known += [person.xyz, person.probabilities]
            held.extend((array, array.copy()) for array in known if array is not None)

        def close(self, events=()): ...

        def summary(self):
            return {}

    source = ["source=video", f"source.path={DEMO}", "source.start_s=2", "source.stop_s=4"]
    pipeline = built(tmp_path, *source, "sink=[]")
    pipeline.sinks = {"holder": Holder()}
    pipeline.run()
    assert len(held) > 60 * 7
    for array, then in held:
        np.testing.assert_array_equal(array, then)


def test_keypoints_that_were_recorded_can_be_replayed(tmp_path):
    source = ["source=video", f"source.path={DEMO}", "source.stop_s=2"]
    run(tmp_path / "first", *source, "sink=[jsonl]")
    recorded = tmp_path / "first" / "frames.jsonl"
    replay = ["source=keypoints", f"source.path={recorded}", "detector=none"]
    run(tmp_path / "again", *replay, "sink=[jsonl]")
    first, again = lines(recorded), lines(tmp_path / "again" / "frames.jsonl")
    assert again[0] == first[0]
    assert len(again) == len(first)


def test_a_file_played_like_a_camera_takes_its_own_time(tmp_path):
    source = ["source=video", f"source.path={DEMO}", "source.stop_s=2", "source.realtime=true"]
    summary = run(tmp_path, *source, "sink=[jsonl]")
    assert summary["frames"] + summary["dropped"] == pytest.approx(60, abs=1)
    assert summary["wall_s"] > 1.5


@pytest.mark.slow
def test_blazepose_sees_the_same_person(tmp_path):
    source = ["source=video", f"source.path={DEMO}", "source.stop_s=4", "detector=blazepose"]
    summary = run(tmp_path, *source, "sink=[jsonl]")
    assert summary["people"]["ids"] == [1]
    assert lines(tmp_path / "frames.jsonl")[0]["layout"] == "blazepose33"


def test_two_people_keep_two_ids(tmp_path):
    clip = VIDEOS / "pose2sim_multi_cam01.mp4"
    if not clip.exists():
        pytest.skip("real footage is not beside the project")
    # A recording has time to be read closely; live, within the budget, one of them gets a third id.
    whole = ["source=video", f"source.path={clip}", "detector.budget=null"]
    summary = run(tmp_path, *whole, "sink=[jsonl]")
    assert summary["people"]["ids"] == [1, 2]
    _, *frames = lines(tmp_path / "frames.jsonl")
    both = sum(len(frame["people"]) == 2 for frame in frames)
    assert both > 0.9 * len(frames)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "people"), [("sports2d_demo", 1), ("intel_one_by_one", 6)])
def test_real_footage_runs_to_the_end(tmp_path, name, people):
    clip = VIDEOS / f"{name}.mp4"
    if not clip.exists():
        pytest.skip("real footage is not beside the project")
    summary = run(tmp_path, "source=video", f"source.path={clip}", "sink=[jsonl]")
    assert summary["ended"] == "source ended"
    assert summary["people"]["count"] >= people


def started(folder, *arguments):
    """The program running on the demo as a camera, once it has written frames."""
    process = subprocess.Popen(
        [*PROGRAM, "source.realtime=true", f"hydra.run.dir={folder}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    recorded = Path(folder) / "frames.jsonl"
    for _ in range(600):
        if recorded.exists() and recorded.read_text().count("\n") > 20:
            return process
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"no frames were written: {process.communicate()[1]}")


def test_ctrl_c_ends_with_a_summary_and_status_0(tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert f"results in {tmp_path}" in said
    assert json.loads((tmp_path / "summary.json").read_text())["ended"] == "interrupted"
    with av.open(str(tmp_path / "annotated.mp4")) as video:
        decoded = sum(1 for _ in video.decode(video=0))
    skipped = json.loads((tmp_path / "summary.json").read_text())["sinks"]["video"]["skipped"]
    assert decoded + skipped == len(lines(tmp_path / "frames.jsonl")) - 1


def test_an_impatient_second_ctrl_c_loses_nothing(tmp_path):
    process = started(tmp_path)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"results in {tmp_path}" in said
    assert json.loads((tmp_path / "summary.json").read_text())["ended"] == "interrupted"


@pytest.mark.parametrize(
    ("number", "pause_s", "times"),
    [
        (signal.SIGINT, 0.3, 2),
        pytest.param(signal.SIGINT, 0.01, 300, marks=pytest.mark.slow),
        (signal.SIGTERM, 0.4, 3),
    ],
)
def test_signals_until_the_process_is_gone_lose_neither_report_nor_data(
    tmp_path, number, pause_s, times
):
    process = started(tmp_path)
    for _ in range(times):
        if process.poll() is None:
            process.send_signal(number)
            time.sleep(pause_s)
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert said.startswith(f"results go to {tmp_path}")
    assert said.endswith(f"results in {tmp_path}\n")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ended"] == (
        "interrupted" if number == signal.SIGINT else "interrupted by SIGTERM"
    )
    assert summary["frames"] == len(lines(tmp_path / "frames.jsonl")) - 1
    with av.open(str(tmp_path / "annotated.mp4")) as video:
        decoded = sum(1 for _ in video.decode(video=0))
    assert decoded + summary["sinks"]["video"]["skipped"] == summary["frames"]


def test_ctrl_c_while_the_parts_are_loaded_ends_with_130_and_one_line(tmp_path):
    process = subprocess.Popen(
        [*PROGRAM, f"hydra.run.dir={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    maps = Path(f"/proc/{process.pid}/maps")  # torch comes with the first part
    while process.poll() is None and "libtorch" not in maps.read_text():
        time.sleep(0.02)
    for _ in range(100):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "gastlive: interrupted\n")


def test_killing_loses_at_most_the_frame_in_work_and_the_pictures_that_wait(tmp_path):
    process = started(tmp_path, "source.realtime=false")  # read whole, so that none is left out
    process.kill()
    process.communicate(timeout=60)
    recorded = lines(tmp_path / "frames.jsonl")[1:]
    assert [frame["index"] for frame in recorded] == sorted(frame["index"] for frame in recorded)
    with av.open(str(tmp_path / "annotated.mp4")) as video:
        decoded = sum(1 for _ in video.decode(video=0))
    # One on its way, those that wait to be encoded, one in work, and one whose duration the mp4
    # learns only from the next.
    assert 0 <= len(recorded) - decoded <= 3 + AHEAD


def test_every_number_on_the_heads_card_is_used_live(tmp_path):
    numbers = {
        "enter": 0.61, "leave": 0.27, "enter_s": 0.11, "leave_s": 0.37, "smooth_s": 0.09,
        "shortest_s": 0.22, "late_s": 0.13,
    }  # fmt: skip
    head = option(
        "head/gru", skeleton=H36M17, labels=["wave", "rest", "kick"], fps=20.0, channels=8
    )
    path = tmp_path / "head.safetensors"
    save_head(head, path, background="rest", temperature=1.9, decision=numbers)
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        given = [f"classifier.checkpoint={path}", "lifter=gast27s", "runtime=torch"]
        cfg = compose("live", overrides=[*given, "decision.leave=0.2", "patience_s=1.5"])
    _, classifier, decision = naming(cfg)
    rule = decision.rule
    assert {name: getattr(rule, name) for name in numbers} == numbers | {"leave": 0.2}
    assert (rule.labels, rule.labels[rule.background]) == (("wave", "rest", "kick"), "rest")
    assert (classifier.temperature, classifier._run.fps) == (1.9, 20.0)
    assert decision.patience_s == classifier._run.patience_s == 1.5
