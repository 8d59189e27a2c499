"""Quantisation: a step's matrix products in int8."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

TOP = 63
"""Largest whole number of a weight: seven bits, because a CPU without VNNI adds two products of
eight bits in sixteen and would run over."""

SMALL = 16
"""A product with fewer inputs or outputs stays as it is: it costs next to nothing, and an error of
a lifter's last one, which has three outputs, is an error of the pose."""


def int8(model: bytes) -> bytes:
    """The ONNX model with its products with constant matrices computed in int8.

    Weights are scaled by output channel. Features are scaled in each step by their own range, which
    all streams of a batch share: the more people, the coarser.

    Source: Jacob et al. 2018, "Quantization and training of neural networks for efficient
        integer-arithmetic-only inference", section 2, with dynamic ranges.
    """
    import onnx
    from onnx import numpy_helper

    whole = onnx.load_model_from_string(model)
    graph = whole.graph
    constants = {given.name: given for given in graph.initializer}
    nodes: dict[str, onnx.NodeProto] = {}  # by their first output
    for node in graph.node:
        made, matrix = [node], constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if matrix is not None and len(matrix.dims) == 2 and min(matrix.dims) >= SMALL:
            scaled, made = _product(node, numpy_helper.to_array(matrix))
            constants |= {given.name: given for given in scaled}
        nodes |= {part.output[0]: part for part in made}
    kept = {name for node in nodes.values() for name in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes.values())
    graph.initializer.extend(given for name, given in constants.items() if name in kept)
    return whole.SerializeToString()


def _product(
    node: "onnx.NodeProto", matrix: np.ndarray
) -> tuple[list["onnx.TensorProto"], list["onnx.NodeProto"]]:
    """``x @ matrix``, quantised and scaled back: constants and nodes."""
    from onnx import TensorProto, helper, numpy_helper

    (x, weight), y = node.input, node.output[0]
    scale = np.maximum(np.abs(matrix).max(0), 1e-12) / TOP
    constants = {
        "int8": np.round(matrix / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
        "zero": np.array(0, np.int8),
    }
    ranged = [f"{x}_int8", f"{x}_scale", f"{x}_zero"]
    nodes = [
        helper.make_node("DynamicQuantizeLinear", [x], ranged),
        helper.make_node(
            "MatMulInteger",
            [ranged[0], f"{weight}_int8", ranged[2], f"{weight}_zero"],
            [f"{y}_sum"],
        ),
        helper.make_node("Cast", [f"{y}_sum"], [f"{y}_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [ranged[1], f"{weight}_scale"], [f"{y}_factor"]),
        helper.make_node("Mul", [f"{y}_float", f"{y}_factor"], [y]),
    ]
    return [numpy_helper.from_array(a, f"{weight}_{n}") for n, a in constants.items()], nodes
