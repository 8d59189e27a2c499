"""Translations of torch functions, as far as streaming nets call them, to ONNX.

A translation takes the graph, the result, and the function's arguments, tensors as `Value` s; it
gives the values of the results.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from .tape import Graph, Value


def _value(g: Graph, given: Any) -> str:
    return given if isinstance(given, str) else g.constant(given)


def _binary(kind: str) -> Callable[..., str]:
    return lambda g, out, one, other: g.add(kind, _value(g, _real(one)), _value(g, _real(other)))


def _real(given: Any) -> Any:
    return float(given) if isinstance(given, int) else given


def _unary(kind: str) -> Callable[..., str]:
    return lambda g, out, x, *_, **__: g.add(kind, x)


def _unchanged(g: Graph, out: Tensor, x: str, *_: Any, **__: Any) -> str:
    return x


def _reshaped(g: Graph, out: Tensor, x: Value, *_: Any, **__: Any) -> str:
    shape = tuple(out.shape)
    return x if x.shape == shape else g.add("Reshape", x, g.constant([-1, *shape[1:]]))


def _reduced(kind: str) -> Callable[..., str]:
    def translated(g: Graph, out: Tensor, x: Value, dim: Any, keepdim: bool = False) -> str:
        axes = g.constant([dim] if isinstance(dim, int) else list(dim))
        return g.add(kind, x, axes, keepdims=int(keepdim))

    return translated


def _linear(g: Graph, out: Tensor, x: str, weight: str, bias: str | None = None) -> str:
    product = g.add("MatMul", x, g.constant(g.array(weight).T))
    return product if bias is None else g.add("Add", product, bias)


def _batch_norm(
    g: Graph, out: Tensor, x: str, mean: str, var: str, weight: str, bias: str, *args: Any,
    eps: float = 1e-5, **_: Any,
) -> str:  # fmt: skip
    """In evaluation it is a factor and a shift for each channel."""
    eps = args[2] if len(args) > 2 else eps
    gain, offset = g.array(weight), g.array(bias)
    factor = gain / np.sqrt(g.array(var) + eps)
    shift = offset - g.array(mean) * factor
    scaled = g.add("Mul", x, g.constant(factor.astype(np.float32)))
    return g.add("Add", scaled, g.constant(shift.astype(np.float32)))


def _getitem(g: Graph, out: Tensor, x: Value, index: Any) -> str:
    picks = [_pick(g, item) for item in (index if isinstance(index, tuple) else (index,))]
    if sum(isinstance(pick, np.ndarray) for pick in picks) > 1:
        raise NotImplementedError("an index with two lists can't be put into ONNX yet")
    axis, value = 0, str(x)
    for pick in picks:
        if pick is Ellipsis:
            axis += len(x.shape) - sum(p is not None and p is not Ellipsis for p in picks)
        elif pick is None:
            value, axis = g.add("Unsqueeze", value, g.constant([axis])), axis + 1
        elif isinstance(pick, slice):
            value, axis = _sliced(g, value, pick, axis), axis + 1
        else:  # a list keeps its axis, a single number takes it away
            value = g.add("Gather", value, g.constant(pick), axis=axis)
            axis += np.ndim(pick)
    return value


def _pick(g: Graph, item: Any) -> Any:
    """An item of an index; numbers as int, lists, masks and tensors as places in an array."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        if any(isinstance(end, Tensor) for end in (item.start, item.stop, item.step)):
            raise NotImplementedError("a slice that ends at a tensor can't be put into ONNX yet")
        return item
    places = g.array(item) if isinstance(item, Value) else np.asarray(item)
    if places.dtype == bool and places.ndim == 1:
        places = np.flatnonzero(places)
    if places.dtype.kind not in "iu":
        raise NotImplementedError(f"an index with {item!r} can't be put into ONNX yet")
    return places.astype(np.int64) if places.ndim else int(places)


def _sliced(g: Graph, value: str, item: slice, axis: int) -> str:
    if item == slice(None):
        return value
    last = np.iinfo(np.int64).max if item.stop is None else item.stop
    ends = [item.start or 0, last, axis, item.step or 1]
    return g.add("Slice", value, *(g.constant([end]) for end in ends))


