"""Tunes a head's decision on subjects that it was not trained on."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch

from .calibration import background_shift
from .checkpoint import HeadCard
from .decision import DEFAULTS, Decision
from .evaluation import Scored
from .head import Head
from .metrics import EventScore, event_score, spans
from .online_metrics import THRESHOLDS, detections

CHOICES: Mapping[str, Sequence[float]] = MappingProxyType(
    {
        "enter": (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9),
        "leave": (0.1, 0.15, 0.2, 0.25, 0.3),
        "smooth_s": (0.1, 0.15, 0.2, 0.3),
        "enter_s": (0.05, 0.1, 0.15, 0.2, 0.25, 0.3),
        "leave_s": (0.1, 0.2, 0.3, 0.4),
        "shortest_s": (0.2, 0.3),
        "late_s": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    }
)
"""What is tried of each number. Longer waits would find a few events more, but report them late."""

FALSE = 2.0
"""How many missed events a false one is as bad as: who waves again is found, who is told of what
nobody does stops listening."""


def best_decision(
    streams: Sequence[tuple[np.ndarray, np.ndarray]],
    names: Sequence[str],
    *,
    background: str,
    fps: float,
    passes: int = 2,
    spent: Callable[[], bool] = lambda: False,
) -> dict[str, float]:
    """The numbers of `Decision` with the best events, where a false one counts `FALSE` times.

    See `EventScore.f_score`; it is the mean over `online_metrics.THRESHOLDS`.

    Coordinate descent: in each pass one number after another is set to its best of `CHOICES`.
    Streams are calibrated probabilities (T, K) and labels (T,), below zero where unknown. The
    search ends with the best so far once `spent` says so.
    """
    known = [(odds[truth >= 0], truth[truth >= 0]) for odds, truth in streams]
    idle = list(names).index(background)
    tried: dict[tuple[float, ...], float] = {}

    def score(numbers: Mapping[str, float]) -> float:
        key = tuple(numbers.values())
        if key not in tried and spent():
            return -1.0  # `max` takes the first: the best so far
        if key not in tried:
            decision = Decision(names, background=background, tuned=numbers)
            totals = [EventScore() for _ in THRESHOLDS]
            for odds, truth in known:
                found = [one.event for one in detections(odds, decision, fps=fps)]
                true = spans(truth, background=idle)
                for i, iou in enumerate(THRESHOLDS):
                    totals[i] += event_score(found, true, iou=iou)
            tried[key] = float(np.mean([np.nan_to_num(total.f_score(FALSE)) for total in totals]))
        return tried[key]

    best = dict(DEFAULTS)
    for _ in range(passes):
        for name, values in CHOICES.items():
            options = [{**best, name: value} for value in (best[name], *values)]
            best = max((o for o in options if o["leave"] <= o["enter"]), key=score)
    return best


def shifted(head: Head, streams: Scored, idle: int, before: HeadCard | None) -> float:
    """Add `background_shift`, or that of a card, to the head's bias and its logits, in place."""
    score = getattr(head, "score", None)
    if not isinstance(score, torch.nn.Linear) or score.bias is None:
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


def tuned_on(
    streams: Scored,
    head: Head,
    background: str,
    temperature: float,
    *,
    spent: Callable[[], bool] = lambda: False,
) -> dict[str, float]:
    """`best_decision` on a head's streams."""
    pairs = [
        ((logits / temperature).softmax(-1).numpy(), truth.numpy())
        for logits, truth in zip(streams.logits, streams.labels, strict=True)
    ]
    return best_decision(pairs, head.labels, background=background, fps=head.fps, spent=spent)
