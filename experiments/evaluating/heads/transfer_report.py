"""``report.json`` of heads on sets left out, and ``report.md`` with the main figures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...reporting import number, origin, origin_line, table, to_json, write_files
from ..recordings.recording import confused

_SHOWN = (
    ("clips", "top1", "clips right", 100, 1),
    ("clips", "action_top1", "actions told apart", 100, 1),
    ("clips", "class_accuracy", "mean of labels", 100, 1),
    ("streams", "frame_accuracy", "frames right", 100, 1),
    ("streams", "false_positives_per_hour", "false an hour", 1, 0),
    ("streams", "calibration_error", "calibration", 100, 1),
)
"""Part, key, heading, factor and decimals of a column."""
_EXPLAINED = (
    "Each head was trained without the set in its line. Left out: on everybody of that set, with "
    "the labels that another set has; own: the same head on held-out people of the sets it was "
    "trained on. Shares in %. Actions told apart: of clips that show an action, those whose "
    "likeliest label but the background is right. Streams show every recording once, cut clips end "
    "to end with pauses. False an hour: reported events that are not there. Calibration: expected "
    "calibration error of frames, in percentage points."
)

_SOFTER = (
    "Calibration error of frames of the set left out, with the temperature that its own validation "
    "gave times a factor: 1, the factor with the least mean error on the other sets left out, and "
    "the one that suits it best."
)


def write(folds: Mapping[str, Mapping[str, Any]], about: Mapping[str, Any], folder: Path) -> str:
    """Write the report of the folds done so far; returns its main table.

    Args:
        folds: By the set left out: ``left_out``, ``own``, ``tested`` and ``not_tested``.
        about: ``command``.
        folder: Made if it is not there; an InputError if it can't be written to.
    """
    content = {**about, **origin(), "folds": dict(folds)}

    def files(folder: Path) -> Iterator[tuple[str, str]]:
        yield "report.json", to_json(content)
        yield "report.md", "\n\n".join(page(content))

    write_files(folder, files)
    return accuracy(folds)


def page(content: Mapping[str, Any]) -> Iterator[str]:
    """The whole page, part by part."""
    folds = content["folds"]
    yield "# Action heads on data sets that they have never seen"
    yield f"```\n{content['command']}\n```"
    yield f"- {origin_line(content)}"
    yield accuracy(folds)
    yield _EXPLAINED
    yield "## Clips right by label, in %"
    yield by_label(folds)
    yield "## Most common mistakes"
    for name, fold in folds.items():
        matrix = np.array(fold["left_out"]["clips"]["confusion"])
        yield f"{name}: {'; '.join(confused(matrix, fold['labels'])) or 'none'}."
    if softened := softer(folds):
        yield "## A softer temperature"
        yield softened
        yield _SOFTER
    if missing := [
        f"{name}: {', '.join(f['not_tested'])}" for name, f in folds.items() if f["not_tested"]
    ]:
        yield "## Labels that no other set has"
        yield "\n".join(f"- {line}" for line in missing)


def accuracy(folds: Mapping[str, Mapping[str, Any]]) -> str:
    """A line a set, and the mean of all."""
    rows = {
        name: [*_values(fold["left_out"]), *_values(fold["own"])] for name, fold in folds.items()
    }
    columns = zip(*rows.values(), strict=True)
    known = ([value for value in column if value is not None] for column in columns)
    rows["mean"] = [float(np.mean(values)) if values else None for values in known]
    headings = [f"{where}: {name}" for where in ("left out", "own") for _, _, name, *_ in _SHOWN]
    digits = [decimals for *_, decimals in _SHOWN] * 2
    return table(
        ["set left out", "labels", "clips", *headings],
        (
            [name, *_counts(folds.get(name)), *map(number, values, digits)]
            for name, values in rows.items()
        ),
    )


def softer(folds: Mapping[str, Mapping[str, Any]]) -> str:
    """A line a set: what a factor from the other sets does for it; empty of fewer than three."""
    streams = {name: fold["left_out"]["streams"] or {} for name, fold in folds.items()}
    errors = {
        name: {factor: value for factor, value in found.items() if value is not None}
        for name, each in streams.items()
        if (found := each.get("calibration_error_softer"))
    }
    if len(errors) < 3:
        return ""

    def best(names: list[str]) -> str:
        factors = errors[names[0]]
        return min(factors, key=lambda factor: sum(errors[name][factor] for name in names))

    rows = []
    for name, own in errors.items():
        others, suits = best([each for each in errors if each != name]), best([name])
        shown = (own["1"], own[others], own[suits])
        rows.append([name, others, suits, *(number(100 * value) for value in shown)])
    means = [sum(float(row[i]) for row in rows) / len(rows) for i in (3, 4, 5)]
    rows.append(["mean", best(list(errors)), "", *map(number, means)])
    headings = ["factor from the others", "its own", "1", "from the others", "its own"]
    return table(["set left out", *headings], rows)


def _values(figures: Mapping[str, Any] | None) -> list[float | None]:
    found = []
    for part, key, _, factor, _ in _SHOWN:
        value = ((figures or {}).get(part) or {}).get(key)
        found.append(None if value is None else value * factor)
    return found


def _counts(fold: Mapping[str, Any] | None) -> list[str]:
    return (
        ["", ""]
        if fold is None
        else [str(len(fold["tested"])), str(fold["left_out"]["clips"]["clips"])]
    )


def by_label(folds: Mapping[str, Mapping[str, Any]]) -> str:
    """A line a label that was tested, a column a set."""
    shares = {name: fold["left_out"]["clips"]["by_label"] for name, fold in folds.items()}
    labels = dict.fromkeys(label for fold in folds.values() for label in fold["labels"])
    lines = (
        [
            label,
            *(number(None if (v := s.get(label)) is None else 100 * v) for s in shares.values()),
        ]
        for label in labels
        if any(label in share for share in shares.values())
    )
    return table(["label", *shares], lines)
