"""The one rule for stream time, in every stage: earlier is another stream, equal is no time."""

import numpy as np
import pytest
import torch

from gastlive.action.checkpoint import save_head
from gastlive.action.decision import Decision
from gastlive.conf.option import option
from gastlive.gast import checkpoint
from gastlive.gast.inputs.filling import Filler
from gastlive.gast.skeleton import COCO17, H36M17, joint_map
from gastlive.realtime.packets import Event, Frame, Person, Pose
from gastlive.realtime.stages.deciding import Decide

LABELS = ("idle", "wave")
BODY = Filler(COCO17)._rest * 120 + [320, 240]
STAGES = ("tracker", "joints", "lifter", "streaming head", "windowed head", "decision")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Makes a stage of a name, with small untrained nets."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    lifter = option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=4)
    for units in ("person", "screen"):
        path = folder / f"{units}.safetensors"
        checkpoint.save(lifter, path, fps=30, normalisation=units, training={})
    small = {"channels": 6, "widths": (1,), "strides": (1,), "dilations": (1, 2)}
    heads = {
        "streaming head": option(
            "head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2)
        ),
        "windowed head": option("head/stgcn++", skeleton=H36M17, labels=LABELS, frames=10, **small),
    }
    for name, head in heads.items():
        save_head(head.eval(), folder / f"{name}.safetensors", background="idle")
    makers = {
        "tracker": lambda: option("tracker/oks"),
        "joints": lambda: option("joints/default", layout="h36m17"),
        "lifter": lambda: option(
            "lifter/gast27", checkpoint=str(folder / "person.safetensors"), runtime="torch"
        ),
        "screen lifter": lambda: option(
            "lifter/gast27", checkpoint=str(folder / "screen.safetensors"), runtime="torch"
        ),
        "decision": lambda: Decide(Decision(LABELS, background="idle")),
    } | {
        name: lambda name=name: option(
            "classifier/everyday",
            checkpoint=str(folder / f"{name}.safetensors"),
            layout="h36m17",
            runtime="torch",
        )
        for name in heads
    }
    return lambda name: makers[name]()


def frame(i, time_s):
    """Somebody who walks about and waves from frame 20 on, as every stage would have left them."""
    random = np.random.default_rng(i)
    xy = (BODY + np.array([i / 4, 0]) + random.normal(0, 2, BODY.shape)).astype(np.float32)
    pose = Pose(COCO17, xy, np.full(17, 0.9, np.float32), 0.9)
    wave = 0.9 if i >= 20 else 0.1
    person = Person(
        pose,
        xy=joint_map(COCO17, H36M17)(xy).astype(np.float32),
        visible=np.ones(17, bool),
        xyz=random.normal(0, 0.3, (17, 3)).astype(np.float32),
        probabilities=np.array([1 - wave, wave], np.float32),
    )
    return Frame(None, i, time_s, time_s, 640, 480, poses=(pose,), people={1: person})


def stream(start_s=0.0):
    return [frame(i, start_s + i / 30) for i in range(40)]


def assert_alike(one, other):
    """The same is known of everyone, whatever their ids."""
    assert len(one.people) == len(other.people)
    for a, b in zip(one.people.values(), other.people.values(), strict=True):
        assert a.pose is b.pose or np.array_equal(a.pose.xy, b.pose.xy)
        for known in ("xy", "xyz", "probabilities"):
            if getattr(a, known) is not None:
                np.testing.assert_allclose(getattr(a, known), getattr(b, known), atol=1e-6)
        if a.action is not None:
            assert a.action.label == b.action.label
            assert a.action.confidence == pytest.approx(b.action.confidence)


@torch.inference_mode()
def test_a_lifter_is_given_pixels_in_half_widths_from_the_middle_of_the_picture(stage):
    lift, wide = stage("screen lifter"), frame(0, 0.0).knowing(width=1280, height=720)
    screen = wide.people[1].xy / 1280 * 2 - [1, 720 / 1280]  # VideoPose3D's
    expected, _ = lift._streams.net.step(torch.from_numpy(screen.astype(np.float32))[None], None)
    np.testing.assert_allclose(lift(wide).people[1].xyz, expected[0], atol=1e-5)


@pytest.mark.parametrize("start_s", [0.0, 1.2], ids=["from the start", "by a moment"])
@pytest.mark.parametrize("name", STAGES)
def test_a_stream_that_goes_back_in_time_is_another_stream(stage, name, start_s):
    used, fresh = stage(name), stage(name)
    for each in stream():
        used(each)
    for each in stream(start_s):
        assert_alike(used(each), fresh(each))


def test_an_action_that_is_going_on_when_time_goes_back_ends_then(stage):
    decision = stage("decision")
    for each in stream():
        assert decision(each).events == ()
    (event,) = decision(frame(0, 0.0)).events
    assert event == Event(1, "wave", event.start_s, 39 / 30, event.confidence)
    assert decision.finish() == ()


@pytest.mark.parametrize("name", [name for name in STAGES if name != "lifter"])
def test_the_same_moment_twice_is_no_time(stage, name):
    used, fresh = stage(name), stage(name)
    for each in stream():
        once = fresh(each)
        used(each)
        twice = used(each)
        if each.index > 3:  # a tracker counts how often somebody was seen
            assert_alike(twice, once)
            assert twice.events == once.events
