"""Whatever a head's card says that is meant for the live program has its effect there."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module
from hydra.errors import InstantiationException

from gastlive.action.checkpoint import HeadCard, save_head
from gastlive.action.decision import DEFAULTS
from gastlive.conf.option import option
from gastlive.gast.skeleton import COCO17, H36M17, HUMANEVA15
from gastlive.realtime.live import naming
from gastlive.realtime.packets import Frame, Person, Pose

LABELS = ("idle", "wave", "squat")
POSE = Pose(COCO17, np.zeros((17, 2), np.float32), np.ones(17, np.float32), 0.9)
XYZ = np.random.default_rng(0).normal(size=(60, 17, 3)).astype(np.float32)

LIVE = {"head", "settings", "layout", "fps", "labels", "background", "frames", "temperature",
        "decision", "version"}  # fmt: skip
NOT_LIVE = {"receptive_field", "lifter", "lifter_sha256", "training"}
"""For readers of the card, reports and training."""


def gru(**settings):
    torch.manual_seed(0)
    return option(
        "head/gru", skeleton=H36M17, **{"labels": LABELS, "channels": 8, **settings}
    ).eval()


def stages(path, head, **card):
    """The classifier and the decision that the live program makes of a head's file."""
    save_head(head, path / "head.safetensors", **{"background": "idle", **card})
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("live", overrides=[
            f"classifier.checkpoint={path / 'head.safetensors'}", "runtime=torch", "device=cpu",
        ])  # fmt: skip
    return naming(cfg)[1:]


def watched(stage, people, fps=30.0):
    """What a stage makes of one person, frame by frame."""
    for i, person in enumerate(people):
        yield stage(Frame(None, i, i / fps, i / fps, 640, 480, people={1: person}))


def probabilities(classify, xyz=XYZ, **how):
    """After the last frame: (K,)."""
    *_, last = watched(classify, [Person(POSE, xyz=pose) for pose in xyz], **how)
    return last.people[1].probabilities


def events(decide, odds):
    """Label, start and end in seconds of what ended, the stream's end included."""
    people = [Person(POSE, probabilities=np.array(row, np.float32)) for row in odds]
    ended = [event for frame in watched(decide, people) for event in frame.events]
    return [(e.label, round(e.start_s, 2), round(e.end_s, 2)) for e in (*ended, *decide.finish())]


def softmax(logits):
    return logits.softmax(-1)[0].numpy()


def test_every_field_of_a_card_is_known_to_count_live_or_not():
    assert {field.name for field in fields(HeadCard)} == LIVE | NOT_LIVE


