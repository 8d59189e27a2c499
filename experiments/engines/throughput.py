"""Files a minute of each engine: ``python -m gastlive.experiments.engines.throughput FOLDER``."""

import subprocess
import sys
import tempfile
from time import monotonic

from ..reporting import number, table

ROUNDS = 2
_LIFT = [sys.executable, "-m", "gastlive.experiments.lift", "formats=[npz]", "detector.threads=1"]
_ENGINES = {
    "local": (1, ["engine=local"]),
    "Ray, 1 worker": (1, ["engine=ray", "engine.workers=1"]),
    "Ray, 2 workers": (2, ["engine=ray", "engine.workers=2"]),
}


def done_s(given: str, engine: list[str]) -> list[float]:
    """Seconds from the start of the program to the end of each file."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*_LIFT, f"input={given}", f"output={folder}", *engine]
        begun = monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            return [monotonic() - begun for line in running.stdout if " frames, " in line]


def main() -> None:
    """Lift a folder's files with each engine in turn, more than once; print the rates.

    The start, which a corpus pays once, counts apart: the rate is that from each worker's first
    file on.
    """
    lines = []
    for _ in range(ROUNDS):
        for name, (workers, engine) in _ENGINES.items():
            ends_s = done_s(sys.argv[1], engine)
            first_s = ends_s[workers - 1]
            rate = 60 * (len(ends_s) - workers) / (ends_s[-1] - first_s)
            lines.append([name, number(first_s), number(ends_s[-1]), number(rate)])
            print(*lines[-1], flush=True)
    print(table(["engine", "first files, s", "all, s", "then files a minute"], lines))


if __name__ == "__main__":
    main()
