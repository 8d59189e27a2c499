"""``latency.md``: the tables, and the pictures between them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..reporting import table
from ..timing.jobs import Row
from .spread import (
    cell,
    columns,
    figures,
    heading,
    number,
    over_rounds,
    ratio,
    spread_text,
    tails,
    unitless,
)

_ACCURACIES = {"frame_accuracy": ("labels right, %", 100.0), "p_mpjpe_mm": ("P-MPJPE, mm", 1.0)}
_CAPTIONS = {
    "stages.png": "Where a frame's time goes: p50 of each stage, and the age of its label.",
    "ages.png": "How old labels are: the share of frames whose label is at least this old.",
    "steps.png": "One step: half of them are in the box, 98 % between the whiskers' ends.",
    "pareto.png": "Accuracy against latency, median and spread over rounds: no row is both faster "
    "and better than the line.",
}


def page(
    rows: Sequence[Row],
    about: Mapping[str, Any],
    *,
    baseline: int,
    accuracies: Mapping[str, Mapping[str, float]],
    pictures: Iterable[str],
) -> str:
    """The whole page; `about` has title, command and `reporting.origin`, the rest see `report`."""
    parts = [*_head(rows, about), _main(rows, accuracies)]
    parts += [*_compared(rows, baseline), *_stages(rows)]
    figures_below = [f"![{Path(name).stem}]({name})\n\n{_CAPTIONS[name]}" for name in pictures]
    if figures_below:
        parts += ["## Pictures", "From the samples of all rounds.", *figures_below]
    return "\n\n".join(parts) + "\n"


def _head(rows: Sequence[Row], about: Mapping[str, Any]) -> list[str]:
    machine, rounds = about["machine"], max(len(row.rounds) for row in rows)
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    counted = f"{rounds} rounds in turns; median (min-max over rounds)"
    same = _common(rows)
    return [
        f"# {about['title']}",
        f"```\n{about['command']}\n```",
        f"- Machine: {machine['processor']}, {machine['usable_cpus']} of {machine['cpus']} CPUs, "
        f"{machine['memory_mb'] / 1024:.0f} GB, {machine['platform']}; {about['date'][:10]}\n"
        f"- Versions: {versions}",
        f"{counted if rounds > 1 else 'One round'}.{same}",
    ]


def _common(rows: Sequence[Row]) -> str:
    first = rows[0].config.items()
    same = [f"{k}={value}" for k, value in first if all(r.config.get(k) == value for r in rows)]
    return f" In every row: `{' '.join(same)}`." if same and len(rows) > 1 else ""


def _main(rows: Sequence[Row], accuracies: Mapping[str, Mapping[str, float]]) -> str:
    names = columns(rows)
    kinds = [kind for kind in _ACCURACIES if any(kind in each for each in accuracies.values())]
    lines = [
        [
            row.name,
            *(cell(rows, row, name) for name in names),
            *(_accuracy(accuracies.get(row.name, {}), kind) for kind in kinds),
        ]
        for row in rows
    ]
    return table(["", *map(heading, names), *(_ACCURACIES[kind][0] for kind in kinds)], lines)


def _accuracy(known: Mapping[str, float], kind: str) -> str:
    return f"{known[kind] * _ACCURACIES[kind][1]:.1f}" if kind in known else ""


def _compared(rows: Sequence[Row], baseline: int) -> list[str]:
    base, others = rows[baseline], [*rows[:baseline], *rows[baseline + 1 :]]
    found = {
        name: [spread_text(ratio(row, base, name)) for row in others] for name in columns(rows)
    }
    found = {name: cells for name, cells in found.items() if any(cells)}
    if not found:
        return []
    lines = [[row.name, *(cells[i] for cells in found.values())] for i, row in enumerate(others)]
    return [
        "## Compared",
        f"Each figure divided by that of `{base.name}` in the same round.",
        table(["", *map(unitless, found)], lines),
    ]


def _stages(rows: Sequence[Row]) -> list[str]:
    """The table of `tails`, one column per stage."""
    found = tails(figures(rows)).values()
    if not found:
        return []
    stages = list(dict.fromkeys(stage for stage, _ in found))
    of = ["p50", *dict.fromkeys(percentile for _, percentile in found)]
    lines = [[row.name, *(_percentiles(row, stage, of) for stage in stages)] for row in rows]
    return [
        "## Stages",
        f"{' / '.join(of)}, ms; medians over the rounds.",
        table(["", *(stage.replace("_", " ") for stage in stages)], lines),
    ]


def _percentiles(row: Row, stage: str, of: Iterable[str]) -> str:
    spreads = [over_rounds(row, f"{stage}_{each}_ms") for each in of]
    medians = [number(spread.median) if spread else "-" for spread in spreads]
    return " / ".join(medians) if any(spreads) else ""
