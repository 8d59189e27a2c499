"""A head's figures on streams that it was not trained on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .calibration import calibration_error
from .checkpoint import HeadCard
from .decision import Decision, Memory
from .head import Head
from .metrics import (
    EventScore,
    Span,
    class_accuracies,
    confusion_matrix,
    event_score,
    frame_accuracy,
    mean_class_accuracy,
    spans,
)


@dataclass(frozen=True)
class Scored:
    """What a head said of each frame, and the truth.

    Attributes:
        logits: Of each stream, (T, K).
        labels: Of each stream, (T,), below zero where the truth is not known.
    """

    logits: list[Tensor]
    labels: list[Tensor]


@torch.inference_mode()
def scored(
    per_frame: Callable[[Tensor], Tensor], batches: Iterable[tuple[Tensor, Tensor, Tensor]]
) -> Scored:
    """Run a head over batches of streams.

    Args:
        per_frame: (N, T, J, 3) to logits (N, T, K), such as `Head.per_frame` in evaluation mode.
        batches: Joints (N, T, J, 3), labels (N, T), and whatever else there is.
    """
    logits, labels = list[Tensor](), list[Tensor]()
    for xyz, truth, _ in batches:
        logits += list(per_frame(xyz))
        labels += list(truth)
    return Scored(logits, labels)


def figures(
    result: Scored, head: Head | HeadCard, *, background: str, temperature: float
) -> dict[str, Any]:
    """Plain JSON: shares from 0 to 1, accuracy by label, how many events were found.

    Events are those that `Decision` makes of the calibrated probabilities as it comes. Frames
    without a known label are cut out first, so that they neither make nor break an event.
    """
    truth, logits = torch.cat(result.labels), torch.cat(result.logits)
    confusion = confusion_matrix(logits.argmax(-1).numpy(), truth.numpy(), classes=len(head.labels))
    idle, decision = head.labels.index(background), Decision(head.labels, background=background)
    events = EventScore()
    for stream, labels in zip(result.logits, result.labels, strict=True):
        known = labels >= 0
        said = decided((stream[known] / temperature).softmax(-1).numpy(), decision, fps=head.fps)
        events += event_score(said, spans(labels[known].numpy(), background=idle))
    shares = class_accuracies(confusion)
    return {
        "frame_accuracy": round(frame_accuracy(confusion), 4),
        "class_accuracy": round(mean_class_accuracy(confusion), 4),
        "event_f1": round(events.f1, 4),
        "calibration_error": round(calibration_error((logits / temperature).softmax(-1), truth), 4),
        "frames": int(confusion.sum()),
        "by_label": {
            label: round(float(share), 3)
            for label, share in zip(head.labels, shares, strict=True)
            if np.isfinite(share)
        },
    }


def decided(probabilities: np.ndarray, decision: Decision, *, fps: float) -> list[Span]:
    """The events of one stream, from calibrated probabilities (T, K), in frames."""
    memory: Memory | None = None
    finished = []
    for t, odds in enumerate(probabilities):
        _, ended, memory = decision.step(t / fps, odds, memory)
        finished += ended
    if memory is not None:
        finished += decision.finish(memory)
    return [Span(round(e.start_s * fps), round(e.end_s * fps) + 1, e.label) for e in finished]
