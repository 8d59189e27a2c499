"""Readers and damaged files: ``python -m gastlive.tests.fuzzing --inputs 1000000 --seconds 7200``.

Whatever is done to a valid file, it ends in data or in an `InputError` of one line: no other
exception, no crash, within `LONGEST_S` and `MOST_MB`. What was tried is added to a table after
every `BATCH` inputs of a reader; the same command goes on from there.
"""

import argparse
import contextlib
import csv
import logging
import os
import resource
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from gastlive.gast.errors import InputError

from .readers import TARGETS, Target

LONGEST_S, MOST_MB = 5.0, 1024
"""Seconds of the processor and peak memory that reading one file may take."""
BATCH = 1000
"""Inputs that a process tries before it ends."""
LEAST = 20
"""Batches that every reader gets before the fast ones get more."""
_WAIT_S = 120.0
"""Without a processor's time spent; the machine may be busy."""
_MOST_BYTES = 8 << 30
"""Of address space: what is refused too late must not take the machine with it."""


class TooLong(BaseException):
    """A reader took longer than `LONGEST_S`."""


def damaged(made: Target, *, seed: int | str) -> Iterator[bytes]:
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
    timers = {signal.ITIMER_PROF: LONGEST_S, signal.ITIMER_REAL: _WAIT_S}

    def ring(*_: object) -> None:
        raise TooLong

    def again() -> None:
        for timer, longest_s in timers.items():
            signal.setitimer(timer, longest_s)

    signal.signal(signal.SIGPROF, ring)
    signal.signal(signal.SIGALRM, ring)
    try:
        yield again
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)


@dataclass
class Row:
    """What came of a target's inputs so far; `seconds` of the processor."""

    target: str
    seed: int
    batches: int = 0
    inputs: int = 0
    data: int = 0
    refused: int = 0
    unexpected: int = 0
    seconds: float = 0.0
    peak_mb: float = 0.0

    def __iadd__(self, other: "Row") -> "Row":
        for name in ("batches", "inputs", "data", "refused", "unexpected", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.peak_mb = max(self.peak_mb, other.peak_mb)
        return self


class Table:
    """A row for each target, in a file that is there at any time."""

    def __init__(self, path: Path, targets: Iterable[str], *, seed: int):
        self._path = path
        self.rows = {target: Row(target, seed) for target in targets}
        if path.exists():
            kinds = {part.name: part.type for part in fields(Row)}
            for row in csv.DictReader(path.read_text().splitlines()):
                made: dict[str, Any] = {name: kinds[name](value) for name, value in row.items()}
                self.rows[row["target"]] = Row(**made)

    def total(self, name: str) -> Any:
        return sum(getattr(row, name) for row in self.rows.values())

    def next(self, among: Iterable[str]) -> Row:
        """Which target is due: all get `LEAST` batches, then each the same time."""
        rows = [self.rows[target] for target in among]
        early = [row for row in rows if row.batches < LEAST]
        if early:
            return min(early, key=lambda row: row.batches)
        return min(rows, key=lambda row: row.seconds)

    def write(self) -> None:
        """Beside and renamed."""
        beside = self._path.with_suffix(".new")
        with beside.open("w", newline="") as file:
            writer = csv.DictWriter(file, [part.name for part in fields(Row)])
            writer.writeheader()
            for row in self.rows.values():
                writer.writerow(
                    asdict(row) | {"seconds": f"{row.seconds:.1f}", "peak_mb": f"{row.peak_mb:.0f}"}
                )
        beside.replace(self._path)


def run(made: Target, folder: Path, *, seed: str, begin: int, counts: Any) -> dict[str, bytes]:
    """Try a batch from input `begin` on, in this process; the unexpected, one input of a kind.

    `counts` is inputs begun, data, refused, unexpected and the peak in kB, for whoever survives it.
    """
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    found: dict[str, bytes] = {}
    with alarmed() as again:

        def contents() -> Iterator[bytes]:
            for content in islice(damaged(made, seed=seed), begin, BATCH):
                counts[0] += 1
                _forget_peak()
                again()
                yield content

        for content, outcome in tried(made, folder, contents()):
            peak_kb = _peak_kb()
            counts[4] = max(counts[4], peak_kb)
            if peak_kb > MOST_MB << 10:
                outcome = f"{peak_kb >> 10} MB ({outcome})"
            at = {"data": 1, "refused": 2}.get(outcome, 3)
            counts[at] += 1
            if at == 3:
                found.setdefault(outcome, content)
    return found


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_kb() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    return 0


def batch(target: str, number: int, *, seed: int) -> tuple[Row, dict[str, bytes]]:
    """A batch in processes of its own, so that a crash is an outcome too and the rest goes on."""
    counts = get_context("fork").Array("q", 5, lock=False)
    row, found, stream = Row(target, seed, batches=1), {}, f"{seed} {number}"
    shared = Path("/dev/shm")  # a disk takes longer to write a file than we to read it
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        made = TARGETS[target](Path(folder))
        before_s = _children_s()
        while counts[0] < BATCH:
            ended = _apart(run, made, Path(folder), seed=stream, begin=counts[0], counts=counts)
            if isinstance(ended, dict):
                found |= ended
                break
            counts[3] += 1
            content = next(islice(damaged(made, seed=stream), max(counts[0] - 1, 0), None))
            found.setdefault(f"the process ended with {ended}", content)
    row.inputs, row.data, row.refused, row.unexpected, peak_kb = counts
    row.seconds, row.peak_mb = _children_s() - before_s, peak_kb / 1024
    return row, found


def _children_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _apart(work: Callable[..., Any], *given: Any, counts: Any, **named: Any) -> Any:
    """What a process made of this one gives, which has everything imported; or its exit code."""
    fork = get_context("fork")
    reader, writer = fork.Pipe(duplex=False)
    process = fork.Process(target=lambda: writer.send(work(*given, counts=counts, **named)))
    process.start()
    writer.close()
    try:
        begun = -1
        while not reader.poll(2 * _WAIT_S):
            if counts[0] == begun:
                process.kill()
            begun = counts[0]
        return reader.recv()
    except EOFError:
        process.join()
        return process.exitcode
    except BaseException:
        process.kill()
        raise
    finally:
        process.join()


def main() -> None:
    """All targets, a batch at a time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of all targets together")
    parser.add_argument("--seconds", type=float, default=7200.0, help="that this call may take")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", default="outputs/fuzz", help="folder for table and findings")
    parser.add_argument("--target", choices=list(TARGETS), help="only this one")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep, end_s = Path(given.keep), time.monotonic() + given.seconds
    keep.mkdir(parents=True, exist_ok=True)
    table = Table(keep / f"seed_{given.seed}.csv", TARGETS, seed=given.seed)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        while table.total("inputs") < given.inputs and time.monotonic() < end_s:
            row = table.next([given.target] if given.target else TARGETS)
            made, found = batch(row.target, row.batches, seed=given.seed)
            for count, (outcome, content) in enumerate(found.items()):
                name = f"{row.target}.{row.batches}.{count}"
                (keep / name).write_bytes(content)
                print(f"{row.target}: {outcome}: {keep / name}", flush=True)
            row += made
            table.write()
    wrong = table.total("unexpected")
    print(
        f"{table.total('inputs')} inputs, seed {given.seed}, {table.total('seconds'):.0f} s of the "
        f"processor, {wrong} unexpected outcomes: {keep}/seed_{given.seed}.csv"
    )
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
