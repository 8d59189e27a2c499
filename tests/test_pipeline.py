"""The whole chain with small real parts: real nets, real tracker, real sinks, made-up poses."""

import json
import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module

from gastlive.action.checkpoint import save_head
from gastlive.action.decision import Decision
from gastlive.conf.option import option
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.lifter import Lifter
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.gast.units import UNITS
from gastlive.realtime.detectors.none import NoDetector
from gastlive.realtime.live import naming
from gastlive.realtime.packets import Event, Frame, Person, Pose
from gastlive.realtime.pipeline import Pipeline
from gastlive.realtime.sinks.background import Background
from gastlive.realtime.sinks.jsonl import JsonlSink
from gastlive.realtime.sinks.window import WindowClosed
from gastlive.realtime.stages.deciding import Decide
from gastlive.realtime.summary import Summary

LABELS = ("idle", "wave", "walk")
STANDING = {
    "nose": (0, -70), "eye": (3, -73), "ear": (6, -70), "shoulder": (18, -50),
    "elbow": (24, -25), "wrist": (26, 0), "hip": (11, 0), "knee": (12, 40), "ankle": (12, 80),
}  # fmt: skip


def pose(x, time_s=0.0):
    """Somebody who stands at x and waves."""
    xy = np.zeros((17, 2), np.float32)
    for i, joint in enumerate(COCO17.joints):
        side, _, name = joint.rpartition("_")
        dx, dy = STANDING[name]
        xy[i] = x + dx * {"left": 1, "right": -1}.get(side, 0), 200 + dy
    xy[COCO17.index["left_wrist"]] += (8 * np.sin(6 * time_s), -60)
    return Pose(COCO17, xy, np.full(17, 0.9, np.float32), score=0.9)


class Clip:
    """A source of made-up frames; `then` is raised after them."""

    name = description = "a made-up clip"
    fps, live, layout = 30.0, False, COCO17

    def __init__(self, *people, frames=60, then=None, poses=None):
        self.people, self.frames, self.then, self.poses = people, frames, then, poses
        self.warnings, self.damaged, self.closed = [], 0, False

    def __iter__(self):
        for i in range(self.frames):
            seen = tuple(pose(x, i / 30) for x in self.people)
            if self.poses:
                seen = self.poses(i, seen)
            yield Frame(None, i, i / 30, i / 30, 640, 480, poses=seen)
        if self.then is not None:
            raise self.then

    def close(self):
        self.closed = True


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return small_weights(tmp_path_factory.mktemp("weights"))


