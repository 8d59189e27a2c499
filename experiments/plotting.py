"""What the pictures have in common: colours, labels, axes."""

import textwrap
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
INK, FAINT = "#333333", "#8a8a8a"
ROWS = (
    "#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#56b4e9", "#882255", "#66a61e",
    "#444444", "#b07a4f", "#332288", "#e7298a",
)  # fmt: skip
PARTS = (
    "#9dc0e0", "#f7c88c", "#a9d3a1", "#f0a3a0", "#c6b4e0", "#9fd6d2", "#e8bfd9", "#d3b99a",
    "#cccccc",
)  # fmt: skip
_ONE_TWO_FIVE = (1.0, 2.0, 5.0)
_WIDE = 20.0  # times from the least to the largest from which an axis is logarithmic


def canvas(width: float, height: float) -> "Figure":
    """An empty figure, inches, whose parts are laid out without overlap."""
    from matplotlib.figure import Figure  # not pyplot: no windows, nothing shared

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def colour(index: int) -> str:
    """Of row `index`, the same in every picture."""
    return ROWS[index % len(ROWS)]


def label(name: str, width: int = 34) -> str:
    """A row's name on lines of at most `width` letters, with ``$`` escaped for matplotlib."""
    return "\n".join(textwrap.wrap(name, width) or [name]).replace("$", r"\$")


def lines_of(names: list[str]) -> int:
    """How many lines the labels of `names` have in all."""
    return sum(label(name).count("\n") + 1 for name in names)


def tidy(axes: "Axes", *, along: Literal["x", "y", "both"]) -> None:
    """A light grid behind everything, no frame on the sides without numbers."""
    axes.grid(True, axis=along, which="major", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9, length=3)


def scale(axes: "Axes", least: float, largest: float) -> None:
    """Scale the x axis: from 0, or logarithmic where `largest` is many times `least`."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if least <= 0 or largest / least <= _WIDE:
        axes.set_xlim(0, largest * 1.08 or 1)
        return
    axes.set_xscale("log")
    axes.set_xlim(least / 1.25, largest * 1.5)
    axes.xaxis.set_major_locator(LogLocator(subs=_ONE_TWO_FIVE, numticks=30))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def values(samples: np.ndarray | None) -> np.ndarray:
    """The values that are numbers."""
    found = np.asarray([] if samples is None else samples, dtype=float).ravel()
    return found[np.isfinite(found)]