@torch.inference_mode()
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_temperature_divides_the_logits(temperature, tmp_path):
    classify, _ = stages(tmp_path, gru(), temperature=temperature)
    expected = softmax(gru()(torch.from_numpy(XYZ)[None])[:, -1] / temperature)
    assert probabilities(classify) == pytest.approx(expected, abs=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize(("fps", "every"), [(30.0, 1), (15.0, 2), (10.0, 3)])
def test_the_head_is_fed_at_its_frame_rate(fps, every, tmp_path):
    classify, _ = stages(tmp_path, gru(fps=fps))
    expected = softmax(gru()(torch.from_numpy(XYZ[:56:every])[None])[:, -1])
    assert probabilities(classify, XYZ[:56]) == pytest.approx(expected, abs=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("frames", [12, 24])
def test_a_windowed_head_sees_so_many_frames(frames, tmp_path):
    head = option("head/svm", skeleton=H36M17, labels=LABELS, frames=frames, samples=6)
    head.planes.normal_(0, 0.02, generator=torch.Generator().manual_seed(0))
    classify, _ = stages(tmp_path, head.eval())
    expected = softmax(head(torch.from_numpy(XYZ[None, 58 - frames : 58])))  # every 0.1 s it looks
    assert probabilities(classify, XYZ[:58]) == pytest.approx(expected, abs=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("settings", [{"channels": 16}, {"features": ("angle",)}])
def test_the_head_is_made_by_its_settings(settings, tmp_path):
    classify, _ = stages(tmp_path, gru(**settings))
    expected = softmax(gru(**settings)(torch.from_numpy(XYZ)[None])[:, -1])
    assert probabilities(classify) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("labels", [("idle", "wave", "squat"), ("idle", "squat", "wave")])
def test_the_order_of_the_labels_names_the_classes(labels, tmp_path):
    _, decide = stages(tmp_path, gru(labels=labels))
    assert [label for label, *_ in events(decide, [[0.1, 0.8, 0.1]] * 30)] == [labels[1]]


@pytest.mark.parametrize(("background", "named"), [("idle", ["wave"]), ("wave", [])])
def test_the_background_is_never_an_action(background, named, tmp_path):
    _, decide = stages(tmp_path, gru(), background=background)
    assert [label for label, *_ in events(decide, [[0.1, 0.8, 0.1]] * 30)] == named


def test_a_head_without_a_background_can_not_run_live(tmp_path):
    with pytest.raises(InstantiationException, match="knows no background class"):
        stages(tmp_path, gru(), background=None)


def test_a_head_of_another_layout_than_the_lifters_is_refused(tmp_path):
    with pytest.raises(InstantiationException, match="humaneva15', wanted 'h36m17'"):
        stages(tmp_path, option("head/gru", skeleton=HUMANEVA15, labels=LABELS, channels=8))


def waving(*parts):
    """Rows of probabilities for (likelihood of waving, frames), the rest idle."""
    return [row for wave, frames in parts for row in [[1 - wave, wave, 0.0]] * frames]


CASES = {
    "enter": (0.9, waving((0.7, 30)), [("wave", 0, 0.97)], []),
    "leave": (
        0.5, waving((0.8, 15), (0.4, 30)), [("wave", 0, 1.47)], [("wave", 0, 0.47)],
    ),
    "enter_s": (0.5, waving((0.9, 12), (0, 30)), [("wave", 0, 0.37)], []),
    "sure_s": (0.2, waving((0.9, 12), (0, 30)), [("wave", 0, 0.37)], []),
    "leave_s": (
        0.5, waving((0.9, 15), (0.1, 12), (0.9, 15)),
        [("wave", 0, 0.47), ("wave", 0.9, 1.37)], [("wave", 0, 1.37)],
    ),
    "smooth_s": (5.0, waving((0, 1), (0.9, 30), (0, 30)), [("wave", 0.03, 1.0)], []),
    "shortest_s": (1.0, waving((0.9, 15), (0, 30)), [("wave", 0, 0.47)], []),
    "late_s": (
        0.3, [[0.2, 0.4, 0.4]] * 15 + waving((0.9, 15), (0, 30)),
        [("wave", 0.5, 0.97)], [("wave", 0.2, 0.97)],
    ),
    "settle_s": (0.8, waving((0.9, 15), (0, 30)), [("wave", 0, 0.47)], []),
}  # fmt: skip
"""Another value of each number of a decision, probabilities, and the events without and with it."""
PLAIN = {**DEFAULTS, "smooth_s": 0.0, "settle_s": 0.0}


def test_every_number_of_a_decision_has_a_case():
    assert set(CASES) == set(DEFAULTS)


@pytest.mark.parametrize("name", CASES)
def test_every_number_of_the_cards_decision_has_its_effect(name, tmp_path):
    value, odds, plain, changed = CASES[name]
    _, decide = stages(tmp_path, gru(), decision=PLAIN)
    assert events(decide, odds) == plain
    _, decide = stages(tmp_path, gru(), decision={**PLAIN, name: value})
    assert events(decide, odds) == changed


def test_what_the_user_says_of_a_decision_goes_before_the_card(tmp_path):
    save_head(gru(), tmp_path / "head.safetensors", background="idle", decision={"enter": 0.9})
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("live", overrides=[
            f"classifier.checkpoint={tmp_path / 'head.safetensors'}", "runtime=torch",
            "device=cpu", "decision.enter=0.4",
        ])  # fmt: skip
    assert naming(cfg)[2].rule.enter == 0.4
