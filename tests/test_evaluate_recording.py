"""Figures of recordings."""

import json

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from gastlive.conf.option import option
from gastlive.datasets.camera_axes import turned_towards
from gastlive.experiments.evaluating.lifters.candidates import Whole
from gastlive.experiments.evaluating.recordings.recorded import (
    jitter,
    lifted_alone,
    read,
    read_truth,
)
from gastlive.experiments.evaluating.recordings.recording import (
    compare,
    evaluated,
    events_f1,
    lifter_of,
    page,
)
from gastlive.gast.checkpoint import save
from gastlive.gast.errors import InputError
from gastlive.gast.inputs.smoothing import Unsmoothed
from gastlive.gast.skeleton import H36M17
from gastlive.gast.units import to_screen
from gastlive.realtime.packets import Frame, Person, Pose

HEADER = {"labels": ["idle", "wave"], "layout": "h36m17", "width": 640, "height": 480}


def frame(index, label, xyz=None, odds=(0.9, 0.1)):
    action = label and {"label": label, "confidence": 0.9, "start_s": 0.0}
    person = {"track": 1, "score": 0.5, "xyz": xyz, "probabilities": list(odds), "action": action}
    return {"index": index, "people": [person]}


@pytest.fixture
def truth():
    rng = np.random.default_rng(0)
    pose = rng.normal(size=(4, 17, 3)).astype(np.float32)
    labels = np.array(["idle", "wave", "wave", "dance"])
    return {"labels": labels, "xyz": pose - pose[:, :1]}


def test_a_perfect_recording_of_known_labels_scores_one(truth):
    pose = truth["xyz"]
    frames = [frame(i, label, pose[i].tolist()) for i, label in enumerate(("idle", "wave", "wave"))]
    said = compare(HEADER, frames, truth)
    assert (said["decision_frame_accuracy"], said["mpjpe_mm"], said["p_mpjpe_mm"]) == (1, 0, 0)
    assert said["event_f1"] == 1
    assert said["confused"] == []


def test_a_frame_without_a_person_and_an_action_nobody_knows_count_as_wrong(truth):
    frames = [{"index": 0, "people": []}, frame(1, "wave"), frame(2, None), frame(3, "wave")]
    frames[1]["people"][0]["xyz"] = (truth["xyz"][1] + [0.1, 0, 0]).tolist()
    said = compare(HEADER, frames, truth)
    assert said["decision_frame_accuracy"] == 0.25
    assert said["by_label"] == {"idle": 0.0, "wave": 0.5, "dance": 0.0}
    assert (said["frames"], said["frames_with_pose"]) == (4, 1)
    assert said["mpjpe_mm"] == pytest.approx(100, abs=0.1)
    assert "dance taken for wave: 1" in said["confused"]


def test_the_truth_of_a_dropped_frame_is_left_out(truth):
    pose = truth["xyz"]
    frames = [frame(0, "idle", pose[0].tolist()), frame(2, "wave", pose[2].tolist())]
    assert compare(HEADER, frames, truth)["decision_frame_accuracy"] == 1


def test_a_moment_without_a_person_is_no_event(truth):
    pose = truth["xyz"]
    frames = [{"index": 0, "people": []}]
    frames += [frame(i, "wave", pose[i].tolist()) for i in (1, 2)]
    assert compare(HEADER, frames, truth)["event_f1"] == 1


def test_the_background_is_the_one_that_the_head_has_whatever_its_name(truth):
    header = HEADER | {"labels": ["wave", "rest"], "background": "rest"}
    truth = truth | {"labels": np.array(["rest", "wave", "wave", "rest"])}
    frames = [frame(i, truth["labels"][i], truth["xyz"][i].tolist()) for i in range(3)]
    frames.append({"index": 3, "people": []})  # nobody does nothing
    assert compare(header, frames, truth)["event_f1"] == 1


def test_events_count_with_the_times_that_they_were_given(truth):
    frames = [frame(i, None) | {"time_s": 5 + i / 30} for i in range(4)]
    event = {"track": 1, "label": "wave", "start_s": 5.033333, "end_s": 5.066667}
    assert events_f1(HEADER, frames, [event], truth) == 0.6667  # nobody said the dance
    assert events_f1(HEADER, frames, [event | {"track": 2}], truth) == 0
    assert events_f1(HEADER, frames, [event | {"start_s": 5.066667}, event], truth) == 0.5
    assert events_f1(HEADER, frames, [event | {"end_s": 5.1}], truth) == 0.6667
    assert events_f1(HEADER, frames, [event | {"end_s": 5.033333}], truth) == 0.6667  # half of it


