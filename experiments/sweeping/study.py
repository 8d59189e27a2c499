"""A study, as its yaml describes it, and one trial of it: programs one after another."""

import json
import math
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ...gast.errors import InputError
from ...gast.limits import read_json
from .space import flat

PROGRAMS = ("train_action", "train_lifter", "calibrate", "evaluate", "benchmark")
_PATIENCE_S = 30.0
"""For a program to end by itself after Ctrl-C."""


class TrialFailed(Exception):
    """A trial has no result; one line says why."""


@dataclass(frozen=True)
class Objective:
    """A figure of a trial: the value of a dotted `key` in a JSON file, or in a weights file's card.

    Attributes:
        file: As seen from the trial's folder.
        key: Names and indices, such as ``heads.0.frame_accuracy``.
        more: Whether more is better.
    """

    file: str
    key: str
    more: bool

    def read(self, folder: Path) -> float:
        """The figure; `TrialFailed` if there is none."""
        try:
            value = _content(folder / self.file)
            for name in self.key.split("."):
                value = value[int(name) if isinstance(value, list) else name]
            number = float(value)
        except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
            raise TrialFailed(f"no {self.key} in {self.file} ({type(error).__name__})") from error
        if not math.isfinite(number):
            raise TrialFailed(f"{self.key} in {self.file} is {number}")
        return number


class Study:
    """What a sweep tries and what it wants.

    Args:
        programs: By the name of its folder in the trial's, the words of each program of a trial, in
            order; ``{run}`` in them is the trial's folder. The first gets the trial's values.
        space: See `space.flat`.
        objectives: Name to the arguments of `Objective`; the first is drawn over the second.

    Raises:
        InputError: A program, range or objective is none.
    """

    def __init__(
        self,
        *,
        programs: Mapping[str, Sequence[str]],
        space: Mapping[str, Any],
        objectives: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.programs = {name: [str(word) for word in words] for name, words in programs.items()}
        for name, words in self.programs.items():
            if not words or words[0].replace("-", "_") not in PROGRAMS:
                raise InputError(
                    f"study.programs.{name}={words[:1]}: begin it with one of {', '.join(PROGRAMS)}"
                )
        self.space = flat(space)
        self.objectives = {name: Objective(**given) for name, given in objectives.items()}
        if not self.space or not self.objectives or not self.programs:
            raise InputError("a study needs programs, space and objectives; give all three")

    def figures(
        self, values: Mapping[str, str], folder: Path, *, given: Sequence[str], first: Sequence[str]
    ) -> list[float]:
        """Run the programs of one trial in its folder; the objectives.

        Args:
            values: Of the space.
            folder: Of the trial.
            given: Words for all programs.
            first: For the first one only.

        Raises:
            TrialFailed: A program failed, or an objective is not there.
        """
        more = [*first, *(f"{key}={value}" for key, value in values.items())]
        for name, words in self.programs.items():
            whole = [word.replace("{run}", str(folder)) for word in words]
            _run(
                [*whole, *given, *more, f"hydra.run.dir='{folder / name}'"], folder / f"{name}.log"
            )
            more = []
        return [objective.read(folder) for objective in self.objectives.values()]


def _run(words: Sequence[str], log: Path) -> None:
    """Run one of our programs, its output in a file; `TrialFailed` with its last line."""
    command = [sys.executable, "-m", f"gastlive.experiments.{words[0].replace('-', '_')}"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as said:
        running = subprocess.Popen([*command, *words[1:]], stdout=said, stderr=subprocess.STDOUT)
        try:
            status = running.wait()
        except BaseException:
            _end(running)
            raise
    if status:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), f"status {status}")
        raise TrialFailed(f"{words[0]}: {last.strip().removeprefix('gastlive: ')[:300]}")


def _end(running: "subprocess.Popen[bytes]") -> None:
    """Let a program end by itself, as by Ctrl-C, or end it."""
    with suppress(ProcessLookupError):
        running.send_signal(signal.SIGINT)
    try:
        running.wait(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def _content(file: Path) -> Any:
    if file.suffix != ".safetensors":
        return json.loads(file.read_text(encoding="utf-8"))
    with safe_open(str(file), framework="np") as weights:
        metadata = weights.metadata() or {}
    return read_json(next(text for key, text in metadata.items() if key.startswith("gastlive_")))
