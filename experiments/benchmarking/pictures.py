"""Pictures of what a benchmark measured."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..plotting import DPI, INK, PARTS, canvas, colour, label, lines_of, scale, tidy, values
from ..timing.jobs import Row
from .pareto import pareto
from .spread import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RAREST = 1e-3  # the smallest share of frames that is drawn
_SHARES = {
    1: "all",
    0.5: "p50 (50 %)",
    0.05: "p95 (5 %)",
    0.01: "p99 (1 %)",
    0.001: "p99.9 (0.1 %)",
}


def draw(
    rows: Sequence[Row], *, folder: Path, accuracies: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Save the pictures that the rows have samples for and remove old ones; their file names.

    Args:
        rows: All configs.
        folder: Must be there.
        accuracies: See `report.write`.
    """
    drawn: dict[str, Callable[[], Figure | None]] = {
        "stages.png": lambda: stages(rows),
        "ages.png": lambda: ages(rows),
        "steps.png": lambda: steps(rows),
        "pareto.png": lambda: pareto(rows, accuracies),
    }
    saved = []
    for name, make in drawn.items():
        (folder / name).unlink(missing_ok=True)
        if figure := make():
            figure.savefig(folder / name, dpi=DPI)
            saved.append(name)
    return saved


def stages(rows: Sequence[Row]) -> "Figure | None":
    """A stacked bar for each row: p50 of each stage, with marks at p50 and p99 of the age."""
    found = [(row, spent) for row in rows if (spent := _stages(row))]
    if not found:
        return None
    figure, axes = _bars([row.name for row, _ in found])
    ages_ms = [values(row.samples.get("age_ms")) for row, _ in found]
    ends = [sum(spent.values()) for _, spent in found] + [_p(ms, 99) for ms in ages_ms if ms.size]
    _stack(axes, [spent for _, spent in found], least=0.05 * max(ends))
    _mark_ages(axes, ages_ms)
    axes.set_xlim(0, max(ends) * 1.08 or 1)
    axes.set_xlabel("ms (bars: p50 of each stage; number: age p99)", fontsize=9)
    pairs = zip(*axes.get_legend_handles_labels(), strict=True)
    handles, labels = zip(*sorted(pairs, key=lambda pair: pair[1].startswith("age ")), strict=True)
    figure.legend(handles, labels, loc="outside upper left", ncols=8, frameon=False, fontsize=9)
    return figure