def _transposed(g: Graph, out: Tensor, x: Value, one: int, other: int) -> str:
    order = list(range(len(x.shape)))
    order[one], order[other] = order[other], order[one]
    return g.add("Transpose", x, perm=tuple(order))


def _split(g: Graph, out: Tensor, x: str, sizes: list[int], dim: int = 0) -> Sequence[str]:
    return g.several("Split", x, g.constant(sizes), count=len(sizes), axis=dim)


def _concat(g: Graph, out: Tensor, parts: list[str], dim: int = 0) -> str:
    return g.add("Concat", *parts, axis=dim)


def _stack(g: Graph, out: Tensor, parts: list[str], dim: int = 0) -> str:
    axis = g.constant([dim])
    return g.add("Concat", *(g.add("Unsqueeze", part, axis) for part in parts), axis=dim)


def _leaky_relu(
    g: Graph, out: Tensor, x: str, negative_slope: float = 0.01, inplace: bool = False
) -> str:
    return g.add("LeakyRelu", x, alpha=negative_slope)


def _addcmul(g: Graph, out: Tensor, x: str, one: str, other: str) -> str:
    return g.add("Add", x, g.add("Mul", one, other))


def _zeros_like(g: Graph, out: Tensor, x: str) -> str:
    return g.add("ConstantOfShape", g.add("Shape", x))


def _gru(
    g: Graph, out: Tensor, x: str, memory: str, weights: list[str], biased: bool, layers: int,
    dropout: float, training: bool, bidirectional: bool, batch_first: bool,
) -> tuple[str, str]:  # fmt: skip
    """(N, 1, inputs) and (layers, N, C) to (N, 1, C) and (layers, N, C), layer by layer."""
    if bidirectional or not (biased and batch_first):
        raise TypeError("only with biases, batch_first, in one direction")
    frames, memories = g.add("Transpose", x, perm=(1, 0, 2)), []
    for layer, start in enumerate(range(0, len(weights), 4)):
        reading, remembering, *biases = (g.array(w) for w in weights[start : start + 4])
        given = [_gates(reading), _gates(remembering), np.concatenate([*map(_gates, biases)])]
        before = g.add("Gather", memory, g.constant([layer]), axis=0)
        constants = [g.constant(part[None]) for part in given]
        size = remembering.shape[1]
        steps, after = g.several(
            "GRU", frames, *constants, "", before, count=2, hidden_size=size, linear_before_reset=1
        )
        frames = g.add("Squeeze", steps, g.constant([1]))
        memories.append(after)
    return g.add("Transpose", frames, perm=(1, 0, 2)), g.add("Concat", *memories, axis=0)


def _gates(weights: np.ndarray) -> np.ndarray:
    """A GRU's gates: reset, update, new in torch; update, reset, new in ONNX."""
    reset, update, new = np.split(weights, 3)
    return np.concatenate([update, reset, new])


TRANSLATIONS: dict[str, Callable[..., str | Sequence[str]]] = {
    "linear": _linear,
    "batch_norm": _batch_norm,
    "gru": _gru,
    "matmul": _binary("MatMul"),
    "add": _binary("Add"),
    "sub": _binary("Sub"),
    "mul": _binary("Mul"),
    "div": _binary("Div"),
    "clamp_min": _binary("Max"),
    "addcmul": _addcmul,
    "square": lambda g, out, x: g.add("Mul", x, x),
    "sqrt": _unary("Sqrt"),
    "relu": _unary("Relu"),
    "leaky_relu": _leaky_relu,
    "softmax": lambda g, out, x, dim=-1, **_: g.add("Softmax", x, axis=dim),
    "sum": _reduced("ReduceSum"),
    "mean": _reduced("ReduceMean"),
    "logsumexp": _reduced("ReduceLogSumExp"),
    "where": lambda g, out, *given: g.add("Where", *given),
    "getitem": _getitem,
    "cat": _concat,
    "stack": _stack,
    "split": _split,
    "transpose": _transposed,
    "unsqueeze": lambda g, out, x, dim: g.add("Unsqueeze", x, g.constant([dim])),
    "view": _reshaped,
    "reshape": _reshaped,
    "flatten": _reshaped,
    "unflatten": _reshaped,
    "zeros_like": _zeros_like,
    "contiguous": _unchanged,
    "dropout": _unchanged,
}
