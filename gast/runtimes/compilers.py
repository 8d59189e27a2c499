"""A step's graph in a library that runs it: OpenVINO, ONNX Runtime, or ONNX's own reference."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .openvino_core import computing_in, core
from .precision import int8
from .step_graph import StepGraph

Run = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]
"""Inputs of a graph, in its order, to its outputs."""


def _openvino(graph: StepGraph, threads: int, precision: str) -> Run:
    core()  # first, it sees to it that the import is silent
    import openvino

    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # camera and detector share the cores
    } | computing_in(precision)
    model = core().compile_model(core().read_model(graph.model), "CPU", settings)
    request = model.create_infer_request()
    ports = [model.input(name) for name in graph.inputs]
    outputs = [model.output(name) for name in graph.outputs]

    def run(given: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        for port, array in zip(ports, given, strict=True):
            request.set_tensor(port, openvino.Tensor(array, shared_memory=True))
        request.infer()
        return [request.get_tensor(port).data.copy() for port in outputs]

    return run


def _onnxruntime(graph: StepGraph, threads: int, precision: str) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # A thread that spins while it waits takes a core from the detector.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = int8(graph.model) if precision == "int8" else graph.model
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names, outputs = list(graph.inputs), list(graph.outputs)

    def run(given: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        return session.run(outputs, dict(zip(names, given, strict=True)))

    return run


def reference(graph: StepGraph, threads: int, precision: str) -> Run:
    """ONNX's own implementation, slow, to compare with."""
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(graph.model)
    names, outputs = list(graph.inputs), list(graph.outputs)

    def run(given: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        return [*evaluator.run(outputs, dict(zip(names, given, strict=True)))]

    return run


COMPILERS: Mapping[str, Callable[[StepGraph, int, str], Run]] = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
}
"""Compile a graph by the library's name; arguments are the graph, CPU threads and precision."""