def ages(rows: Sequence[Row]) -> "Figure | None":
    """A curve for each row: the share of frames at least that old, down to one in a thousand."""
    every = ((i, row.name, values(row.samples.get("age_ms"))) for i, row in enumerate(rows))
    found = [each for each in every if each[2].size]
    if not found:
        return None
    lines = len(found) + lines_of([name for _, name, _ in found])
    figure = canvas(10, max(4.4, 1.2 + 0.17 * lines))
    axes = figure.subplots()
    tidy(axes, along="both")
    for i, name, ms in found:
        shares = np.geomspace(1, max(_RAREST, 1 / len(ms)), 400)
        percentiles = " / ".join(number(_p(ms, q)) for q in (50, 95, 99))
        axes.plot(
            np.quantile(ms, 1 - shares), shares, label=f"{label(name)}\n{percentiles} ms",
            color=colour(i), linewidth=1.6, linestyle=("-", "--")[i // 6 % 2],
        )  # fmt: skip
    scale(axes, min(ms.min() for *_, ms in found), max(_p(ms, 99.9) for *_, ms in found))
    _shares(axes)
    axes.set_xlabel("age of the label, ms from the picture's capture", fontsize=9)
    figure.legend(
        loc="outside right center", frameon=False, fontsize=8, title="p50 / p95 / p99",
        title_fontsize=8, alignment="left", labelspacing=0.9,
    )  # fmt: skip
    return figure


def steps(rows: Sequence[Row]) -> "Figure | None":
    """A box plot for each row that measured one part alone."""
    alone = [(i, row, values(*row.samples.values())) for i, row in enumerate(rows) if _alone(row)]
    found = [each for each in alone if each[2].size]
    if not found:
        return None
    figure, axes = _bars([row.name for _, row, _ in found])
    scale(axes, min(_p(ms, 1) for *_, ms in found), max(_p(ms, 99) for *_, ms in found) * 1.2)
    for y, (i, _, ms) in enumerate(found):
        p1, p25, p50, p75, p99 = (_p(ms, q) for q in (1, 25, 50, 75, 99))
        axes.hlines(y, p1, p99, color=colour(i), linewidth=1.2)
        axes.vlines([p1, p99], y - 0.12, y + 0.12, color=colour(i), linewidth=1.2)
        axes.barh(y, p75 - p25, left=p25, height=0.5, color=colour(i), alpha=0.35)
        axes.vlines(p50, y - 0.25, y + 0.25, color=colour(i), linewidth=2.5)
        _beside(axes, p99, y, p50)
    axes.set_xlabel("ms a step (number: p50; box: p25-p75; whiskers: p1-p99)", fontsize=9)
    return figure


def _stages(row: Row) -> dict[str, float]:
    """p50 of each stage in the order of the pipeline; empty for a row without stages."""
    if _alone(row):
        return {}
    found = {name: values(ms) for name, ms in row.samples.items() if name.endswith("_ms")}
    stages_ms = {name.removesuffix("_ms"): _p(ms, 50) for name, ms in found.items() if ms.size}
    return {name: ms for name, ms in stages_ms.items() if name != "age"}


def _alone(row: Row) -> bool:
    return len(row.samples) == 1 and "age_ms" not in row.samples


def _stack(axes: "Axes", spent: Sequence[Mapping[str, float]], *, least: float) -> None:
    """Each row's stages side by side, with numbers in those wide enough."""
    left, names = np.zeros(len(spent)), dict.fromkeys(name for each in spent for name in each)
    for k, name in enumerate(names):
        widths = np.array([each.get(name, 0.0) for each in spent])
        axes.barh(
            range(len(spent)), widths, left=left, height=0.6, color=PARTS[k % len(PARTS)],
            edgecolor="white", linewidth=0.5, label=label(name.replace("_", " ")),
        )  # fmt: skip
        for y in np.flatnonzero(widths > least).tolist():
            middle = left[y] + widths[y] / 2
            axes.text(middle, y, number(widths[y]), ha="center", va="center", fontsize=8, color=INK)
        left += widths


def _mark_ages(axes: "Axes", ages_ms: Sequence[np.ndarray]) -> None:
    marks = [(y, _p(ms, 50), _p(ms, 99)) for y, ms in enumerate(ages_ms) if ms.size]
    if not marks:
        return
    at, p50, p99 = np.array(marks).T
    axes.vlines(p50, at - 0.38, at + 0.38, color=INK, linewidth=1.5, label="age p50")
    axes.hlines(at, p50, p99, color=INK, linewidth=0.8, linestyle=":")
    axes.plot(p99, at, "D", color=INK, markersize=5, label="age p99")
    for y, age in zip(at, p99, strict=True):
        _beside(axes, age, y)


def _beside(axes: "Axes", x: float, y: float, value: float | None = None) -> None:
    """The number `value`, or `x` itself, to the right of a mark."""
    axes.annotate(
        number(x if value is None else value), (x, y), xytext=(6, 0), textcoords="offset points",
        va="center", fontsize=9, color=INK,
    )  # fmt: skip


def _shares(axes: "Axes") -> None:
    """The y axis of `ages`."""
    from matplotlib.ticker import NullLocator

    axes.set_yscale("log")
    axes.set_ylim(_RAREST, 1.15)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks(list(_SHARES), list(_SHARES.values()))
    axes.set_ylabel("frames at least this old", fontsize=9)


def _bars(names: list[str]) -> "tuple[Figure, Axes]":
    """Axes for one bar per name, the first on top."""
    figure = canvas(10, 1.3 + 0.2 * len(names) + 0.18 * lines_of(names))
    axes = figure.subplots()
    tidy(axes, along="x")
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    return figure, axes


def _p(samples: np.ndarray, q: float) -> float:
    return float(np.percentile(samples, q))
