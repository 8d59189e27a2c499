"""Every clock of the live chain, at the rates that cameras have: steady, trembling, with gaps.

Whatever counts time must come out the same at each, to within the frames there are.
"""

from threading import Event

import numpy as np
import pytest
import torch

from gastlive.action.decision import Decision
from gastlive.conf.option import option
from gastlive.gast.inputs.filling import Filler
from gastlive.gast.skeleton import COCO17, H36M17, joint_map
from gastlive.gast.streaming import Streaming
from gastlive.realtime.clock import Clock, paced
from gastlive.realtime.packets import Frame, Person, Pose
from gastlive.realtime.stages.batching import Streams
from gastlive.realtime.stages.deciding import Decide
from gastlive.realtime.stages.joints import SIZE_S
from gastlive.realtime.stages.ring_buffer import RingBuffer
from gastlive.realtime.stages.runners import JITTER, StreamRunner, WindowRunner

RATES = (15.0, 29.9, 60.0)
TREMBLE_S = 0.003
BODY = Filler(COCO17)._rest * 120 + np.array([320, 240])
SURE = np.full(17, 0.9, np.float32)


def stamps(fps, seconds, *, trembling=False):
    """Time stamps (T,), increasing."""
    times = np.arange(round(seconds * fps) + 1) / fps
    if trembling:
        times[1:] += np.random.default_rng(0).uniform(-TREMBLE_S, TREMBLE_S, len(times) - 1)
    return times.tolist()


rates = pytest.mark.parametrize("fps", RATES)
steady_and_trembling = pytest.mark.parametrize("trembling", [False, True], ids=["steady", "jitter"])


def frame(time_s, *, xy=None, **people):
    poses = () if xy is None else (Pose(COCO17, xy.astype(np.float32), SURE, 0.35),)
    return Frame(None, 0, time_s, time_s, 640, 480, poses=poses, **people)


# Pacing


class Virtual(Clock):
    """A clock that only goes on where somebody waits for it, or works."""

    now_s = 7.0

    def __call__(self):
        return self.now_s

    def wait(self, stop, seconds):
        self.now_s += max(seconds, 0)
        return stop.is_set()


@rates
@steady_and_trembling
def test_recorded_frames_are_due_as_long_after_the_first_as_they_were_recorded(fps, trembling):
    clock, times = Virtual(), stamps(fps, 2, trembling=trembling)
    shown = list(paced(map(frame, times), stop=Event(), clock=clock))
    assert [each.time_s - 7 for each in shown] == pytest.approx(times)
    assert clock.now_s - 7 == pytest.approx(times[-1])


def test_the_first_frame_of_a_span_is_due_at_once():
    clock, times = Virtual(), [60 + time_s for time_s in stamps(30.0, 1)]
    due_s = [each.time_s - 7 for each in paced(map(frame, times), stop=Event(), clock=clock)]
    assert due_s == pytest.approx(stamps(30.0, 1))


@rates
def test_a_frame_that_comes_late_was_due_all_the_same_and_is_not_waited_for(fps):
    clock, due_s, late_s = Virtual(), [], []
    for each in paced(map(frame, stamps(fps, 1)), stop=Event(), clock=clock):
        due_s.append(each.captured_s - 7)
        late_s.append(clock.now_s - each.captured_s)
        clock.now_s += 0.3 if len(due_s) == 3 else 0
    assert due_s == pytest.approx(stamps(fps, 1))
    assert max(late_s) == pytest.approx(0.3 - 1 / fps)
    assert late_s[-1] == pytest.approx(0)


# The head


class Noting(Streaming):
    """Notes what it is given: the time at which each sample was taken."""

    def __init__(self):
        super().__init__()
        self.given = []

    def step(self, sample, state=None):
        self.given.append(float(sample[0, 0, 0]))
        return sample[:, 0, :2], (sample[:, 0, 0],)


def given(times, *, fps=30.0):
    net = Noting()
    head = StreamRunner(net, fps=fps, patience_s=1.0)
    for time_s in times:
        head.step({1: np.full((1, 3), time_s, np.float32)}, time_s)
    return np.array(net.given)


@rates
@steady_and_trembling
def test_a_streaming_head_gets_as_many_samples_a_second_as_it_was_trained_on(fps, trembling):
    samples = given(stamps(fps, 20, trembling=trembling))
    assert len(samples) == pytest.approx(600, rel=0.005)
    apart = np.diff(samples) * 30
    assert apart.min() > 1 - JITTER - 0.01
    assert apart.max() < 1 + JITTER + 0.01


