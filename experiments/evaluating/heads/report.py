"""``report.json`` with all figures of heads, and ``report.md`` with the main ones."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....action.metrics import SHARES
from ...reporting import number, origin, origin_line, pictures_part, table, to_json, write_files
from ..recordings.recording import confused
from .candidates import size_of
from .pictures import CAPTIONS, draw

if TYPE_CHECKING:
    from .candidates import Result

_OF_CLIPS = {"top1": "top-1", "top5": "top-5", "class_accuracy": "mean of classes"}
_OF_STREAMS = {
    "frame_accuracy": "frames",
    "class_accuracy": "mean of classes",
    "frame_map": "mAP",
    "event_f1_at_10": "F1@10",
    "event_f1_at_25": "F1@25",
    "event_f1": "F1@50",
    "detection_rate": "detected",
}
_ONLINE = {
    "false_positive_rate": ("false per event", 2),
    "false_positives_per_hour": ("false per hour", 0),
    "onset_delay_mean_s": ("delay mean, s", 2),
    "onset_delay_p50_s": ("p50, s", 2),
    "onset_delay_p95_s": ("p95, s", 2),
}
_EXPLAINED = {
    "clips": (
        "Shares of clips in %. Half seen: predicted right from the first half of the clip. A "
        "streaming head is scored by its mean logits without the first third of the frames, a "
        "windowed head by the mean over four windows: the clip, and four fifths of it from three "
        "places."
    ),
    "streams": (
        "Shares in %. Frames: predicted right, before the decision. mAP: average precision of "
        "frames, mean over the classes without the background. F1: reported events against "
        "ground-truth segments with an overlap (IoU) of 10, 25 and 50 %. Detected: segments of "
        "which the decision reports half the frames or more; all other reported events are false "
        "positives. Delay: from the start of a detected segment to the frame of its first report. "
        "Half seen: frames in the middle of a segment that are predicted right."
    ),
}
_OF_BOTH = (
    "Calibration: expected calibration error in percentage points. ms: a frame of one person, "
    "live, on one thread of this machine, all heads in turns. Stream: largest difference of "
    "logits between whole clips or streams and frame by frame, or, of a windowed head, between "
    "streams and single windows."
)


def write(
    results: Sequence["Result"],
    speeds: Mapping[str, float],
    about: Mapping[str, Any],
    *,
    folder: Path,
) -> str:
    """Write the report; returns its main tables, for the terminal.

    Args:
        results: Of all heads.
        speeds: Milliseconds a frame by name, of those that were timed.
        about: ``command``, ``precision``, ``part`` and ``data``.
        folder: Made if it is not there; an InputError if it can't be written to.
    """
    content = content_of(results, speeds, about)

    def files(folder: Path) -> Iterator[tuple[str, str]]:
        yield "report.json", to_json(content)
        pictures = draw(content, folder=folder)
        yield "report.md", "\n\n".join(page(content, pictures))

    write_files(folder, files)
    return "\n\n".join(_main(content))


def content_of(
    results: Sequence["Result"], speeds: Mapping[str, float], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything as plain JSON."""
    return {
        **about,
        **origin(),
        "shown": "clips" if "clips" in results[0].figures else "streams",
        "labels": list(results[0].candidate.card.labels),
        "shares": list(SHARES),
        "heads": [_head(result, speeds) for result in results],
    }


def _head(result: "Result", speeds: Mapping[str, float]) -> dict[str, Any]:
    each, card = result.candidate, result.candidate.card
    parameters, multiply_adds = size_of(each.source)
    return {
        "name": each.name,
        "checkpoint": each.checkpoint,
        "head": card.head,
        "window": card.frames,
        "receptive_field": card.receptive_field,
        "lifter": card.lifter,
        "decision": dict(card.decision),
        "runtime": each.runtime,
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "step_p50_ms": speeds.get(each.name),
        "stream_apart": result.apart,
        **result.figures,
        "confusion": result.confusion.tolist(),
        "reliability": {
            name: [None if np.isnan(value) else round(float(value), 4) for value in values]
            for name, values in result.reliability._asdict().items()
        },
    }


