"""After a head's training: temperature, decision and figures on the validation data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytorch_lightning as pl

from ...action.calibration import best_temperature
from ...action.checkpoint import HeadCard
from ...action.decision import Decision
from ...action.evaluation import clip_figures, confused, figures, score_clips, scored
from ...action.head import Head
from ...action.tuning import shifted, tuned_on
from ...datasets.for_heads.clip_data import ActionClips
from ...datasets.for_heads.stream_data import ActionStreams
from .budget import TimeBudget, evaluated_batches

Data = ActionStreams | ActionClips


@dataclass(frozen=True)
class Calibrated:
    """Temperature, thresholds of the decision (none for clips), and figures as plain JSON.

    `confusion` counts clips or frames, (K, K), row the ground truth.
    """

    temperature: float = 1.0
    decision: dict[str, float] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    confusion: np.ndarray | None = None


def calibrated(
    head: Head, data: Data, before: HeadCard | None, trainer: pl.Trainer | None
) -> Calibrated:
    """Calibrate a head, in evaluation mode, on validation data.

    For streams the bias of its background class is shifted and a decision tuned, too. The numbers
    of a card `before` are kept; the trainer bounds the data, see `evaluated_batches`.
    """
    if isinstance(data, ActionClips):
        return _on_clips(head, data, before, trainer)
    return _on_streams(head, data, before, trainer)


def _on_clips(
    head: Head, data: ActionClips, before: HeadCard | None, trainer: pl.Trainer | None
) -> Calibrated:
    clips = score_clips(head, _samples(data, trainer))
    temperature = before.temperature if before else best_temperature(*clips.together())
    found = clip_figures(clips, head.labels, temperature=temperature)
    return Calibrated(temperature, {}, found, np.array(found["confusion"]))


def _samples(data: ActionClips, trainer: pl.Trainer | None) -> Iterator[tuple[np.ndarray, int]]:
    samples = sorted(data.clips("val"), key=lambda sample: sample.xyz.shape[1])  # as in validation
    batches = [samples[i : i + data.batch] for i in range(0, len(samples), data.batch)]
    for batch in evaluated_batches(trainer, batches, doing="calibrating"):
        yield from ((sample.xyz, sample.label) for sample in batch)


def _on_streams(
    head: Head, data: ActionStreams, before: HeadCard | None, trainer: pl.Trainer | None
) -> Calibrated:
    background, idle = data.labels.names[data.labels.idle], data.labels.idle
    batches = evaluated_batches(trainer, data.val_dataloader(), doing="calibrating")
    streams = scored(head.per_frame, batches)
    shift = shifted(head, streams, idle, before)
    if before:
        temperature, tuned = before.temperature, dict(before.decision)
    else:
        temperature = best_temperature(*streams.together())
        print(f"tuning the decision on {sum(map(len, streams.labels))} frames", flush=True)
        spent = TimeBudget.of(trainer).spent
        tuned = tuned_on(streams, head, background, temperature, spent=spent)
    found = figures(
        streams, head, background=background, temperature=temperature,
        decision=Decision(head.labels, background=background, tuned=tuned),
    )  # fmt: skip
    return Calibrated(
        temperature, tuned, found | {"background_shift": shift}, confused(*streams.together())
    )


SCORES = {
    "top1": "clips predicted right",
    "top5": "right label among the first five",
    "frame_accuracy": "frames predicted right",
    "class_accuracy": "mean of that over the labels",
    "frame_map": "mean average precision of a frame",
    "event_f1": "event F1 at an overlap of one half",
    "detection_rate": "actions detected",
    "calibration_error": "calibration error",
}


def summary(validation: dict[str, Any]) -> Sequence[str]:
    """Lines for the end of a training: the share of each label named right, and the scores."""
    lines = [f"{label:>36} {share:6.1%}" for label, share in validation.get("by_label", {}).items()]
    lines.append(f"validation on {validation.get('clips', validation.get('frames', 0))} "
                 f"{'clips' if 'clips' in validation else 'frames'}:")  # fmt: skip
    shares = ((name, validation.get(key)) for key, name in SCORES.items())
    lines += [f"{name:>36} {share:6.1%}" for name, share in shares if share is not None]
    if (alarms := validation.get("false_positives_per_minute")) is not None:
        lines.append(f"{'false alarms a minute':>36} {alarms:6.2f}")
    if (delay_s := validation.get("onset_delay_p50_s")) is not None:
        lines.append(f"{'median delay of an action':>36} {delay_s:6.2f} s")
    return lines
