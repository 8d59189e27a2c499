"""Figures of the events that a live program reports: found, false, and how late."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from .decision import Decision, Memory
from .metrics import SHARES, EventScore, Span, event_score, matches, observed, overlap_of_true

THRESHOLDS = (0.1, 0.25, 0.5)
"""Overlaps at which events count as found."""


class Detection(NamedTuple):
    """A detected event, dated back, and the frame at which it was first reported."""

    event: Span
    at: int


def detections(probabilities: np.ndarray, decision: Decision, *, fps: float) -> list[Detection]:
    """The events of one stream, from calibrated probabilities (T, K), in the order they ended."""
    memory: Memory | None = None
    finished, first = [], dict[tuple[int, float], int]()
    for t, odds in enumerate(probabilities):
        running, ended, memory = decision.step(t / fps, odds, memory)
        finished += ended
        if running is not None:
            first.setdefault((running.label, running.start_s), t)
    if memory is not None:
        finished += decision.finish(memory)
    return [
        Detection(
            Span(round(e.start_s * fps), round(e.end_s * fps) + 1, e.label),
            first[e.label, e.start_s],
        )
        for e in finished
    ]


@dataclass(frozen=True, slots=True)
class OnlineScore:
    """Events of streams: their counts, delays and early accuracy; scores of several add up.

    Attributes:
        events: By intersection over union, at each of `THRESHOLDS`.
        detected: Number of true events of which half the frames or more were reported.
        delays_s: From the start of each detected event to its first report.
        early: For each true event, at each of `SHARES` of it, whether that frame was right.
    """

    events: tuple[EventScore, ...] = (EventScore(),) * len(THRESHOLDS)
    reported: int = 0
    detected: int = 0
    true: int = 0
    seconds: float = 0.0
    delays_s: tuple[float, ...] = ()
    early: tuple[tuple[bool, ...], ...] = ()

    def __add__(self, other: Self) -> "OnlineScore":
        return OnlineScore(
            tuple(one + two for one, two in zip(self.events, other.events, strict=True)),
            self.reported + other.reported,
            self.detected + other.detected,
            self.true + other.true,
            self.seconds + other.seconds,
            self.delays_s + other.delays_s,
            self.early + other.early,
        )

    @property
    def detection_rate(self) -> float:
        """Share of true events that were detected; NaN if there are none."""
        return _ratio(self.detected, self.true)

    @property
    def false_positive_rate(self) -> float:
        """False positives for each true event; NaN if there are none."""
        return _ratio(self.reported - self.detected, self.true)

    @property
    def false_positives_per_hour(self) -> float:
        """False positives for each hour; NaN if there are no frames."""
        return _ratio(3600 * (self.reported - self.detected), self.seconds)

    def delay_s(self, percentile: float) -> float:
        """Percentile of `delays_s`; NaN if nothing was detected."""
        return float(np.percentile(self.delays_s, percentile)) if self.delays_s else float("nan")

    def early_accuracy(self) -> list[float]:
        """Share of true events classified correctly at each of `SHARES` of them; NaN if none."""
        found = np.array(self.early, float).reshape(-1, len(SHARES))
        return found.mean(0).tolist() if len(found) else [float("nan")] * len(SHARES)


def online_score(
    reported: Sequence[Detection], true: Sequence[Span], named: np.ndarray, *, fps: float
) -> OnlineScore:
    """The score of one stream from reported events, true ones, and each frame's class index (T,).

    Source: Emporio et al. 2022, "SHREC 2022 track on online detection of heterogeneous gestures".
    """
    events = [each.event for each in reported]
    pairs = matches(events, true, overlap=overlap_of_true, least=0.5)
    return OnlineScore(
        tuple(event_score(events, true, iou=iou) for iou in THRESHOLDS),
        len(reported),
        len(pairs),
        len(true),
        len(named) / fps,
        tuple((reported[i].at - true[j].start) / fps for i, j in sorted(pairs)),
        tuple(_early(named, span) for span in true),
    )


def _early(named: np.ndarray, span: Span) -> tuple[bool, ...]:
    frames = observed(span.stop - span.start)
    return tuple(bool(named[span.start + seen - 1] == span.label) for seen in frames)


def _ratio(one: float, other: float) -> float:
    return one / other if other else float("nan")