def page(content: Mapping[str, Any], pictures: Sequence[str]) -> Iterator[str]:
    """The whole page, part by part."""
    heads, labels = content["heads"], content["labels"]
    yield f"# Action heads on {content['part'].replace('_', ' ')} {content['shown']}"
    yield f"```\n{content['command']}\n```"
    about = [
        *content["data"],
        f"joints: {'lifted by ' + content['lifter'] if content['lifter'] else 'true'}",
        origin_line(content),
    ]
    yield "\n".join(f"- {line}" for line in about)
    yield from _main(content)
    yield f"{_EXPLAINED[content['shown']]} {_OF_BOTH}"
    yield "## Early recognition"
    yield from _early(content)
    yield "## By label"
    yield _by_label(heads, labels)
    yield "## Most common mistakes"
    for head in heads:
        found = confused(np.array(head["confusion"]), labels)
        yield f"{head['name']}: {'; '.join(found) or 'none'}."
    yield from pictures_part(pictures, CAPTIONS)


def _main(content: Mapping[str, Any]) -> Iterator[str]:
    heads, clips = content["heads"], content["shown"] == "clips"
    shares = _OF_CLIPS if clips else _OF_STREAMS
    first, counted = heads[0], ("clips",) if clips else ("events", "frames")
    yield f"## Accuracy, {' in '.join(f'{first[name]} {name}' for name in counted)}"
    columns = ["head", *shares.values(), "half seen", "calibration"]
    yield table(columns, [_accuracy(head, shares) for head in heads])
    if not clips:
        yield "## Events as they happen"
        columns = ["head", *(name for name, _ in _ONLINE.values())]
        lines = ([h["name"], *(number(h[k], d) for k, (_, d) in _ONLINE.items())] for h in heads)
        yield table(columns, lines)
    yield "## Cost"
    columns = ["head", "frames seen", "parameters", "multiply-adds a frame", "ms", "stream"]
    yield table(columns, [_cost(head) for head in heads])


def _accuracy(head: Mapping[str, Any], shares: Mapping[str, str]) -> list[str]:
    half = None if head["early"] is None else head["early"][len(SHARES) // 2 - 1]
    values = (*(head[name] for name in shares), half, head["calibration_error"])
    return [head["name"], *map(_percent, values)]


def _cost(head: Mapping[str, Any]) -> list[str]:
    seen, apart = head["receptive_field"], head["stream_apart"]
    return [
        head["name"],
        "all" if seen is None else f"{seen}{' at once' if head['window'] else ''}",
        _many(head["parameters"]),
        _many(head["multiply_adds"]),
        number(head["step_p50_ms"], 3),
        "-" if apart is None else f"{apart:.1g}",
    ]


def _early(content: Mapping[str, Any]) -> Iterator[str]:
    what = {"clips": "a clip", "streams": "an event"}[content["shown"]]
    yield f"Predicted right, in %, by the share of {what} seen so far."
    lines = [
        [head["name"], *(_percent(share) for share in head["early"])]
        for head in content["heads"]
        if head["early"] is not None
    ]
    yield table(["head", *(f"{share:.0%}" for share in SHARES)], lines)


def _by_label(heads: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> str:
    counts = np.array(heads[0]["confusion"]).sum(1)
    lines = (
        [label, str(count), *(_percent(head["by_label"].get(label)) for head in heads)]
        for label, count in zip(labels, counts, strict=True)
    )
    return table(["label", "samples", *(head["name"] for head in heads)], lines)


def _percent(share: float | None) -> str:
    return number(None if share is None else 100 * share)


def _many(count: float | None) -> str:
    if count is None:
        return "-"
    return f"{count / 1e6:.2f} M" if count >= 1e5 else f"{count / 1e3:.1f} k"
