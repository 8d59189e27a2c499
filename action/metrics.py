"""Figures by clip, frame and event; labels are class indices, ignored where below zero."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from ..gast.errors import InputError


def confusion_matrix(predicted: np.ndarray, true: np.ndarray, *, classes: int) -> np.ndarray:
    """(K, K) counts of frames: row the ground truth, column the prediction."""
    from sklearn import metrics  # slow to import, and the live program needs none of it

    known = true >= 0
    if not known.any():  # which scikit-learn refuses
        return np.zeros((classes, classes), np.int64)
    return metrics.confusion_matrix(true[known], predicted[known], labels=range(classes))


def frame_accuracy(confusion: np.ndarray) -> float:
    """Share of frames classified correctly; NaN if there are none."""
    return float(np.trace(confusion) / confusion.sum()) if confusion.sum() else float("nan")


def class_accuracies(confusion: np.ndarray) -> np.ndarray:
    """(K,) recall of each class; NaN for a class without frames."""
    frames = confusion.sum(1)
    return np.where(frames > 0, np.diag(confusion) / np.maximum(frames, 1), np.nan)


def mean_class_accuracy(confusion: np.ndarray) -> float:
    """Mean of `class_accuracies` over the classes that occur; NaN if none does."""
    shares = class_accuracies(confusion)
    return float(np.nanmean(shares)) if np.isfinite(shares).any() else float("nan")


def top_accuracy(scores: np.ndarray, true: np.ndarray, *, among: int) -> float:
    """Top-`among` accuracy of scores (N, K); NaN without any; of equal scores the first is higher.

    An InputError if a score is not a finite number.
    """
    from sklearn import metrics

    scores, true = _known(scores, true)
    classes = scores.shape[1]
    if not len(true):
        return float("nan")
    if among >= classes:
        return 1.0
    if among == 1:
        return float(metrics.accuracy_score(true, scores.argmax(-1)))
    # Reversed: of equal scores scikit-learn ranks the last column first, argmax the first.
    return float(
        metrics.top_k_accuracy_score(
            classes - 1 - true, scores[:, ::-1], k=among, labels=range(classes)
        )
    )


def average_precisions(scores: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Average precision (K,) of scores (N, K); NaN for an absent class; raises as `top_accuracy`.

    Source: Geest et al. 2016, "Online action detection", §4, for the average over frames.
    """
    from sklearn import metrics

    scores, true = _known(scores, true)
    precisions = np.full(scores.shape[1], np.nan)
    for label in np.unique(true):
        precisions[label] = metrics.average_precision_score(true == label, scores[:, label])
    return precisions


def _known(scores: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, true = scores[true >= 0], true[true >= 0]
    if broken := int((~np.isfinite(scores)).any(-1).sum()):
        raise InputError(
            f"the head's scores are not finite in {broken} of {len(scores)} samples; its weights "
            f"are broken, train it anew"
        )
    return scores, true


class Reliability(NamedTuple):
    """Equal bins of confidence between 0 and 1, (B,) each; NaN for a bin without samples."""

    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray


def reliability(probabilities: np.ndarray, true: np.ndarray, *, bins: int = 15) -> Reliability:
    """Confidence against accuracy of probabilities (N, K), in B = `bins` bins."""
    known = true >= 0
    confidence, predicted = probabilities[known].max(-1), probabilities[known].argmax(-1)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)

    def means(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(place, weights=values, minlength=bins)
        return np.where(counts, sums / np.maximum(counts, 1), np.nan)

    return Reliability(means(confidence), means(predicted == true[known]), counts)


SHARES = tuple(tenth / 10 for tenth in range(1, 11))
"""Shares of an action after which early recognition is measured."""


def observed(frames: int) -> list[int]:
    """Number of frames seen at each of `SHARES` of `frames` frames, rounded up."""
    return [-(-frames * tenth // 10) for tenth in range(1, 11)]


class Span(NamedTuple):
    """A segment: frames ``start <= t < stop`` show the action of class index `label`."""

    start: int
    stop: int
    label: int


def spans(labels: np.ndarray, *, background: int) -> list[Span]:
    """Runs of one action in labels (T,), without background and unlabelled frames."""
    edges = np.flatnonzero(np.diff(labels)) + 1
    starts, stops = np.r_[0, edges], np.r_[edges, len(labels)]
    runs = [
        Span(int(a), int(b), int(labels[a])) for a, b in zip(starts, stops, strict=True) if a < b
    ]
    return [run for run in runs if run.label >= 0 and run.label != background]


@dataclass(frozen=True, slots=True)
class EventScore:
    """True positives, false positives and false negatives; scores of several recordings add up."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0

    def __add__(self, other: Self) -> "EventScore":
        return EventScore(
            self.hits + other.hits,
            self.false_alarms + other.false_alarms,
            self.misses + other.misses,
        )

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where there are no events at all."""
        return self.f_score(1.0)

    def f_score(self, false: float) -> float:
        """F1 in which a false alarm is as bad as so many misses: F-beta, beta² is 1 / `false`."""
        wrong = false * self.false_alarms + self.misses
        right = (1 + false) * self.hits
        return right / (right + wrong) if right + wrong else float("nan")


def event_score(predicted: Sequence[Span], true: Sequence[Span], *, iou: float = 0.5) -> EventScore:
    """Match events of equal labels one to one by intersection over union, at least `iou`."""
    hits = len(matches(predicted, true, overlap=overlap_of_both, least=iou))
    return EventScore(hits, len(predicted) - hits, len(true) - hits)


def matches(
    predicted: Sequence[Span],
    true: Sequence[Span],
    *,
    overlap: Callable[[Span, Span], float],
    least: float,
) -> list[tuple[int, int]]:
    """Index pairs of events of equal labels, one to one, best overlap (0 to 1) first."""
    pairs = [
        (overlap(p, t), i, j)
        for i, p in enumerate(predicted)
        for j, t in enumerate(true)
        if p.label == t.label
    ]
    partners, taken = dict[int, int](), set[int]()
    for common, i, j in sorted(pairs, reverse=True):
        if common >= least and i not in partners and j not in taken:
            partners[i] = j
            taken.add(j)
    return list(partners.items())


def overlap_of_both(a: Span, b: Span) -> float:
    """Intersection over union."""
    both = _common(a, b)
    return both / ((a.stop - a.start) + (b.stop - b.start) - both)


def overlap_of_true(predicted: Span, true: Span) -> float:
    """Share of the ground truth's frames that were predicted."""
    return _common(predicted, true) / (true.stop - true.start)


def _common(a: Span, b: Span) -> int:
    return max(0, min(a.stop, b.stop) - max(a.start, b.start))
