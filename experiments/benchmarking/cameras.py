"""How many cameras one machine carries: the live program with so many, each a film in real time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...realtime.run_folder import run_folder
from ...realtime.sinks.timings import read_timings
from ...realtime.sources import demo
from ..timing.jobs import Job, Row
from .capacity import TRIES, largest
from .child import Child, Pace

SHARE = 0.7
"""Of the clip, over which the cameras' first pictures are spread."""


@dataclass(frozen=True)
class Trial:
    """One run of so many cameras at one rate.

    Attributes:
        fps: Of each camera, as delivered.
        age_ms: Of each camera's labels, (T,) each.
        processed_fps: Of each camera, as processed.
        drops_percent: Of each camera.
        cpu_percent: Of one core.
        memory_mb: Largest.
    """

    fps: float
    age_ms: tuple[np.ndarray, ...]
    processed_fps: tuple[float, ...]
    drops_percent: tuple[float, ...]
    cpu_percent: float
    memory_mb: float

    def figures(self) -> dict[str, float]:
        """As `Row.rounds` has them; ``worst`` is of the camera that is worst off."""
        every = np.concatenate(self.age_ms)
        return {
            "cameras": float(len(self.age_ms)),
            **{f"age_p{q}_ms": _percentile(every, q) for q in (50, 95, 99)},
            "age_p99_worst_ms": max(_percentile(ms, 99) for ms in self.age_ms),
            "drop_rate_percent": float(np.mean(self.drops_percent)),
            "drop_rate_worst_percent": max(self.drops_percent),
            "fps": float(np.mean(self.processed_fps)),
            "fps_least": min(self.processed_fps),
            "cpu_percent": self.cpu_percent,
            "memory_mb": self.memory_mb,
        }


class Cameras:
    """Finds the largest number of cameras of 640x480 at each rate, a row for each number tried.

    Each camera plays the demo clip in real time, from a place of its own and over and over; at less
    than its 30 frames a second, a copy of it with fewer frames. A number is carried (``carried`` 1)
    where every camera's age at p99 and drops are below the limits; it is too many when that fails
    `TRIES` times. Frames of the first `warm_s` don't count.

    Args:
        rates: Frames a second, divisors of 30.
        first: Cameras in the first trial.
        most: Cameras in the largest.
        seconds: Of a trial, without `warm_s`.
        limit_ms: Upper limit of the p99 of the ages of each camera's labels.
        drops_percent: Upper limit of the share of each camera's frames that are dropped.

    Raises:
        InputError: A number makes no sense.
    """

    title = "Cameras that one machine carries"

    def __init__(
        self, *, rates: Sequence[float], first: int, most: int, seconds: float, warm_s: float,
        limit_ms: float, drops_percent: float,
    ) -> None:  # fmt: skip
        if not rates or not all(rate > 0 and 30 % rate == 0 for rate in rates):
            raise InputError(f"mode.rates={list(rates)}: give divisors of 30, such as [10,30]")
        if not 1 <= first <= most:
            raise InputError(f"mode.first={first}, mode.most={most}: give 1 <= first <= most")
        if not min(limit_ms, drops_percent) > 0:
            raise InputError(
                f"mode.limit_ms={limit_ms}, mode.drops_percent={drops_percent}: give more than 0"
            )
        self.rates, self.first, self.most = list(rates), first, most
        self.limit_ms, self.drops_percent = limit_ms, drops_percent
        self.pace = Pace(seconds, warm_s, 30.0)

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Rows of all configs, rates and numbers; the programs' files are in `folder`."""
        rows: list[Row] = []
        for rate in self.rates:
            film = thinned(demo.PATH, run_folder(str(folder)) / f"{rate:g}.mp4", rate)
            for number, job in enumerate(jobs, 1):
                place = folder / f"{number}" / f"{rate:g}"
                rows += self._rows(job, rate, self._tried(job, rate, film, place))
        return rows

    def _tried(self, job: Job, rate: float, film: Path, folder: Path) -> dict[int, list[Trial]]:
        """The trials of each number of cameras."""
        from rich.console import Console

        console, tried = Console(stderr=True), dict[int, list[Trial]]()

        def fits(count: int) -> bool:
            trials = tried.setdefault(count, [])
            while len(trials) < TRIES:
                place = folder / f"{count}_{len(trials) + 1}"
                trials.append(self._measured(job, film, rate, count, place))
                console.print(_line(trials[-1]), highlight=False)
                if self.carried(trials[-1]):
                    return True
            return False

        answer = largest(fits, first=self.first, most=self.most)
        console.print(f"{job.name}: {answer} cameras at {rate:g} frames/s", highlight=False)
        return tried

    def carried(self, trial: Trial) -> bool:
        """Whether every camera is within the limits."""
        found = trial.figures()
        return (
            found["age_p99_worst_ms"] < self.limit_ms
            and found["drop_rate_worst_percent"] < self.drops_percent
        )

    def _measured(self, job: Job, film: Path, rate: float, count: int, folder: Path) -> Trial:
        config = {**job.config, "source": "many", "sources": spelt(film, count)}
        child = Child.of(config, pace=self.pace, program=job.program)
        child.measure(folder)
        return read(folder, count, rate, warm_s=self.pace.warm_s)

    def _rows(self, job: Job, rate: float, tried: Mapping[int, Sequence[Trial]]) -> Iterator[Row]:
        for count, trials in sorted(tried.items()):
            of = "" if job.name == "default" else f"{job.name}, "
            carried = any(self.carried(trial) for trial in trials)
            yield Row(
                name=f"{of}{rate:g} frames/s, {count} camera{'s' * (count > 1)}",
                config=job.config,
                rounds=tuple(each.figures() | {"carried": float(carried)} for each in trials),
                samples={"age_ms": np.concatenate([ms for each in trials for ms in each.age_ms])},
            )


