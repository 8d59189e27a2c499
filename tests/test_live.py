"""The live program as a user runs it: real clip, real detector, shipped weights, real sinks.

The detector's weights come from the cache or, once, from the package index.
"""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import av
import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive.action.checkpoint import save_head
from gastlive.conf.option import option
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.live import build, naming
from gastlive.realtime.sources.demo import PATH as DEMO

VIDEOS = Path(__file__).parents[2] / "shared" / "videos"


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


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Seven seconds of the demo clip: the run's folder, its summary and what it printed."""
    folder, said = tmp_path_factory.mktemp("demo"), io.StringIO()
    source = ["source=video", f"source.path={DEMO}", "source.start_s=2", "source.stop_s=9"]
    with redirect_stdout(said):
        summary = run(folder, *source)
    return folder, summary, said.getvalue()


def test_the_demo_gives_video_frames_events_and_summary(demo):
    folder, summary, said = demo
    assert summary["ended"] == "source ended"
    assert summary["frames"] == 210
    assert summary["people"]["ids"] == [1]
    assert set(summary["runtimes"]) == {"lifter", "head"}
    assert set(summary["runtimes"].values()) <= {"torch", "openvino", "onnxruntime"}
    (event, *_) = lines(folder / "events.jsonl")[1:]
    assert event["label"] in said
    _, *frames = lines(folder / "frames.jsonl")
    assert len(frames) == 210
    assert sum(bool(frame["people"]) for frame in frames) > 200
    with av.open(str(folder / "annotated.mp4")) as video:
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


def test_keypoints_that_were_recorded_can_be_replayed(demo, tmp_path):
    recorded = demo[0] / "frames.jsonl"
    replay = ["source=keypoints", f"source.path={recorded}", "detector=none"]
    run(tmp_path, *replay, "sink=[jsonl]")
    first, again = lines(recorded), lines(tmp_path / "frames.jsonl")
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
