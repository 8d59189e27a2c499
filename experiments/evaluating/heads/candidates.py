"""Heads to measure: run on whole streams and frame by frame, and timed."""

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
from ....gast.streaming import streamed
from ...reporting import by_name
from ...timing.parts import Stepping, Turn, smooth_motion
from ...timing.step import median_step_ms, one_thread


@dataclass(frozen=True, eq=False)
class Candidate:
    """One head.

    Attributes:
        name: In the report.
        checkpoint: As it was given.
        card: Of its file.
        per_frame: Gives logits for every frame of streams, in the way that is measured.
        otherwise: Gives the last frame's in the other way, for comparison: frame by frame or whole
            streams; of a windowed head the last window alone. ``None``: there is only one way.
        runtime: The one that steps, as live; ``None`` if `per_frame` takes whole streams.
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
    def largest_difference(self, streams: Iterable[Tensor]) -> float | None:
        """Between the logits of both ways on streams (N, T, J, 3); ``None`` without either."""
        if self.otherwise is None:
            return None
        differences = []
        for xyz in streams:
            other = self.otherwise(xyz)
            logits = self.per_frame(xyz)[:, -other.shape[1] :]
            differences.append(float((logits - other).abs().max()))
        return max(differences, default=None)


def candidates(checkpoints: Any, **how: Any) -> list[Candidate]:
    """One or more heads, see `by_name`; `how` is all else that `candidate` takes.

    Raises:
        InputError: There is none, or one of them can't be measured so.
    """
    named_paths = by_name(checkpoints, kind="head")
    return [candidate(path, name=name, **how) for name, path in named_paths.items()]


def candidate(
    checkpoint: str,
    *,
    name: str,
    layout: str,
    runtime: str | None,
    precision: str,
    threads: int,
) -> Candidate:
    """One head, ready to be measured.

    Args:
        checkpoint: Name, or path of a .safetensors or .onnx file.
        name: In the report.
        layout: Name of the joint layout that it must have been trained on.
        runtime: Steps along the streams, as live; ``None``: torch, on whole streams.
        precision: Of the steps, as `threads`.
        threads: As above.

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
        return Candidate(name, checkpoint, card, source.eval().per_frame, single, None, source)
    if isinstance(source, WindowedHead):
        raise InputError(f"head {checkpoint} looks at windows, which runtime=null alone runs")
    made = _compiled(source, layout, runtime=runtime, precision=precision, threads=threads)
    whole = None if isinstance(source, StepGraph) else source.eval().per_frame
    stepped = partial(streamed, made.net)
    return Candidate(name, checkpoint, card, stepped, whole, made.runtime, source)


def _compiled(source: Any, layout: str, **how: Any) -> Any:
    return ready(source, shape=(len(named(layout)), 3), device="cpu", **how)


def _last_window(head: WindowedHead, xyz: Tensor) -> Tensor:
    """(N, T, J, 3) to (N, 1, K); the first frame stands for those before it."""
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
    everyone: Sequence[Candidate], *, runtime: str | None, precision: str, rounds: int
) -> dict[str, float]:
    """Median milliseconds per frame of one person on one thread, by name.

    A windowed head runs a window per frame, in torch.

    Args:
        everyone: The heads.
        runtime: What steps; ``None`` for the fastest.
        precision: Of the steps.
        rounds: Number of them, in which the heads take turns; 0 gives no figures.
    """
    if rounds < 1:
        return {}
    with one_thread():
        turns = {each.name: _turn(each, runtime or "auto", precision) for each in everyone}
        medians = median_step_ms(turns, rounds=rounds)
    return {name: round(ms, 4) for name, ms in medians.items()}


def _turn(each: Candidate, runtime: str, precision: str) -> Turn:
    layout = each.card.layout
    frames = smooth_motion(1, len(named(layout)), 3)
    if isinstance(each.source, WindowedHead):
        return _Windows(each.source, frames[:, 0])
    made = _compiled(each.source, layout, runtime=runtime, precision=precision, threads=1)
    return Stepping([made.net], frames)


class _Windows:
    """Classifies the window that ends at the next frame of (T, J, 3)."""

    def __init__(self, head: WindowedHead, frames: Tensor) -> None:
        self.head, self.frames = head, frames

    @torch.inference_mode()
    def __call__(self, index: int) -> np.ndarray:
        at = (torch.arange(self.head.frames) + index) % len(self.frames)
        return self.head(self.frames[None, at]).numpy()


@dataclass(frozen=True, eq=False)
class Result:
    """The scores of one head.

    Attributes:
        candidate: The head.
        figures: Plain JSON, see `clip_figures` and `figures`.
        confusion: (K, K) counts, row the truth.
        reliability: Of calibrated confidence.
        apart: See `Candidate.largest_difference`.
    """

    candidate: Candidate
    figures: dict[str, Any]
    confusion: np.ndarray
    reliability: Reliability
    apart: float | None
