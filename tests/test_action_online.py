"""What is said live of events, on cases small enough to count by hand."""

import numpy as np
import pytest

from gastlive.action.decision import Decision
from gastlive.action.metrics import EventScore, Span
from gastlive.action.online_metrics import OnlineScore, Said, decided, online_score

LABELS = ("idle", "wave", "kick")


def odds(*runs):
    """Probabilities (T, 3) of runs of (frames, likeliest label)."""
    named = np.concatenate([np.full(frames, label) for frames, label in runs])
    return np.full((len(named), 3), 0.05) + 0.85 * np.eye(3)[named]


def decision(**given):
    """10 frames a second; sure after 3 frames, over after 2."""
    times = {"enter_s": 0.25, "leave_s": 0.15, "smooth_s": 0.0, "shortest_s": 0.2} | given
    return Decision(LABELS, background="idle", **times)


def test_an_event_is_dated_back_and_known_later():
    said = decided(odds((5, 0), (10, 1), (6, 0), (8, 2)), decision(), fps=10)
    assert said == [Said(Span(5, 15, 1), 8), Said(Span(21, 29, 2), 24)]


def test_an_action_that_pushes_another_one_out_is_known_when_it_does():
    said = decided(odds((10, 1), (10, 2)), decision(leave=0.01), fps=10)
    assert [each.at for each in said] == [3, 13]
    assert [each.event.label for each in said] == [1, 2]


def test_the_same_action_again_is_known_again():
    said = decided(odds((6, 1), (6, 0), (6, 1)), decision(), fps=10)
    assert said == [Said(Span(0, 6, 1), 3), Said(Span(12, 18, 1), 15)]


def test_what_is_too_short_to_report_is_not_said():
    assert decided(odds((6, 1), (9, 0)), decision(shortest_s=1.0), fps=10) == []
    assert decided(np.zeros((0, 3)), decision(), fps=10) == []


def test_detections_false_positives_and_delays_are_counted():
    true = [Span(10, 20, 1), Span(30, 50, 2), Span(60, 80, 1)]
    said = [
        Said(Span(12, 22, 1), 14),  # 8 of 10 frames, said 0.4 s after the start
        Said(Span(30, 39, 2), 33),  # 9 of 20 frames: not half
        Said(Span(58, 80, 1), 59),  # all of it, said 0.1 s early
        Said(Span(62, 66, 2), 65),
    ]
    score = online_score(said, true, np.zeros(120, int), fps=10)
    assert (score.said, score.detected, score.shown, score.seconds) == (4, 2, 3, 12)
    assert score.delays_s == pytest.approx((0.4, -0.1))
    assert score.detection_rate == pytest.approx(2 / 3)
    assert score.false_positive_rate == pytest.approx(2 / 3)
    assert score.false_positives_per_minute == pytest.approx(10)
    assert score.delay_s(50) == pytest.approx(0.15)
    assert score.events == (EventScore(3, 1, 0), EventScore(3, 1, 0), EventScore(2, 2, 1))


def test_an_event_that_is_said_twice_is_detected_once():
    said = [Said(Span(0, 6, 1), 2), Said(Span(5, 10, 1), 7)]
    score = online_score(said, [Span(0, 10, 1)], np.zeros(10, int), fps=10)
    assert (score.detected, score.false_positive_rate, score.delays_s) == (1, 1, (0.2,))


def test_what_is_named_early_is_told_by_how_much_of_the_event_has_been_seen():
    named = np.array([0] * 10 + [0, 0, 0, 0, 1, 1, 1, 1, 1, 0] + [2] * 5)
    score = online_score([], [Span(10, 20, 1), Span(20, 25, 2)], named, fps=10)
    assert score.early[0] == (False,) * 4 + (True,) * 5 + (False,)
    assert score.early_accuracy() == [0.5] * 4 + [1] * 5 + [0.5]


def test_scores_of_streams_add_up():
    one = online_score([Said(Span(0, 5, 1), 2)], [Span(0, 5, 1)], np.ones(10, int), fps=10)
    two = online_score([Said(Span(0, 5, 2), 2)], [Span(5, 9, 1)], np.ones(20, int), fps=10)
    both = one + two
    assert (both.said, both.detected, both.shown, both.seconds) == (2, 1, 2, 3)
    assert both.delays_s == (0.2,)
    assert both.events[2] == EventScore(1, 1, 1)
    assert both.early_accuracy() == [1] * 10


def test_of_nothing_nothing_is_told():
    nothing = OnlineScore()
    for figure in (
        nothing.detection_rate, nothing.false_positive_rate, nothing.false_positives_per_minute,
        nothing.delay_s(50), *nothing.early_accuracy(),
    ):  # fmt: skip
        assert np.isnan(figure)