def spelt(film: Path, count: int) -> str:
    """The cameras as the command line has them, each from another place of the film."""
    import av

    with av.open(str(film)) as container:
        seconds = float(container.duration or 0) / av.time_base
    starts = [SHARE * seconds * i / count for i in range(count)]
    given = (
        f"{{name: camera{i}, path: '{film}', start_s: {start:.2f}, repeat: 0}}"
        for i, start in enumerate(starts, 1)
    )
    return f"[{', '.join(given)}]"


def thinned(film: Path, copy: Path, rate: float) -> Path:
    """The film, of 30 frames a second, or a copy with so many: every third for 10."""
    import av

    every = round(30 / rate)
    if every == 1:
        return film
    with av.open(str(film)) as source, av.open(str(copy), "w") as made:
        first = source.streams.video[0]
        stream: Any = made.add_stream("libx264", rate=round(rate))
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
        stream.codec_context.gop_size = round(rate)  # cameras begin anywhere
        for i, picture in enumerate(source.decode(video=0)):
            if i % every == 0:
                bare = av.VideoFrame.from_ndarray(picture.to_ndarray(format="yuv420p"), "yuv420p")
                made.mux(stream.encode(bare))
        made.mux(stream.encode())
    return copy


def read(folder: Path, count: int, fps: float, *, warm_s: float) -> Trial:
    """The trial of a run of so many cameras, from its ``timings.csv``.

    A camera of which fewer than two frames came through has dropped all.
    """
    whole = read_timings(folder / "timings.csv")
    warm = whole["captured_s"] >= whole["captured_s"].min(initial=np.inf) + warm_s
    ages, rates, drops = [], [], []
    for camera in range(count):
        mine = warm & (whole["camera"] == camera)
        index, done_s = whole["index"][mine], whole["finished_s"][mine]
        is_seen = len(index) > 1
        ages.append(whole["age_ms"][mine & is_seen])
        rates.append((len(index) - 1) / float(np.ptp(done_s)) if is_seen else 0.0)
        drops.append(100 * (1 - len(index) / float(np.ptp(index) + 1)) if is_seen else 100.0)
    wall_s, cpu_s = (float(np.ptp(whole[name][warm])) for name in ("finished_s", "cpu_s"))
    return Trial(
        fps, tuple(ages), tuple(rates), tuple(drops), 100 * cpu_s / wall_s,
        float(whole["memory_mb"].max()),
    )  # fmt: skip


def _percentile(ages_ms: np.ndarray, q: int) -> float:
    return float(np.percentile(ages_ms, q)) if ages_ms.size else np.inf


def _line(trial: Trial) -> str:
    found = trial.figures()
    return (
        f"  {len(trial.age_ms)} cameras at {trial.fps:g} frames/s: {found['fps']:.1f} each, "
        f"{found['drop_rate_percent']:.1f} % dropped, age p50 / p99 {found['age_p50_ms']:.0f} / "
        f"{found['age_p99_ms']:.0f} ms, CPU {found['cpu_percent']:.0f} %"
    )
