"""How many keypoint streams one machine carries: lifter, head and decision, all in one batch.

Each camera delivers at its own phase of a frame period. The server gathers: once a period, at each
tick, it takes the newest frame of every stream, so that the batch keeps its members and its states
need not be split. A frame's age includes that wait, half a period on average, and ends with its
decision. A late server goes on with the newest tick that has passed; frames of the ticks it missed
are dropped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import named
from ...realtime.clock import SYSTEM, Clock
from ...realtime.packets import Frame, Person, Pose
from ...realtime.sources import demo
from ...realtime.stages.stage import Stage
from ..timing.jobs import Row

Stages = Sequence[Stage]

TRIES = 2
"""A number of streams is too many when it fails so often in a row."""
FINEST = 32
"""The answer is exact up to so many streams, beyond that to one part in so many."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """The streams, and the limits within which they count as carried.

    Attributes:
        fps: Frames per second of each stream.
        limit_ms: Upper limit of the p99 of frames' ages.
        drops_percent: Upper limit of the share of dropped frames.
        seconds: Length of a trial.
        warm: Frames of each stream before a trial, as fast as possible.
        together: All frames come at once, as of N people before one camera; otherwise each stream
            has its own phase of the period.
        layout: Joints of the lifter.
        seed: Of the streams' phases and motions.

    Raises:
        InputError: A number makes no sense.
    """

    fps: float = 30.0
    limit_ms: float = 100.0
    drops_percent: float = 1.0
    seconds: float = 4.0
    warm: int = 30
    together: bool = False
    layout: str = "h36m17"
    seed: int = 0

    def __post_init__(self) -> None:
        if not min(self.fps, self.limit_ms, self.drops_percent, self.frames) > 0 or self.warm < 0:
            raise InputError(
                f"streams of fps={self.fps} for seconds={self.seconds} after warm={self.warm}, "
                f"limit_ms={self.limit_ms}, drops_percent={self.drops_percent}: give numbers "
                f"above 0, and time for a frame"
            )

    @property
    def frames(self) -> int:
        """Of each stream in a trial."""
        return round(self.seconds * self.fps)

    def phases(self, streams: int) -> np.ndarray:
        """(N,) when in a period each stream's frame arrives, above 0; 1 is at the tick."""
        if self.together:
            return np.ones(streams)
        return 1 - np.random.default_rng(self.seed).random(streams)


@dataclass(frozen=True)
class Trial:
    """One run of N streams.

    Attributes:
        load: The streams and limits.
        streams: N.
        age_ms: Of each frame that was served.
        batch_ms: Of each batch.
        stages_ms: The parts of `batch_ms`, by stage.
        drop_rate_percent: Of all frames that came.
    """

    load: Load
    streams: int
    age_ms: np.ndarray
    batch_ms: np.ndarray
    stages_ms: Mapping[str, np.ndarray]
    drop_rate_percent: float

    @property
    def carried(self) -> bool:
        """Whether ages and drops are within the limits."""
        late = np.percentile(self.age_ms, 99) >= self.load.limit_ms
        return bool(not late and self.drop_rate_percent < self.load.drops_percent)

    def figures(self) -> dict[str, float]:
        """As `Row.rounds` has them."""
        p50, p95, p99 = np.percentile(self.age_ms, (50, 95, 99)).tolist()
        batch_ms = float(np.median(self.batch_ms))
        return {
            "streams": float(self.streams),
            "age_p50_ms": p50,
            "age_p95_ms": p95,
            "age_p99_ms": p99,
            "batch_p50_ms": batch_ms,
            "per_stream_us": batch_ms / self.streams * 1e3,
            "drop_rate_percent": self.drop_rate_percent,
        }


class Crowd:
    """Streams of the demo clip's person, each repeated from a frame of its own.

    Args:
        streams: N; no two are alike up to as many as the clip has frames.
        layout: Joints.
        seed: Of the first frames.

    Raises:
        InputError: The clip's ground truth has not that layout.
    """

    def __init__(self, streams: int, *, layout: str, seed: int) -> None:
        with np.load(demo.PATH.with_name("demo_truth.npz")) as truth:
            if f"{layout}_px" not in truth:
                known = ", ".join(key[:-3] for key in truth if key.endswith("_px"))
                raise InputError(f"the demo clip's joints are not known as {layout}; have {known}")
            places, self.fps = truth[f"{layout}_px"], float(truth["fps"])
            self.width, self.height = truth["size_px"].tolist()
        joints, sure = named(layout), np.ones(places.shape[1], np.float32)
        self._poses = [Pose(joints, xy, sure) for xy in places]
        order = np.random.default_rng(seed).permutation(len(places))
        self._first = np.resize(order, streams).tolist()

    def frame(self, time_s: float) -> Frame:
        """A frame with all streams' people; the track id is the stream."""
        now, poses = round(time_s * self.fps), self._poses
        current = [poses[(first + now) % len(poses)] for first in self._first]
        people = {i: Person(pose, xy=pose.xy) for i, pose in enumerate(current)}
        return Frame(None, now, time_s, time_s, self.width, self.height, people=people)


