"""How good named actions are, frame by frame and event by event.

Labels are integers; a true label below zero is not known and counts for nothing.
"""

from collections.abc import Sequence
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
    pairs = [
        (_iou(p, t), i, j)
        for i, p in enumerate(predicted)
        for j, t in enumerate(true)
        if p.label == t.label
    ]
    said, shown = set[int](), set[int]()
    for overlap, i, j in sorted(pairs, reverse=True):
        if overlap >= iou and i not in said and j not in shown:
            said.add(i)
            shown.add(j)
    return EventScore(len(said), len(predicted) - len(said), len(true) - len(shown))


def _iou(a: Span, b: Span) -> float:
    both = max(0, min(a.stop, b.stop) - max(a.start, b.start))
    return both / ((a.stop - a.start) + (b.stop - b.start) - both)
