"""Heads that are measured: how each names streams as a whole and frame by frame, and how fast."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....action.checkpoint import HeadCard
from ....action.complexity import complexity
from ....action.deployed import deployed
from ....action.evaluation import PerFrame
from ....action.head import Head, WindowedHead
from ....action.metrics import Reliability
from ....gast.errors import InputError
from ....gast.runtimes.compiled import ready
from ....gast.runtimes.step_graph import StepGraph
from ....gast.skeleton import named
from ....gast.streaming import State, Streaming, streamed
from ...timing.step import Contestant, Step
from ..chosen import by_name


@dataclass(frozen=True, eq=False)
class Contender:
    """One head.

    Attributes:
        name: In the report.
        checkpoint: As it was given.
        card: Of its file.
        per_frame: Names every frame of streams, as it is measured.
        otherwise: Names the last frames of streams in another way: frame by frame if `per_frame`
            takes whole streams, and the other way round; of a windowed head the last window alone.
            ``None`` if there is but one way.
        runtime: What steps, as live; ``None`` if `per_frame` takes whole streams.
        source: The net, or its exported step.
    """

    name: str
    checkpoint: str
    card: HeadCard
    per_frame: PerFrame
    otherwise: PerFrame | None
    runtime: str | None
    source: Head | StepGraph

    @torch.inference_mode()
    def apart(self, streams: Iterable[Tensor]) -> float | None:
        """How far the logits of streams (N, T, J, 3) are from those found otherwise, at most.

        ``None`` if there is but one way, or no stream.
        """
        if self.otherwise is None:
            return None
        differences = []
        for xyz in streams:
            found = self.otherwise(xyz)
            said = self.per_frame(xyz)[:, -found.shape[1] :]
            differences.append(float((said - found).abs().max()))
        return max(differences, default=None)


def contenders(checkpoints: Any, **how: Any) -> list[Contender]:
    """All that shall be measured.

    Args:
        checkpoints: One, a list of them, or a mapping from names in the report to them.
        how: All else that `contender` takes.

    Raises:
        InputError: There is none, or one of them can't be measured so.
    """
    chosen = by_name(checkpoints)
    if not chosen:
        raise InputError("checkpoint=[] names no head; give one or more")
    return [contender(path, name=name, **how) for name, path in chosen.items()]


def contender(
    checkpoint: str,
    *,
    name: str,
    layout: str,
    runtime: str | None,
    precision: str,
    threads: int,
) -> Contender:
    """One head, ready to be measured.

    Args:
        checkpoint: Name, or path of a .safetensors or .onnx file.
        name: In the report.
        layout: Name of the joint layout that it must have been trained on.
        runtime: What steps along the streams, as live; ``None``: torch, on whole streams.
        precision: Of the steps.
        threads: Of the steps.

    Raises:
        InputError: No such head, one of another layout, or one that can't be run so.
    """
    source, card = deployed(checkpoint, layout=layout)
    if runtime is None:
        if isinstance(source, StepGraph) or precision != "float32":
            raise InputError(
                f"checkpoint={checkpoint} with precision={precision} is run frame by frame; give "
                f"runtime=auto"
            )
        single = (
            partial(_last_window, source)
            if isinstance(source, WindowedHead)
            else partial(streamed, source)
        )
        return Contender(name, checkpoint, card, source.eval().per_frame, single, None, source)
    if isinstance(source, WindowedHead):
        raise InputError(f"head {checkpoint} looks at windows, which runtime=null alone runs")
    made = _live(source, layout, runtime=runtime, precision=precision, threads=threads)
    whole = None if isinstance(source, StepGraph) else source.eval().per_frame
    stepped = partial(streamed, made.net)
    return Contender(name, checkpoint, card, stepped, whole, made.runtime, source)


def _live(source: Any, layout: str, **how: Any) -> Any:
    return ready(source, shape=(len(named(layout)), 3), device="cpu", **how)


def _last_window(head: WindowedHead, xyz: Tensor) -> Tensor:
    """(N, T, J, 3) to (N, 1, K); what came before the first frame stood still."""
    window = xyz[:, -head.frames :]
    before = window[:, :1].expand(-1, head.frames - window.shape[1], -1, -1)
    return head(torch.cat([before, window], 1))[:, None]


def size_of(source: Head | StepGraph) -> tuple[int | None, int | None]:
    """Parameters, and multiply-adds a frame; ``None`` of an exported head."""
    if isinstance(source, StepGraph):
        return None, None
    cost = complexity(source)
    return cost.parameters, cost.multiply_adds


def step_ms(
    everyone: Sequence[Contender], *, runtime: str | None, precision: str, rounds: int
) -> dict[str, float]:
    """Milliseconds a frame of one person on one thread, by name: the median of a step.

    A windowed head does a window a frame, in torch.

    Args:
        everyone: The heads.
        runtime: What steps; ``None`` for the fastest.
        precision: Of the steps.
        rounds: In which they take turns. Without any there are no figures.
    """
    if rounds < 1:
        return {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    turns = [_turn(each, runtime or "auto", precision) for each in everyone]
    names = [each.name for each in everyone]
    rows = Step(rounds=rounds).in_turns(
        [Contestant(name, {}, turn) for name, turn in zip(names, turns, strict=True)],
        apart=[0.0] * len(turns),
    )
    torch.set_num_threads(threads)
    medians = [np.median([figures["step_p50_ms"] for figures in row.rounds]) for row in rows]
    return {name: round(float(ms), 4) for name, ms in zip(names, medians, strict=True)}


def _turn(each: Contender, runtime: str, precision: str) -> "_Stepping | _Looking":
    layout = each.card.layout
    people = torch.from_numpy(_moving(len(named(layout))))
    if isinstance(each.source, WindowedHead):
        return _Looking(each.source, people)
    made = _live(each.source, layout, runtime=runtime, precision=precision, threads=1)
    turn = _Stepping(made.net, people)
    for index in range(_WARM):
        turn(index)
    return turn


_WARM = 30
"""Frames before the first that counts."""


def _moving(joints: int) -> np.ndarray:
    """(T, J, 3) of somebody who moves smoothly."""
    rng = np.random.default_rng(0)
    rest, phase = rng.uniform(-0.5, 0.5, (joints, 3)), rng.uniform(0, 2 * np.pi, (joints, 3))
    swing = np.sin(np.arange(300)[:, None, None] / 15 + phase)
    return (rest + 0.1 * swing).astype(np.float32)


class _Stepping:
    """Names the next frame."""

    def __init__(self, net: Streaming, people: Tensor) -> None:
        self.net, self.people = net, people
        self.state: State = None

    @torch.inference_mode()
    def __call__(self, index: int) -> np.ndarray:
        said, self.state = self.net.step(self.people[None, index % len(self.people)], self.state)
        return said.numpy()


class _Looking:
    """Names the window that ends at the next frame."""

    def __init__(self, head: WindowedHead, people: Tensor) -> None:
        self.head, self.people = head, people

    @torch.inference_mode()
    def __call__(self, index: int) -> np.ndarray:
        at = (torch.arange(self.head.frames) + index) % len(self.people)
        return self.head(self.people[None, at]).numpy()


@dataclass(frozen=True, eq=False)
class Result:
    """What was found out about one head.

    Attributes:
        contender: Which.
        figures: Plain JSON, see `clip_figures` and `figures`.
        confusion: (K, K) counts, row the truth.
        reliability: Of calibrated confidence.
        apart: Largest difference of logits between whole clips or streams and step by step, or of
            a windowed head between streams and single windows; ``None`` where it was not looked
            for.
    """

    contender: Contender
    figures: dict[str, Any]
    confusion: np.ndarray
    reliability: Reliability
    apart: float | None
