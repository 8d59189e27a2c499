"""Pictures of the errors of lifters."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....gast.skeleton import Skeleton
from ...plotting import DPI, FAINT, INK, canvas, colour, label, tidy
from .scores import Case

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .scores import Result

CAPTIONS = {
    "joints": "MPJPE by joint.",
    "start": "MPJPE by how long a person has been in view.",
    "cases": "Best, median and worst view, each at the frame whose error is nearest to the view's "
    "mean: detected 2-D joints, then ground truth (grey) and prediction (left side blue, right "
    "side red) from the camera and from the side.",
}
_SIDES = {"left": "#0072b2", "right": "#d55e00"}


def draw(results: Sequence["Result"], content: Mapping[str, Any], *, folder: Path) -> list[str]:
    """Save the pictures of the last condition, the hardest; returns their file names.

    Args:
        results: Of all lifters.
        content: As in the json.
        folder: Must be there.
    """
    lifters = content["lifters"]
    condition = list(lifters[0]["results"])[-1]
    found = {each["name"]: each["results"][condition]["plain"] for each in lifters}
    figures = {
        "joints.png": joints({n: f["mpjpe_mm_by_joint"] for n, f in found.items()}, condition),
        "start.png": start(
            {n: f["mpjpe_mm_by_frames_since_the_first"] for n, f in found.items()}, condition
        ),
    }
    for result in results:
        examples = best_to_worst(result.scores[condition]["plain"].cases)
        name = re.sub(r"[^\w.-]+", "-", result.candidate.name)
        title = f"{result.candidate.name}, {condition}"
        figures[f"cases_{name}.png"] = cases(examples, result.candidate.skeleton, title)
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=DPI)
    return list(figures)


def joints(errors: Mapping[str, Mapping[str, float | None]], condition: str) -> "Figure":
    """A bar for each joint and lifter: MPJPE in mm by name and joint."""
    figure = canvas(10, 4)
    axes = figure.subplots()
    tidy(axes, along="y")
    width = 0.8 / len(errors)
    for i, (name, by_joint) in enumerate(errors.items()):
        at = np.arange(len(by_joint)) + (i - (len(errors) - 1) / 2) * width
        heights = [np.nan if mm is None else mm for mm in by_joint.values()]
        axes.bar(at, heights, width, color=colour(i), label=label(name))
    names = [joint.replace("_", " ") for joint in next(iter(errors.values()))]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_ylabel("MPJPE, mm", fontsize=9)
    axes.set_title(condition, fontsize=10, color=INK)
    axes.legend(frameon=False, fontsize=9)
    return figure


def start(errors: Mapping[str, Sequence[float | None]], condition: str) -> "Figure":
    """A line per lifter: MPJPE in mm of each frame after the first."""
    figure = canvas(8, 4)
    axes = figure.subplots()
    tidy(axes, along="both")
    for i, (name, by_frame) in enumerate(errors.items()):
        heights = [np.nan if mm is None else mm for mm in by_frame]
        axes.plot(heights, color=colour(i), label=label(name), linewidth=1.6)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("frames since the first", fontsize=9)
    axes.set_ylabel("MPJPE, mm", fontsize=9)
    axes.set_title(condition, fontsize=10, color=INK)
    axes.legend(frameon=False, fontsize=9)
    return figure


def best_to_worst(found: Sequence[Case]) -> dict[str, Case]:
    """The best, the median and the worst case."""
    ranked = sorted(found, key=lambda case: case.error_mm)
    return {"best": ranked[0], "median": ranked[len(ranked) // 2], "worst": ranked[-1]}


def cases(examples: Mapping[str, Case], skeleton: Skeleton, title: str) -> "Figure":
    """A row per case: the 2-D joints, and ground truth and prediction from two sides."""
    figure = canvas(9.5, 0.5 + 3.2 * len(examples))
    figure.suptitle(label(title, 80), fontsize=10, color=INK)
    grid = figure.subplots(len(examples), 3, squeeze=False)
    for row, (which, case) in zip(grid, examples.items(), strict=True):
        spaced = f"{case.name.replace('_', ' ')}, frame {case.frame}"
        title = f"{which}: {case.error_mm:.0f} mm\n{label(spaced, 44)}"
        _draw(row[0], [case.xy], skeleton, title=title)
        for axes, across, view in ((row[1], 0, "from the camera"), (row[2], 2, "from the side")):
            pair = [joints[:, [across, 1]] for joints in (case.true, case.lifted)]
            _draw(axes, pair, skeleton, title=view)
    return figure


def _draw(axes: "Axes", people: Sequence[np.ndarray], skeleton: Skeleton, *, title: str) -> None:
    """People (J, 2), y down; all but the last one in grey."""
    for i, person in enumerate(people):
        last = i == len(people) - 1
        for (child, parent), side in zip(skeleton.bones, _sides(skeleton), strict=True):
            ink = _SIDES.get(side, INK) if last else FAINT
            bone = person[[child, parent]]
            axes.plot(*bone.T, color=ink, linewidth=2 if last else 4, alpha=1 if last else 0.6)
    axes.set_aspect("equal", adjustable="datalim")
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=8, color=INK)


def _sides(skeleton: Skeleton) -> Iterator[str]:
    """left, right or something else for each bone."""
    for child, _ in skeleton.bones:
        yield skeleton.joints[child].partition("_")[0]
