"""A head's file, ready to run."""

from pathlib import Path

from ..gast.cards import expect
from ..gast.runtimes.step_graph import StepGraph, load_graph
from ..gast.shipped import find
from ..gast.skeleton import named
from .checkpoint import VERSION, HeadCard, load_head
from .head import Head


def deployed(checkpoint: str | Path, *, layout: str) -> tuple[Head | StepGraph, HeadCard]:
    """A head and its card, by a shipped head's name, a path, or that of an exported ``.onnx`` step.

    An InputError if there is no such head, or it is of another layout.
    """
    path = find(checkpoint, folder=HEADS, kind="head")
    if path.suffix != ".onnx":
        return load_head(path, layout=layout)
    graph, card = load_graph(path, HeadCard, version=VERSION)
    expect(card, {"layout": layout}, path)
    graph.expect(path, shape=(len(named(layout)), 3), output=(len(card.labels),))
    return graph, card


HEADS = Path(__file__).parent / "weights"
