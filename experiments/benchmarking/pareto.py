"""Accuracy against latency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..plotting import DPI, FAINT, INK, canvas, colour, label, lines_of, scale, tidy
from ..timing.jobs import Row
from .spread import Spread, figures, heading, over_rounds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Accuracies = Mapping[str, Mapping[str, float]]

_AWAY = (11.0, 18.0, 27.0, 38.0)  # points from a mark to its number, nearest first


@dataclass(frozen=True)
class Kind:
    """A kind of accuracy: what it is called, in what unit, and which way is better."""

    name: str
    times: float
    words: str
    more_is_better: bool


_KINDS = (
    Kind("frame_accuracy", 100.0, "labels right, % of frames", True),
    Kind("p_mpjpe_mm", 1.0, "P-MPJPE, mm (up is better)", False),
)


@dataclass(frozen=True)
class _Point:
    """A row: its index, latency and accuracy."""

    index: int
    x: Spread
    y: float


def pareto(
    rows: Sequence[Row],
    accuracies: Accuracies,
    *,
    kinds: Sequence[Kind] = _KINDS,
    latency: str = "",
    named: Mapping[int, str] | None = None,
) -> "Figure | None":
    """A panel for each kind of accuracy that two rows or more have.

    Args:
        rows: What is drawn.
        accuracies: By name of the row, then of the kind.
        kinds: Of accuracy.
        latency: The figure that they are drawn over; by default one that all rows have.
        named: What is written at the rows, by index, that have a colour and a name; None is all,
            numbered.
    """
    latency = latency or _latency([row for row in rows if row.name in accuracies])
    panels = [(kind, _points(rows, accuracies, kind, latency)) for kind in kinds]
    panels = [(kind, points) for kind, points in panels if len(points) > 1]
    if not panels:
        return None
    drawn = sorted({point.index for _, points in panels for point in points})
    numbers = {i: str(i + 1) for i in range(len(rows))} if named is None else named
    shown = {i: numbers[i] for i in drawn if i in numbers}
    colours = {i: colour(i if named is None else k) for k, i in enumerate(shown)}
    height = 1.0 + 0.08 * len(shown) + 0.17 * lines_of([rows[i].name for i in shown])
    figure = canvas(4.4 * len(panels) + 3.4, max(4.4, height))
    for axes, (kind, points) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        _panel(axes, points, kind, colours)
        axes.set_xlabel(heading(latency), fontsize=9)
    _legend(figure, rows, shown, colours)
    figure.draw_without_rendering()  # numbers are placed in pixels, so the layout must be final
    for axes, (_, points) in zip(figure.axes, panels, strict=True):
        _number(axes, points, shown)
    return figure


def front(x: Sequence[float], y: Sequence[float]) -> list[int]:
    """Indices of the points that no other beats, from the least x: less x and more y is better."""
    best, found = -np.inf, []
    for i in sorted(range(len(x)), key=lambda i: (x[i], -y[i])):
        if y[i] > best:
            best = y[i]
            found.append(i)
    return found


def _latency(rows: Sequence[Row]) -> str:
    """The figure that all `rows` have: the age's p99, else its p50, else any p50; "" if none."""
    common = [name for name in figures(rows) if all(over_rounds(row, name) for row in rows)]
    p50 = [name for name in common if name.endswith("_p50_ms")]
    return next((name for name in ("age_p99_ms", "age_p50_ms", *p50) if name in common), "")


def _points(rows: Sequence[Row], accuracies: Accuracies, kind: Kind, latency: str) -> list[_Point]:
    known = (
        (i, over_rounds(row, latency), accuracies.get(row.name, {})) for i, row in enumerate(rows)
    )
    return [
        _Point(i, x, each[kind.name] * kind.times)
        for i, x, each in known
        if x and kind.name in each
    ]


def _panel(axes: "Axes", points: Sequence[_Point], kind: Kind, colours: Mapping[int, str]) -> None:
    tidy(axes, along="both")
    scale(axes, min(p.x.min for p in points), max(p.x.max for p in points))
    y = [p.y for p in points]
    room = 0.12 * (max(y) - min(y)) or max(0.02 * abs(y[0]), 0.1)
    axes.set_ylim(min(y) - room, max(y) + room)
    if not kind.more_is_better:
        axes.invert_yaxis()
    axes.set_ylabel(kind.words, fontsize=9)
    best = front([p.x.median for p in points], y if kind.more_is_better else [-each for each in y])
    edge = [*(points[i].x.median for i in best), axes.get_xlim()[1]]
    axes.step(edge, [*(y[i] for i in best), y[best[-1]]], where="post", color=FAINT, linewidth=1.2,
              linestyle="--", zorder=1)  # fmt: skip
    for p in points:
        mark = colours.get(p.index, FAINT)
        axes.hlines(p.y, p.x.min, p.x.max, color=mark, linewidth=1.2, alpha=0.6)
        axes.plot(p.x.median, p.y, "o", color=mark, markersize=7, markeredgecolor="white")


def _legend(
    figure: "Figure", rows: Sequence[Row], shown: Mapping[int, str], colours: Mapping[int, str]
) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="", marker="o", color=colours[i], markersize=7) for i in shown
    ]
    marks.append(Line2D([], [], linestyle="--", color=FAINT))
    words = [f"{number}  {label(rows[i].name)}" for i, number in shown.items()]
    figure.legend(marks, [*words, "nothing is faster and better"], loc="outside right center",
                  frameon=False, fontsize=8, labelspacing=0.9)  # fmt: skip


def _number(axes: "Axes", points: Sequence[_Point], shown: Mapping[int, str]) -> None:
    """Write each point's number where it overlaps neither a mark nor another number."""
    marks = axes.transData.transform([(p.x.median, p.y) for p in points]) * 72 / DPI  # in points
    low, high = axes.bbox.get_points() * 72 / DPI
    taken = [(*mark, 5.0, 5.0) for mark in marks]
    for p, (x, y) in zip(points, marks, strict=True):
        if p.index not in shown:
            continue
        words = shown[p.index]
        half = 1 + 3.2 * len(words), 5.5
        free = (
            (dx, dy)
            for dx, dy in _places()
            if (low < (x + dx - half[0], y + dy - half[1])).all()
            and (high > (x + dx + half[0], y + dy + half[1])).all()
            and not any(_meet((x + dx, y + dy, *half), other) for other in taken)
        )
        dx, dy = next(free, (0.0, _AWAY[0]))
        taken.append((x + dx, y + dy, *half))
        line = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "shrinkA": 4, "shrinkB": 3}
        axes.annotate(
            words, (p.x.median, p.y), xytext=(dx, dy), textcoords="offset points", ha="center",
            va="center", fontsize=9, color=INK, zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            arrowprops=line if np.hypot(dx, dy) > _AWAY[0] + 1 else None,
        ).set_in_layout(False)  # fmt: skip


def _places() -> Iterator[tuple[float, float]]:
    """Offsets of a number from its mark to try: nearest first, above before beside."""
    for away in _AWAY:
        for angle in np.radians((90, 45, 135, -90, -45, -135, 0, 180)):
            yield away * float(np.cos(angle)), away * float(np.sin(angle))


def _meet(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes overlap, each given as centre x and y, half width and half height."""
    return abs(one[0] - other[0]) < one[2] + other[2] and abs(one[1] - other[1]) < one[3] + other[3]
