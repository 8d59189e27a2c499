"""A step's graph with the whole past in one tensor, so that nobody can start a stream wrongly.

The model takes ``frame`` and ``state`` (N, S) and gives ``output`` and ``next_state``. A ``state``
of zeros begins a stream: its first number says whether there is a past, the others are the frames
of each delay line, oldest first. Around the nodes of the bare graph stand some that cut the state
into its inputs and put the next state together; `bare` takes them away again.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

_AROUND = "state: "
"""Begins the names of the nodes and constants around the bare graph."""

Lines = Sequence[tuple[int, tuple[int, ...], tuple[int, ...]]]
"""Of each delay line: the frames it keeps, those that the step reads (so many steps ago), a frame's
shape."""


def state_size(lines: Lines) -> int:
    """S, the numbers of a stream's state."""
    return 1 + sum(past * prod(shape) for past, _, shape in lines)


def self_starting(model: "onnx.ModelProto", lines: Lines) -> "onnx.ModelProto":
    """The model with ``state`` and ``next_state`` for its delay lines' inputs and outputs."""
    from onnx import ModelProto

    made = ModelProto()
    made.CopyFrom(model)
    graph, around = made.graph, _Around()
    taken = {given.name for given in graph.input}
    begin, end = around.cut(lines, taken), around.put_together(lines)
    nodes = [*begin, *graph.node, *end]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(around.constants.values())
    _declare(graph.input, "frame", "state", state_size(lines))
    _declare(graph.output, "output", "next_state", state_size(lines))
    return made


def bare(
    model: "onnx.ModelProto",
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Mapping[str, tuple[int, ...]],
) -> "onnx.ModelProto":
    """The model as it was before `self_starting`; `inputs` and `outputs` are shapes of a stream."""
    from onnx import ModelProto, TensorProto, helper

    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    nodes = [node for node in graph.node if not node.name.startswith(_AROUND)]
    constants = [each for each in graph.initializer if not each.name.startswith(_AROUND)]
    for field, kept in ((graph.node, nodes), (graph.initializer, constants)):
        del field[:]
        field.extend(kept)
    for field, shapes in ((graph.input, inputs), (graph.output, outputs)):
        del field[:]
        for name, shape in shapes.items():
            kind = TensorProto.BOOL if name == "begins" else TensorProto.FLOAT
            field.append(helper.make_tensor_value_info(name, kind, ["N", *shape]))
    return made


def _declare(field: Any, kept: str, added: str, size: int) -> None:
    """Keep one input or output of a model, and declare another of so many numbers."""
    from onnx import TensorProto, helper

    values = [value for value in field if value.name == kept]
    del field[:]
    extra = helper.make_tensor_value_info(added, TensorProto.FLOAT, ["N", size])
    field.extend([*values, extra])


class _Around:
    """Makes the nodes before and after the bare graph, and their constants by name."""

    def __init__(self) -> None:
        self.constants: dict[str, onnx.TensorProto] = {}

    def cut(self, lines: Lines, taken: set[str]) -> Iterator["onnx.NodeProto"]:
        """``begins`` and the past frames that the bare graph takes, from ``state``."""
        yield self._slice("state", 0, 1, f"{_AROUND}has past")
        yield self._node("Less", [f"{_AROUND}has past", self._floats([0.5])], f"{_AROUND}begins")
        if "begins" in taken:
            yield self._node("Reshape", [f"{_AROUND}begins", self._ints([-1])], "begins")
        for i, (start, past, ago, shape) in enumerate(_placed(lines)):
            size = prod(shape)
            for steps in ago:
                first, flat = start + (past - steps) * size, f"{_AROUND}past{i}_{steps}"
                yield self._slice("state", first, first + size, flat)
                to = self._ints([-1, *shape])
                yield self._node("Reshape", [flat, to], f"past{i}_{steps}")

    def put_together(self, lines: Lines) -> Iterator["onnx.NodeProto"]:
        """``next_state``; a stream that begins has had its first frame for ever."""
        parts = [f"{_AROUND}one"]
        yield self._node("Max", [f"{_AROUND}has past", self._floats([1.0])], parts[0])
        for i, (start, past, _, shape) in enumerate(_placed(lines)):
            size, flat = prod(shape), f"{_AROUND}newest{i}"
            yield self._node("Reshape", [f"newest{i}", self._ints([-1, size])], flat)
            yield self._node("Tile", [flat, self._ints([1, past])], f"{flat} for ever")
            yield self._slice("state", start + size, start + past * size, f"{flat} before")
            yield self._node("Concat", [f"{flat} before", flat], f"{flat} moved on", axis=1)
            choice = [f"{_AROUND}begins", f"{flat} for ever", f"{flat} moved on"]
            yield self._node("Where", choice, f"{flat} line")
            parts.append(f"{flat} line")
        yield self._node("Concat", parts, "next_state", axis=1)

    def _slice(self, of: str, start: int, stop: int, made: str) -> "onnx.NodeProto":
        given = [of, self._ints([start]), self._ints([stop]), self._ints([1])]
        return self._node("Slice", given, made)

    def _node(self, kind: str, given: list[str], made: str, **attributes: Any) -> "onnx.NodeProto":
        from onnx import helper

        return helper.make_node(kind, given, [made], name=f"{_AROUND}{made}", **attributes)

    def _ints(self, values: list[int]) -> str:
        return self._constant(np.array(values, np.int64))

    def _floats(self, values: list[float]) -> str:
        return self._constant(np.array(values, np.float32))

    def _constant(self, values: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"{_AROUND}{values.dtype} {values.tolist()}"
        self.constants[name] = numpy_helper.from_array(values, name)
        return name


def _placed(lines: Lines) -> Iterator[tuple[int, int, tuple[int, ...], tuple[int, ...]]]:
    """The lines, each with where it begins in the state."""
    start = 1
    for past, ago, shape in lines:
        yield start, past, ago, shape
        start += past * prod(shape)
