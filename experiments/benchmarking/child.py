"""The live program in one config, measured as a process of its own."""

import json
import math
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from omegaconf import OmegaConf

from ...gast.addresses import masked
from ...gast.errors import InputError
from ...realtime.sinks.timings import read_timings
from ..timing.jobs import PROGRAM

# How long a terminated program may take to finish its files.
PARTING_S = 20.0


@dataclass(frozen=True)
class Pace:
    """How long a program is measured, and how fast a file is played to it.

    Attributes:
        seconds: Measured, after the warm-up.
        warm_s: Warm-up from the first frame on.
        fps: Images a second of a source that is a file.

    Raises:
        InputError: One of them makes no sense.
    """

    seconds: float
    warm_s: float
    fps: float

    def __post_init__(self) -> None:
        for name, value in (("seconds", self.seconds), ("fps", self.fps)):
            if not value > 0:
                raise InputError(f"{name}={value} measures nothing; give more than 0")
        if not self.warm_s >= 0:
            raise InputError(f"warm_s={self.warm_s} is no time; give 0 or more")


@dataclass(frozen=True)
class Measured:
    """One run: figures by name and unit, NaN where unknown; samples (T,) of age and each stage."""

    figures: Mapping[str, float]
    samples: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Child:
    """One config, ready to be run repeatedly.

    Attributes:
        config: Overrides, as they were given.
        command: Of the program, without the folder of a run.
        pace: How it is measured.
        ends: Whether it ends by itself; otherwise, as with a webcam, it is stopped.
    """

    config: Mapping[str, str]
    command: tuple[str, ...]
    pace: Pace
    ends: bool

    @classmethod
    def of(cls, config: Mapping[str, str], *, pace: Pace, program: Sequence[str]) -> Self:
        """Compose the config once, so that a wrong one is refused before anything is measured.

        Raises:
            InputError: It can't be composed; the program's own line is in the message.
        """
        whole = {**config, "sink": _with_timings(config.get("sink", ""))}
        source = _composed(whole, program).get("source") or {}
        ours: dict[str, str] = {}
        if "realtime" in source:  # a file
            seconds = pace.warm_s + pace.seconds
            frames = math.ceil(seconds * float(source.get("fps") or pace.fps)) + 1
            played = {
                "realtime": "true",
                "repeat": "0",
                "fps": f"{pace.fps:g}",
                "frames": str(frames),
            }
            ours = {f"source.{key}": value for key, value in played.items() if key in source}
        arguments = (f"{key}={value}" for key, value in {**ours, **whole}.items())
        return cls(config, (*program, *arguments), pace, ends="source.frames" in ours)

    def measure(self, folder: Path) -> Measured:
        """Run it once and read its files in `folder`, which Ctrl-C leaves complete.

        Raises:
            InputError: It failed, with its own line in the message, or ended too early.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("timings.csv", "summary.json"):  # of an earlier benchmark
            (folder / name).unlink(missing_ok=True)
        log = folder / "errors.txt"
        with log.open("wb") as errors:
            # In a session of its own, so that Ctrl-C reaches it once, from here.
            process = subprocess.Popen(
                (*self.command, f"hydra.run.dir={folder}"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                self._wait(process, folder / "timings.csv")
            finally:
                _end(process)
        if process.returncode != 0:
            errors_text = log.read_text(encoding="utf-8", errors="replace")
            raise _failure(self.config, errors_text, process.returncode)
        return read(folder, warm_s=self.pace.warm_s)

    def _wait(self, process: subprocess.Popen[bytes], timings: Path) -> None:
        """Wait until it ends or has run for long enough since its first frame."""
        if self.ends:
            process.wait()
            return
        while not (timings.is_file() and timings.stat().st_size):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.pace.warm_s + self.pace.seconds)


def read(folder: Path, *, warm_s: float) -> Measured:
    """Figures of a run after the first `warm_s`, from its ``timings.csv`` and ``summary.json``.

    Raises:
        InputError: The run ended before it was warm, or a file is missing.
    """
    whole = read_timings(folder / "timings.csv")
    captured_s = whole["captured_s"]
    first = int((captured_s < captured_s[:1] + warm_s).sum())
    warm = {name: values[first:] for name, values in whole.items()}
    frames = len(warm["index"])
    if frames < 2:
        raise InputError(
            f"{folder}: {frames} frames came after warm_s={warm_s:g}, wanted 2 or more; "
            "measure for more seconds or a source that has more"
        )
    summary = _summary(folder / "summary.json")
    wall_s, cpu_s = (float(np.ptp(warm[name])) for name in ("finished_s", "cpu_s"))
    dropped = warm["dropped"][-1] - whole["dropped"][max(first - 1, 0)]
    samples = {name: values for name, values in warm.items() if name.endswith("_ms")}
    figures = {
        **_percentiles("age", samples["age_ms"]),
        "age_max_ms": float(samples["age_ms"].max()),
        "drop_rate_percent": float(100 * dropped / (dropped + frames)),
        "fps": (frames - 1) / wall_s,
        "cpu_percent": 100 * cpu_s / wall_s,
        "memory_mb": float(warm["memory_mb"].max()),
        "memory_growth_mb_per_min": _number(summary["memory_mb"]["growth_mb_per_min"]),
        "first_label_s": _number(summary["first_label_s"]),
    }
    for name, values in samples.items():
        figures |= _percentiles(name.removesuffix("_ms"), values)
    return Measured(figures, samples)


def spelt(config: Mapping[str, str]) -> str:
    """Overrides as one line, a camera's password masked."""
    return " ".join(f"{key}={value}" for key, value in masked_config(config).items())


