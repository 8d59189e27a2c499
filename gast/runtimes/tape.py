"""Recording one step of a streaming net as an ONNX graph.

torch's own exporter needs a compiler and about nine seconds for a lifter; the live program exports
at every start. So one step is run, the torch functions that it calls are recorded, and the few that
streaming nets need are translated.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 18, 8


class Graph:
    """An ONNX graph in the making; values go by name, and equal nodes and constants are one."""

    def __init__(self) -> None:
        self.inputs: dict[str, Tensor] = {}
        self._nodes: dict[tuple[Any, ...], tuple[str, ...]] = {}
        self._constants: dict[str, np.ndarray] = {}
        self._known: dict[tuple[Any, ...], str] = {}

    def constant(self, value: Any) -> str:
        """The name of a tensor, an array, a float, or whole numbers as a constant."""
        if isinstance(value, Tensor):
            value = value.detach().cpu().numpy()
        elif not isinstance(value, np.ndarray):
            value = np.asarray(value, np.float32 if isinstance(value, float) else np.int64)
        key = (value.dtype, value.shape, value.tobytes())
        if key not in self._known:
            self._known[key] = name = f"constant{len(self._constants)}"
            self._constants[name] = np.array(value, order="C")
        return self._known[key]

    def array(self, constant: str) -> np.ndarray:
        """The array of a constant; a NotImplementedError if the value is none."""
        if constant not in self._constants:
            raise NotImplementedError(
                "an index or weights that depend on the input can't be put into ONNX yet"
            )
        return self._constants[constant]

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The output of a node."""
        return self.several(kind, *inputs, count=1, **attributes)[0]

    def several(self, kind: str, *inputs: str, count: int, **attributes: Any) -> tuple[str, ...]:
        """All outputs of a node."""
        key = (kind, inputs, tuple(sorted(attributes.items())))
        if key not in self._nodes:
            number = len(self._nodes)
            self._nodes[key] = tuple(f"{kind.lower()}{number}_{i}" for i in range(count))
        return self._nodes[key]

    def model(self, outputs: Mapping[str, tuple[str, Tensor]]) -> "onnx.ModelProto":
        """The nodes that lead to `outputs`, names and example tensors by the outputs' names."""
        from onnx import helper, numpy_helper

        nodes = [
            helper.make_node(kind, list(inputs), list(made), **dict(attributes))
            for (kind, inputs, attributes), made in self._nodes.items()
        ]
        nodes += [helper.make_node("Identity", [v], [n]) for n, (v, _) in outputs.items()]
        nodes = _leading_to(set(outputs), nodes)
        used = {name for node in nodes for name in node.input}
        graph = helper.make_graph(
            nodes,
            "step",
            [_declared(name, tensor) for name, tensor in self.inputs.items() if name in used],
            [_declared(name, tensor) for name, (_, tensor) in outputs.items()],
            [numpy_helper.from_array(a, n) for n, a in self._constants.items() if n in used],
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


class Tape(TorchFunctionMode):
    """Records the torch functions called inside its ``with``, by `translations` of their names.

    The first axis of all that comes from an input is the batch and stays open; other sizes are as
    in the examples.

    Raises:
        NotImplementedError: While recording: a torch function without a translation.
    """

    def __init__(self, translations: Mapping[str, Callable[..., str | Sequence[str]]]) -> None:
        super().__init__()
        self.graph, self.translations = Graph(), translations
        self._values: dict[int, tuple[Tensor, str]] = {}

    def input(self, name: str, example: Tensor) -> Tensor:
        """Declare an input of the graph by an example."""
        self.graph.inputs[name] = example
        self._values[id(example)] = example, name
        return example

    def value(self, tensor: Tensor) -> str:
        """Its name in the graph."""
        return self._values[id(tensor)][1]

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Run it, and record it if it depends on an input."""
        known = any(id(tensor) in self._values for tensor in _tensors([args, kwargs or {}]))
        given = self._as_values([args, kwargs or {}]) if known else None
        result = func(*args, **(kwargs or {}))
        results = list(_tensors(result))
        if given is not None and results:
            values = self._translated(func.__name__, results, *given)
            for tensor, value in zip(results, values, strict=True):
                self._values[id(tensor)] = tensor, value
        return result

    def _as_values(self, given: Any) -> Any:
        if isinstance(given, Tensor):
            known = self._values.get(id(given))
            name = known[1] if known else self.graph.constant(given)
            return Value(name, tuple(given.shape))
        if isinstance(given, dict):
            return {key: self._as_values(part) for key, part in given.items()}
        if isinstance(given, tuple) and not isinstance(given, torch.Size):
            return tuple(self._as_values(part) for part in given)  # x[0, 1] is not x[[0, 1]]
        if isinstance(given, list):
            return [self._as_values(part) for part in given]
        return given

    def _translated(
        self, name: str, results: list[Tensor], args: list[Any], kwargs: dict[str, Any]
    ) -> Sequence[str]:
        name = name.strip("_")  # __add__, add_ and add are one
        if name not in self.translations:
            raise NotImplementedError(
                f"torch's {name} has no translation to ONNX yet; add one to "
                "gast/runtimes/translations.py"
            )
        try:
            made = self.translations[name](self.graph, results[0], *args, **kwargs)
        except TypeError as error:
            raise NotImplementedError(
                f"torch's {name} can't be put into ONNX so: {error}"
            ) from error
        return (made,) if isinstance(made, str) else made


class Value(str):
    """Name of a value, which knows its shape."""

    shape: tuple[int, ...]

    def __new__(cls, name: str, shape: tuple[int, ...]) -> "Value":
        """Name and shape."""
        value = super().__new__(cls, name)
        value.shape = shape
        return value


def _tensors(nest: Any) -> Iterator[Tensor]:
    if isinstance(nest, Tensor):
        yield nest
    elif isinstance(nest, dict):
        yield from _tensors(list(nest.values()))
    elif isinstance(nest, list | tuple):
        for part in nest:
            yield from _tensors(part)


def _leading_to(wanted: set[str], nodes: Iterable["onnx.NodeProto"]) -> list["onnx.NodeProto"]:
    wanted, kept = set(wanted), []
    for node in reversed(list(nodes)):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    return kept[::-1]


def _declared(name: str, example: Tensor) -> "onnx.ValueInfoProto":
    from onnx import TensorProto, helper

    kind = TensorProto.BOOL if example.dtype == torch.bool else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, ["N", *example.shape[1:]])
