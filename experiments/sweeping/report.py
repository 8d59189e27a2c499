"""``sweep.md`` and ``sweep.json``: every trial, and the first objective drawn over the second."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..benchmarking.pareto import Kind, pareto
from ..plotting import DPI
from ..reporting import origin, origin_line, table, to_json, write_files
from ..timing.jobs import Row
from .search import Search, written
from .study import Objective, Study

_PICTURE = "pareto.png"


def write(search: Search, study: Study, folder: Path, *, command: str) -> Path:
    """Write the report of all trials so far, replacing an earlier one; the path of ``sweep.md``."""
    trials = [_trial(trial, search, study) for trial in search.done]
    content = {"command": command, **origin(), "trials": trials}

    def files(folder: Path) -> Iterator[tuple[str, str]]:
        yield "sweep.json", to_json(content)
        drawn = draw(trials, study.objectives, folder / _PICTURE)
        yield "sweep.md", "\n\n".join(_page(content, study, drawn))

    return write_files(folder, files) / "sweep.md"


def _trial(trial: Any, search: Search, study: Study) -> dict[str, Any]:
    return {
        "number": trial.number,
        "values": {key: _shown(value) for key, value in trial.params.items()},
        "figures": dict(zip(study.objectives, trial.values or (), strict=False)),
        "best": trial.number in search.best,
        "failed": trial.user_attrs.get("failed"),
    }


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def draw(trials: list[dict[str, Any]], objectives: Mapping[str, Objective], file: Path) -> bool:
    """Save the picture; none without two trials and two objectives, less of the second better."""
    file.unlink(missing_ok=True)
    complete = [trial for trial in trials if trial["figures"]]
    (y, up), *others = objectives.items()
    if len(others) != 1 or others[0][1].more or len(complete) < 2:
        return False
    x = others[0][0]
    by_name = {_short(trial["values"]): trial for trial in complete}
    rows = [Row(name, {}, ({x: trial["figures"][x]},)) for name, trial in by_name.items()]
    known = {name: trial["figures"] for name, trial in by_name.items()}
    drawn = enumerate(by_name.values())
    named = {i: str(trial["number"]) for i, trial in drawn if trial["best"]}
    kind = Kind(y, 1.0, f"{y} ({'more' if up.more else 'less'} is better)", up.more)
    if figure := pareto(rows, known, kinds=[kind], latency=x, named=named):
        figure.savefig(file, dpi=DPI)
    return figure is not None


def _short(values: Mapping[str, str]) -> str:
    """Values with the last words of their keys."""
    return written({key.rpartition(".")[2]: value for key, value in values.items()})


def _page(content: Mapping[str, Any], study: Study, drawn: bool) -> Iterator[str]:
    trials = content["trials"]
    yield "# Sweep"
    yield f"```\n{content['command']}\n```"
    failed = [trial for trial in trials if trial["failed"]]
    counts = f"{len(trials)} trials, {len(failed)} failed"
    yield f"- {counts}\n- {origin_line(content)}"
    if drawn:
        yield f"![Pareto]({_PICTURE})\n\nNumbered: no other trial is better in both."
    first = next(iter(study.objectives.items()))
    order = sorted(
        (trial for trial in trials if trial["figures"]),
        key=lambda trial: trial["figures"][first[0]],
        reverse=first[1].more,
    )
    head = ["trial", *study.objectives, "best", *study.space]
    yield table(head, [_line(trial, study) for trial in order])
    if failed:
        yield "## Failed"
        lines = (f"- {t['number']}: {written(t['values'])}: {t['failed']}" for t in failed)
        yield "\n".join(lines)


def _line(trial: Mapping[str, Any], study: Study) -> list[str]:
    figures = (f"{trial['figures'][name]:.4g}" for name in study.objectives)
    values = (trial["values"].get(key, "") for key in study.space)
    return [str(trial["number"]), *figures, "x" if trial["best"] else "", *values]
