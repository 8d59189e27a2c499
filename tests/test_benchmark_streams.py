"""How many streams are carried: the server, the search, and the stages of the live program."""

from itertools import pairwise

import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive.experiments.benchmarking.capacity import Crowd, Load, carries, largest, trial
from gastlive.experiments.timing.untrained import untrained
from gastlive.gast.checkpoint import load as load_lifter
from gastlive.gast.errors import InputError
from gastlive.realtime.clock import Clock
from gastlive.realtime.live import naming

PERIOD_MS = 1000 / 30


class Skipping(Clock):
    """Time passes by waiting and by what the stages say they cost."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def wait(self, stop, seconds):
        self.now += max(seconds, 0.0)
        return stop.is_set()


class Costly:
    """A stage that takes a known time for each batch; keeps the frames it is given."""

    name = "costly"

    def __init__(self, clock, cost_ms):
        self.clock, self.cost_ms, self.given = clock, cost_ms, []

    def reset(self):
        self.given = []

    def __call__(self, frame):
        self.given.append(frame)
        self.clock.now += self.cost_ms(len(frame.people), len(self.given)) / 1e3
        return frame


def tried(cost_ms, streams=10, **load):
    clock = Skipping()
    stage = Costly(clock, cost_ms)
    return trial([stage], streams, Load(**{"warm": 0, **load}), clock=clock), stage


def carried(cost_ms, **load):
    clock = Skipping()
    stage = Costly(clock, cost_ms)
    load = Load(**{"seconds": 2.0, **load})
    return carries(lambda: [stage], load, name="n", config={"threads": "1"}, clock=clock)


def test_age_counts_the_wait_for_the_tick_and_the_work():
    result, _ = tried(lambda streams, _: 5.0, streams=400)
    assert result.age_ms.min() >= 5
    assert result.age_ms.max() <= 5 + PERIOD_MS
    assert np.median(result.age_ms) == pytest.approx(5 + PERIOD_MS / 2, abs=3)
    assert result.drop_rate_percent == 0


def test_people_before_one_camera_come_together_and_wait_for_nothing():
    result, _ = tried(lambda streams, _: 5.0, together=True)
    np.testing.assert_allclose(result.age_ms, 5, atol=1e-6)


def test_every_batch_has_one_frame_of_every_stream_in_the_same_order():
    result, stage = tried(lambda streams, _: 1.0, streams=7, seconds=1.0)
    assert [list(frame.people) for frame in stage.given] == [list(range(7))] * 30
    assert result.age_ms.size == 7 * 30
    times = np.array([frame.time_s for frame in stage.given])
    np.testing.assert_allclose(np.diff(times), 1 / 30)


def test_a_server_that_is_late_takes_the_newest_tick_and_the_rest_is_dropped():
    result, stage = tried(lambda streams, _: 1.5 * PERIOD_MS + 1e-6, seconds=2.0)
    assert [round(frame.time_s * 30) for frame in stage.given[:5]] == [1, 2, 4, 5, 7]
    assert result.drop_rate_percent == pytest.approx(100 / 3, abs=1)
    assert result.age_ms.max() <= (1 + 0.5 + 1.5) * PERIOD_MS + 1e-3


def test_one_slow_batch_makes_the_next_one_late_and_drops_nothing():
    result, _ = tried(lambda streams, turn: 50.0 if turn == 10 else 1.0, together=True)
    assert result.drop_rate_percent == 0
    np.testing.assert_allclose(
        np.sort(result.age_ms)[::-10][:3], [50, 51 - PERIOD_MS, 1], atol=1e-3
    )


def test_what_happens_before_the_trial_does_not_count():
    result, stage = tried(lambda streams, turn: 500.0 if turn <= 5 else 1.0, warm=5, together=True)
    assert result.age_ms.max() < 2
    times = np.array([frame.time_s for frame in stage.given])
    np.testing.assert_allclose(np.diff(times[:5]), 1 / 30)
    assert (np.diff(times) > 0).all()
    assert stage.clock() == pytest.approx(100 + 5 * 0.5 + 4, abs=0.01)


def test_the_stages_forget_one_trial_before_the_next():
    clock = Skipping()
    stage = Costly(clock, lambda streams, turn: 10.0 if turn == 1 else 1.0)
    for streams in (3, 2):
        result = trial([stage], streams, Load(warm=0, seconds=1.0), clock=clock)
        assert result.batch_ms.max() == pytest.approx(10)
        assert len(stage.given) == 30


def test_as_many_are_carried_as_fit_into_a_period():
    row = carried(lambda streams, _: streams * 1.0)
    (figures,) = row.rounds
    assert figures["streams"] == 33
    assert figures["batch_p50_ms"] == pytest.approx(33)
    assert figures["per_stream_us"] == pytest.approx(1000)
    assert figures["drop_rate_percent"] == 0
    assert figures["age_p50_ms"] < figures["age_p95_ms"] < figures["age_p99_ms"] < 100
    assert (row.name, row.config) == ("n", {"threads": "1"})
    assert row.samples["age_ms"].size == 33 * 60
    np.testing.assert_allclose(row.samples["costly_ms"], 33)


def test_as_many_are_carried_as_are_young_enough():
    row = carried(lambda streams, _: streams * 1.0, limit_ms=10.5, together=True)
    assert row.rounds[0]["streams"] == 10


def test_a_slower_rate_carries_more():
    row = carried(lambda streams, _: streams * 1.0, fps=15.0, limit_ms=200.0, seconds=8.0)
    assert row.rounds[0]["streams"] == 66


def test_where_not_even_one_is_carried_the_row_says_none_and_shows_one():
    (figures,) = carried(lambda streams, _: 70.0).rounds
    assert figures["streams"] == 0
    assert figures["drop_rate_percent"] > 1
    assert figures["per_stream_us"] == pytest.approx(70_000)


def test_one_hiccup_does_not_decide_the_search_and_every_trial_is_told():
    told, clock = [], Skipping()
    hiccups = iter([True])

    def cost_ms(streams, turn):
        if streams == 8 and turn == 50 and next(hiccups, False):
            return 500.0
        return streams * 2.0

    stage = Costly(clock, cost_ms)
    row = carries(
        lambda: [stage], Load(seconds=2.0), name="", config={}, tell=told.append, clock=clock
    )
    assert row.rounds[0]["streams"] == 16
    assert [(t.streams, t.carried) for t in told[:2]] == [(8, False), (8, True)]


@pytest.mark.parametrize("answer", [0, 1, 5, 31, 32, 100, 777, 1000])
@pytest.mark.parametrize("first", [1, 8, 1000])
def test_the_search_finds_the_largest_number_within_a_few_percent(answer, first):
    found = largest(lambda n: n <= answer, first=first, most=1000)
    assert answer * (1 - 1 / 32) - 1 < found <= answer
    if answer < 64:
        assert found == answer


def test_no_number_is_asked_for_that_is_not_between_one_and_the_most():
    asked = []
    largest(lambda n: asked.append(n) or True, first=8, most=100)
    largest(lambda n: bool(asked.append(n)), first=8, most=100)
    assert min(asked) == 1
    assert max(asked) == 100


def test_no_two_streams_are_alike():
    people = Crowd(1000, layout="h36m17", seed=0).frame(0.0).people
    assert len({person.xy.tobytes() for person in people.values()}) == 1000


def test_each_stream_moves_as_the_clip_does_and_begins_again_at_its_end():
    crowd = Crowd(3, layout="h36m17", seed=0)
    seen = [crowd.frame(i / 30).people[2].xy for i in range(1131)]
    assert 0 < np.median([np.abs(after - before).max() for before, after in pairwise(seen)]) < 10
    np.testing.assert_array_equal(seen[0], seen[1130])


def test_streams_are_the_same_at_every_run():
    (one, _), (two, _) = tried(lambda *_: 1.0), tried(lambda *_: 1.0)
    np.testing.assert_array_equal(one.age_ms, two.age_ms)


def test_an_unknown_layout_is_named_with_those_that_are_there():
    with pytest.raises(InputError, match=r"kinect.*coco17, h36m17"):
        Crowd(1, layout="kinect", seed=0)


@pytest.mark.parametrize(
    "wrong", [{"fps": 0}, {"limit_ms": -1}, {"drops_percent": 0}, {"seconds": 0.01}, {"warm": -1}]
)
def test_a_load_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}=.*above 0"):
        Load(**wrong)


@pytest.mark.parametrize("wrong", [{"first": 0}, {"first": 9, "most": 8}])
def test_a_search_that_has_nowhere_to_go_is_refused(wrong):
    with pytest.raises(InputError, match="1 <= first <= most"):
        carries(lambda: [], Load(), name="", config={}, **wrong)


def test_the_stages_are_those_of_the_live_program():
    with (
        untrained("gast27s") as path,
        initialize_config_module("gastlive.conf", version_base="1.3"),
    ):
        stages = naming(compose("live", overrides=[f"lifter.checkpoint={path}", "device=cpu"]))
    assert [stage.name for stage in stages] == ["lifter", "head", "decision"]
    frame = Crowd(3, layout="h36m17", seed=0).frame(0.0)
    for stage in stages:
        frame = stage(frame)
    assert all(person.action for person in frame.people.values())
    result = trial(stages, 2, Load(seconds=0.1, warm=1), clock=Skipping())
    assert list(result.stages_ms) == ["lifter", "head", "decision"]


def test_an_untrained_lifter_has_the_shape_of_its_net_and_is_gone_after():
    with untrained("gast27s") as path:
        net, card = load_lifter(path, causal=True, layout="h36m17")
        assert (net.channels, net.receptive_field, card.training["data"]) == (32, 27, "none")
        assert "untrained" in path.name
    assert not path.parent.exists()


def test_an_unknown_net_is_named_with_those_that_are_there():
    with pytest.raises(InputError, match=r"'gast1'.*gast27, gast27s"), untrained("gast1"):
        pass
