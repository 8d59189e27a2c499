"""A lifter's file, ready to stream."""

from pathlib import Path

from .checkpoint import VERSION, LifterCard, load
from .folded import FoldedGASTNet
from .lifter import Lifter
from .runtimes.step_graph import StepGraph, load_graph
from .shipped import LIFTERS, find
from .skeleton import named
from .streaming import Streaming


def deployed(checkpoint: str | Path) -> tuple[Streaming | StepGraph, LifterCard]:
    """The lifter of a shipped name or a path (.safetensors: folded; .onnx), and its card.

    Raises:
        InputError: No such lifter, or one that is not causal.
    """
    path = find(checkpoint, folder=LIFTERS, kind="lifter")
    if path.suffix == ".onnx":
        graph, card = load_graph(path, LifterCard, version=VERSION)
        joints = len(named(card.layout))
        graph.expect(path, shape=(joints, card.inputs), output=(joints, 3))
        return graph, card
    net, card = load(path, causal=True)
    folded = FoldedGASTNet(net)
    return Lifter(folded, skeleton=net.skeleton, normalisation=card.normalisation).eval(), card