def test_a_recording_without_poses_or_of_another_clip_is_refused(truth):
    with pytest.raises(InputError, match="nobody in the recording"):
        compare(HEADER, [frame(0, "idle")], truth)
    with pytest.raises(InputError, match="the truth has 4 frames"):
        compare(HEADER, [frame(9, "idle")], truth)


def test_a_truth_that_is_none_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no truth")
    np.savez(tmp_path / "other.npz", labels=np.zeros(1))
    for name in ("text.npz", "other.npz", "none.npz"):
        with pytest.raises(InputError, match="no truth that gastlive-render wrote"):
            read_truth(tmp_path / name)


def test_half_a_line_at_the_end_of_a_killed_run_is_left_out(tmp_path):
    (tmp_path / "frames.jsonl").write_text('{"labels": []}\n{"index": 0}\n{"ind')
    assert read(tmp_path / "frames.jsonl") == ({"labels": []}, [{"index": 0}])


def test_something_that_is_no_recording_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no frames\.jsonl of gastlive"):
        read(tmp_path / "frames.jsonl")
    (tmp_path / "frames.jsonl").write_text("{")
    with pytest.raises(InputError, match=r"no frames\.jsonl of gastlive"):
        read(tmp_path / "frames.jsonl")


def test_a_truth_is_turned_as_lifters_have_it(tmp_path):
    pose = np.random.default_rng(0).normal([1, 0, 6], 0.5, (4, 17, 3)).astype(np.float32)
    np.savez(tmp_path / "truth.npz", labels=np.array(["idle"] * 4), h36m17_m=pose)
    truth = read_truth(tmp_path / "truth.npz")
    np.testing.assert_array_equal(truth["xyz"], turned_towards(pose, root=0))
    assert truth["labels"].tolist() == ["idle"] * 4


def test_a_drift_is_a_wrong_speed_and_no_acceleration(truth):
    xyz = truth["xyz"] + 0.01 * np.arange(4)[:, None, None] * np.array([1.0, 0, 0])
    said = compare(HEADER, [frame(i, "idle", xyz[i].tolist()) for i in range(4)], truth)
    assert (said["mpjve_mm"], said["acceleration_error_mm"]) == (10, 0)


def test_motion_over_a_dropped_frame_does_not_count(truth):
    xyz = truth["xyz"].copy()
    xyz[3] += 1  # would be a leap
    frames = [frame(i, "idle", xyz[i].tolist()) for i in (0, 1, 3)]
    said = compare(HEADER, frames, truth)
    assert (said["mpjve_mm"], said["acceleration_error_mm"]) == (0, None)


@pytest.fixture
def lifter(tmp_path):
    """One without memory, untrained."""
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(1,), channels=4)
    card = {"fps": 30.0, "normalisation": "screen", "training": {}}
    save(net, tmp_path / "short.safetensors", **card)
    return Whole(tmp_path / "short.safetensors")


@pytest.fixture
def seen():
    """Somebody's joints in pixels, (4, 17, 2)."""
    return np.random.default_rng(2).uniform(100, 400, (4, 17, 2)).round(1).astype(np.float32)


def recorded(seen, lifted, *, sure=(0.9,) * 17):
    """What the live program would have written."""
    frames = []
    for i, (xy, xyz) in enumerate(zip(seen, lifted, strict=True)):
        one = frame(i, "idle", xyz.tolist())
        one["time_s"] = i / 30
        one["people"][0] |= {"xy": xy.tolist(), "confidence": list(sure)}
        frames.append(one)
    return frames


@torch.inference_mode()
def test_a_live_program_without_memory_trembles_as_if_each_frame_were_alone(truth, lifter, seen):
    lifted = lifter(torch.from_numpy(to_screen(seen, width=640, height=480))[None])[0]
    joints = option("joints/default", layout="h36m17", smoothing=Unsmoothed())
    frames = recorded(seen, lifted)
    said = jitter(HEADER, frames, truth, joints=joints, lifter=lifter)
    assert said["jitter_to_alone"] == said["jitter_to_smoothed_alone"] == 1
    still = recorded(seen, truth["xyz"])
    assert jitter(HEADER, still, truth, joints=joints, lifter=lifter)["jitter_to_alone"] == 0


