"""A head's figures on held-out streams and clips."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..gast.errors import InputError
from .calibration import calibration_error
from .checkpoint import HeadCard
from .decision import Decision
from .head import Head, StreamingHead, WindowedHead, of_bodies
from .metrics import (
    SHARES,
    average_precisions,
    class_accuracies,
    confusion_matrix,
    frame_accuracy,
    mean_class_accuracy,
    observed,
    spans,
    top_accuracy,
)
from .online_metrics import OnlineScore, detections, online_score
from .windowing import even_windows

Streams = Sequence[tuple[np.ndarray, np.ndarray]]
"""Calibrated probabilities (T, K) and labels (T,) of each, below zero where unknown."""

PerFrame = Callable[[Tensor], Tensor]
"""Streams (N, T, J, 3) to logits (N, T, K), such as `Head.per_frame` in evaluation mode."""


@dataclass(frozen=True)
class Scored:
    """Logits (T, K) and labels (T,) of each stream; a label is below zero where unknown."""

    logits: list[Tensor]
    labels: list[Tensor]

    def together(self) -> tuple[Tensor, Tensor]:
        """Logits (F, K) and labels (F,) of all frames."""
        return torch.cat(self.logits), torch.cat(self.labels)

    def calibrated(self, temperature: float) -> Streams:
        """Probabilities and labels of each stream."""
        return [
            ((logits / temperature).softmax(-1).numpy(), truth.numpy())
            for logits, truth in zip(self.logits, self.labels, strict=True)
        ]


@torch.inference_mode()
def scored(per_frame: PerFrame, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> Scored:
    """Run a head over batches of streams: joints (N, T, J, 3), labels (N, T), and weights."""
    logits, labels = list[Tensor](), list[Tensor]()
    for xyz, truth, _ in batches:
        logits += list(per_frame(xyz))
        labels += list(truth)
    return Scored(logits, labels)


def figures(
    result: Scored,
    head: Head | HeadCard,
    *,
    background: str | None,
    temperature: float,
    decision: Decision | None = None,
) -> dict[str, Any]:
    """Plain JSON: shares 0 to 1, delays in seconds, ``None`` where there is nothing to measure.

    Events are those that the decision, by default the card's, makes of calibrated probabilities.
    Unlabelled frames are cut out first, so that they neither start nor end an event. The mean
    average precision leaves the background out. An InputError if there is no background.
    """
    tuned = head.decision if isinstance(head, HeadCard) else None
    decision = decision or Decision(head.labels, background=background, tuned=tuned)
    logits, truth = result.together()
    odds = (logits / temperature).softmax(-1)
    precisions = np.delete(average_precisions(odds.numpy(), truth.numpy()), decision.background)
    events = online(result, decision, fps=head.fps, temperature=temperature)
    confusion = confused(logits, truth)
    return {
        "frame_accuracy": rounded(frame_accuracy(confusion)),
        "class_accuracy": rounded(mean_class_accuracy(confusion)),
        "frame_map": rounded(_mean(precisions)),
        **_event_figures(events),
        "calibration_error": rounded(calibration_error(odds, truth)),
        "frames": int(confusion.sum()),
        "by_label": by_label(confusion, head.labels),
    }


def online(result: Scored, decision: Decision, *, fps: float, temperature: float) -> OnlineScore:
    """The events that a decision makes of each stream, against the true ones."""
    score = OnlineScore()
    for stream, labels in zip(result.logits, result.labels, strict=True):
        known = labels >= 0
        odds = (stream[known] / temperature).softmax(-1).numpy()
        true = spans(labels[known].numpy(), background=decision.background)
        reported = detections(odds, decision, fps=fps)
        score += online_score(reported, true, stream[known].argmax(-1).numpy(), fps=fps)
    return score


def _event_figures(score: OnlineScore) -> dict[str, Any]:
    narrow, wide, half = (each.f1 for each in score.events)
    return {
        "event_f1": rounded(half),
        "event_f1_at_25": rounded(wide),
        "event_f1_at_10": rounded(narrow),
        "events": score.true,
        "detection_rate": rounded(score.detection_rate),
        "false_positive_rate": rounded(score.false_positive_rate),
        "false_positives_per_hour": rounded(score.false_positives_per_hour),
        "onset_delay_mean_s": rounded(_mean(score.delays_s)),
        "onset_delay_p50_s": rounded(score.delay_s(50)),
        "onset_delay_p95_s": rounded(score.delay_s(95)),
        "early": [rounded(share) for share in score.early_accuracy()],
    }


@dataclass(frozen=True)
class ClipScored:
    """Logits (n, K) and labels (n,) of whole clips; a label is below zero where unknown.

    `early` has the logits (n, 10, K) after each of `SHARES` of a clip, if wanted.
    """

    scores: np.ndarray
    labels: np.ndarray
    early: np.ndarray | None = None

    def together(self) -> tuple[Tensor, Tensor]:
        """Scores (n, K) and labels (n,)."""
        return torch.from_numpy(self.scores), torch.from_numpy(self.labels)


@torch.inference_mode()
def score_clips(
    head: Head | PerFrame, clips: Iterable[tuple[np.ndarray, int]], *, early: bool = True
) -> ClipScored:
    """Run a head, or a function to logits per frame, over clips: joints (M, T, J, 3) and a label.

    Logits are averaged over M bodies, see `of_bodies`, and those of a windowed head over
    `even_windows`; others are scored by `clip_score`. With `early`, also after each of `SHARES` of
    a clip. An InputError if there are no clips.
    """
    named = head.per_frame if isinstance(head, StreamingHead) else head
    scores, labels = list[np.ndarray](), list[int]()
    for xyz, label in clips:
        seen = observed(xyz.shape[1]) if early else [xyz.shape[1]]
        if isinstance(head, WindowedHead):
            scores.append(_stretched(head, xyz, seen).numpy())
        else:
            scores.append(_streamed(named, xyz, seen).numpy())
        labels.append(label)
    if not scores:
        raise InputError("there are no clips to score; choose another part")
    stacked = np.stack(scores)
    return ClipScored(stacked[:, -1], np.array(labels, np.int64), stacked if early else None)


def clip_score(logits: Tensor) -> Tensor:
    """Logits of a clip's frames (..., T, K) to their mean (..., K), without the first third."""
    return logits[..., logits.shape[-2] // 3 :, :].mean(-2)


def _streamed(per_frame: PerFrame, xyz: np.ndarray, seen: Sequence[int]) -> Tensor:
    """(len(seen), K) in one run along the clip, since the head is causal."""
    logits = of_bodies(per_frame, torch.from_numpy(xyz)[None])[0]
    return torch.stack([clip_score(logits[:frames]) for frames in seen])


def _stretched(head: WindowedHead, xyz: np.ndarray, seen: Sequence[int]) -> Tensor:
    windows = np.stack([even_windows(xyz[:, :frames], head.frames) for frames in seen])
    logits = of_bodies(head, torch.from_numpy(windows).flatten(0, 1))
    return logits.unflatten(0, windows.shape[:2]).mean(1)


def clip_figures(
    result: ClipScored,
    labels: Sequence[str],
    *,
    temperature: float = 1.0,
    background: str | None = None,
) -> dict[str, Any]:
    """Plain JSON: shares from 0 to 1, ``None`` where there is nothing to measure.

    ``action_top1``: of clips that show an action, how many have it as their likeliest label but
    the background.
    """
    scores, truth = result.together()
    confusion = confused(scores, truth)
    return {
        "top1": rounded(top_accuracy(result.scores, result.labels, among=1)),
        "top5": rounded(top_accuracy(result.scores, result.labels, among=5)),
        "action_top1": rounded(_told_apart(result, [name == background for name in labels])),
        "class_accuracy": rounded(mean_class_accuracy(confusion)),
        "calibration_error": rounded(calibration_error((scores / temperature).softmax(-1), truth)),
        "clips": int(confusion.sum()),
        "early": None if result.early is None else _early(result.early, result.labels),
        "by_label": by_label(confusion, labels),
        "confusion": confusion.tolist(),
    }


def _told_apart(result: ClipScored, background: Sequence[bool]) -> float:
    none = np.asarray(background)
    acting = (result.labels >= 0) & ~none[result.labels]
    scores = np.where(none, result.scores.min() - 1, result.scores)
    return top_accuracy(scores[acting], result.labels[acting], among=1)


def _early(scores: np.ndarray, labels: np.ndarray) -> list[float | None]:
    return [rounded(top_accuracy(scores[:, i], labels, among=1)) for i in range(len(SHARES))]


def confused(logits: Tensor, truth: Tensor) -> np.ndarray:
    """The `confusion_matrix` of logits (N, K) and labels (N,)."""
    return confusion_matrix(logits.argmax(-1).numpy(), truth.numpy(), classes=logits.shape[-1])


def by_label(confusion: np.ndarray, labels: Sequence[str]) -> dict[str, float]:
    """Recall of each action that occurs."""
    shares = zip(labels, class_accuracies(confusion), strict=True)
    return {label: round(float(share), 3) for label, share in shares if np.isfinite(share)}


def rounded(value: float) -> float | None:
    """To four places; ``None`` for NaN."""
    return round(float(value), 4) if np.isfinite(value) else None


def _mean(values: Sequence[float] | np.ndarray) -> float:
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else float("nan")
