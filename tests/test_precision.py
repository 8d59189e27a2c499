"""Whole numbers in place of fractions are close, and wherever it counts."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from gastlive.action.deployed import deployed as deployed_head
from gastlive.gast.deployed import deployed as deployed_lifter
from gastlive.gast.runtimes.compiled import ready
from gastlive.gast.runtimes.precision import SMALL, TOP, int8
from gastlive.gast.runtimes.step_graph import graph_of
from gastlive.gast.streaming import streamed

SHIPPED = {
    "gast27s": ((17, 2), lambda: deployed_lifter("gast27s")[0]),
    "everyday": ((17, 3), lambda: deployed_head("everyday", layout="h36m17")[0]),
}


def chain(*matrices):
    """x (N, 16) times one matrix after the other, as a model."""
    names = ["x", *(f"y{i}" for i in range(len(matrices)))]
    weights = {matrix.tobytes(): f"w{i}" for i, matrix in enumerate(matrices)}
    nodes = [
        helper.make_node("MatMul", [names[i], weights[matrix.tobytes()]], [names[i + 1]])
        for i, matrix in enumerate(matrices)
    ]
    given, made = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 16])
        for name in (names[0], names[-1])
    )
    kept = {weights[matrix.tobytes()]: matrix for matrix in matrices}
    constants = [numpy_helper.from_array(matrix, name) for name, matrix in kept.items()]
    graph = helper.make_graph(nodes, "chain", [given], [made], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def whole(*matrices):
    model = onnx.load_model_from_string(int8(chain(*matrices).SerializeToString()))
    onnx.checker.check_model(model, full_check=True)
    return model


def test_each_column_has_a_scale_of_its_own():
    random = np.random.default_rng(0)
    matrix = (random.normal(size=(16, 16)) * np.geomspace(1e-3, 1e3, 16)).astype(np.float32)
    x = random.normal(size=(5, 16)).astype(np.float32)
    (y,) = ReferenceEvaluator(whole(matrix)).run(None, {"x": x})
    error = np.linalg.norm(y - x @ matrix, axis=0) / np.linalg.norm(x @ matrix, axis=0)
    assert 0 < error.max() < 0.05


def test_weights_have_seven_bits_and_no_fraction_is_kept():
    matrix = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    constants = {
        given.name: numpy_helper.to_array(given) for given in whole(matrix).graph.initializer
    }
    assert set(constants) == {"w0_int8", "w0_scale", "w0_zero"}
    assert constants["w0_int8"].dtype == np.int8
    assert (np.abs(constants["w0_int8"].astype(int)).max(0) == TOP).all()


def test_a_matrix_that_is_used_twice_and_one_of_zeros_work():
    matrix = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    x = np.random.default_rng(1).normal(size=(5, 16)).astype(np.float32)
    (y,) = ReferenceEvaluator(whole(matrix, matrix)).run(None, {"x": x})
    expected = x @ matrix @ matrix
    assert np.linalg.norm(y - expected) < 0.03 * np.linalg.norm(expected)
    (y,) = ReferenceEvaluator(whole(np.zeros((16, 16), np.float32))).run(None, {"x": x})
    assert (y == 0).all()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_large_product_with_weights_of_a_shipped_net_is_in_whole_numbers(name):
    shape, make = SHIPPED[name]
    before = onnx.load_model_from_string(graph_of(make(), shape).model)
    after = onnx.load_model_from_string(int8(before.SerializeToString()))
    sizes = {given.name: given.dims for given in before.graph.initializer if len(given.dims) == 2}
    products = [n for n in before.graph.node if n.op_type == "MatMul" and n.input[1] in sizes]
    small = [node for node in products if min(sizes[node.input[1]]) < SMALL]
    kinds = [node.op_type for node in after.graph.node]
    assert kinds.count("MatMulInteger") == len(products) - len(small) > 5
    given = {given.name for given in after.graph.initializer}
    assert [n for n in after.graph.node if n.op_type == "MatMul" and given & set(n.input)] == small
    assert len(after.SerializeToString()) < 0.4 * len(before.SerializeToString())


@pytest.mark.parametrize("name", SHIPPED)
@torch.inference_mode()
def test_a_shipped_net_in_whole_numbers_is_a_few_percent_off(name):
    shape, make = SHIPPED[name]
    net, clip = make(), torch.rand(2, 40, *shape)
    made = ready(net, shape=shape, precision="int8")
    assert made.runtime == "onnxruntime"
    expected = streamed(net, clip)
    assert 0 < (streamed(made.net, clip) - expected).norm() < 0.04 * expected.norm()
