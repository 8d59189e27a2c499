"""How good named actions are: clip by clip, frame by frame and event by event.

Labels are integers; a true label below zero is not known and counts for nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np


def confusion_matrix(predicted: np.ndarray, true: np.ndarray, *, classes: int) -> np.ndarray:
    """(K, K) counts of frames, row the truth, column what was said."""
    known = true >= 0
    places = true[known].astype(int) * classes + predicted[known].astype(int)
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def frame_accuracy(confusion: np.ndarray) -> float:
    """Share of frames named right; NaN if there are none."""
    return float(np.trace(confusion) / confusion.sum()) if confusion.sum() else float("nan")


def class_accuracies(confusion: np.ndarray) -> np.ndarray:
    """(K,) share of each action's frames named right; NaN for an action without frames."""
    frames = confusion.sum(1)
    return np.where(frames > 0, np.diag(confusion) / np.maximum(frames, 1), np.nan)


def mean_class_accuracy(confusion: np.ndarray) -> float:
    """Mean of `class_accuracies` over the actions that there are; NaN if there are none."""
    shares = class_accuracies(confusion)
    return float(np.nanmean(shares)) if np.isfinite(shares).any() else float("nan")


def top_accuracy(scores: np.ndarray, true: np.ndarray, *, among: int) -> float:
    """Share of (N, K) scores whose true label is among so many best ones; NaN without any.

    Of equal scores those of lower labels are the better ones, as `argmax` has it.
    """
    known = true >= 0
    best = np.argsort(-scores[known], axis=-1, kind="stable")[:, :among]
    found = (best == true[known, None]).any(-1)
    return float(found.mean()) if len(found) else float("nan")


def average_precisions(scores: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(K,) area under each action's steps of precision over recall; NaN for one that never is on.

    Args:
        scores: (N, K), such as probabilities of frames; equal ones are found together.
        true: (N,).

    Source: Geest et al. 2016, "Online action detection", §4, for the average over frames.
    """
    known = true >= 0
    scores, true = scores[known], true[known]
    columns = (_average_precision(scores[:, k], true == k) for k in range(scores.shape[1]))
    return np.array(list(columns))


def _average_precision(scores: np.ndarray, on: np.ndarray) -> float:
    if not on.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(on[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # of those with equal scores
    precision = found[last] / (np.flatnonzero(last) + 1)
    recall = found[last] / found[-1]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


class Reliability(NamedTuple):
    """Equal bins of confidence between 0 and 1, (B,) each; NaN where nothing was that sure."""

    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray


def reliability(probabilities: np.ndarray, true: np.ndarray, *, bins: int = 15) -> Reliability:
    """How often what was said so surely was right; `calibration_error` in parts.

    Args:
        probabilities: (N, K), sum to one.
        true: (N,).
        bins: B.
    """
    known = true >= 0
    confidence, said = probabilities[known].max(-1), probabilities[known].argmax(-1)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)

    def means(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(place, weights=values, minlength=bins)
        return np.where(counts, sums / np.maximum(counts, 1), np.nan)

    return Reliability(means(confidence), means(said == true[known]), counts)


SHARES = tuple(tenth / 10 for tenth in range(1, 11))
"""Of an action, by which early recognition is told."""


def observed(frames: int) -> list[int]:
    """How many of so many frames have been seen at each of `SHARES`, rounded up."""
    return [-(-frames * tenth // 10) for tenth in range(1, 11)]


class Span(NamedTuple):
    """Frames ``start <= t < stop`` show action `label`."""

    start: int
    stop: int
    label: int


def spans(labels: np.ndarray, *, background: int) -> list[Span]:
    """Runs of one action in a label per frame; background and unknown frames are in none."""
    edges = np.flatnonzero(np.diff(labels)) + 1
    starts, stops = np.r_[0, edges], np.r_[edges, len(labels)]
    runs = [
        Span(int(a), int(b), int(labels[a])) for a, b in zip(starts, stops, strict=True) if a < b
    ]
    return [run for run in runs if run.label >= 0 and run.label != background]


@dataclass(frozen=True, slots=True)
class EventScore:
    """Events found, invented and missed; scores of several recordings add up."""

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
        """Harmonic mean of precision and recall; NaN where nothing was or was said to be."""
        wrong = self.false_alarms + self.misses
        return 2 * self.hits / (2 * self.hits + wrong) if self.hits + wrong else float("nan")


def event_score(predicted: Sequence[Span], true: Sequence[Span], *, iou: float = 0.5) -> EventScore:
    """Match events one to one, best overlap first.

    Two events match if their labels are equal and the frames in both are at least the share `iou`
    of the frames in either.
    """
    hits = len(matches(predicted, true, overlap=overlap_of_both, least=iou))
    return EventScore(hits, len(predicted) - hits, len(true) - hits)


def matches(
    predicted: Sequence[Span],
    true: Sequence[Span],
    *,
    overlap: Callable[[Span, Span], float],
    least: float,
) -> list[tuple[int, int]]:
    """Places of events of equal labels that belong together, one to one, best overlap first.

    Args:
        predicted: Events.
        true: Events.
        overlap: How much two of them have in common, 0 to 1.
        least: How much they must.
    """
    pairs = [
        (overlap(p, t), i, j)
        for i, p in enumerate(predicted)
        for j, t in enumerate(true)
        if p.label == t.label
    ]
    said, shown = dict[int, int](), set[int]()
    for common, i, j in sorted(pairs, reverse=True):
        if common >= least and i not in said and j not in shown:
            said[i] = j
            shown.add(j)
    return list(said.items())


def overlap_of_both(a: Span, b: Span) -> float:
    """Intersection over union."""
    both = _common(a, b)
    return both / ((a.stop - a.start) + (b.stop - b.start) - both)


def overlap_of_true(predicted: Span, true: Span) -> float:
    """Share of the true event's frames that were predicted."""
    return _common(predicted, true) / (true.stop - true.start)


def _common(a: Span, b: Span) -> int:
    return max(0, min(a.stop, b.stop) - max(a.start, b.start))