def masked_config(config: Mapping[str, str]) -> dict[str, str]:
    """Overrides with a camera's password masked."""
    return {key: masked(value) if key == "source.url" else value for key, value in config.items()}


def _composed(config: Mapping[str, str], program: Sequence[str]) -> Any:
    """The program's config, unresolved."""
    arguments = [f"{key}={value}" for key, value in config.items()]
    done = subprocess.run(
        [*program, *arguments, "--cfg", "job"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise _failure(config, done.stderr, done.returncode)
    return OmegaConf.create(done.stdout)


def _with_timings(sinks: str) -> str:
    given = [name.strip() for name in sinks.strip("[] ").split(",")]
    others = [name for name in given if name not in ("", "null", "timings")]
    return f"[{','.join((*others, 'timings'))}]"


def record(config: Mapping[str, str], folder: Path, *, program: Sequence[str] = PROGRAM) -> None:
    """Run the live program to its end, its files in `folder`.

    Raises:
        InputError: It failed; its own line is in the message.
    """
    arguments = [f"{key}={value}" for key, value in config.items()]
    command = [*program, *arguments, f"hydra.run.dir={folder}"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        _, errors_text = process.communicate()
    finally:
        _end(process)
    if process.returncode != 0:
        raise _failure(config, errors_text, process.returncode)


def _end(process: subprocess.Popen[Any]) -> None:
    try:
        if process.poll() is None:
            process.terminate()  # the live program takes it as Ctrl-C
            with suppress(subprocess.TimeoutExpired):
                process.wait(PARTING_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _failure(config: Mapping[str, str], errors_text: str, status: int) -> InputError:
    lines = [line for line in errors_text.splitlines() if line.strip()]
    lines = lines or [f"it ended with status {status} without a word"]
    # Our own messages and a traceback's error come last, Hydra's come first.
    is_last = any(line.startswith(("gastlive: ", "Traceback")) for line in lines)
    line = lines[-1 if is_last else 0].removeprefix("gastlive: ")
    return InputError(f"{spelt(config) or 'the default'} can't be measured: {line}")


def _summary(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no summary.json of gastlive: {error}") from error


def _percentiles(name: str, values: np.ndarray) -> dict[str, float]:
    found = np.percentile(values, (50, 95, 99)).tolist()
    return {f"{name}_p{q}_ms": value for q, value in zip((50, 95, 99), found, strict=True)}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