def small_weights(folder):
    """A lifter and a head of the real kinds, small and untrained."""
    torch.manual_seed(0)
    lifter = option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=4)
    checkpoint.save(
        lifter, folder / "lifter.safetensors", fps=30, normalisation="person", training={}
    )
    head = option("head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2))
    save_head(head, folder / "head.safetensors", background="idle")
    return folder


def pipeline(source, weights, folder, *, sinks=None, **changes):
    lifter = option("lifter/gast27", checkpoint=str(weights / "lifter.safetensors"))
    classifier = option(
        "classifier/everyday",
        checkpoint=str(weights / "head.safetensors"),
        layout=lifter.layout.name,
    )
    rule = Decision(classifier.labels, background="idle", enter=0.34, leave=0.3, settle_s=0)
    parts = {
        "source": source,
        "detector": NoDetector(),
        "tracker": option(
            "tracker/oks",
        ),
        "joints": option("joints/default", layout="h36m17"),
        "lifter": lifter,
        "classifier": classifier,
        "decision": Decide(rule),
        "sinks": {"jsonl": JsonlSink(folder=str(folder))} if sinks is None else sinks,
        "summary": Summary(folder=str(folder), config={"made": "up"}),
    }
    return Pipeline(**parts | changes)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_poses_become_people_with_3d_joints_probabilities_and_actions(weights, tmp_path):
    summary = pipeline(Clip(150, 450), weights, tmp_path).run()
    header, *frames = lines(tmp_path / "frames.jsonl")
    assert (header["layout"], header["lifter_layout"]) == ("coco17", "h36m17")
    assert header["labels"] == list(LABELS)
    assert len(frames) == 60
    people = frames[-1]["people"]
    assert {person["track"] for person in people} == {1, 2}
    for person in people:
        assert np.shape(person["xyz"]) == (17, 3)
        assert sum(person["probabilities"]) == pytest.approx(1, abs=0.01)
        assert person["action"]["label"] in LABELS
    assert (summary["frames"], summary["dropped"]) == (60, 0)
    assert summary["people"] == {"count": 2, "ids": [1, 2]}
    assert set(summary["stages_ms"]) == {
        "detector", "tracker", "joints", "lifter", "head", "decision",
    }  # fmt: skip
    assert summary["ended"] == "source ended"
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_a_person_is_named_as_if_nobody_else_were_there(weights, tmp_path):
    pipeline(Clip(150), weights, tmp_path / "alone").run()
    pipeline(Clip(450, 150), weights, tmp_path / "both").run()
    alone = lines(tmp_path / "alone" / "frames.jsonl")[-1]["people"][0]
    both = lines(tmp_path / "both" / "frames.jsonl")[-1]["people"]
    twin = min(both, key=lambda person: abs(person["xy"][0][0] - 150))
    np.testing.assert_allclose(twin["xyz"], alone["xyz"], atol=0.002)
    np.testing.assert_allclose(twin["probabilities"], alone["probabilities"], atol=0.002)


def test_nobody_in_view_is_no_error(weights, tmp_path):
    summary = pipeline(Clip(), weights, tmp_path).run()
    assert (summary["frames"], summary["people"]["count"]) == (60, 0)


def test_a_source_without_a_single_frame_is_no_error(weights, tmp_path):
    summary = pipeline(Clip(frames=0), weights, tmp_path).run()
    assert (summary["frames"], summary["fps"], summary["age_ms"]) == (0, None, None)


def test_damaged_pictures_of_the_source_are_counted_in_the_summary(weights, tmp_path):
    clip = Clip(150)
    assert pipeline(clip, weights, tmp_path).run()["damaged"] == 0
    clip.damaged = 3
    assert pipeline(clip, weights, tmp_path).run()["damaged"] == 3


def test_nan_keypoints_do_not_reach_the_nets(weights, tmp_path):
    def spoil(i, poses):
        spoilt = poses[0].xy.copy()
        if i % 7 == 3:
            spoilt[:] = np.nan
        elif i % 3 == 1:
            spoilt[5:9] = np.nan
        return (replace(poses[0], xy=spoilt),)

    pipeline(Clip(150, poses=spoil), weights, tmp_path).run()
    _, *frames = lines(tmp_path / "frames.jsonl")
    lifted = [p["xyz"] for frame in frames for p in frame["people"] if p["xyz"] is not None]
    assert len(lifted) > 30
    assert all(number is not None for xyz in lifted for joint in xyz for number in joint)


class Looping(Clip):
    """A clip played twice, whose time starts over, too."""

    def __iter__(self):
        yield from super().__iter__()
        yield from super().__iter__()


@pytest.mark.parametrize("tracker", ["oks", "given"])
def test_a_source_that_loops_is_seen_each_time_as_if_for_the_first_time(weights, tmp_path, tracker):
    def named(i, poses):
        return tuple(replace(each, track=7) for each in poses)

    source = Looping(150, poses=named)
    summary = pipeline(source, weights, tmp_path, tracker=option(f"tracker/{tracker}")).run()
    _, *frames = lines(tmp_path / "frames.jsonl")
    for frame in frames:
        for person in frame["people"]:
            assert person.pop("track") in (1, 2, 7)
    assert len(frames[59]["people"]) == 1
    assert frames[60:] == frames[:60]
    assert (summary["frames"], summary["stream_s"]) == (120, pytest.approx(2 * 59 / 30, abs=1e-3))
    _, *events = lines(tmp_path / "events.jsonl")
    assert all(event["start_s"] <= event["end_s"] for event in events)


class Waving:
    """A classifier that is sure of it."""

    name, layout, labels, background = "head", H36M17, LABELS, "idle"

    def __call__(self, frame):
        sure = np.array([0.05, 0.9, 0.05], np.float32)
        people = {track: replace(p, probabilities=sure) for track, p in frame.people.items()}
        return frame.knowing(people=people)

    def reset(self): ...


@pytest.mark.parametrize(("source", "count"), [(Clip(150), 1), (Looping(150), 2)])
def test_an_action_that_is_going_on_at_the_end_counts_in_the_summary(
    weights, tmp_path, source, count
):
    summary = pipeline(source, weights, tmp_path, classifier=Waving()).run()
    assert summary["events"] == {"count": count, "labels": {"wave": count}}
    assert len(lines(tmp_path / "events.jsonl")) == 1 + count


def test_a_picture_size_that_changes_midway_starts_people_anew(weights, tmp_path):
    class Resized(Clip):
        def __iter__(self):
            for i, frame in enumerate(super().__iter__()):
                yield frame if i < 30 else replace(frame, width=1280, height=960)

    summary = pipeline(Resized(150), weights, tmp_path).run()
    assert summary["people"]["ids"] == [1, 2]
    assert lines(tmp_path / "frames.jsonl")[-1]["width"] == 1280


def test_a_camera_that_dies_ends_the_run_and_keeps_what_was_recorded(weights, tmp_path):
    source = Clip(150, then=InputError("camera 0 stopped delivering after 60 frames"))
    with pytest.raises(InputError, match="camera 0 stopped"):
        pipeline(source, weights, tmp_path).run()
    assert source.closed
    assert len(lines(tmp_path / "frames.jsonl")) == 61
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ended"] == "camera 0 stopped delivering after 60 frames"


def test_a_defect_in_a_stage_is_raised_and_said_in_the_summary(weights, tmp_path):
    class Broken(NoDetector):
        def __call__(self, frame):
            if frame.index == 5:
                raise ZeroDivisionError("a defect")
            return frame

    with pytest.raises(ZeroDivisionError):
        pipeline(Clip(150), weights, tmp_path, detector=Broken()).run()
    assert len(lines(tmp_path / "frames.jsonl")) == 6
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ended"] == "ZeroDivisionError: a defect"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_an_interruption_ends_cleanly_with_a_summary(weights, tmp_path, number):
    class Interrupting(Clip):
        def __iter__(self):
            for frame in super().__iter__():
                if frame.index == 30:
                    os.kill(os.getpid(), number)
                yield frame

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        summary = pipeline(Interrupting(150), weights, tmp_path).run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert summary["ended"] == (
        "interrupted" if number == signal.SIGINT else "interrupted by SIGTERM"
    )
    assert summary["frames"] == 30


class Witness:
    """A sink that notes what it is told."""

    def __init__(self, error=None, at=None):
        self.told, self.error, self.at = [], error, at

    def begin(self, info):
        self.told.append(("begin", info))

    def __call__(self, frame):
        self.told.append(("frame", frame))
        if frame.index == self.at:
            raise self.error

    def close(self, events=()):
        self.told.append(("close", events))

    def summary(self):
        return {"told": len(self.told)}


def test_a_closed_window_ends_the_run_without_an_error(weights, tmp_path):
    sinks = {"window": Witness(WindowClosed(), at=9)}
    summary = pipeline(Clip(150), weights, tmp_path, sinks=sinks).run()
    assert (summary["ended"], summary["frames"]) == ("window closed", 10)


def test_a_full_disk_ends_the_run_and_every_other_sink_is_closed(weights, tmp_path):
    full, other = Witness(InputError("no space left on device"), at=9), Witness()
    sinks = {"full": full, "other": other}
    with pytest.raises(InputError, match="no space left"):
        pipeline(Clip(150), weights, tmp_path, sinks=sinks).run()
    assert other.told[-1] == ("close", other.told[-1][1])
    assert full.told[-1][0] == "close"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("no space left on device"), "no space left on device"),
        (ZeroDivisionError("a defect"), "ZeroDivisionError: a defect"),
    ],
    ids=["full disk", "defect"],
)
def test_an_error_that_a_sinks_own_thread_has_at_the_end_is_raised_and_said(
    weights, tmp_path, error, said
):
    source, other = Clip(150), Witness()
    sinks = {"broken": Background(Witness(error, at=59)), "other": other}
    with pytest.raises(type(error), match=str(error)):
        pipeline(source, weights, tmp_path, sinks=sinks).run()
    assert other.told[-1][0] == "close"
    assert source.closed
    assert json.loads((tmp_path / "summary.json").read_text())["ended"] == said


