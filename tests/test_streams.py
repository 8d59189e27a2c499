"""Many people, one net: nobody gets anybody else's past, whoever comes and goes."""

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import Streaming
from gastlive.realtime.stages.batching import Streams
from gastlive.realtime.stages.runners import StreamRunner, WindowRunner


class Summing(Streaming):
    """Adds up all frames it has seen: makes a leak of state visible as a number."""

    def step(self, frame, state=None):
        total = frame if state is None else state + frame
        return total, total


class Counting(Streaming):
    """Counts the frames it is given, and keeps them."""

    def __init__(self):
        super().__init__()
        self.given = []

    def step(self, frame, state=None):
        self.given.append(frame.numpy().copy())
        count = torch.ones(len(frame), 1) if state is None else state + 1
        return count, count


def people(**values):
    return {int(i[1:]): np.full((1, 2), value, np.float32) for i, value in values.items()}


def totals(outputs):
    return {track: float(total[0, 0]) for track, total in outputs.items()}


@pytest.fixture
def streams():
    return Streams(Summing(), patience_s=1.0)


def test_each_person_has_a_past_of_their_own(streams):
    assert totals(streams.step(people(p1=1, p2=10), 0.0)) == {1: 1, 2: 10}
    assert totals(streams.step(people(p2=10, p1=1), 0.1)) == {1: 2, 2: 20}


def test_somebody_new_does_not_disturb_the_others(streams):
    streams.step(people(p1=1), 0.0)
    assert totals(streams.step(people(p2=10, p1=1, p3=100), 0.1)) == {1: 2, 2: 10, 3: 100}
    assert totals(streams.step(people(p1=1, p2=10, p3=100), 0.2)) == {1: 3, 2: 20, 3: 200}


def test_a_person_out_of_view_for_a_moment_goes_on(streams):
    streams.step(people(p1=1, p2=10), 0.0)
    streams.step(people(p2=10), 0.5)
    assert totals(streams.step(people(p1=1, p2=10), 0.9)) == {1: 2, 2: 30}


def test_a_person_long_out_of_view_starts_anew(streams):
    streams.step(people(p1=1, p2=10), 0.0)
    for i in range(3):
        streams.step(people(p2=10), 0.5 * (i + 1))
    assert streams.remembered == {2}
    assert totals(streams.step(people(p1=1, p2=10), 1.6)) == {1: 1, 2: 50}


def test_an_empty_picture_is_nobody(streams):
    streams.step(people(p1=1), 0.0)
    assert streams.step({}, 0.1) == {}
    assert totals(streams.step(people(p1=1), 0.2)) == {1: 2}


def test_reset_forgets_everyone(streams):
    streams.step(people(p1=1), 0.0)
    streams.reset()
    assert totals(streams.step(people(p1=1), 0.1)) == {1: 1}


@torch.inference_mode()
def test_a_real_lifter_gives_each_person_what_their_own_clip_gives():
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=4).eval()
    clips = {track: torch.randn(30, 17, 2) for track in (1, 2, 3)}
    here = {1: range(30), 2: range(5, 30), 3: [*range(10), *range(20, 30)]}
    streams, lifted = Streams(net, patience_s=10.0), {track: [] for track in clips}
    for t in range(30):
        now = {track: clips[track][t].numpy() for track in (3, 1, 2) if t in here[track]}
        for track, xyz in streams.step(now, t / 30).items():
            lifted[track].append(torch.from_numpy(xyz.copy()))
    for track, frames in here.items():
        alone = net(clips[track][list(frames)].unsqueeze(0))[0]
        torch.testing.assert_close(torch.stack(lifted[track]), alone, rtol=0, atol=1e-5)


def feed(fps, seconds=1.0, head_fps=30.0):
    """What a streaming head is given of a person whose joints are at x = time."""
    net = Counting()
    head = StreamRunner(net, fps=head_fps, patience_s=1.0)
    for i in range(round(fps * seconds) + 1):
        head.step({1: np.full((1, 3), i / fps, np.float32)}, i / fps)
    return np.array([frame[0, 0, 0] for frame in net.given])


@pytest.mark.parametrize("fps", [10.0, 15.0, 24.0, 30.0, 60.0])
def test_a_streaming_head_gets_its_own_rate_from_any_camera(fps):
    given = feed(fps)
    assert abs(len(given) - 31) <= 1
    np.testing.assert_allclose(given, np.arange(len(given)) / 30, atol=1e-5)


def test_a_camera_at_the_heads_rate_is_passed_on_frame_by_frame_in_spite_of_jitter():
    net, rng = Counting(), np.random.default_rng(0)
    head = StreamRunner(net, fps=30.0, patience_s=1.0)
    times = np.arange(60) / 30 + rng.uniform(-0.003, 0.003, 60)
    for i, time_s in enumerate(times):
        head.step({1: np.full((1, 3), i, np.float32)}, time_s)
    assert [frame[0, 0, 0] for frame in net.given] == list(range(60))


def test_nothing_is_invented_across_a_long_gap():
    net = Counting()
    head = StreamRunner(net, fps=30.0, patience_s=5.0)
    for time_s in (0.0, 1 / 30, 2.0):
        head.step({1: np.zeros((1, 3), np.float32)}, time_s)
    assert len(net.given) == 3


def test_between_two_samples_of_a_slow_head_its_last_word_stands():
    head = StreamRunner(Counting(), fps=10.0, patience_s=1.0)
    said = [head.step({1: np.zeros((1, 3), np.float32)}, i / 60)[1][0] for i in range(13)]
    assert said == [1.0] * 6 + [2.0] * 6 + [3.0]


class Last(torch.nn.Module):
    """A windowed head that says what it sees first and last."""

    def forward(self, window):
        return torch.stack([window[:, 0, 0, 0], window[:, -1, 0, 0]], -1)


@pytest.mark.parametrize("fps", [12.0, 30.0, 50.0, 240.0])
def test_a_windowed_head_sees_the_last_seconds_at_its_own_rate(fps):
    head = WindowRunner(Last(), joints=1, frames=31, fps=30.0, patience_s=1.0, every_s=0.0)
    for i in range(round(3 * fps) + 1):
        said = head.step({1: np.full((1, 3), i / fps, np.float32)}, i / fps)
    np.testing.assert_allclose(said[1], [2.0, 3.0], atol=0.04)


def test_a_windowed_head_is_asked_only_so_often():
    class Asked(Last):
        count = 0

        def forward(self, window):
            self.count += 1
            return super().forward(window)

    net = Asked()
    head = WindowRunner(net, joints=1, frames=10, fps=30.0, patience_s=1.0, every_s=0.1)
    for i in range(31):
        assert head.step({1: np.zeros((1, 3), np.float32)}, i / 30)
    assert net.count == 11


def test_a_windowed_head_forgets_a_person_long_out_of_view():
    head = WindowRunner(Last(), joints=1, frames=10, fps=30.0, patience_s=0.5, every_s=0.0)
    head.step({1: np.full((1, 3), 7, np.float32)}, 0.0)
    said = head.step({1: np.zeros((1, 3), np.float32)}, 1.0)
    np.testing.assert_array_equal(said[1], [0, 0])