def test_a_slow_head_never_waits_for_the_frame_after_the_one_that_is_due():
    net, delays = Noting(), []
    head = StreamRunner(net, fps=10.0, patience_s=1.0)
    for i in range(1800):
        before = len(net.given)
        head.step({1: np.full((1, 3), i, np.float32)}, i / 30)
        delays += [i % 3] * (len(net.given) - before)
    assert len(delays) == 600
    assert set(delays) == {0}


@pytest.mark.parametrize("fps", [29.9, 29.97, 30.1])
def test_a_camera_at_almost_the_heads_rate_is_passed_on_frame_by_frame_for_minutes(fps):
    times = stamps(fps, 60)
    np.testing.assert_allclose(given(times), times, rtol=1e-6)


@rates
def test_a_streaming_head_sees_a_short_gap_at_its_own_pace_and_nothing_of_a_long_one(fps):
    times = stamps(fps, 1)
    short, long = times[-1] + 0.4, times[-1] + 2.0
    samples = given([*times, short, long])
    inside = samples[(samples > times[-1]) & (samples < short)]
    assert len(inside) in (11, 12)
    np.testing.assert_allclose(np.diff(inside), 1 / 30, atol=1e-6)
    assert not ((samples > short + 1e-6) & (samples < long - 1e-6)).any()


@rates
@steady_and_trembling
def test_a_windowed_head_is_run_every_tenth_of_a_second_or_with_the_next_frame(fps, trembling):
    asked_s = []

    class Asked(torch.nn.Module):
        def forward(self, window):
            asked_s.append(float(window[0, -1, 0, 0]))
            return window[:, 0, 0, :2]

    head = WindowRunner(Asked(), joints=1, frames=10, fps=30.0, patience_s=1.0, every_s=0.1)
    for time_s in stamps(fps, 10, trembling=trembling):
        head.step({1: np.full((1, 3), time_s, np.float32)}, time_s)
    apart_s = np.diff(asked_s)
    assert apart_s.min() > 0.1 - 1e-4
    assert apart_s.max() < 0.1 + 1 / fps + 2 * TREMBLE_S


@rates
@steady_and_trembling
def test_a_window_is_the_last_second_at_the_heads_rate(fps, trembling):
    buffer = RingBuffer(200, 1, 3)
    times = stamps(fps, 3, trembling=trembling)
    for time_s in times:
        buffer.push(time_s, np.full((1, 3), time_s))
    window = buffer.window(1.0, 30)[:, 0, 0]
    wanted = times[-1] + np.arange(-29, 1) / 30
    np.testing.assert_allclose(window, wanted, atol=0.021 / 30)


# Joints


@rates
@steady_and_trembling
def test_a_smoother_follows_a_step_as_fast_at_every_rate(fps, trembling):
    smooth, times = (
        option("smoothing/one_euro", min_cutoff=0.5, beta=0.0),
        stamps(fps, 0.4, trembling=trembling),
    )
    state = smooth(np.zeros(1), None, dt_s=0.0, unit=1.0)
    for dt_s in np.diff(times):
        state = smooth(np.ones(1), state, dt_s=dt_s, unit=1.0)
    # A low pass of 0.5 Hz, to within what its steps of 1/15 s lose.
    assert state.value[0] == pytest.approx(1 - np.exp(-2 * np.pi * 0.5 * times[-1]), abs=0.06)


def joints_seen(stage, time_s, xy, *, sure=0.9):
    pose = Pose(COCO17, xy.astype(np.float32), np.full(17, sure, np.float32), 0.9)
    return stage(frame(time_s, people={1: Person(pose)})).people[1].xy


@rates
def test_after_holding_still_the_smoother_is_told_how_long(fps):
    stage, times = option("joints/default", layout="h36m17"), stamps(fps, 1)
    for time_s in times:
        joints_seen(stage, time_s, BODY, sure=0.9 if time_s < 0.4 else 0.0)
    moved = joints_seen(stage, times[-1] + 1 / fps, BODY + 5)
    fresh = joints_seen(option("joints/default", layout="h36m17"), 0.0, BODY + 5)
    assert np.abs(moved - fresh).max() < 1.0


@rates
@steady_and_trembling
def test_a_persons_size_follows_what_is_seen_as_fast_at_every_rate(fps, trembling):
    stage, times = option("joints/default", layout="h36m17"), stamps(fps, 0.5, trembling=trembling)
    centre = np.array([320, 240])
    for time_s in times:
        joints_seen(stage, time_s, BODY if time_s == 0 else (BODY - centre) * 1.5 + centre)
    before = Filler(H36M17).size(joint_map(COCO17, H36M17)(BODY), np.ones(17, bool), None)
    grown = (stage._bodies[1].size / before - 1) / 0.5
    assert grown == pytest.approx(1 - np.exp(-times[-1] / SIZE_S), abs=1e-3)


# The tracker