def test_a_window_that_is_closed_at_the_end_is_no_error(weights, tmp_path):
    sinks = {"window": Background(Witness(WindowClosed(), at=59))}
    assert pipeline(Clip(150), weights, tmp_path, sinks=sinks).run()["ended"] == "source ended"


def test_what_waits_for_a_sink_at_ctrl_c_is_still_written(weights, tmp_path):
    gate = threading.Event()

    class Slow(Witness):
        def __call__(self, frame):
            assert frame.index < 27 or gate.wait(10)
            super().__call__(frame)

    class Interrupting(Clip):
        def __iter__(self):
            for frame in super().__iter__():
                try:
                    if frame.index == 30:
                        os.kill(os.getpid(), signal.SIGINT)
                    yield frame
                finally:
                    if frame.index == 30:
                        gate.set()

    slow = Slow()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        pipeline(Interrupting(150), weights, tmp_path, sinks={"slow": Background(slow)}).run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert [frame.index for what, frame in slow.told if what == "frame"] == [*range(30)]


def test_a_sink_is_told_begin_frames_in_order_and_close_once(weights, tmp_path):
    witness = Witness()
    pipeline(Clip(150, frames=5), weights, tmp_path, sinks={"witness": witness}).run()
    assert [what for what, _ in witness.told] == ["begin", *["frame"] * 5, "close"]
    info = witness.told[0][1]
    assert (info.labels, info.background, info.fps) == (LABELS, "idle", 30.0)


