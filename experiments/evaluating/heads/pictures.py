"""Pictures of heads: confusion matrix, early recognition, reliability."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...confusion import confusion
from ...plotting import DPI, FAINT, canvas, colour, label, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTIONS = {
    "confusion": "Confusion matrix. Row: ground truth; column: prediction; in % of the row.",
    "early": "Share predicted right by how much of an action has been seen.",
    "reliability": "Accuracy by confidence; a calibrated head is on the dashed line. Bars: share "
    "of the first head's predictions with that confidence.",
}


def draw(content: Mapping[str, Any], *, folder: Path) -> list[str]:
    """Save all pictures of a report's content in a folder; returns their file names."""
    heads = content["heads"]
    figures = {}
    for head in heads:
        name = "" if len(heads) == 1 else "_" + re.sub(r"[^\w.-]+", "-", head["name"])
        matrix = np.array(head["confusion"])
        figures[f"confusion{name}.png"] = confusion(matrix, content["labels"], head["name"])
    curves = {head["name"]: head["early"] for head in heads if head["early"] is not None}
    figures["early.png"] = early(curves, content["shares"], content["shown"])
    figures["reliability.png"] = reliability({h["name"]: h["reliability"] for h in heads})
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=DPI)
    return list(figures)


def early(
    curves: Mapping[str, Sequence[float | None]], shares: Sequence[float], kind: str
) -> "Figure":
    """A line per head: share predicted right, by the share of an action that has been seen."""
    figure = canvas(7, 4.2)
    axes = figure.subplots()
    tidy(axes, along="both")
    for i, (name, curve) in enumerate(curves.items()):
        heights = [np.nan if share is None else 100 * share for share in curve]
        places = [100 * share for share in shares]
        axes.plot(places, heights, color=colour(i), label=label(name), linewidth=1.6, marker="o",
                  markersize=3.5)  # fmt: skip
    axes.set_xlim(0, 103)
    axes.set_ylim(0, 103)
    what = {"clips": "clip", "streams": "event"}[kind]
    axes.set_xlabel(f"{what} seen, %", fontsize=9)
    axes.set_ylabel("predicted right, %", fontsize=9)
    if curves:
        axes.legend(frameon=False, fontsize=9, loc="lower right")
    return figure


def reliability(bins: Mapping[str, Mapping[str, Sequence[float | None]]]) -> "Figure":
    """A line per head: accuracy by confidence; behind it the first head's confidences."""
    figure = canvas(5, 5)
    axes = figure.subplots()
    tidy(axes, along="both")
    counts = np.array(next(iter(bins.values()))["counts"], float)
    edges = np.linspace(0, 100, len(counts) + 1)
    heights = 100 * counts / max(counts.sum(), 1)
    axes.bar(edges[:-1], heights, np.diff(edges), align="edge", color="#e6e6e6")
    axes.plot([0, 100], [0, 100], color=FAINT, linestyle="--", linewidth=1)
    for i, (name, each) in enumerate(bins.items()):
        pair = [
            100 * np.array([np.nan if v is None else v for v in each[kind]])
            for kind in ("confidence", "accuracy")
        ]
        known = np.isfinite(pair[0])
        axes.plot(pair[0][known], pair[1][known], color=colour(i), label=label(name), linewidth=1.6,
                  marker="o", markersize=3.5)  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("confidence, %", fontsize=9)
    axes.set_ylabel("right, %", fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    return figure
