"""Readers and damaged files: ``python -m gastlive.tests.fuzzing --inputs 1000000 --seconds 480``.

Whatever is done to a valid file, it ends in data or in an `InputError` of one line: no other
exception, no crash, within `LONGEST_S` and `MOST_MB`.
"""

import argparse
import contextlib
import logging
import resource
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from gastlive.gast.errors import InputError

from .readers import TARGETS, Target

LONGEST_S, MOST_MB = 5.0, 1024
_MOST_BYTES = 8 << 30
"""Of address space: what is refused too late must not take the machine with it."""


class TooLong(BaseException):
    """A reader took longer than `LONGEST_S`."""


def damaged(made: Target, *, seed: int) -> Iterator[bytes]:
    """The valid file of a target, then endless damaged ones."""
    valid, how, name, _ = made
    yield valid
    rng = Random(f"{name} {seed}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while True:
            yield how(valid, rng)


def tried(made: Target, folder: Path, contents: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    """Each content and how it ended: ``data``, ``refused``, or what was not expected."""
    _, _, name, read = made
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for content in contents:
        path.write_bytes(content)
        yield content, _outcome(read, path)


def _outcome(read: Callable[[Path], object], path: Path) -> str:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            read(path)
        except InputError as error:
            return "refused" if "\n" not in str(error).strip() else "refused in several lines"
        except TooLong:
            return f"longer than {LONGEST_S:g} s"
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:100]} {_where(error)}"
    return "data"


def _where(error: Exception) -> str:
    trace, found = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "gastlive" in file and "tests" not in file and "site-packages" not in file:
            found = f"{Path(file).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


@contextlib.contextmanager
def alarmed() -> Iterator[Callable[[], None]]:
    """Raises `TooLong` unless what it gives is called again in time."""

    def ring(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, ring)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_REAL, LONGEST_S) and None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@dataclass
class Tried:
    """What came of a target's inputs."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def unexpected(self) -> list[str]:
        return [outcome for outcome in self.counts if outcome not in ("data", "refused")]


def run(target: str, *, inputs: int, seed: int, seconds: float, keep: Path) -> Tried:
    """Try a target in this process; inputs that end unexpectedly are kept, the first of a kind."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    end_s, found = time.monotonic() + seconds, Tried()
    with tempfile.TemporaryDirectory() as made, alarmed() as again:
        folder = Path(made)
        ready = TARGETS[target](folder)

        def contents() -> Iterator[bytes]:
            for content in islice(damaged(ready, seed=seed), inputs):
                if time.monotonic() > end_s:
                    return
                (keep / f"{target}.last").write_bytes(content)
                _forget_peak()
                again()
                yield content

        for content, outcome in tried(ready, folder, contents()):
            if (peak_mb := _peak_mb()) > MOST_MB:
                outcome = f"{peak_mb:.0f} MB ({outcome})"
            if outcome not in found.counts and outcome not in ("data", "refused"):
                (keep / f"{target}.{len(found.counts)}").write_bytes(content)
            found.counts[outcome] += 1
    return found


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Every target in a process of its own, so that a crash is an outcome too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of all targets together")
    parser.add_argument("--seconds", type=float, default=480.0, help="for all of them together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", default="outputs/fuzz", help="folder for what is not expected")
    parser.add_argument("--target", choices=list(TARGETS), help="only this one")
    given = parser.parse_args()
    keep = Path(given.keep)
    keep.mkdir(parents=True, exist_ok=True)
    begin_s, total, wrong = time.monotonic(), 0, 0
    left = [given.target] if given.target else list(TARGETS)
    while left:
        share = 1 / len(left)
        found = _apart(
            left[0], inputs=int((given.inputs - total) * share), seed=given.seed, keep=keep,
            seconds=(given.seconds - (time.monotonic() - begin_s)) * share,
        )  # fmt: skip
        counts = found.counts
        print(f"{left.pop(0)}: {counts['data']} gave data, {counts['refused']} were refused")
        print(
            "".join(f"  {counts[kind]} {kind}\n" for kind in found.unexpected), end="", flush=True
        )
        total += counts.total()
        wrong += sum(counts[kind] for kind in found.unexpected)
    spent_s = time.monotonic() - begin_s
    print(f"{total} inputs, seed {given.seed}, {spent_s:.0f} s, {wrong} unexpected outcomes")
    raise SystemExit(wrong > 0)


def _apart(target: str, **given: Any) -> Tried:
    """`run` in a process made of this one, which has everything imported."""
    fork = get_context("fork")
    reader, writer = fork.Pipe(duplex=False)
    process = fork.Process(target=lambda: writer.send(run(target, **given)))
    process.start()
    writer.close()
    try:
        found: Tried = reader.recv()
    except EOFError:
        process.join()
        found = Tried(Counter({f"the process ended with {process.exitcode}; see {target}.last": 1}))
    process.join()
    return found


if __name__ == "__main__":
    main()