class Ticking:
    """A clock that is half a second further each time it is read."""

    now_s = 1000.0

    def __call__(self):
        self.now_s += 0.5
        return self.now_s


def test_a_frame_says_when_the_chain_was_done_with_it_and_its_age_is_from_there(weights, tmp_path):
    witness = Witness()
    parts = {"sinks": {"witness": witness}, "clock": Ticking()}
    summary = pipeline(Clip(150, frames=2), weights, tmp_path, **parts).run()
    frames = [frame for what, frame in witness.told if what == "frame"]
    assert [frame.finished_s for frame in frames] == [1003.5, 1007]  # 6 stages
    assert all(sum(frame.spent_s.values()) == 3 for frame in frames)
    assert summary["age_ms"]["max"] == pytest.approx(1e3 * (1007 - frames[1].captured_s), abs=0.1)


def person(label, value=0.9):
    odds = np.full(3, (1 - value) / 2, np.float32)
    odds[LABELS.index(label)] = value
    return Person(pose(100), probabilities=odds)


def decide(stage, time_s, **people):
    frame = Frame(None, 0, time_s, time_s, 640, 480)
    return stage(frame.knowing(people={int(k[1:]): person(v) for k, v in people.items()}))


@pytest.fixture
def stage():
    rule = Decision(
        LABELS, background="idle", enter_s=0, leave_s=0, smooth_s=0, shortest_s=0, settle_s=0
    )
    return Decide(rule, patience_s=1.0)


def test_each_person_has_an_action_of_their_own(stage):
    frame = decide(stage, 0.0, p1="wave", p2="walk", p3="idle")
    assert [p.action.label for p in frame.people.values()] == ["wave", "walk", "idle"]


def test_an_action_that_ends_is_an_event_of_that_frame(stage):
    for time_s in (0.0, 0.1, 0.2):
        assert decide(stage, time_s, p1="wave").events == ()
        assert decide(stage, time_s, p1="wave").people[1].action.start_s == 0.0
    (event,) = decide(stage, 0.3, p1="idle").events
    assert event == Event(1, "wave", 0.0, 0.2, pytest.approx(0.9))


def test_a_lost_persons_action_ends_when_they_were_last_seen(stage):
    decide(stage, 0.0, p1="wave", p2="idle")
    decide(stage, 0.5, p1="wave", p2="idle")
    assert decide(stage, 1.4, p2="idle").events == ()
    (event,) = decide(stage, 1.6, p2="idle").events
    assert (event.track, event.end_s) == (1, 0.5)