@rates
@steady_and_trembling
def test_a_walk_is_believed_to_go_on_as_fast_at_every_rate(fps, trembling):
    tracker, times = (
        option(
            "tracker/oks",
        ),
        stamps(fps, 2, trembling=trembling),
    )
    for time_s in times:
        tracker(frame(time_s, xy=BODY + np.array([80 * time_s, 0])))
    (track,) = tracker._tracks
    drift = (track.expected(times[-1] + 0.1) - track.last.xy)[:, 0]
    assert drift.mean() == pytest.approx(80 * 0.3 * (1 - np.exp(-1 / 3)), rel=0.05)


@rates
@steady_and_trembling
def test_somebody_hardly_sure_is_shown_after_settling_for_half_a_second(fps, trembling):
    tracker = option("tracker/oks", settle_s=0.5)
    times = stamps(fps, 1, trembling=trembling)
    shown = [time_s for time_s in times if tracker(frame(time_s, xy=BODY)).people]
    assert 0.5 - 1e-6 <= shown[0] < 0.5 + 1 / fps + 2 * TREMBLE_S


# Patience


class Untold(torch.nn.Module):
    def forward(self, window):
        return window[:, 0, 0, :2]


def remembers(name):
    """Gives a person to a stage, then empty frames; and whether the person is still known."""
    if name == "tracker":
        tracker = option("tracker/oks", patience_s=1.0, return_s=0.0, min_hits=1, new_score=0.3)
        return (
            lambda t: tracker(frame(t, xy=BODY)),
            lambda t: tracker(frame(t)),
            lambda: bool(tracker.alive),
        )
    if name == "joints":
        stage = option("joints/default", layout="h36m17", patience_s=1.0)
        return (
            lambda t: joints_seen(stage, t, BODY),
            lambda t: stage(frame(t)),
            lambda: bool(stage._bodies),
        )
    if name == "decision":
        stage = Decide(Decision(("idle", "wave"), background="idle"), patience_s=1.0)
        person = Person(Pose(COCO17, BODY, SURE), probabilities=np.array([0.9, 0.1]))
        return (
            lambda t: stage(frame(t, people={1: person})),
            lambda t: stage(frame(t)),
            lambda: bool(stage._memories),
        )
    xyz = {1: np.zeros((17, 3), np.float32)}
    if name == "lifter":
        streams = Streams(Noting(), patience_s=1.0)
        return (
            lambda t: streams.step(xyz, t),
            lambda t: streams.step({}, t),
            lambda: bool(streams.remembered),
        )
    joints = len(H36M17)
    head = WindowRunner(Untold(), joints=joints, frames=9, fps=30.0, patience_s=1.0, every_s=0.1)
    return lambda t: head.step(xyz, t), lambda t: head.step({}, t), lambda: bool(head._watched)


@rates
@steady_and_trembling
@pytest.mark.parametrize("name", ["tracker", "joints", "lifter", "windowed head", "decision"])
def test_patience_is_a_second_at_every_rate(name, fps, trembling):
    see, miss, known = remembers(name)
    see(0.0)
    for time_s in stamps(fps, 1.5, trembling=trembling)[1:]:
        miss(time_s)
        assert known() == (time_s <= 1.0)


# The decision


@rates
@steady_and_trembling
def test_probabilities_are_averaged_over_time_not_frames(fps, trembling):
    rule = Decision(("idle", "wave"), background="idle", smooth_s=0.15)
    times, memory = stamps(fps, 0.4, trembling=trembling), None
    for time_s in times:
        odds = np.array([1.0, 0.0] if time_s == 0 else [0.0, 1.0])
        _, _, memory = rule.step(time_s, odds, memory)
    assert memory.smooth[1] == pytest.approx(1 - np.exp(-times[-1] / 0.15))


@rates
@steady_and_trembling
def test_an_action_begins_and_ends_when_it_did_at_every_rate(fps, trembling):
    rule = Decision(("idle", "wave"), background="idle", smooth_s=0.0)
    events, known_s, memory = [], None, None
    for time_s in stamps(fps, 4, trembling=trembling):
        wave = 0.9 if 1 <= time_s < 2.5 and not 1.6 < time_s < 1.8 else 0.1
        if 1.9 < time_s < 2.2:
            continue  # the camera stutters
        running, ended, memory = rule.step(time_s, np.array([1 - wave, wave]), memory)
        events += ended
        known_s = known_s or (running and time_s)
    (event,) = events
    slack_s = 1 / fps + 2 * TREMBLE_S
    assert event.start_s == pytest.approx(1.0, abs=slack_s)
    assert event.end_s == pytest.approx(2.5, abs=slack_s)
    assert known_s - event.start_s == pytest.approx(rule.enter_s, abs=slack_s)
