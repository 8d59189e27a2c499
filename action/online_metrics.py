"""Events as a live program says them: what was found, what was invented, and how late."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from .decision import Decision, Memory
from .metrics import SHARES, EventScore, Span, event_score, matches, observed, overlap_of_true

THRESHOLDS = (0.1, 0.25, 0.5)
"""Overlaps at which events count as found."""


class Said(NamedTuple):
    """An event that was said: its frames, and the frame at which it was said first."""

    event: Span
    at: int


def decided(probabilities: np.ndarray, decision: Decision, *, fps: float) -> list[Said]:
    """The events of one stream, from calibrated probabilities (T, K), in the order they ended.

    An event is dated back to where it began; `Said.at` is when that was known. One that turned out
    too short to be reported is in none.
    """
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
        Said(
            Span(round(e.start_s * fps), round(e.end_s * fps) + 1, e.label),
            first[e.label, e.start_s],
        )
        for e in finished
    ]


@dataclass(frozen=True, slots=True)
class OnlineScore:
    """Of streams; scores of several add up.

    Attributes:
        events: By overlap of both, at each of `THRESHOLDS`.
        said: How many events were said.
        detected: True events of which half the frames or more were said.
        shown: True events.
        seconds: Of the streams.
        delays_s: From the start of each detected event to when it was said.
        early: For each true event, at each of `SHARES` of it, if its frame was named right.
    """

    events: tuple[EventScore, ...] = (EventScore(),) * len(THRESHOLDS)
    said: int = 0
    detected: int = 0
    shown: int = 0
    seconds: float = 0.0
    delays_s: tuple[float, ...] = ()
    early: tuple[tuple[bool, ...], ...] = ()

    def __add__(self, other: Self) -> "OnlineScore":
        return OnlineScore(
            tuple(one + two for one, two in zip(self.events, other.events, strict=True)),
            self.said + other.said,
            self.detected + other.detected,
            self.shown + other.shown,
            self.seconds + other.seconds,
            self.delays_s + other.delays_s,
            self.early + other.early,
        )

    @property
    def detection_rate(self) -> float:
        """Share of true events that were detected; NaN if there are none."""
        return _ratio(self.detected, self.shown)

    @property
    def false_positive_rate(self) -> float:
        """Said events that detected none, for each true event; NaN if there are none."""
        return _ratio(self.said - self.detected, self.shown)

    @property
    def false_positives_per_minute(self) -> float:
        """Said events that detected none, for each minute; NaN if there are no frames."""
        return _ratio(60 * (self.said - self.detected), self.seconds)

    def delay_s(self, percentile: float) -> float:
        """Of `delays_s`; NaN if nothing was detected."""
        return float(np.percentile(self.delays_s, percentile)) if self.delays_s else float("nan")

    def early_accuracy(self) -> list[float]:
        """Share of true events named right at each of `SHARES` of them; NaN if there are none."""
        found = np.array(self.early, float).reshape(-1, len(SHARES))
        return found.mean(0).tolist() if len(found) else [float("nan")] * len(SHARES)


def online_score(
    said: Sequence[Said], true: Sequence[Span], named: np.ndarray, *, fps: float
) -> OnlineScore:
    """The score of one stream.

    Args:
        said: What was said.
        true: What was shown.
        named: (T,) the likeliest label of each frame.
        fps: Frames per second.

    Source: Emporio et al. 2022, "SHREC 2022 track on online detection of heterogeneous gestures",
        for detections, false positives and delays.
    """
    events = [each.event for each in said]
    pairs = matches(events, true, overlap=overlap_of_true, least=0.5)
    return OnlineScore(
        tuple(event_score(events, true, iou=iou) for iou in THRESHOLDS),
        len(said),
        len(pairs),
        len(true),
        len(named) / fps,
        tuple((said[i].at - true[j].start) / fps for i, j in sorted(pairs)),
        tuple(_early(named, span) for span in true),
    )


def _early(named: np.ndarray, span: Span) -> tuple[bool, ...]:
    frames = observed(span.stop - span.start)
    return tuple(bool(named[span.start + seen - 1] == span.label) for seen in frames)


def _ratio(one: float, other: float) -> float:
    return one / other if other else float("nan")
