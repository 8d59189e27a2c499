"""One part alone, frame by frame: streaming beside the reference's windows, in one run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from ...action.deployed import deployed as deployed_head
from ...action.head import WindowedHead
from ...gast.checkpoint import load
from ...gast.deployed import deployed as deployed_lifter
from ...gast.errors import InputError
from ...gast.lifter import Lifter
from ...gast.runtimes.compiled import ready
from ...gast.shipped import LIFTERS, find
from ...gast.skeleton import named
from ...gast.streaming import State, Streaming
from ...gast.windowed import WAYS, WindowedGASTNet
from ...realtime.packets import Frame
from ...realtime.sources.demo import Demo
from .jobs import Job
from .row import Row

Turn = Callable[[int], np.ndarray]
"""Takes the frame's number; does what is measured, and gives what shall be equal elsewhere."""

STRATEGIES = ("stream", "layers", *WAYS, *(f"{way}+flip" for way in WAYS))


@dataclass(frozen=True)
class Contestant:
    """One thing that is measured.

    Attributes:
        name: In the report.
        config: Of the report.
        turn: Does one frame.
    """

    name: str
    config: Mapping[str, str]
    turn: Turn


class Step:
    """Milliseconds of a part's step.

    First all contestants do the same frames, which warms them up, and what they make of these is
    compared. Then they take turns, a stretch of frames each, every second round in reverse; a
    stretch, not a frame, because the live program too finds much of a net in the cache.

    Figures are ``step_p50_ms``, p95 and p99 of each round, and ``largest_difference`` to the first
    contestant of the same config: rounding, except with flip augmentation, another function.

    Args:
        part: lifter, head, chain (lifter and head) or detector.
        strategies: Of a lifter: ``stream`` (folded, in the config's runtime), ``layers`` (torch,
            layer by layer), and the reference's windows ``dilated`` and ``strided``, each also with
            ``+flip``.
        people: In one batch.
        rounds: How many.
        frames: Of a stretch, at most.
        seconds: Of a stretch, at most; but five frames are always done.
        warm: Frames before the first round.

    Raises:
        InputError: Unknown part or strategy, or numbers below 1.
    """

    title = "One step, part by part"

    def __init__(
        self,
        *,
        part: str = "lifter",
        strategies: Sequence[str] = ("stream",),
        people: int = 1,
        rounds: int = 7,
        frames: int = 200,
        seconds: float = 1.0,
        warm: int = 30,
    ) -> None:
        if part not in PARTS:
            raise InputError(f"mode.part={part}: choose one of {', '.join(PARTS)}")
        if unknown := set(strategies) - set(STRATEGIES):
            raise InputError(
                f"mode.strategies has {', '.join(sorted(unknown))}; choose of "
                f"{', '.join(STRATEGIES)}"
            )
        if min(people, frames, rounds, warm) < 1 or not strategies:
            raise InputError(
                "mode.people, frames, rounds, warm, strategies: give 1 or more of each"
            )
        self.part, self.strategies, self.people = part, tuple(strategies), people
        self.rounds, self.frames, self.seconds, self.warm = rounds, frames, seconds, warm

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Rows of all configs and strategies, in order; `folder` stays empty."""
        teams = [instantiate(job.cfg.mode).contestants(job) for job in jobs]
        apart = [far for team in teams for far in self._apart(team)]
        return self.in_turns([contestant for team in teams for contestant in team], apart=apart)

    def in_turns(self, everyone: Sequence[Contestant], *, apart: Sequence[float]) -> list[Row]:
        """Rows of these contestants, whose outputs differ from the first one's by `apart`."""
        from rich.progress import track

        spent_ms: list[list[np.ndarray]] = [[] for _ in everyone]
        for turn in track(range(self.rounds), description="rounds", transient=True):
            order = list(zip(everyone, spent_ms, strict=True))
            for contestant, spent in order if turn % 2 == 0 else reversed(order):
                spent.append(self._stretch(contestant))
        return [
            _row(contestant, rounds, far)
            for contestant, rounds, far in zip(everyone, spent_ms, apart, strict=True)
        ]

    def contestants(self, job: Job) -> list["Contestant"]:
        """What is measured of one config."""
        torch.set_num_threads(job.cfg.threads)
        return list(PARTS[self.part](job, self))

    def _apart(self, team: Sequence["Contestant"]) -> list[float]:
        """How far each is from the first one, at most, over the first frames."""
        made = [[contestant.turn(index) for index in range(self.warm)] for contestant in team]
        return [float(np.abs(np.array(each) - np.array(made[0])).max()) for each in made]

    def _stretch(self, contestant: "Contestant") -> np.ndarray:
        """Milliseconds of each frame; the first two bring the net back into the cache."""
        spent_s: list[float] = []
        until_s = time.perf_counter() + self.seconds
        while len(spent_s) < 7 or (len(spent_s) < self.frames and time.perf_counter() < until_s):
            start_s = time.perf_counter()
            contestant.turn(len(spent_s))
            spent_s.append(time.perf_counter() - start_s)
        return np.array(spent_s[2:]) * 1e3


