"""Figures of events reported live, on cases small enough to count by hand."""

import numpy as np
import pytest

from gastlive.action.decision import Decision
from gastlive.action.metrics import EventScore, Span
from gastlive.action.online_metrics import Detection, OnlineScore, detections, online_score

LABELS = ("idle", "wave", "kick")


def odds(*runs):
    """Probabilities (T, 3) of runs of (frames, likeliest label)."""
    named = np.concatenate([np.full(frames, label) for frames, label in runs])
    return np.full((len(named), 3), 0.05) + 0.85 * np.eye(3)[named]


def decision(**given):
    """10 frames a second; sure after 3 frames, over after 2."""
    times = {"enter_s": 0.25, "leave_s": 0.15, "smooth_s": 0.0, "shortest_s": 0.2} | given
    return Decision(LABELS, background="idle", **{"settle_s": 0.0, **times})


def test_an_event_is_dated_back_and_known_later():
    reported = detections(odds((5, 0), (10, 1), (6, 0), (8, 2)), decision(), fps=10)
    assert reported == [Detection(Span(5, 15, 1), 8), Detection(Span(21, 29, 2), 24)]


def test_an_action_that_pushes_another_one_out_is_known_when_it_does():
    reported = detections(odds((10, 1), (10, 2)), decision(leave=0.01), fps=10)
    assert [each.at for each in reported] == [3, 13]
    assert [each.event.label for each in reported] == [1, 2]


def test_the_same_action_again_is_known_again():
    reported = detections(odds((6, 1), (6, 0), (6, 1)), decision(), fps=10)
    assert reported == [Detection(Span(0, 6, 1), 3), Detection(Span(12, 18, 1), 15)]


def test_an_event_too_short_is_not_reported():
    assert detections(odds((6, 1), (9, 0)), decision(shortest_s=1.0), fps=10) == []
    assert detections(np.zeros((0, 3)), decision(), fps=10) == []


def test_detections_false_positives_and_delays_are_counted():
    true = [Span(10, 20, 1), Span(30, 50, 2), Span(60, 80, 1)]
    reported = [
        Detection(Span(12, 22, 1), 14),  # 8 of 10 frames, known 0.4 s after the start
        Detection(Span(30, 39, 2), 33),  # 9 of 20 frames: not half
        Detection(Span(58, 80, 1), 59),  # all of it, known 0.1 s early
        Detection(Span(62, 66, 2), 65),
    ]
    score = online_score(reported, true, np.zeros(120, int), fps=10)
    assert (score.reported, score.detected, score.true, score.seconds) == (4, 2, 3, 12)
    assert score.delays_s == pytest.approx((0.4, -0.1))
    assert score.detection_rate == pytest.approx(2 / 3)
    assert score.false_positive_rate == pytest.approx(2 / 3)
    assert score.false_positives_per_hour == pytest.approx(600)
    assert score.delay_s(50) == pytest.approx(0.15)
    assert score.events == (EventScore(3, 1, 0), EventScore(3, 1, 0), EventScore(2, 2, 1))


def test_an_event_that_is_reported_twice_is_detected_once():
    reported = [Detection(Span(0, 6, 1), 2), Detection(Span(5, 10, 1), 7)]
    score = online_score(reported, [Span(0, 10, 1)], np.zeros(10, int), fps=10)
    assert (score.detected, score.false_positive_rate, score.delays_s) == (1, 1, (0.2,))


def test_early_recognition_is_measured_by_the_share_of_the_event_seen():
    named = np.array([0] * 10 + [0, 0, 0, 0, 1, 1, 1, 1, 1, 0] + [2] * 5)
    score = online_score([], [Span(10, 20, 1), Span(20, 25, 2)], named, fps=10)
    assert score.early[0] == (False,) * 4 + (True,) * 5 + (False,)
    assert score.early_accuracy() == [0.5] * 4 + [1] * 5 + [0.5]


def test_scores_of_streams_add_up():
    one = online_score([Detection(Span(0, 5, 1), 2)], [Span(0, 5, 1)], np.ones(10, int), fps=10)
    two = online_score([Detection(Span(0, 5, 2), 2)], [Span(5, 9, 1)], np.ones(20, int), fps=10)
    both = one + two
    assert (both.reported, both.detected, both.true, both.seconds) == (2, 1, 2, 3)
    assert both.delays_s == (0.2,)
    assert both.events[2] == EventScore(1, 1, 1)
    assert both.early_accuracy() == [1] * 10


def test_of_nothing_every_figure_is_nan():
    nothing = OnlineScore()
    for figure in (
        nothing.detection_rate, nothing.false_positive_rate, nothing.false_positives_per_hour,
        nothing.delay_s(50), *nothing.early_accuracy(),
    ):  # fmt: skip
        assert np.isnan(figure)
