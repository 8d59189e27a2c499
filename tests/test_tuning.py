"""The decision that suits a head."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gastlive.action.calibration import background_shift
from gastlive.action.decision import DEFAULTS, Decision
from gastlive.action.evaluation import scored
from gastlive.action.metrics import EventScore, event_score, spans
from gastlive.action.online_metrics import detections
from gastlive.action.tuning import Aim, best_decision, false_events_per_hour, shifted
from gastlive.conf.option import option
from gastlive.experiments.training import calibrating
from gastlive.experiments.training.budget import TimeBudget
from gastlive.experiments.training.calibrating import calibrated
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

NAMES = ("idle", "wave", "kick")
AIM = Aim(false_per_hour=12.0, quiet_hours=0.1)


def unsure(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A head that never gives an action more than 0.45."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 0, 2, 0, 1, 0], 40)
    odds = np.full((len(truth), 3), 0.28)
    odds[np.arange(len(truth)), truth] = 0.44
    odds += rng.uniform(0, 0.02, odds.shape)
    return odds / odds.sum(1, keepdims=True), truth


def f1(streams, decision) -> float:
    total = EventScore()
    for odds, truth in streams:
        found = [one.event for one in detections(odds, decision, fps=30.0)]
        total += event_score(found, spans(truth, background=0))
    return np.nan_to_num(total.f1)


def test_a_head_that_is_never_sure_gets_a_lower_threshold():
    train, test = ([unsure(seed) for seed in seeds] for seeds in ((0, 1), (2, 3)))
    assert f1(test, Decision(NAMES, background="idle")) == 0
    tuned = best_decision(train, NAMES, background="idle", fps=30.0, passes=1)
    assert tuned["enter"] < DEFAULTS["enter"]
    assert f1(test, Decision(NAMES, background="idle", tuned=tuned)) == 1


def test_doubtful_events_that_are_false_more_often_than_not_are_not_worth_it():
    """With 0.9 the head is right; what it takes for an action with 0.65 is one in 6 of 15 cases."""
    truth, odds = np.zeros(2400, np.int64), np.tile(np.float64([0.98, 0.01, 0.01]), (2400, 1))
    for i, start in enumerate(range(40, 2400, 120)):
        piece = np.s_[start : start + 40]
        odds[piece] = (0.09, 0.9, 0.01) if i % 4 == 1 else (0.34, 0.65, 0.01)
        truth[piece] = i % 4 in (1, 2) or i == 3
    tuned = best_decision([(odds, truth)], NAMES, background="idle", fps=30.0, passes=1)
    assert tuned["enter"] > 0.65
    all_of_them, sure_ones = EventScore(11, 9, 0), EventScore(5, 0, 6)
    assert all_of_them.f1 > sure_ones.f1
    assert all_of_them.f_score(2.0) < sure_ones.f_score(2.0)


def test_what_people_who_do_nothing_are_said_to_do_is_bounded():
    """With 0.65 the head is right where something is done, and wrong where nothing is."""
    truth = np.repeat([0, 1, 0, 2, 0, 1, 0, 1, 0], 40)
    odds = np.full((len(truth), 3), 0.01)
    odds[np.arange(len(truth)), truth] = 0.98
    odds[40:80] = 0.34, 0.65, 0.01
    calm, nothing = np.tile(odds[:120], (3, 1)), np.zeros(360, np.int64)
    given = {"background": "idle", "fps": 30.0, "passes": 1}
    free = best_decision([(odds, truth)], NAMES, **given)
    bound = best_decision(
        [(odds, truth)], NAMES, quiet=[(calm, nothing)], false_per_hour=12.0, **given
    )
    rates = [
        false_events_per_hour(
            [(calm, nothing)], Decision(NAMES, background="idle", tuned=tuned), fps=30.0
        )
        for tuned in (free, bound)
    ]
    assert free["enter"] < 0.65 < bound["enter"]
    assert rates == [900, 0]  # three in 12 s, of which each is 40 frames long


def test_what_comes_next_to_a_bound_that_nothing_keeps_is_taken():
    odds, truth = unsure(0)
    calm = np.tile([0.01, 0.98, 0.01], (300, 1))
    tuned = best_decision(
        [(odds, truth)], NAMES, background="idle", fps=30.0, passes=1, false_per_hour=1.0,
        quiet=[(calm, np.zeros(300, np.int64))],
    )  # fmt: skip
    assert set(tuned) == set(DEFAULTS)


def test_an_event_is_no_false_one_where_somebody_does_just_that():
    odds = np.tile([0.01, 0.98, 0.01], (90, 1))
    decision = Decision(NAMES, background="idle")
    for label, false in ((0, 1200), (1, 0), (2, 1200)):
        truth = np.full(90, label)
        assert false_events_per_hour([(odds, truth)], decision, fps=30.0) == false
    assert false_events_per_hour([], decision, fps=30.0) == 0


def test_a_search_that_has_to_end_gives_the_best_so_far():
    streams, left = [unsure(0), unsure(1)], [True]
    none = best_decision(streams, NAMES, background="idle", fps=30.0, spent=lambda: True)
    assert none == dict(DEFAULTS)

    def spent():
        left.append(True)
        return len(left) > 8

    some = best_decision(streams, NAMES, background="idle", fps=30.0, spent=spent)
    assert some["enter"] < DEFAULTS["enter"]
    assert {**some, "enter": DEFAULTS["enter"]} == dict(DEFAULTS)


def test_a_number_that_is_given_comes_before_the_tuned_one():
    decision = Decision(NAMES, background="idle", tuned={"enter": 0.4, "leave": 0.1}, enter=0.6)
    assert (decision.enter, decision.leave, decision.leave_s) == (0.6, 0.1, DEFAULTS["leave_s"])


def test_a_head_without_a_background_can_decide_nothing():
    with pytest.raises(InputError, match=r"knows no background class.*datamodule=streams"):
        Decision(NAMES, background=None)


def test_a_background_that_was_heard_too_seldom_is_shifted_back():
    torch.manual_seed(0)
    honest = torch.randn(20000, 3)
    targets = torch.distributions.Categorical(logits=honest).sample()
    seldom = honest - torch.tensor([1.5, 0.0, 0.0])
    assert background_shift(seldom, targets, 0) == pytest.approx(1.5, abs=0.1)
    assert background_shift(seldom[targets > 0], targets[targets > 0], 0) == 0.0
    with pytest.raises(InputError, match="no frame has a known label"):
        background_shift(honest, torch.full((20000,), -1), 0)


def test_the_head_itself_is_shifted_so_that_it_travels_with_its_weights():
    torch.manual_seed(0)
    head = option("head/tcn", skeleton=H36M17, labels=NAMES, channels=8).eval()
    xyz, truth = torch.randn(2, 30, 17, 3), torch.zeros(2, 30, dtype=torch.long)
    streams = scored(head.per_frame, [(xyz, truth, truth)])
    shift = shifted(head, streams, 0, None)
    assert shift > 0
    again = scored(head.per_frame, [(xyz, truth, truth)])
    for one, other in zip(streams.logits, again.logits, strict=True):
        torch.testing.assert_close(one, other)


def test_times_are_those_of_the_heads_own_frame_rate():
    """Five frames are half a second at ten a second, and too short for an action at thirty."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 0, 2, 0, 1, 0], [20, 5, 20, 5, 20, 5, 20])
    odds = np.full((len(truth), 3), 0.28)
    odds[np.arange(len(truth)), truth] = 0.44
    odds += rng.uniform(0, 0.02, odds.shape)
    streams = [(odds / odds.sum(1, keepdims=True), truth)]
    tuned = best_decision(streams, NAMES, background="idle", fps=10.0, passes=1)
    decision = Decision(NAMES, background="idle", tuned=tuned)
    said = [one.event for one in detections(streams[0][0], decision, fps=10.0)]
    assert event_score(said, spans(truth, background=0), iou=0.25).f1 == 1


