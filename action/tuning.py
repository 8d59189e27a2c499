"""Tunes a head's decision on subjects that it was not trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from .calibration import background_shift
from .checkpoint import HeadCard
from .decision import DEFAULTS, Decision
from .evaluation import Scored, Streams
from .head import Head
from .metrics import EventScore, Span, event_score, spans
from .online_metrics import THRESHOLDS, detections
from .rejection import last_layer

CHOICES: Mapping[str, Sequence[float]] = MappingProxyType(
    {
        "enter": (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
        "sure_s": (0.0, 0.02, 0.03, 0.04, 0.05, 0.06, 0.075, 0.09, 0.12),
        "leave": (0.1, 0.15, 0.2, 0.25, 0.3),
        "smooth_s": (0.0, 0.05, 0.1, 0.15, 0.2, 0.3),
        "enter_s": (0.0, 0.05, 0.1, 0.15, 0.2),
        "leave_s": (0.1, 0.2, 0.3, 0.4, 0.5),
        "shortest_s": (0.2, 0.3),
        "late_s": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    }
)
"""What is tried of each number. Longer waits would find a few events more, but report them late."""

FALSE = 2.0
"""How many missed events a false one is as bad as: who waves again is found, who is told of what
nobody does stops listening."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a decision is tuned for, besides what happens where something is done.

    Attributes:
        false_per_hour: Most false events an hour of people who do nothing that has a name.
        quiet_hours: How much of that they are counted in.
    """

    false_per_hour: float
    quiet_hours: float


def best_decision(
    streams: Streams,
    names: Sequence[str],
    *,
    background: str,
    fps: float,
    quiet: Streams = (),
    false_per_hour: float = np.inf,
    passes: int = 2,
    spent: Callable[[], bool] = lambda: False,
) -> dict[str, float]:
    """The numbers of `Decision` with the best events, where a false one counts `FALSE` times.

    See `EventScore.f_score`; it is the mean over `online_metrics.THRESHOLDS`. In `quiet` streams no
    more than `false_per_hour` may be false; if nothing does that, what comes next to it is best.

    Coordinate descent: in each pass one number after another is set to its best of `CHOICES`. The
    search ends with the best so far once `spent` says so.
    """
    known = [(odds[truth >= 0], truth[truth >= 0]) for odds, truth in streams]
    idle = list(names).index(background)
    tried: dict[tuple[float, ...], tuple[float, float]] = {}

    def score(numbers: Mapping[str, float]) -> tuple[float, float]:
        key = tuple(numbers.values())
        if key not in tried and spent():
            return -np.inf, 0.0  # `max` takes the first: the best so far
        if key not in tried:
            decision = Decision(names, background=background, tuned=numbers)
            kept = -max(false_events_per_hour(quiet, decision, fps=fps) - false_per_hour, 0.0)
            hopeless = any(kept < other for other, _ in tried.values())
            tried[key] = kept, -1.0 if hopeless else _events_score(known, decision, idle, fps)
        return tried[key]

    best = dict(DEFAULTS)
    for _ in range(passes):
        for name, values in CHOICES.items():
            options = [{**best, name: value} for value in (best[name], *values)]
            best = max((o for o in options if o["leave"] <= o["enter"]), key=score)
    return best


def _events_score(streams: Streams, decision: Decision, idle: int, fps: float) -> float:
    totals = [EventScore() for _ in THRESHOLDS]
    for odds, truth in streams:
        found = [one.event for one in detections(odds, decision, fps=fps)]
        true = spans(truth, background=idle)
        for i, iou in enumerate(THRESHOLDS):
            totals[i] += event_score(found, true, iou=iou)
    return float(np.mean([np.nan_to_num(total.f_score(FALSE)) for total in totals]))


def false_events_per_hour(streams: Streams, decision: Decision, *, fps: float) -> float:
    """Events that share no frame with one of their label, by the hour; 0 without streams."""
    false = sum(
        not _happens(one.event, truth)
        for odds, truth in streams
        for one in detections(odds, decision, fps=fps)
    )
    frames = sum(len(truth) for _, truth in streams)
    return false * 3600 * fps / frames if frames else 0.0


def _happens(event: Span, truth: np.ndarray) -> bool:
    return bool((truth[event.start : event.stop] == event.label).any())


def shifted(head: Head, streams: Scored, idle: int, before: HeadCard | None) -> float:
    """Add `background_shift`, or that of a card, to the head's bias and its logits, in place."""
    score = last_layer(head)
    if score is None:
        return 0.0
    if before:
        shift = float(before.training.get("validation", {}).get("background_shift", 0.0))
    else:
        shift = round(background_shift(*streams.together(), idle), 4)
    with torch.inference_mode():
        score.bias[idle] += shift
        for logits in streams.logits:
            logits[:, idle] += shift
    return shift