def lost_and_back(gap_s, *, others=True):
    """Events of a wave over a loss, after which the head needs 0.3 s to see it again."""
    rule = Decision(
        LABELS, background="idle", enter_s=0, leave_s=0.1, smooth_s=0, shortest_s=0, settle_s=0.5
    )
    stage, events = Decide(rule, patience_s=1.0), []
    for i in range(90):
        time_s, back_s = i / 30, 1.0 + gap_s
        if 1.0 < time_s < back_s:
            events += decide(stage, time_s).events if others else ()
        else:
            label = "idle" if back_s <= time_s < back_s + 0.3 else "wave"
            events += decide(stage, time_s, p1=label).events
    return [*events, *stage.finish()]


def test_the_same_action_before_and_after_a_short_loss_is_one_event():
    (event,) = lost_and_back(0.8)
    assert (event.label, event.start_s) == ("wave", 0.0)
    assert event.end_s > 2.9


def test_the_same_action_before_and_after_a_long_loss_is_two_events():
    assert [event.label for event in lost_and_back(1.2)] == ["wave", "wave"]


def test_where_no_picture_came_nobody_was_lost():
    assert len(lost_and_back(0.8, others=False)) == 2


def test_what_is_going_on_when_the_stream_ends_is_an_event_too(stage):
    decide(stage, 0.0, p1="wave")
    decide(stage, 0.5, p1="wave")
    (event,) = stage.finish()
    assert (event.label, event.start_s, event.end_s) == ("wave", 0.0, 0.5)
    assert stage.finish() == ()


def composed(weights, head, *overrides):
    """The live program's config with small nets."""
    nets = (
        f"lifter.checkpoint={weights}/lifter.safetensors", "lifter.runtime=torch",
        f"classifier.checkpoint={head}", "classifier.runtime=torch",
    )  # fmt: skip
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose("live", overrides=[*nets, *overrides])


@pytest.fixture
def carded(weights, tmp_path):
    """Makes the head and decision stages of the live program from one net with other cards."""

    def made(*, fps=30.0, **card):
        torch.manual_seed(0)
        head = option(
            "head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2), fps=fps
        )
        save_head(head.eval(), tmp_path / "carded.safetensors", background="idle", **card)
        return naming(composed(weights, tmp_path / "carded.safetensors"))[1:]

    return made


def test_one_patience_holds_for_every_stage(weights):
    cfg = composed(weights, weights / "head.safetensors", "patience_s=2.5")
    lifter, head, decision = naming(cfg)
    parts = (cfg.tracker, cfg.joints, lifter._streams, head._run, decision)
    assert [part.patience_s for part in parts] == [2.5] * 5


def probabilities(head, times_s):
    """(T, K) of somebody who moves at random, the same in every call."""
    rng, given = np.random.default_rng(0), []
    for time_s in times_s:
        xyz = rng.normal(0, 0.3, (17, 3)).astype(np.float32)
        frame = Frame(None, 0, time_s, time_s, 640, 480, people={1: Person(pose(100), xyz=xyz)})
        given.append(head(frame).people[1].probabilities)
    return np.array(given)


def test_the_cards_temperature_is_used_live(carded):
    logits = [
        np.log(probabilities(carded(temperature=t)[0], np.arange(5) / 30)) for t in (1.0, 4.0)
    ]
    sharp, soft = (each - each.mean(-1, keepdims=True) for each in logits)
    np.testing.assert_allclose(soft, sharp / 4, atol=1e-5)


def test_an_action_that_hangs_on_a_guess_is_no_more_likely_than_the_other_guess_says(carded):
    rng, heads = np.random.default_rng(0), [carded()[0] for _ in range(3)]
    for time_s in np.arange(10) / 30:
        one, other = rng.normal(0, 1, (2, 17, 3)).astype(np.float32)
        people = (
            Person(pose(100), xyz=one),
            Person(pose(100), xyz=other),
            Person(pose(100), xyz=one, other_xyz=other),
        )
        odds = [
            head(Frame(None, 0, time_s, time_s, 640, 480, people={1: who})).people[1].probabilities
            for head, who in zip(heads, people, strict=True)
        ]
    idle = LABELS.index("idle")
    wanted = np.minimum(odds[0], odds[1])
    np.testing.assert_allclose(np.delete(odds[2], idle), np.delete(wanted, idle), rtol=1e-5)
    assert odds[2].sum() == pytest.approx(1)
    assert np.abs(odds[0] - odds[1]).max() > 0.01