def _row(contestant: Contestant, rounds: Sequence[np.ndarray], apart: float) -> Row:
    figures = tuple(
        {f"step_p{q}_ms": float(np.percentile(ms, q)) for q in (50, 95, 99)}
        | {"largest_difference": apart}
        for ms in rounds
    )
    return Row(contestant.name, contestant.config, figures, {"step_ms": np.concatenate(rounds)})


class _Stepping:
    """Steps nets one after the other on frames that repeat."""

    def __init__(self, nets: Sequence[Streaming], frames: torch.Tensor) -> None:
        self.nets, self.frames = nets, frames
        self.states: list[State] = [None] * len(nets)

    @torch.inference_mode()
    def __call__(self, index: int) -> np.ndarray:
        x = self.frames[index % len(self.frames)]
        for i, net in enumerate(self.nets):
            x, self.states[i] = net.step(x, self.states[i])
        return x.cpu().numpy()


def _walk(people: int, joints: int, coordinates: int) -> torch.Tensor:
    """(T, N, J, C): people that move smoothly and differ."""
    random = np.random.default_rng(0)
    time_s = np.arange(300)[:, None, None, None] / 30
    phase = random.uniform(0, 2 * np.pi, (1, people, joints, coordinates))
    rest = random.uniform(-0.5, 0.5, (1, people, joints, coordinates))
    return torch.from_numpy((rest + 0.1 * np.sin(2 * time_s + phase)).astype(np.float32))


def _ready(source: Any, shape: tuple[int, ...], cfg: DictConfig) -> tuple[Streaming, str]:
    made = ready(
        source, shape=shape, runtime=cfg.runtime, precision=cfg.precision, threads=cfg.threads,
        device=cfg.device,
    )  # fmt: skip
    if made.device.type != "cpu":
        raise InputError("mode=step measures on the CPU; give device=cpu")
    return made.net, made.runtime


def _named(job: Job, *words: str) -> str:
    return " ".join(word for word in (job.name, *words) if word)


def _lifter(job: Job, step: Step) -> Iterator[Contestant]:
    checkpoint = job.cfg.lifter.checkpoint
    source, card = deployed_lifter(checkpoint)
    joints = len(named(card.layout))
    frames = _walk(step.people, joints, 2)
    for strategy in step.strategies:
        if strategy == "stream":
            net, runtime = _ready(source, (joints, 2), job.cfg)
            name = _named(job, "stream,", runtime)
        else:
            net, name = _otherwise(checkpoint, strategy), _named(job, strategy)
        yield Contestant(name, job.config, _Stepping([net], frames))


def _otherwise(checkpoint: str, strategy: str) -> Streaming:
    """A lifter run in another way than live."""
    net, card = load(find(checkpoint, folder=LIFTERS, kind="lifter"), causal=True)
    way, _, flip = strategy.partition("+")
    inner = net if way == "layers" else WindowedGASTNet(net, way=way, flip=bool(flip))
    return Lifter(inner, skeleton=net.skeleton, normalisation=card.normalisation).eval()


def _head(job: Job, step: Step) -> Iterator[Contestant]:
    net, runtime, joints = _streaming_head(job)
    turn = _Stepping([net], _walk(step.people, joints, 3))
    yield Contestant(_named(job, runtime), job.config, turn)


def _streaming_head(job: Job) -> tuple[Streaming, str, int]:
    layout = deployed_lifter(job.cfg.lifter.checkpoint)[1].layout
    source, _ = deployed_head(job.cfg.classifier.checkpoint, layout=layout)
    if isinstance(source, WindowedHead):
        raise InputError(f"classifier {job.cfg.classifier.checkpoint} looks at windows; mode=step "
                         f"measures streaming heads")  # fmt: skip
    joints = len(named(layout))
    return *_ready(source, (joints, 3), job.cfg), joints


def _chain(job: Job, step: Step) -> Iterator[Contestant]:
    lifter, _ = deployed_lifter(job.cfg.lifter.checkpoint)
    head, head_runtime, joints = _streaming_head(job)
    net, runtime = _ready(lifter, (joints, 2), job.cfg)
    turn = _Stepping([net, head], _walk(step.people, joints, 2))
    both = runtime if runtime == head_runtime else f"{runtime} and {head_runtime}"
    yield Contestant(_named(job, both), job.config, turn)


def _detector(job: Job, step: Step) -> Iterator[Contestant]:
    detector = instantiate(job.cfg.detector)
    with Demo() as source:
        pictures = [frame for frame, _ in zip(source, range(100), strict=False)]

    def turn(index: int) -> np.ndarray:
        frame: Frame = pictures[index % len(pictures)]
        return np.array(len(detector(frame.knowing(time_s=index / 30)).poses))

    yield Contestant(job.name, job.config, turn)


PARTS: Mapping[str, Callable[[Job, Step], Iterator[Contestant]]] = {
    "lifter": _lifter,
    "head": _head,
    "chain": _chain,
    "detector": _detector,
}