def trial(stages: Stages, streams: int, load: Load, *, clock: Clock = SYSTEM) -> Trial:
    """Run so many streams through reset stages, on `clock`."""
    for stage in stages:
        stage.reset()
    crowd = Crowd(streams, layout=load.layout, seed=load.seed)
    for tick in range(load.warm):
        _serve(stages, crowd.frame(tick / load.fps), clock)
    came_s = (load.phases(streams) - 1) / load.fps  # from the tick on
    ages_s, batches_s, spent_s, last = [], [], [], 0
    for last, due_s in _ticks(load, clock):
        begun_s = clock()
        spent_s.append(_serve(stages, crowd.frame(last / load.fps), clock))
        now_s = clock()
        batches_s.append(now_s - begun_s)
        ages_s.append(now_s - due_s - came_s)
    return Trial(
        load=load,
        streams=streams,
        age_ms=np.concatenate(ages_s) * 1e3,
        batch_ms=np.array(batches_s) * 1e3,
        stages_ms={s.name: np.array([once[s.name] for once in spent_s]) * 1e3 for s in stages},
        drop_rate_percent=100 * (1 - len(batches_s) / (last - load.warm)),
    )


def _ticks(load: Load, clock: Clock) -> Iterator[tuple[int, float]]:
    """Index of each tick that is served, warm ones included, and when it was due."""
    start_s, never = clock() - load.warm / load.fps, Event()
    tick, end = load.warm, load.warm + load.frames
    while tick < end:
        clock.wait(never, start_s + (tick + 1) / load.fps - clock())
        tick = max(tick + 1, int((clock() - start_s) * load.fps))
        yield tick, start_s + tick / load.fps


def _serve(stages: Stages, frame: Frame, clock: Clock) -> dict[str, float]:
    spent_s, start_s = {}, clock()
    for stage in stages:
        frame = stage(frame)
        now_s = clock()
        spent_s[stage.name], start_s = now_s - start_s, now_s
    return spent_s


def largest(fits: Callable[[int], bool], *, first: int, most: int) -> int:
    """The largest number up to `most` that `fits`, as exact as `FINEST`; 0 if none.

    Args:
        fits: True up to some number, false beyond it.
        first: Where the search by doubling and halving begins.
        most: Where it ends.
    """
    low, high = 0, min(first, most)
    while fits(high):
        if high == most:
            return most
        low, high = high, min(2 * high, most)
    while high - low > max(1, low // FINEST):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def carries(
    make: Callable[[], Stages],
    load: Load,
    *,
    name: str,
    config: Mapping[str, str],
    first: int = 8,
    most: int = 4096,
    tell: Callable[[Trial], None] = lambda _: None,
    clock: Clock = SYSTEM,
) -> Row:
    """Find how many streams are carried; a row of one round with the figures of that many.

    ``streams`` is 0 when not even one is carried; the other figures are then of one stream.

    Args:
        make: Makes lifter, head and decision, as `naming` of the live program does.
        load: The streams and limits.
        name: Of the row.
        config: Of the row.
        first: Streams in the first trial.
        most: Streams in the largest trial.
        tell: Called with every trial as soon as it is over.
        clock: Tests pass their own.

    Raises:
        InputError: Not 1 <= `first` <= `most`.
    """
    if not 1 <= first <= most:
        raise InputError(f"streams first={first}, most={most}: give 1 <= first <= most")
    stages = make()
    last: dict[int, Trial] = {}

    def fits(streams: int) -> bool:
        for _ in range(TRIES):
            last[streams] = trial(stages, streams, load, clock=clock)
            tell(last[streams])
            if last[streams].carried:
                return True
        return False

    answer = largest(fits, first=first, most=most)
    found = last[answer or min(last)]
    samples = {f"{stage}_ms": ms for stage, ms in found.stages_ms.items()}
    figures = found.figures() | {"streams": float(answer)}
    return Row(name, config, (figures,), samples | {"age_ms": found.age_ms})
