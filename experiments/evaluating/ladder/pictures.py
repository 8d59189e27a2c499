"""A picture for each ground: what every rung adds to the errors and takes from the labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...plotting import DPI, INK, canvas, colour, label, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTIONS = {
    "ladder": "From the true joints (left) to pictures (right): errors of the joints, and frames "
    "that the head names right.",
}


def draw(lifters: Sequence[Mapping[str, Any]], *, folder: Path) -> list[str]:
    """Save a picture for each ground; returns their file names."""
    names = []
    for ground in lifters[0]["grounds"]:
        names.append(f"ladder_{ground.replace(' ', '-')}.png")
        rungs_of = {each["name"]: each["grounds"][ground] for each in lifters}
        ladder(rungs_of, ground).savefig(folder / names[-1], dpi=DPI)
    return names


PANELS = {
    "p_mpjpe_mm": ("P-MPJPE, mm", 1),
    "acceleration_error_mm": ("acceleration error, mm per frame squared", 1),
    "head_frame_accuracy": ("frames right, %", 100),
}


def ladder(rungs_of: Mapping[str, Mapping[str, Any]], title: str) -> "Figure":
    """Lines over the rungs, one per lifter, for joints, their calm and labels."""
    figure = canvas(12, 4)
    figure.suptitle(title, fontsize=10, color=INK)
    panels = figure.subplots(1, len(PANELS))
    for axes, (key, (text, factor)) in zip(panels, PANELS.items(), strict=True):
        tidy(axes, along="y")
        for i, (name, rungs) in enumerate(rungs_of.items()):
            there = {rung: found for rung, found in rungs.items() if isinstance(found, Mapping)}
            known = [(rung, found[key]) for rung, found in there.items() if found[key] is not None]
            heights = [factor * value for _, value in known]
            places = [list(there).index(rung) for rung, _ in known]
            axes.plot(places, heights, color=colour(i), marker="o", label=label(name))
            axes.set_xticks(range(len(there)), list(there), fontsize=8)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(text, fontsize=9)
    panels[0].legend(frameon=False, fontsize=9)
    return figure