def test_alone_forgets_the_smoothing_too(lifter, seen):
    frames, joints = recorded(seen, np.zeros((4, 17, 3))), option("joints/default", layout="h36m17")
    ways = {"joints": joints, "lifter": lifter}
    alone = lifted_alone(HEADER, frames, **ways, forget=True)
    smoothed = lifted_alone(HEADER, frames, **ways, forget=False)
    torch.testing.assert_close(alone[0], smoothed[0])
    assert (alone[1:] - smoothed[1:]).abs().amax((1, 2)).min() > 0
    last = lifted_alone(HEADER, frames[3:], **ways, forget=False)
    torch.testing.assert_close(alone[3], last[3])


def test_a_lifter_that_is_told_what_to_trust_is_told_what_it_was_live(seen, tmp_path):
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(1,), channels=4, inputs=3)
    path = tmp_path / "told.safetensors"
    save(net, path, fps=30.0, normalisation="screen", training={})
    how = {"runtime": "torch", "precision": "float32", "threads": 1, "device": "cpu"}
    live = option("lifter/gast27", checkpoint=str(path), patience_s=1.0, **how)
    stages = option("joints/default", layout="h36m17"), live
    sure = np.linspace(0.5, 0.9, 17).round(3)
    sure[H36M17.index["left_wrist"]] = 0.0  # completed, and so not to be trusted
    frames = recorded(seen, np.zeros((4, 17, 3)), sure=sure.tolist())
    lifted = []
    for i, xy in enumerate(seen):
        person = Person(Pose(H36M17, xy, sure.astype(np.float32)))
        one = Frame(None, i, i / 30, i / 30, 640, 480, people={1: person})
        for stage in stages:
            one = stage(one)
        lifted.append(one.people[1].xyz)
    ways = {"joints": option("joints/default", layout="h36m17"), "lifter": Whole(path)}
    alone = lifted_alone(HEADER, frames, **ways, forget=False)
    np.testing.assert_allclose(alone, np.stack(lifted), rtol=0, atol=1e-5)


def test_a_frame_without_joints_is_not_lifted(lifter, seen):
    frames = recorded(seen, np.zeros((4, 17, 3)))
    frames[1]["people"][0]["xy"] = [None] * 17
    frames[2]["people"] = []
    alone = lifted_alone(
        HEADER, frames, joints=option("joints/default", layout="h36m17"), lifter=lifter, forget=True
    )
    assert alone.isfinite().all((1, 2)).tolist() == [True, False, False, True]


def test_a_recording_says_which_lifter_made_it(tmp_path):
    said = {"config": {"lifter": {"checkpoint": "gast27"}}}
    (tmp_path / "summary.json").write_text(json.dumps(said))
    assert lifter_of(tmp_path) == "gast27"
    for text in ("{}", "no json"):
        (tmp_path / "summary.json").write_text(text)
        with pytest.raises(InputError, match="does not say which lifter it was; give checkpoint="):
            lifter_of(tmp_path)


def test_recordings_share_a_table(truth, lifter, seen, tmp_path):
    lines = [HEADER, *recorded(seen, truth["xyz"])]
    (tmp_path / "frames.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    joints = {
        "_target_": "gastlive.realtime.stages.joints.Joints", "min_confidence": 0.25,
        "patience_s": 1.0, "smoothing": {"_target_": "gastlive.gast.inputs.smoothing.Unsmoothed"},
    }  # fmt: skip
    cfg = OmegaConf.create(
        {"alone": True, "checkpoint": str(tmp_path / "short.safetensors"), "joints": joints}
    )
    told = {"first": evaluated(tmp_path, truth, cfg)}
    cfg.alone = False
    told["second"] = evaluated(tmp_path, truth, cfg)
    _, _, first, second, *_ = page(told).splitlines()
    assert first.startswith("| first | 4 of 4 | 0.0 | 0.0 | 0.0 | 0.0 | 0.0 | ")
    assert " | 0.00 | 0.00 | 0.25 | " in first
    assert second.startswith("| second | 4 of 4 | 0.0 | 0.0 | 0.0 | 0.0 | 0.0 | - | - | - | 0.25 |")
