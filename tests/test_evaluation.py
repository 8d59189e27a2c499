"""Figures of recordings."""

import numpy as np
import pytest

from gastlive.experiments.evaluate_recording import compare, read, read_truth
from gastlive.gast.errors import InputError

HEADER = {"labels": ["idle", "wave"]}


def frame(index, label, xyz=None, odds=(0.9, 0.1)):
    action = label and {"label": label, "confidence": 0.9, "start_s": 0.0}
    person = {"track": 1, "score": 0.5, "xyz": xyz, "probabilities": list(odds), "action": action}
    return {"index": index, "people": [person]}


@pytest.fixture
def truth():
    rng = np.random.default_rng(0)
    pose = rng.normal(size=(4, 17, 3)).astype(np.float32)
    labels = np.array(["idle", "wave", "wave", "dance"])
    return {"labels": labels, "h36m17_relative_m": pose - pose[:, :1]}


def test_a_perfect_recording_of_known_labels_scores_one(truth):
    pose = truth["h36m17_relative_m"]
    frames = [frame(i, label, pose[i].tolist()) for i, label in enumerate(("idle", "wave", "wave"))]
    said = compare(HEADER, frames, truth)
    assert (said["decision_frame_accuracy"], said["mpjpe_mm"], said["p_mpjpe_mm"]) == (1, 0, 0)
    assert said["event_f1"] == 1
    assert said["confused"] == []


def test_a_frame_without_a_person_and_an_action_nobody_knows_count_as_wrong(truth):
    frames = [{"index": 0, "people": []}, frame(1, "wave"), frame(2, None), frame(3, "wave")]
    frames[1]["people"][0]["xyz"] = (truth["h36m17_relative_m"][1] + [0.1, 0, 0]).tolist()
    said = compare(HEADER, frames, truth)
    assert said["decision_frame_accuracy"] == 0.25
    assert said["by_label"] == {"idle": 0.0, "wave": 0.5, "dance": 0.0}
    assert (said["frames"], said["frames_with_pose"]) == (4, 1)
    assert said["mpjpe_mm"] == pytest.approx(100, abs=0.1)
    assert "dance taken for wave: 1" in said["confused"]


def test_the_truth_of_a_dropped_frame_is_left_out(truth):
    pose = truth["h36m17_relative_m"]
    frames = [frame(0, "idle", pose[0].tolist()), frame(2, "wave", pose[2].tolist())]
    assert compare(HEADER, frames, truth)["decision_frame_accuracy"] == 1


def test_a_moment_without_a_person_is_no_event(truth):
    pose = truth["h36m17_relative_m"]
    frames = [{"index": 0, "people": []}]
    frames += [frame(i, "wave", pose[i].tolist()) for i in (1, 2)]
    assert compare(HEADER, frames, truth)["event_f1"] == 1


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
