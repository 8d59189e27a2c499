"""After a head's training: temperature, decision and figures on the validation data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from ...action.calibration import best_temperature
from ...action.checkpoint import HeadCard
from ...action.decision import Decision
from ...action.evaluation import (
    Scored,
    clip_figures,
    confused,
    figures,
    score_clips,
    scored,
)
from ...action.head import Head
from ...action.rejection import last_layer, rejecting, watching
from ...action.tuning import Aim, best_decision, false_events_per_hour, shifted
from ...datasets.for_heads.clip_data import ActionClips
from ...datasets.for_heads.stream_data import ActionStreams
from ...gast.errors import InputError
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
    head: Head,
    data: Data,
    before: HeadCard | None,
    trainer: pl.Trainer | None,
    *,
    aim: Aim,
    softer: float = 1.0,
) -> Calibrated:
    """Calibrate a head, in evaluation mode, on validation data.

    For streams the bias of its background class is shifted and a decision tuned, too; and if the
    data can film quiet people, the class is fitted to them as of `rejecting`. The temperature is
    `softer` times the one that suits the validation people. The numbers of a card `before` are
    kept; the trainer bounds the data, see `evaluated_batches`.

    Raises:
        InputError: As of `refuse_softer`.
    """
    refuse_softer(softer)
    if isinstance(data, ActionClips):
        return _on_clips(head, data, before, trainer, softer)
    return _on_streams(head, data, before, trainer, aim, softer)


def refuse_softer(softer: float) -> None:
    """Raise an InputError unless a temperature can be so many times what it was."""
    if not softer > 0:
        raise InputError(f"{softer=} times the temperature; give more than 0, 1 as it is")


def _on_clips(
    head: Head, data: ActionClips, before: HeadCard | None, trainer: pl.Trainer | None,
    softer: float,
) -> Calibrated:  # fmt: skip
    clips = score_clips(head, _samples(data, trainer))
    temperature = before.temperature if before else softer * best_temperature(*clips.together())
    found = clip_figures(clips, head.labels, temperature=temperature)
    return Calibrated(temperature, {}, found, np.array(found["confusion"]))


def _samples(data: ActionClips, trainer: pl.Trainer | None) -> Iterator[tuple[np.ndarray, int]]:
    samples = sorted(data.clips("val"), key=lambda sample: sample.xyz.shape[1])  # as in validation
    batches = [samples[i : i + data.batch] for i in range(0, len(samples), data.batch)]
    for batch in evaluated_batches(trainer, batches, doing="calibrating"):
        yield from ((sample.xyz, sample.label) for sample in batch)


def _on_streams(
    head: Head, data: ActionStreams, before: HeadCard | None, trainer: pl.Trainer | None, aim: Aim,
    softer: float,
) -> Calibrated:  # fmt: skip
    background, idle = data.labels.names[data.labels.idle], data.labels.idle
    with watching(head) as seen:
        batches = evaluated_batches(trainer, data.val_dataloader(), doing="calibrating")
        streams = scored(head.per_frame, batches)
    shift = shifted(head, streams, idle, before)
    streams, quiet = _rejecting(head, streams, seen, data, trainer, aim)
    temperature = before.temperature if before else softer * best_temperature(*streams.together())
    calm = quiet.calibrated(temperature)
    if before:
        tuned = dict(before.decision)
    else:
        print(f"tuning the decision on {sum(map(len, streams.labels))} frames", flush=True)
        budget = TimeBudget.of(trainer)
        tuned = best_decision(
            streams.calibrated(temperature), head.labels, background=background, fps=head.fps,
            quiet=calm, false_per_hour=aim.false_per_hour, spent=budget.spent,
        )  # fmt: skip
        if budget.spent():
            print("max_time is up: the decision is half tuned; gastlive-calibrate tunes it anew")
    decision = Decision(head.labels, background=background, tuned=tuned)
    found = figures(
        streams, head, background=background, temperature=temperature, decision=decision
    )
    return Calibrated(temperature, tuned, found | {
        "background_shift": shift,
        "quiet_hours": round(sum(map(len, quiet.labels)) / head.fps / 3600, 3),
        "quiet_false_per_hour": round(false_events_per_hour(calm, decision, fps=head.fps), 1),
    }, confused(*streams.together()))  # fmt: skip


def _rejecting(
    head: Head, streams: Scored, seen: list[torch.Tensor], data: ActionStreams,
    trainer: pl.Trainer | None, aim: Aim,
) -> tuple[Scored, Scored]:  # fmt: skip
    """Fit the background; the streams as the head scores them then, and those of quiet people.

    `seen` is what the last layer was given for the streams.
    """
    idle, everybody = data.labels.idle, data.aside(aim.quiet_hours)
    with watching(head) as others:
        filmed = [
            scored(head.per_frame, evaluated_batches(trainer, batches, doing="rejecting"))
            for batches in everybody
        ]
    quiet = filmed[0] if filmed else Scored([], [])
    layer = last_layer(head)
    if not others or layer is None:
        return streams, quiet
    truth = [label for each in (streams, *filmed) for label in each.labels]
    weights, bias = rejecting(
        layer, torch.cat([*seen, *others]), torch.cat(truth), background=idle,
        temperature=best_temperature(*streams.together()),
    )  # fmt: skip
    with torch.inference_mode():
        layer.weight[idle] += weights
        layer.bias[idle] += bias
        again = [layer(each.float()) for each in (*seen, *others)]
    count = len(streams.logits)
    return (
        Scored(again[:count], streams.labels),
        Scored(again[count : count + len(quiet.logits)], quiet.labels),
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
    if (alarms := validation.get("false_positives_per_hour")) is not None:
        lines.append(f"{'false events an hour':>36} {alarms:6.0f}")
    if validation.get("quiet_hours"):
        lines.append(f"{'of people who do nothing':>36} {validation['quiet_false_per_hour']:6.0f}")
    if (delay_s := validation.get("onset_delay_p50_s")) is not None:
        lines.append(f"{'median delay of an action':>36} {delay_s:6.2f} s")
    return lines
