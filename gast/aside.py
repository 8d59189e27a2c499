"""Reading files in a process of its own, where a parser that crashes takes nothing else with it."""

import atexit
import io
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import IO, Any

import numpy as np

from .errors import InputError

LONGEST_S = 30.0
MOST_MB = 2048
"""Seconds and megabytes of memory that reading one file may take."""
_SIZE = 8
"""Bytes in which the length of an answer is written, before it."""
_processes: dict[tuple[str, int], "_Process"] = {}


def read_aside(reader: str, path: str | os.PathLike[str], **given: Any) -> dict[str, np.ndarray]:
    """The arrays that a reader makes of a file, called in a process that is kept for the next one.

    `reader` is ``module:function``, which gets the path and `given`, plain data, returns arrays by
    name or raises an InputError; its module should import little. An InputError also if that
    process crashes, or takes more than `LONGEST_S` or `MOST_MB`.
    """
    key = (reader, os.getpid())  # a process made of this one must not read the same answers
    if key not in _processes or not _processes[key].is_alive:
        _processes[key] = _Process(reader)
    try:
        return _processes[key].ask({"path": os.fspath(path), **given})
    except BaseException as error:
        if not isinstance(error, InputError):
            _processes.pop(key).end()
        if isinstance(error, EOFError | TimeoutError | BrokenPipeError):
            raise InputError(f"{path} can't be read: {error}") from error
        raise


class _Process:
    """A Python of ours that answers one question after another."""

    def __init__(self, reader: str) -> None:
        start = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", start, reader],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip
        atexit.register(self.end)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: Mapping[str, Any]) -> dict[str, np.ndarray]:
        stdin: Any = self._process.stdin
        stdin.write(json.dumps(question).encode() + b"\n")
        answer = self._take(int.from_bytes(self._take(_SIZE), "big"))
        with np.load(io.BytesIO(answer), allow_pickle=False) as file:
            arrays = dict(file)
        if set(arrays) == {"refused"}:
            raise InputError(str(arrays["refused"]))
        return arrays

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()
        atexit.unregister(self.end)

    def _take(self, size: int) -> bytes:
        stdout: Any = self._process.stdout
        made = bytearray()
        while len(made) < size:
            if not select.select([stdout], [], [], LONGEST_S)[0]:
                raise TimeoutError(f"it takes longer than {LONGEST_S:g} s")
            piece = stdout.read(min(size - len(made), 1 << 20))
            if not piece:
                raise EOFError(f"what reads it ended with {_ended(self._process.wait())}")
            made += piece
        return bytes(made)


def _ended(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def serve() -> None:
    """In that process: answer until nobody asks."""
    module, _, name = sys.argv[1].partition(":")
    with suppress(ImportError):  # there is none on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MB << 20, MOST_MB << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that asks is told
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print is no answer
    read = getattr(import_module(module), name)
    for line in sys.stdin.buffer:
        _answer(answers, read, json.loads(line))


def _answer(answers: IO[bytes], read: Callable[..., Any], question: dict[str, Any]) -> None:
    made = io.BytesIO()
    try:
        np.savez(made, **read(**question))
    except InputError as error:
        made = io.BytesIO()
        np.savez(made, refused=np.array(str(error)))
    answers.write(len(made.getvalue()).to_bytes(_SIZE, "big") + made.getvalue())
