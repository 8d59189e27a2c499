"""The parts that can be measured alone, each frame by frame: see `PARTS`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from ...action.deployed import deployed as deployed_head
from ...action.head import WindowedHead
from ...conf.option import option
from ...gast.checkpoint import load
from ...gast.deployed import deployed as deployed_lifter
from ...gast.errors import InputError
from ...gast.lifter import Lifter
from ...gast.published import as_published
from ...gast.runtimes.compiled import ready
from ...gast.shipped import LIFTERS, find
from ...gast.skeleton import named
from ...gast.streaming import State, Streaming
from ...gast.windowed import WAYS, WindowedGASTNet
from ...realtime.packets import Frame
from .jobs import Job

Turn = Callable[[int], np.ndarray]
"""Does the frame of that number; its output is compared between candidates."""

REFERENCE = "reference-"
"""Begins the strategies that compute as published."""
WINDOWS = (*WAYS, *(REFERENCE + way for way in WAYS))
STRATEGIES = ("stream", "layers", *WINDOWS, *(f"{way}+flip" for way in WINDOWS))


@dataclass(frozen=True)
class Candidate:
    """One thing to measure: its name and config in the report, and what runs a frame."""

    name: str
    config: Mapping[str, str]
    turn: Turn


class Stepping:
    """Steps nets, each on the output of the one before, along (T, N, J, C) frames that repeat."""

    def __init__(self, nets: Sequence[Streaming], frames: torch.Tensor) -> None:
        self.nets, self.frames = nets, frames
        self.states: list[State] = [None] * len(nets)

    @torch.inference_mode()
    def __call__(self, index: int) -> np.ndarray:
        """The last net's output for frame `index`."""
        x = self.frames[index % len(self.frames)]
        for i, net in enumerate(self.nets):
            x, self.states[i] = net.step(x, self.states[i])
        return x.cpu().numpy()


def smooth_motion(people: int, joints: int, coordinates: int) -> torch.Tensor:
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


def _name(job: Job, *words: str) -> str:
    return " ".join(word for word in (job.name, *words) if word)


def _lifter(job: Job, strategies: Sequence[str], people: int) -> Iterator[Candidate]:
    checkpoint = job.cfg.lifter.checkpoint
    source, card = deployed_lifter(checkpoint)
    joints = len(named(card.layout))
    frames = smooth_motion(people, joints, card.inputs)
    for strategy in strategies:
        if strategy == "stream":
            net, runtime = _ready(source, (joints, card.inputs), job.cfg)
            name = _name(job, "stream,", runtime)
        else:
            net, name = _in_another_way(checkpoint, strategy), _name(job, strategy)
        yield Candidate(name, job.config, Stepping([net], frames))


def _in_another_way(checkpoint: str, strategy: str) -> Streaming:
    net, card = load(find(checkpoint, folder=LIFTERS, kind="lifter"), causal=True)
    way, _, flip = strategy.removeprefix(REFERENCE).partition("+")
    computed = as_published(net) if strategy.startswith(REFERENCE) else net
    inner = computed if way == "layers" else WindowedGASTNet(computed, way=way, flip=bool(flip))
    return Lifter(inner, skeleton=net.skeleton, normalisation=card.normalisation).eval()


def _head(job: Job, strategies: Sequence[str], people: int) -> Iterator[Candidate]:
    net, runtime, joints = _streaming_head(job)
    turn = Stepping([net], smooth_motion(people, joints, 3))
    yield Candidate(_name(job, runtime), job.config, turn)


def _streaming_head(job: Job) -> tuple[Streaming, str, int]:
    layout = deployed_lifter(job.cfg.lifter.checkpoint)[1].layout
    source, _ = deployed_head(job.cfg.classifier.checkpoint, layout=layout)
    if isinstance(source, WindowedHead):
        raise InputError(f"classifier {job.cfg.classifier.checkpoint} looks at windows; mode=step "
                         f"measures streaming heads")  # fmt: skip
    joints = len(named(layout))
    return *_ready(source, (joints, 3), job.cfg), joints


def _chain(job: Job, strategies: Sequence[str], people: int) -> Iterator[Candidate]:
    lifter, card = deployed_lifter(job.cfg.lifter.checkpoint)
    head, head_runtime, joints = _streaming_head(job)
    net, runtime = _ready(lifter, (joints, card.inputs), job.cfg)
    turn = Stepping([net, head], smooth_motion(people, joints, card.inputs))
    both = runtime if runtime == head_runtime else f"{runtime} and {head_runtime}"
    yield Candidate(_name(job, both), job.config, turn)


def _detector(job: Job, strategies: Sequence[str], people: int) -> Iterator[Candidate]:
    detector = instantiate(job.cfg.detector)
    with option("source/demo") as source:
        pictures = [frame for frame, _ in zip(source, range(100), strict=False)]

    def turn(index: int) -> np.ndarray:
        frame: Frame = pictures[index % len(pictures)]
        return np.array(len(detector(frame.knowing(time_s=index / 30)).poses))

    yield Candidate(job.name, job.config, turn)


PARTS: Mapping[str, Callable[[Job, Sequence[str], int], Iterator[Candidate]]] = {
    "lifter": _lifter,
    "head": _head,
    "chain": _chain,
    "detector": _detector,
}
"""The candidates of one config, by part: they take its `STRATEGIES` and the number of people."""
