from itertools import pairwise

import numpy as np
import pytest

from gastlive.action.decision import Decision
from gastlive.gast.errors import InputError

LABELS = ("idle", "wave", "walk")
WAVE, WALK = 1, 2


def decision(**changes):
    plain = {"enter": 0.6, "leave": 0.4, "enter_s": 0.2, "leave_s": 0.3, "smooth_s": 0.0}
    plain |= {"settle_s": 0.0}
    return Decision(LABELS, background="idle", **{**plain, "shortest_s": 0.0, **changes})


def likely(label, value=0.9):
    rest = (1 - value) / 2
    return np.array([value if i == label else rest for i in range(3)])


def play(rule, track, fps=10.0):
    """Run (label, probability) frame by frame; returns what ran at each frame and what ended."""
    memory, running, ended = None, [], []
    for i, (label, value) in enumerate(track):
        now, finished, memory = rule.step(i / fps, likely(label, value), memory)
        running.append(None if now is None else LABELS[now.label])
        ended += finished
    return running, ended + rule.finish(memory)


def test_an_action_begins_only_when_it_has_been_likely_for_long_enough():
    running, _ = play(decision(), [(WAVE, 0.9)] * 4)
    assert running == [None, None, "wave", "wave"]


def test_a_flash_of_probability_begins_nothing():
    running, ended = play(decision(), [(0, 0.9), (WAVE, 0.9), (0, 0.9), (WAVE, 0.9), (0, 0.9)])
    assert running == [None] * 5
    assert ended == []


def weighing(**changes):
    """Evidence of 0.12 from what is above 0.4."""
    return decision(**{"enter": 0.4, "leave": 0.3, "enter_s": 0.0, "sure_s": 0.12, **changes})


@pytest.mark.parametrize(("value", "frames"), [(0.99, 3), (0.78, 4), (0.54, 9), (0.455, 22)])
def test_the_surer_an_action_the_sooner_it_begins(value, frames):
    running, _ = play(weighing(), [(WAVE, value)] * 30)
    assert running.index("wave") == frames


def test_what_is_never_above_enter_never_begins():
    assert play(weighing(), [(WAVE, 0.4)] * 200)[0] == [None] * 200


def test_a_short_doubt_does_not_begin_evidence_anew():
    doubtful = [(WAVE, 0.8)] * 3 + [(0, 0.7)] + [(WAVE, 0.8)] * 4
    running, (wave,) = play(weighing(), doubtful)
    assert running.index("wave") == 5
    assert wave.start_s == 0.3  # never before a doubt that was the background's
    assert play(decision(enter=0.4, leave=0.3, enter_s=0.25), doubtful)[0].index("wave") == 7


def test_evidence_is_lost_as_fast_as_it_came():
    flashes = [(WAVE, 0.7), *[(0, 0.8)]] * 20  # 0.3 above enter, then as much below
    assert set(play(weighing(), flashes)[0]) == {None}


def test_evidence_that_is_older_than_the_action_before_ends_it_no_sooner_than_it_was_said():
    rule = weighing(shortest_s=0.2, enter=0.3, leave=0.3, sure_s=0.05)
    both = np.array([0.1, 0.46, 0.44])
    memory, said = None, []
    for i in range(12):
        odds = both if i < 6 else likely(WALK, 0.8)
        _, finished, memory = rule.step(i / 10, odds, memory)
        said += finished
    wave, walk = said + rule.finish(memory)
    assert (wave.label, wave.end_s, walk.label) == (WAVE, 0.4, WALK)
    assert walk.start_s == wave.end_s


def test_start_and_end_are_dated_back_to_where_the_probability_rose_and_fell():
    track = [(0, 0.9)] * 5 + [(WAVE, 0.9)] * 10 + [(0, 0.9)] * 10
    _, (wave,) = play(decision(), track)
    assert (wave.label, wave.start_s, wave.end_s) == (WAVE, 0.5, 1.4)
    assert wave.confidence == pytest.approx(0.9)


