"""What is taken for what: as a picture, and in words."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .plotting import FAINT, INK, canvas, label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NUMBERED = 26
"""Labels up to which a confusion matrix has numbers in it."""
WEAK = 0.6
"""A label of which less is predicted right is weak."""
FEW = 10
"""With fewer examples a label is weak because of that."""
_MOST = 8


def confusion(counts: np.ndarray, labels: Sequence[str], title: str) -> "Figure":
    """The confusion matrix of (K, K) counts, row the ground truth."""
    size = float(np.clip(2.5 + 0.36 * len(labels), 4.5, 18))
    figure = canvas(size, size)
    axes = figure.subplots()
    rows = counts.sum(1, keepdims=True)
    shares = np.where(rows > 0, 100 * counts / np.maximum(rows, 1), np.nan)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    letters = 8 if len(labels) <= _NUMBERED else float(np.clip(320 / len(labels), 3, 7))
    places, names = range(len(labels)), [label(name) for name in labels]
    axes.set_xticks(places, names, rotation=90, fontsize=letters, color=INK)
    axes.set_yticks(places, names, fontsize=letters, color=INK)
    axes.tick_params(length=0)
    axes.spines[:].set_color(FAINT)
    for row, column in (
        np.argwhere(np.nan_to_num(shares) >= 0.5) if len(labels) <= _NUMBERED else ()
    ):
        share = shares[row, column]
        ink = "white" if share > 60 else INK
        axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=7, color=ink)
    axes.set_xlabel("prediction", fontsize=9)
    axes.set_ylabel("ground truth", fontsize=9)
    axes.set_title(label(title, 60), fontsize=10, color=INK)
    return figure


def weaknesses(counts: np.ndarray, labels: Sequence[str], examples: Mapping[str, int]) -> list[str]:
    """The labels of which less than `WEAK` is predicted right, worst first, and why, in words.

    `examples` are how many of each label were trained on, where that is known.
    """
    rows = counts.sum(1)
    right = np.diag(counts) / np.maximum(rows, 1)
    weak = [k for k in np.argsort(right, kind="stable") if rows[k] and right[k] < WEAK]
    lines = [
        f"{labels[k]}, {right[k]:.0%} right: {_why(counts[k], k, labels, examples)}"
        for k in weak[:_MOST]
    ]
    rest = len(weak) - _MOST
    return [*lines, f"and {rest} more"] if rest > 0 else lines


def _why(row: np.ndarray, own: int, labels: Sequence[str], examples: Mapping[str, int]) -> str:
    wrong = np.where(np.arange(len(row)) == own, 0, row) / row.sum()
    others = [k for k in np.argsort(-wrong)[:2] if wrong[k] >= 0.1]
    said = " and ".join(f"{labels[k]} ({wrong[k]:.0%})" for k in others)
    causes = [f"taken for {said}" if said else "taken for many others"]
    if (count := examples.get(labels[own], FEW)) < FEW:
        causes.append(f"only {count} examples to learn from, add more of other people")
    return "; ".join(causes)
