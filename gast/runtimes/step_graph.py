"""A streaming net's step as a graph that other runtimes can run, in memory or as an ONNX file.

A graph has no state. A net's state is a few *delay lines*: the past outputs of its layers. The
graph takes the frames of each line that the step reads, and gives the newest one; the caller keeps
the rest. Inputs, the first axis the streams: ``frame``; ``begins`` (N,) bool, true for streams
without a past (whose past inputs are ignored); ``past{line}_{ago}``, what ``newest{line}`` was so
many steps ago. Before a stream began, every frame of a line equalled its first. Outputs: ``output``
and ``newest{line}``.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..cards import C, Card, is_moderate, one_line, parsed
from ..errors import InputError
from ..limits import BROKEN, read_json
from ..streaming import Mixed, State, Streaming
from .self_starting import Lines, bare, self_starting
from .tape import Tape
from .translations import TRANSLATIONS

if TYPE_CHECKING:
    import onnx

VERSION = 1

_WRITTEN = frozenset((
    "Add", "Concat", "ConstantOfShape", "Div", "GRU", "Gather", "Identity", "LeakyRelu", "Less",
    "MatMul", "Max", "Mul", "ReduceLogSumExp", "ReduceMean", "ReduceSum", "Relu", "Reshape",
    "Shape", "Slice", "Softmax", "Split", "Sqrt", "Squeeze", "Sub", "Tile", "Transpose",
    "Unsqueeze", "Where",
))  # fmt: skip
"""Operators of exported nets."""
MOST = 1 << 26
"""Numbers that a stream may keep, and that a constant or an output of a node may have."""


@dataclass(frozen=True)
class DelayLine:
    """A delay line of `past` frames of a layer; a step reads those of so many steps `ago`.

    Raises:
        ValueError: It reads what it does not keep.
    """

    past: int
    ago: tuple[int, ...]
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if type(self.past) is not int or any(not 0 < ago <= self.past for ago in self.ago):
            raise ValueError(
                f"a delay line keeps {self.past} frames and reads those {self.ago} ago"
            )


@dataclass(frozen=True)
class StepGraph:
    """A step of a streaming net: ONNX model, delay lines, shapes of a stream's frame and output."""

    model: bytes
    lines: tuple[DelayLine, ...]
    shape: tuple[int, ...]
    output: tuple[int, ...]

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Names of the inputs, in order, and shapes for one stream."""
        past = {f"past{i}_{ago}": x.shape for i, x in enumerate(self.lines) for ago in x.ago}
        return {"frame": self.shape} | ({"begins": ()} if past else {}) | past

    @property
    def outputs(self) -> dict[str, tuple[int, ...]]:
        """Names of the outputs, in order, and shapes for one stream."""
        newest = {f"newest{i}": line.shape for i, line in enumerate(self.lines)}
        return {"output": self.output} | newest

    @property
    def keeps(self) -> Lines:
        """Of each delay line what `self_starting` wants to know."""
        return [(line.past, line.ago, line.shape) for line in self.lines]

    def expect(self, path: str | Path, *, shape: Sequence[int], output: Sequence[int]) -> None:
        """Raise an InputError about the file it is from unless the step has these shapes."""
        if (self.shape, self.output) != (tuple(shape), tuple(output)):
            raise InputError(
                f"{path} takes {self.shape} to {self.output}, its card says {tuple(shape)} to "
                f"{tuple(output)}; export it anew"
            )


def graph_of(net: Streaming, shape: Sequence[int]) -> StepGraph:
    """The graph of one step of a net that takes frames of `shape`, such as (J, 2).

    Its layers must ask `begun` for their past and move it on by one frame a step.

    Raises:
        TypeError: The net's state is of another kind.
        NotImplementedError: It calls what `tape` can't translate.
    """
    net.eval()
    frames = torch.rand(3, 2, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        remembered, lengths = _two_steps(net, frames[0], frames[1])
        tape = Tape(TRANSLATIONS)
        frame = tape.input("frame", frames[2])
        begins = tape.input("begins", torch.zeros(2, dtype=torch.bool))
        names = iter([f"past{i}_{a}" for i, n in enumerate(lengths) for a in range(n, 0, -1)])
        state = _map(lambda leaf: Mixed(tape.input(next(names), leaf.clone()), begins), remembered)
        with tape:
            output, after = net.step(frame, state)
    leaves = iter(_leaves(after))
    newest = [[next(leaves) for _ in range(length)][-1] for length in lengths]
    results = {"output": output} | {f"newest{i}": leaf for i, leaf in enumerate(newest)}
    model = tape.graph.model({name: (tape.value(t), t) for name, t in results.items()})
    read = {given.name for given in model.graph.input}
    lines = tuple(
        DelayLine(
            n, tuple(a for a in range(n, 0, -1) if f"past{i}_{a}" in read), tuple(leaf.shape[1:])
        )
        for i, (n, leaf) in enumerate(zip(lengths, newest, strict=True))
    )
    return StepGraph(model.SerializeToString(), lines, tuple(shape), tuple(output.shape[1:]))


def _two_steps(net: Streaming, frame: Tensor, following: Tensor) -> tuple[State, list[int]]:
    """The state after two frames, and the length of each delay line in it."""
    _, first = net.step(frame)
    try:
        past = _map(Tensor.clone, first)  # no two of these are one tensor
        _, second = net.step(following, past)
        lengths = _lengths(*(list(_leaves(state)) for state in (first, past, second)))
        begins = torch.zeros(len(frame), dtype=torch.bool)
        net.step(following, _map(lambda leaf: Mixed(leaf, begins), second))
    except (AttributeError, TypeError) as error:
        what = type(net).__name__
        raise TypeError(f"{what} has a state that has no graph: {error}") from error
    return second, lengths


def _lengths(first: list[Tensor], before: list[Tensor], after: list[Tensor]) -> list[int]:
    """The lengths of delay lines, told from the tensors that a step only moved on."""
    if len(first) != len(after):
        raise TypeError("the state of a step must be as long as that of the step before")
    places = {id(tensor): place for place, tensor in enumerate(before)}
    lengths, start = [], 0
    for place, tensor in enumerate(after):
        moved = places.get(id(tensor))
        if moved is not None and moved != place + 1:
            raise TypeError("a step must move a layer's past on by one frame")
        if moved is None:
            if any(leaf is not first[place] for leaf in first[start:place]):
                raise TypeError("a layer's past must begin with its first frame throughout")
            lengths.append(place + 1 - start)
            start = place + 1
    return lengths


def _leaves(state: State) -> Iterator[Tensor]:
    if isinstance(state, tuple):
        for part in state:
            yield from _leaves(part)
    else:
        yield state


def _map(function: Any, state: State) -> State:
    if isinstance(state, tuple):
        return tuple(_map(function, part) for part in state)
    return function(state)


def save_graph(
    graph: StepGraph, card: Card, path: str | Path, about: Mapping[str, str] | None = None
) -> None:
    """Write a `self_starting` ONNX file whose metadata hold the net's card and its delay lines.

    `about` is further metadata, for people and other programs.
    """
    import onnx

    model = self_starting(onnx.load_model_from_string(graph.model), graph.keeps)
    form: dict[str, Any] = {"version": VERSION, "shape": graph.shape, "output": graph.output}
    form["lines"] = [asdict(line) for line in graph.lines]
    card_json = json.dumps(asdict(card))
    metadata = {"gastlive_step": json.dumps(form), f"gastlive_{card.kind}": card_json}
    onnx.helper.set_model_props(model, {**(about or {}), **metadata})
    onnx.checker.check_model(model, full_check=True)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    part = Path(f"{path}.part")
    try:
        onnx.save_model(model, str(part))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load_graph(path: str | Path, card: type[C], *, version: int) -> tuple[StepGraph, C]:
    """Read such a file; it never runs code nor reads other files.

    Raises:
        InputError: No such file, no ONNX, or not one that `save_graph` wrote for this kind of card.
    """
    model = _read(path)
    try:
        metadata = {prop.key: prop.value for prop in model.metadata_props}
        about = read_json(metadata.get("gastlive_step", "null"))
        content = read_json(metadata.get(f"gastlive_{card.kind}", "null"))
        made = parsed(content, card, path, version=version)
        if about["version"] != VERSION:
            raise InputError(f"{path} has format version {about['version']}, wanted {VERSION}")
        lines = [DelayLine(x["past"], _whole(x["ago"]), _whole(x["shape"])) for x in about["lines"]]
        shapes = _whole(about["shape"]), _whole(about["output"])
        if sum(line.past * prod(line.shape) for line in lines) > MOST:
            raise ValueError("a state that fills the memory")
        graph = StepGraph(model.SerializeToString(), tuple(lines), *shapes)
        if "state" in _shapes(model.graph.input):
            model = _bare(model, graph, path)
            graph = replace(graph, model=model.SerializeToString())
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(
            f"{path} lacks the metadata of its state; export it with gastlive-export"
        ) from error
    if (_shapes(model.graph.input), _shapes(model.graph.output)) != (graph.inputs, graph.outputs):
        raise InputError(f"{path} has other inputs or outputs than its metadata; export it anew")
    return graph, made


def _whole(numbers: Any) -> tuple[int, ...]:
    if (
        not isinstance(numbers, list)
        or not is_moderate(numbers)
        or any(type(n) is not int or n < 1 for n in numbers)
    ):
        raise ValueError(f"{numbers} are no sizes")
    return tuple(numbers)


def _bare(model: "onnx.ModelProto", graph: StepGraph, path: str | Path) -> "onnx.ModelProto":
    """The step itself; InputError if the file is not exactly that with a state around it."""
    import onnx
    from onnx.checker import ValidationError
    from onnx.shape_inference import InferenceError

    inner = bare(model, graph.inputs, graph.outputs)
    other = InputError(f"{path} has other inputs or outputs than its metadata; export it anew")
    try:
        onnx.checker.check_model(inner, full_check=True)
    except (ValidationError, InferenceError) as error:
        raise other from error
    if self_starting(inner, graph.keeps).graph != model.graph:
        raise other
    return inner


def _read(path: str | Path) -> "onnx.ModelProto":
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.checker import ValidationError
    from onnx.shape_inference import InferenceError

    if not Path(path).is_file():
        raise InputError(f"no exported net at {path}; give the path of an .onnx file")
    try:
        model = onnx.load_model(str(path), load_external_data=False)
        if not _self_contained(model):
            raise InputError(f"{path} has parts that gastlive-export does not write; export anew")
        onnx.checker.check_model(model, full_check=True)
        sized = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
        largest = max((prod(shape) for shape in _shapes(sized.value_info).values()), default=0)
        if largest > MOST:
            raise InputError(f"{path} computes {largest} numbers at once; export it anew")
    except InputError:
        raise
    except (DecodeError, ValidationError, InferenceError, *BROKEN) as error:
        raise InputError(f"{path} is not a readable ONNX file: {one_line(error)}") from error
    return model


def _self_contained(model: "onnx.ModelProto") -> bool:
    """Whether all of it is standard nodes and inline constants; else runtimes read other files."""
    from onnx import AttributeProto as Kind

    graph, kinds = model.graph, {Kind.INT, Kind.INTS, Kind.FLOAT, Kind.FLOATS, Kind.STRING}
    return (
        not (model.functions or model.training_info or graph.sparse_initializer)
        and all(given.data_location == given.DEFAULT for given in graph.initializer)
        and all(attribute.type in kinds for node in graph.node for attribute in node.attribute)
        and not any(node.domain for node in graph.node)
        and all(node.op_type in _WRITTEN for node in graph.node)
    )


def _shapes(values: Iterable["onnx.ValueInfoProto"]) -> dict[str, tuple[int, ...]]:
    """Shapes for one stream, by name; 0 where a size is open."""
    return {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)[1:]
        for value in values
    }