def test_a_running_action_survives_a_short_dip_below_the_leaving_threshold():
    track = [(WAVE, 0.9)] * 5 + [(0, 0.9)] * 2 + [(WAVE, 0.9)] * 5
    running, ended = play(decision(), track)
    assert running[2:] == ["wave"] * 10
    assert len(ended) == 1


def test_between_the_thresholds_what_runs_goes_on_and_what_does_not_run_does_not_begin():
    assert play(decision(), [(WAVE, 0.5)] * 10)[0] == [None] * 10
    assert play(decision(), [(WAVE, 0.9)] * 3 + [(WAVE, 0.5)] * 10)[0][2:] == ["wave"] * 11


def test_another_action_pushes_the_running_one_out_without_overlap():
    _, (wave, walk) = play(decision(), [(WAVE, 0.9)] * 10 + [(WALK, 0.9)] * 10)
    assert wave.end_s <= walk.start_s
    assert (wave.label, walk.label) == (WAVE, WALK)


def test_actions_never_overlap_even_when_two_are_above_the_entering_threshold():
    rule, memory, ended = decision(enter=0.3, leave=0.2), None, []
    for i in range(60):
        odds = [0.1, 0.5, 0.4] if (i // 20) % 2 == 0 else [0.1, 0.4, 0.5]
        _, finished, memory = rule.step(i / 10, np.array(odds), memory)
        ended += finished
    ended += rule.finish(memory)
    assert [LABELS[e.label] for e in ended] == ["wave", "walk", "wave"]
    for one, after in pairwise(ended):
        assert one.end_s <= after.start_s


def test_the_background_is_never_an_action():
    assert play(decision(), [(0, 0.99)] * 20) == ([None] * 20, [])


def test_times_are_seconds_whatever_the_frame_rate():
    for fps in (10.0, 60.0):
        frames = int(fps)
        _, (wave,) = play(decision(), [(WAVE, 0.9)] * frames + [(0, 0.9)] * frames, fps)
        assert wave.end_s - wave.start_s == pytest.approx(1 - 1 / fps)


def test_smoothing_follows_the_exponential_mean():
    rule = decision(smooth_s=0.5)
    _, _, memory = rule.step(0.0, likely(WAVE))
    _, _, memory = rule.step(0.25, likely(WALK), memory)
    share = 1 - np.exp(-0.5)
    np.testing.assert_allclose(memory.smooth, likely(WAVE) + share * (likely(WALK) - likely(WAVE)))


def test_a_step_leaves_its_memory_alone():
    rule = decision()
    _, _, memory = rule.step(0.0, likely(WAVE))
    first, _, _ = rule.step(0.3, likely(WAVE), memory)
    again, _, _ = rule.step(0.3, likely(WAVE), memory)
    assert first == again
    assert first is not None


def test_too_short_an_action_is_not_reported():
    track = [(WAVE, 0.9)] * 5 + [(0, 0.9)] * 10
    assert play(decision(shortest_s=1.0), track)[1] == []


def test_a_late_head_has_its_actions_dated_back_to_where_something_began():
    unsure = (WALK, 0.5)  # something goes on that nobody can name
    track = [(0, 0.9)] * 5 + [unsure] * 4 + [(WAVE, 0.9)] * 10 + [(0, 0.9)] * 10
    starts = [play(decision(late_s=late_s), track)[1][0].start_s for late_s in (0.0, 0.2, 1.0)]
    assert starts == pytest.approx([0.9, 0.7, 0.4])  # at 0.4 s the person still did nothing


def test_no_action_is_dated_back_into_the_one_before():
    _, (wave, walk) = play(decision(late_s=1.0), [(WAVE, 0.9)] * 10 + [(WALK, 0.9)] * 10)
    assert (wave.start_s, wave.end_s, walk.start_s) == (0.0, 0.9, 0.9)
    gap = [(WAVE, 0.9)] * 5 + [(WALK, 0.5)] * 6 + [(WALK, 0.9)] * 5
    _, (wave, walk) = play(decision(late_s=1.0), gap)
    assert (wave.end_s, walk.start_s) == (0.4, 0.4)


def test_dating_back_makes_no_flash_an_action():
    track = [(0, 0.9), *[(WALK, 0.5)] * 5, *[(WAVE, 0.9)] * 3, *[(0, 0.9)] * 9]
    assert play(decision(late_s=1.0, shortest_s=0.5), track)[1] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"background": "rest"}, "idle, wave, walk"), ({"enter": 0.2}, "leave=0.4, enter=0.2")],
)
def test_senseless_settings_are_refused(changes, said):
    settings = {"background": "idle", "enter": 0.6, "leave": 0.4, **changes}
    with pytest.raises(InputError, match=said):
        Decision(LABELS, **settings)