def head_and_data():
    torch.manual_seed(0)
    head = option("head/tcn", skeleton=H36M17, labels=NAMES, channels=8).eval()
    xyz, truth = torch.randn(2, 30, 17, 3), torch.randint(3, (2, 30))
    data = SimpleNamespace(
        labels=SimpleNamespace(names=NAMES, idle=0),
        val_dataloader=lambda: [(xyz, truth, truth)],
        aside=lambda hours: (),
    )
    return head, data


def test_a_softer_head_is_tuned_on_its_softer_probabilities(monkeypatch):
    seen = []

    def decision(streams, *_, **__):
        seen.append(max(odds.max() for odds, _ in streams))
        return {}

    monkeypatch.setattr(calibrating, "best_decision", decision)
    plain, soft = (calibrated(*head_and_data(), None, None, aim=AIM, softer=f) for f in (1.0, 1.5))
    assert soft.temperature == pytest.approx(1.5 * plain.temperature)
    assert seen[1] < seen[0]


@pytest.mark.parametrize(("days", "said"), [(0, True), (9, False)])
def test_a_decision_that_no_time_was_left_for_is_told(days, said, capsys):
    now_s = itertools.count()
    budget = TimeBudget(f"{days:02}:00:00:01", clock=lambda: next(now_s))
    budget.on_fit_start()
    trainer = SimpleNamespace(callbacks=[budget], num_val_batches=[1])
    calibrated(*head_and_data(), None, trainer, aim=AIM)
    assert ("max_time is up: the decision" in capsys.readouterr().out) is said


def test_a_temperature_can_not_be_none_at_all():
    with pytest.raises(InputError, match="softer=0"):
        calibrated(*head_and_data(), None, None, aim=AIM, softer=0)


def test_a_head_calibrated_before_keeps_temperature_decision_and_shift():
    head, data = head_and_data()
    bias = head.score.bias.detach().clone()
    before = SimpleNamespace(
        temperature=1.7,
        decision={"enter": 0.41, "late_s": 0.2},
        training={"validation": {"background_shift": 0.75}},
    )
    done = calibrated(head, data, before, None, aim=AIM)
    assert (done.temperature, done.decision) == (1.7, {"enter": 0.41, "late_s": 0.2})
    assert done.figures["background_shift"] == 0.75
    torch.testing.assert_close(head.score.bias - bias, torch.tensor([0.75, 0.0, 0.0]))