@pytest.mark.parametrize(("fps", "steps"), [(30.0, 30), (15.0, 15), (10.0, 10)])
def test_the_cards_frame_rate_is_used_live(carded, fps, steps):
    given = probabilities(carded(fps=fps)[0], np.arange(30) / 30 + 1e-6 * np.arange(30))
    assert 1 + np.any(np.diff(given, axis=0) != 0, axis=-1).sum() == steps


def test_the_cards_decision_and_labels_are_used_live(carded):
    tuned = {
        "enter": 0.41, "leave": 0.21, "enter_s": 0.11, "leave_s": 0.22, "smooth_s": 0.33,
        "shortest_s": 0.44, "late_s": 0.55,
    }  # fmt: skip
    head, decision = carded(decision=tuned)
    assert {name: getattr(decision.rule, name) for name in tuned} == tuned
    assert decision.rule.labels == head.labels == LABELS
    assert (decision.rule.background, head.background) == (0, "idle")


def test_a_head_of_another_layout_is_refused(weights):
    with pytest.raises(InputError, match="layout='h36m17', wanted 'coco17'"):
        option("classifier/everyday", checkpoint=str(weights / "head.safetensors"), layout="coco17")


def test_a_centred_lifter_is_refused(tmp_path):
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4, causal=False)
    path = tmp_path / "centred.safetensors"
    checkpoint.save(net, path, fps=30, normalisation="person", training={})
    with pytest.raises(InputError, match="causal=False, wanted True"):
        option("lifter/gast27", checkpoint=str(path))


@pytest.mark.parametrize("normalisation", UNITS)
def test_a_lifter_is_given_live_what_it_is_given_in_training(normalisation, tmp_path):
    """Screen units by the picture's width, whatever units the net makes of them."""
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=4)
    path = tmp_path / "lifter.safetensors"
    checkpoint.save(net, path, fps=30, normalisation=normalisation, training={})
    pixels = np.random.default_rng(0).uniform(0, 360, (12, 17, 2)).astype(np.float32)
    stage = option("lifter/gast27", checkpoint=str(path), runtime="torch")
    live = []
    for i, xy in enumerate(pixels):
        person = Person(pose(300), xy=xy)
        frame = Frame(None, i, i / 30, i / 30, 640, 360, people={1: person})
        live.append(stage(frame).people[1].xyz)
    screen = pixels / 320 - [1, 360 / 640]  # x from -1 to 1, y in the same unit
    trained = Lifter(net.eval(), skeleton=H36M17, normalisation=normalisation)
    with torch.inference_mode():
        (clip,) = trained(torch.from_numpy(screen.astype(np.float32))[None]).numpy()
    np.testing.assert_allclose(live, clip, atol=1e-4)


def test_with_flip_a_person_and_their_mirror_image_are_lifted_alike(tmp_path):
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=4)
    path = tmp_path / "lifter.safetensors"
    checkpoint.save(net, path, fps=30, normalisation="person", training={})
    pixels = np.random.default_rng(0).uniform(0, 360, (6, 17, 2)).astype(np.float32)
    other = pixels[:, H36M17.mirror] * [-1, 1] + [640, 0]  # in a picture 640 wide

    def lifted(clip, *, flip):
        stage, xyz = option("lifter/gast27", checkpoint=str(path), flip=flip), []
        for i, xy in enumerate(clip.astype(np.float32)):
            people = {0: Person(pose(300), xy=xy), 5: Person(pose(300), xy=xy)}
            done = stage(Frame(None, i, i / 30, i / 30, 640, 360, people=people)).people
            assert list(done) == [0, 5]
            np.testing.assert_allclose(done[5].xyz, done[0].xyz, atol=1e-4)
            xyz.append(done[0].xyz)
        return np.stack(xyz)

    back = lifted(other, flip=True)[:, H36M17.mirror] * [-1, 1, 1]
    np.testing.assert_allclose(lifted(pixels, flip=True), back, atol=1e-4)
    once = lifted(other, flip=False)[:, H36M17.mirror] * [-1, 1, 1]
    assert np.abs(lifted(pixels, flip=False) - once).max() > 0.001
    wanted = (lifted(pixels, flip=False) + once) / 2
    np.testing.assert_allclose(lifted(pixels, flip=True), wanted, atol=1e-4)
