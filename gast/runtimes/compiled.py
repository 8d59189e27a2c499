"""Running a streaming net's step: in torch, or compiled by OpenVINO or ONNX Runtime."""

import logging
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..device import device as pick
from ..errors import InputError
from ..streaming import State, Streaming
from .compilers import COMPILERS, reference
from .selection import difference, fastest, outputs, relative_difference
from .step_graph import StepGraph, graph_of

PARITY = 1e-4
"""Largest difference of a runtime's outputs in float32 to PyTorch's."""

COARSE = 0.1
"""Largest norm of the difference that a lower precision may make, as a share of the outputs'; the
shipped nets are off by up to 0.04 in int8."""

PRECISIONS = {
    "float32": ("openvino", "onnxruntime", "torch"),
    "bfloat16": ("openvino",),
    "int8": ("onnxruntime",),
}
"""What is computed where.

On a CPU with VNNI and bfloat16, too, torch is slower in bfloat16 and OpenVINO in int8 than in
float32; ONNX Runtime has no products in bfloat16.
"""

RUNTIMES = ("auto", "torch", "openvino", "onnxruntime")

log = logging.getLogger(__name__)


class Compiled(Streaming):
    """A step in a runtime of `COMPILERS`, or ``reference``; for callers it is the net itself.

    Calls must not overlap, whatever the streams.

    Raises:
        InputError: It can't compile the step, or compute in that precision on this machine.
    """

    def __init__(
        self, graph: StepGraph, *, runtime: str, threads: int = 1, precision: str = "float32"
    ) -> None:
        super().__init__()
        self.graph, self.runtime = graph, runtime
        self._has_begins = "begins" in graph.inputs
        try:
            compilers = {"reference": reference, **COMPILERS}
            self._run = compilers[runtime](graph, threads, precision)
        except InputError:
            raise
        except Exception as error:  # each library has kinds of its own
            reason = textwrap.shorten(str(error), 200)
            raise InputError(f"{runtime} can't compile this step: {reason}") from error

    def step(self, frame: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, ...) of each stream and the state to (N, ...) and the next state."""
        lines, given = self.graph.lines, [frame.contiguous().numpy()]
        if self._has_begins:
            given.append(np.full(len(frame), state is None))
        if state is None:
            given += [
                np.zeros((len(frame), *line.shape), np.float32) for line in lines for _ in line.ago
            ]
        else:
            for line, past in zip(lines, state, strict=True):
                given += [past[-ago].numpy() for ago in line.ago]
        output, *newest = (torch.from_numpy(array) for array in self._run(given))
        if state is None:
            return output, tuple((x,) * line.past for x, line in zip(newest, lines, strict=True))
        return output, tuple((*past[1:], x) for x, past in zip(newest, state, strict=True))


@dataclass(frozen=True)
class Ready:
    """A net, compiled or not, that can be stepped, what runs it, and where its tensors live."""

    net: Streaming
    runtime: str
    device: torch.device


def ready(
    source: Streaming | StepGraph,
    *,
    shape: Sequence[int],
    runtime: str = "auto",
    precision: str = "float32",
    threads: int = 1,
    device: str = "auto",
) -> Ready:
    """Choose and prepare what runs a net, or its exported step, for streams of frames of a shape.

    Whatever compiles it is compared with PyTorch on a few frames: within `PARITY`, or `COARSE` in a
    lower precision.

    Args:
        source: The net, or its exported step.
        shape: Of one stream's frame.
        runtime: One of `RUNTIMES`; ``auto`` is torch on a GPU, and on a CPU the fastest.
        precision: One of `PRECISIONS`.
        threads: CPU threads of a compiled step; torch has its own setting.
        device: Of torch; see `gastlive.gast.device`.

    Raises:
        InputError: Unknown names, a combination that does not exist here, a step of another shape,
            or a runtime whose outputs differ.
    """
    _check_name("runtime", runtime, RUNTIMES)
    _check_name("precision", precision, tuple(PRECISIONS))
    where = pick(device)
    candidates = _candidates(source, runtime, precision, where)
    if isinstance(source, StepGraph) and source.shape != tuple(shape):
        raise InputError(
            f"the exported step takes frames of {source.shape}, wanted {tuple(shape)}; export the "
            f"right net"
        )
    if candidates == ["torch"] and isinstance(source, Streaming):
        return Ready(source.eval().to(where), "torch", where)
    nets, problems = _compiled(
        source, [n for n in candidates if n != "torch"], shape, threads, precision
    )
    nets, others = _agreeing(nets, source, shape, precision)
    problems += others
    if "torch" in candidates and isinstance(source, Streaming):
        nets |= {"torch": source}
    elif not nets:
        raise InputError(
            f"this can't be run: {'; '.join(problems)}; take another runtime or precision"
        )
    for problem in problems:
        log.warning("left out: %s", problem)
    best = fastest(nets, shape) if len(nets) > 1 else next(iter(nets))
    return Ready(nets[best], best, torch.device("cpu"))


def _candidates(
    source: Streaming | StepGraph, runtime: str, precision: str, where: torch.device
) -> list[str]:
    """The runtimes to choose from; an InputError if there are none."""
    candidates = [name for name in PRECISIONS[precision] if runtime in ("auto", name)]
    if isinstance(source, StepGraph):
        candidates = [name for name in candidates if name != "torch"]
    elif runtime == "auto" and where.type != "cpu" and "torch" in candidates:
        candidates = ["torch"]
    if not candidates:
        others = " or ".join(name for name in PRECISIONS[precision] if name != "torch")
        if isinstance(source, StepGraph):
            raise InputError(f"runtime={runtime} can't run an exported step; take {others}")
        raise InputError(
            f"runtime={runtime} can't run precision={precision}; take {others}, the only one that "
            f"is faster by it"
        )
    return candidates


def _check_name(what: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise InputError(f"unknown {what} {name!r}; choose one of {', '.join(names)}")


def _compiled(
    source: Streaming | StepGraph,
    runtimes: Sequence[str],
    shape: Sequence[int],
    threads: int,
    precision: str,
) -> tuple[dict[str, Streaming], list[str]]:
    """The step in each runtime that can compile it, and what is wrong with the others."""
    made: dict[str, Streaming] = {}
    problems = []
    graph: StepGraph | None = None
    for name in runtimes:
        try:
            graph = source if isinstance(source, StepGraph) else graph or graph_of(source, shape)
            made[name] = Compiled(graph, runtime=name, threads=threads, precision=precision)
        except (InputError, NotImplementedError, TypeError) as error:
            problems.append(f"runtime={name}: {error}")
    return made, problems


def _agreeing(
    nets: Mapping[str, Streaming],
    source: Streaming | StepGraph,
    shape: Sequence[int],
    precision: str,
) -> tuple[dict[str, Streaming], list[str]]:
    """The nets whose outputs are the source's, and what is wrong with the others.

    An exported step comes without its net; ONNX's own implementation stands in.
    """
    if not nets:
        return {}, []
    if isinstance(source, StepGraph):
        whose, wanted = "ONNX's own", _by_reference(source, shape)
    else:
        whose, wanted = "PyTorch's", outputs(source.eval(), shape)
    agreeing, problems = {}, []
    for name, net in nets.items():
        try:
            excess = _excess(outputs(net, shape), wanted, precision)
        except Exception as error:  # each library has kinds of its own
            problems.append(f"runtime={name}: a step fails: {textwrap.shorten(str(error), 200)}")
            continue
        if excess:
            problems.append(f"runtime={name}: its outputs are off {whose} {excess}")
        else:
            agreeing[name] = net
    return agreeing, problems


def _by_reference(source: StepGraph, shape: Sequence[int]) -> list[Tensor]:
    try:
        return outputs(Compiled(source, runtime="reference"), shape)
    except Exception as error:  # whatever a file has in it is tried here
        reason = textwrap.shorten(str(error), 200)
        raise InputError(f"the exported step fails: {reason}; export it anew") from error


def _excess(made: Sequence[Tensor], wanted: Sequence[Tensor], precision: str) -> str:
    """By how much outputs differ, if it is more than the precision allows; else nothing."""
    if precision == "float32":
        far = difference(made, wanted)
        return "" if far <= PARITY else f"by {far:.2g}, at most {PARITY:g} was wanted"
    share = relative_difference(made, wanted)
    log.info("precision=%s changes outputs by %.1f %%", precision, 100 * share)
    return "" if share <= COARSE else f"by {share:.0%}, at most {COARSE:.0%} was wanted"