def test_negative_times_are_refused():
    with pytest.raises(InputError, match="seconds"):
        decision(enter_s=-1)


def test_a_number_on_the_card_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match=r"has patience_s in its decision.*update gastlive"):
        Decision(LABELS, background="idle", tuned={"enter": 0.5, "patience_s": 1.0})


def test_nothing_is_said_of_who_has_just_come_but_what_began_meanwhile_is_said_after():
    waves = [(WAVE, 0.9)] * 14
    assert play(decision(settle_s=1.0), waves)[0] == [None] * 10 + ["wave"] * 4
    _, (wave,) = play(decision(settle_s=1.0), waves)
    assert wave.start_s == 0
    running, ended = play(decision(settle_s=1.0), [(WAVE, 0.9)] * 8 + [(0, 0.9)] * 20)
    assert (running, ended) == ([None] * 28, [])


def test_who_has_been_there_for_long_has_settled():
    running, _ = play(decision(settle_s=1.0), [(0, 0.9)] * 20 + [(WAVE, 0.9)] * 5)
    assert running[20:] == [None, None, "wave", "wave", "wave"]


def test_what_is_barred_begins_when_it_no_longer_is_dated_back_and_ends_as_if_it_fell():
    rule, memory, running, ended = decision(), None, [], []
    for i in range(20):
        barred = () if 6 <= i < 12 else (WALK,)
        now, finished, memory = rule.step(i / 10, likely(WALK), memory, barred=barred)
        running.append(None if now is None else LABELS[now.label])
        ended += finished
    assert running == [None] * 6 + ["walk"] * 9 + [None] * 5  # 0.3 s after it fell
    assert [(e.start_s, e.end_s) for e in ended] == [(0.0, 1.1)]


def test_what_is_barred_holds_back_nothing_else():
    rule, memory = decision(), None
    for i in range(5):
        now, _, memory = rule.step(i / 10, likely(WAVE), memory, barred=(WALK,))
    assert now.label == WAVE


def resumed_after(seconds, odds, *, settle_s=0.5):
    """Waves for a second, is lost, and is back with those probabilities of waving."""
    rule, memory, ended = decision(settle_s=settle_s, leave_s=0.3, smooth_s=0.0), None, []
    for i in range(30):
        _, _, memory = rule.step(i / 30, np.array([0.1, 0.9, 0.0]), memory)
    back_s = 29 / 30 + seconds
    memory = rule.resumed(memory, back_s)
    running = []
    for i, wave in enumerate(odds):
        now, done, memory = rule.step(back_s + i / 30, np.array([1 - wave, wave, 0]), memory)
        running.append(now)
        ended += done
    return running, ended, rule.finish(memory)


def test_an_action_goes_on_over_a_loss_though_the_head_needs_time_to_see_it_again():
    running, ended, last = resumed_after(0.8, [0.1] * 14 + [0.9] * 10)
    assert all(each is not None for each in running)
    assert not ended
    (one,) = last
    assert one.start_s == 0.0
    assert one.end_s == pytest.approx(29 / 30 + 0.8 + 23 / 30)


def test_an_action_that_does_not_go_on_after_a_loss_ended_with_it():
    running, ended, last = resumed_after(0.8, [0.1] * 30)
    assert running[-1] is None
    (one,) = ended
    assert one.end_s == pytest.approx(29 / 30)
    assert not last
