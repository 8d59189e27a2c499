"""Curves of trainings side by side: ``python -m gastlive.experiments.curves OUT NAME=RUN ...``.

Of each run's folder it reads ``log/metrics.csv``, and writes ``OUT.md``, a table of the validation
error by step, and ``OUT.png``. Another column than ``val/mpjpe_mm`` follows ``--column``.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from .plotting import canvas, colour


def curve(run: Path, column: str) -> dict[int, float]:
    """Step to figure of a run's folder."""
    with (run / "log" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return {
            int(row["step"]) + 1: float(row[column])
            for row in csv.DictReader(file)
            if row.get(column)
        }


def table(curves: Mapping[str, Mapping[int, float]]) -> str:
    """A row a step, a column a run, as Markdown."""
    steps = sorted(set().union(*curves.values()))
    lines = [f"| step | {' | '.join(curves)} |", "|---" * (1 + len(curves)) + "|"]
    for step in steps:
        cells = [f"{each[step]:.1f}" if step in each else "" for each in curves.values()]
        lines.append(f"| {step} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(curves: Mapping[str, Mapping[int, float]], column: str, path: Path) -> None:
    """Save the picture; runs whose names have the same first word have the same colour."""
    figure = canvas(7, 3.5)
    axes = figure.subplots()
    kinds = list(dict.fromkeys(name.split(",")[0] for name in curves))
    for name, points in curves.items():
        kind = kinds.index(name.split(",")[0])
        axes.plot(list(points), list(points.values()), color=colour(kind), label=name)
    axes.set(xlabel="step", ylabel=column)
    axes.legend()
    figure.savefig(path)


def main(words: Sequence[str] | None = None) -> None:
    """Read, write and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    parser.add_argument("--column", default="val/mpjpe_mm")
    given = parser.parse_args(words)
    named = (run.partition("=")[::2] for run in given.runs)
    curves = {name: curve(Path(run), given.column) for name, run in named}
    text = table(curves)
    given.out.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    draw(curves, given.column, given.out.with_suffix(".png"))
    print(text)


if __name__ == "__main__":
    main()
