"""Figures of named actions, on cases small enough to count by hand."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from gastlive.action.calibration import calibration_error
from gastlive.action.metrics import (
    EventScore,
    Span,
    average_precisions,
    class_accuracies,
    confusion_matrix,
    event_score,
    frame_accuracy,
    matches,
    mean_class_accuracy,
    observed,
    overlap_of_both,
    overlap_of_true,
    reliability,
    spans,
    top_accuracy,
)
from gastlive.gast.errors import InputError


def test_frames_are_counted_by_what_was_shown_and_what_was_said():
    true = np.array([0, 0, 0, 1, 1, -1, 2])
    said = np.array([0, 0, 1, 1, 0, 2, 0])
    confusion = confusion_matrix(said, true, classes=4)
    assert confusion.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert frame_accuracy(confusion) == 3 / 6
    assert class_accuracies(confusion)[:3].tolist() == [2 / 3, 1 / 2, 0]
    assert np.isnan(class_accuracies(confusion)[3])
    assert mean_class_accuracy(confusion) == pytest.approx((2 / 3 + 1 / 2) / 3)


def test_without_frames_there_is_no_accuracy():
    nothing = confusion_matrix(np.array([1]), np.array([-1]), classes=2)
    assert np.isnan(frame_accuracy(nothing))
    assert np.isnan(mean_class_accuracy(nothing))


def test_events_are_runs_of_one_action():
    labels = np.array([1, 1, 0, 2, 2, 2, 1, -1, 1])
    found = spans(labels, background=0)
    assert found == [Span(0, 2, 1), Span(3, 6, 2), Span(6, 7, 1), Span(8, 9, 1)]
    assert spans(np.array([], int), background=0) == []


def test_an_event_is_found_if_half_of_it_is():
    true = [Span(0, 10, 1)]
    assert event_score([Span(0, 5, 1)], true) == EventScore(1, 0, 0)
    assert event_score([Span(0, 4, 1)], true) == EventScore(0, 1, 1)
    assert event_score([Span(0, 10, 2)], true) == EventScore(0, 1, 1)
    assert event_score([], true) == EventScore(0, 0, 1)


def test_an_event_is_found_once_and_by_what_fits_best():
    true = [Span(0, 10, 1), Span(10, 30, 1)]
    said = [Span(0, 19, 1), Span(1, 11, 1)]
    assert event_score(said, true, iou=0.45) == EventScore(1, 1, 1)
    assert event_score([Span(0, 5, 1), Span(5, 10, 1)], true[:1]) == EventScore(1, 1, 0)


def test_scores_of_recordings_add_up():
    score = EventScore(3, 1, 0) + EventScore(1, 1, 2)
    assert score == EventScore(4, 2, 2)
    assert score.f1 == pytest.approx(8 / 12)
    assert np.isnan(EventScore().f1)


def test_the_truth_is_sought_among_the_best():
    scores = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [9, 0, 0]])
    true = np.array([1, 0, 1, -1])
    found = [top_accuracy(scores, true, among=n) for n in (1, 2, 3, 5)]
    assert found == pytest.approx([1 / 3, 1, 1, 1])
    assert np.isnan(top_accuracy(scores, np.full(4, -1), among=1))


def test_top_accuracies_are_counted_by_hand_whatever_the_number_of_classes():
    rng = np.random.default_rng(0)
    for classes in (2, 3, 5):
        scores = rng.random((60, classes)).round(1)  # many are equal
        true = rng.integers(-1, classes - 1, 60)  # the last class never occurs
        known = true >= 0
        order = np.argsort(-scores[known], axis=1, kind="stable")
        for among in range(1, classes + 2):
            expected = (order[:, :among] == true[known, None]).any(1).mean()
            assert top_accuracy(scores, true, among=among) == pytest.approx(expected)


def test_scores_that_are_no_numbers_are_refused_where_the_truth_is_known():
    scores = np.array([[0.1, np.nan], [0.2, 0.8], [np.inf, 0]])
    for figure in (average_precisions, lambda *given: top_accuracy(*given, among=1)):
        with pytest.raises(InputError, match="not finite in 1 of 2 samples"):
            figure(scores, np.array([0, 1, -1]))
        assert np.isfinite(figure(scores, np.array([-1, 1, -1]))).any()


def test_scikit_learn_is_imported_only_when_a_figure_is_wanted():
    program = "import sys, gastlive.action.metrics; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_precision_is_averaged_over_what_is_found():
    scores = np.array([0.9, 0.8, 0.7, 0.6])[:, None] * [1, 0, 1]
    scores[:, 1] = [0.1, 0.2, 0.3, 0.4]
    precisions = average_precisions(scores, np.array([0, 1, 0, 1]))
    assert precisions[0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert precisions[1] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert np.isnan(precisions[2])


def test_average_precision_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    scores = rng.random((200, 3)).round(1)  # many are equal
    true = rng.integers(-1, 3, 200)
    known = true >= 0
    expected = [average_precision_score(true[known] == k, scores[known, k]) for k in range(3)]
    assert average_precisions(scores, true) == pytest.approx(expected)


def test_reliability_is_the_calibration_error_in_parts():
    odds = np.array([[0.95, 0.05], [0.91, 0.09], [0.4, 0.6], [1, 0]])
    told = reliability(odds, np.array([0, 1, 1, -1]), bins=10)
    assert told.counts.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 2]
    assert told.confidence[[6, 9]] == pytest.approx([0.6, 0.93])
    assert told.accuracy[[6, 9]].tolist() == [1, 0.5]
    assert np.isnan(told.accuracy[0])
    rng = np.random.default_rng(0)
    odds, true = rng.dirichlet(np.ones(4), 500), rng.integers(-1, 4, 500)
    told = reliability(odds, true)
    gaps = np.nansum(np.abs(told.confidence - told.accuracy) * told.counts) / told.counts.sum()
    expected = calibration_error(torch.from_numpy(odds), torch.from_numpy(true))
    assert gaps == pytest.approx(expected)


def test_confidences_of_different_bins_do_not_excuse_each_other():
    odds = torch.tensor([[0.56, 0.44], [0.64, 0.36]])
    assert calibration_error(odds, torch.tensor([0, 1]), bins=10) == pytest.approx(0.54)
    assert calibration_error(odds, torch.tensor([0, 1]), bins=5) == pytest.approx(0.54)
    assert calibration_error(odds, torch.tensor([0, 1]), bins=2) == pytest.approx(0.1)


def test_what_is_seen_of_a_clip_is_rounded_up():
    assert observed(30) == list(range(3, 31, 3))
    assert observed(7) == [1, 2, 3, 3, 4, 5, 5, 6, 7, 7]
    assert observed(1) == [1] * 10


def test_a_long_event_finds_all_of_a_short_one_but_is_not_like_it():
    long, short = Span(0, 100, 1), Span(20, 30, 1)
    assert overlap_of_true(long, short) == 1
    assert overlap_of_both(long, short) == 0.1
    others = [short, Span(40, 60, 1), Span(40, 60, 2)]
    assert matches([long], others, overlap=overlap_of_true, least=0.5) in ([(0, 0)], [(0, 1)])
    assert matches([long], others, overlap=overlap_of_both, least=0.15) == [(0, 1)]
    assert matches([], others, overlap=overlap_of_true, least=0) == []
