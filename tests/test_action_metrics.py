"""Figures of named actions, on cases small enough to count by hand."""

import numpy as np
import pytest
import torch

from gastlive.action.evaluation import Scored, figures
from gastlive.action.head import StreamingHead
from gastlive.action.metrics import (
    EventScore,
    Span,
    class_accuracies,
    confusion_matrix,
    event_score,
    frame_accuracy,
    mean_class_accuracy,
    spans,
)
from gastlive.gast.skeleton import H36M17


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


def test_frames_that_nobody_knows_neither_make_nor_break_an_event():
    head = StreamingHead(H36M17, labels=("idle", "wave"), fps=30, settings={}, receptive_field=None)
    truth = torch.tensor(
        [0] * 20 + [-1] * 30 + [0] * 20 + [1] * 20 + [-1] * 30 + [1] * 20 + [0] * 20
    )
    said = torch.cat([torch.tensor([0] * 20 + [1] * 30), truth[50:].clamp_min(0)])
    logits = torch.nn.functional.one_hot(said, 2).float() * 20
    result = figures(Scored([logits], [truth]), head, background="idle", temperature=1.0)
    assert result["event_f1"] == 1.0
    assert result["frame_accuracy"] == 1.0
    assert result["frames"] == 100
    assert result["by_label"] == {"idle": 1.0, "wave": 1.0}
    assert result["calibration_error"] < 1e-4
