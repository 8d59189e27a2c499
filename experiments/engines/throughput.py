"""Files a minute of each engine: ``python -m gastlive.experiments.engines.throughput FOLDER``."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import monotonic

from ...conf.program import guarded
from ...datasets.own.folder import VIDEOS
from ...gast.errors import InputError
from ..reporting import number, ratio, table

_LIFT = [sys.executable, "-m", "gastlive.experiments.lift", "formats=[npz]", "detector.threads=1"]
_ENGINES = {
    "local": (1, ["engine=local"]),
    "Ray, 1 worker": (1, ["engine=ray", "engine.workers=1"]),
    "Ray, 2 workers": (2, ["engine=ray", "engine.workers=2"]),
}
_PAIRS = (
    ("Ray, 2 workers", "Ray, 1 worker"),
    ("Ray, 1 worker", "local"),
    ("Ray, 2 workers", "local"),
)
LEAST = 4
"""Films: the rate is of those after each worker's first."""

Round = dict[str, list[float]]
"""By engine, seconds from the start of the program to the end of each file."""


def films_of(folder: str, most: int) -> list[Path]:
    """The first films of a folder; an InputError if there are too few."""
    inside = sorted(Path(folder).absolute().glob("*"))
    films = [path for path in inside if path.suffix.lower() in VIDEOS][:most]
    if len(films) < LEAST:
        raise InputError(f"{len(films)} films of {folder} are too few; give {LEAST} or more")
    return films


def done_s(films: Sequence[Path], engine: Sequence[str]) -> list[float]:
    """Seconds to the end of each file; an InputError if not all are lifted."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "films.txt"
        listed.write_text("\n".join(map(str, films)))
        command = [*_LIFT, f"input={listed}", f"output={folder}/out", *engine]
        begun = monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            ends_s = [monotonic() - begun for line in running.stdout if " frames, " in line]
    if len(ends_s) < len(films):
        raise InputError(f"{len(ends_s)} of {len(films)} films were lifted; see the lines above")
    return ends_s


def rate(name: str, ends_s: Sequence[float]) -> float:
    """Files a minute, from each worker's first file on; the start, which is paid once, is apart."""
    first = _ENGINES[name][0]
    return 60 * (len(ends_s) - first) / (ends_s[-1] - ends_s[first - 1])


def report(rounds: Sequence[Round], loads: Sequence[Sequence[float]]) -> str:
    """Every run, and the ratios within each round with their medians, as Markdown."""
    lines = [
        [f"{i}", name, number(ends_s[_ENGINES[name][0] - 1]), number(ends_s[-1]),
         number(rate(name, ends_s)), number(load)]
        for i, (one, some) in enumerate(zip(rounds, loads, strict=True), start=1)
        for (name, ends_s), load in zip(one.items(), some, strict=True)
    ]  # fmt: skip
    head = ["round", "engine", "first files, s", "all, s", "then files a minute", "load average"]
    of_each = [
        [f"{one} / {other}", *(number(value, 2) for value in (*found, median(found)))]
        for one, other in _PAIRS
        if (found := [_ratio(each, one, other) for each in rounds])
    ]
    names = ["files a minute, ratio", *(f"round {i + 1}" for i in range(len(rounds))), "median"]
    return f"{table(head, lines)}\n\n{table(names, of_each)}"


def _ratio(each: Round, one: str, other: str) -> float:
    return ratio(rate(one, each[one]), rate(other, each[other])) or 0.0


def main() -> None:
    """Lift a folder's films with each engine in turn, round after round; print the rates."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", help="of films, about as long as each other")
    parser.add_argument("--films", type=int, default=8, help="the first so many (%(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="%(default)s")
    given = parser.parse_args()
    films = films_of(given.folder, given.films)
    rounds, loads = list[Round](), list[list[float]]()
    for _ in range(given.rounds):
        rounds.append({})
        loads.append([])
        for name, (_, engine) in _ENGINES.items():
            rounds[-1][name] = done_s(films, engine)
            loads[-1].append(os.getloadavg()[0])
            print(f"{name}: {rounds[-1][name][-1]:.1f} s", flush=True)
    print(report(rounds, loads))


if __name__ == "__main__":
    guarded(main)
