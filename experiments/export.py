"""Lifter and head as ONNX files for any runtime: ``gastlive-export``."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from omegaconf import DictConfig

from ..action.checkpoint import HeadCard, load_head
from ..action.deployed import HEADS
from ..action.head import WindowedHead
from ..conf.program import program
from ..gast.checkpoint import LifterCard
from ..gast.deployed import deployed
from ..gast.errors import InputError
from ..gast.runtimes.compiled import PARITY, Compiled
from ..gast.runtimes.compilers import COMPILERS
from ..gast.runtimes.selection import differences
from ..gast.runtimes.step_graph import StepGraph, graph_of, load_graph, save_graph
from ..gast.shipped import LIFTERS, find
from ..gast.skeleton import named
from ..gast.streaming import Streaming
from .companions import about, write_companions

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Source:
    """A net to export, with its card, the name of its file and the shape of a stream's frame."""

    name: str
    net: Streaming
    card: HeadCard | LifterCard
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Exported:
    """A file with a graph; `apart` is its largest difference to torch by runtime."""

    path: Path
    graph: StepGraph
    apart: Mapping[str, float]


@program("export")
def main(cfg: DictConfig) -> None:
    """Write the files, check them, and print how they are used."""
    from rich.console import Console

    torch.set_num_threads(cfg.threads)
    sources = {}
    if cfg.lifter_checkpoint is not None:
        sources["lifter"] = lifter(cfg.lifter_checkpoint)
    if cfg.head_checkpoint is not None:
        sources["classifier"] = head(cfg.head_checkpoint)
    names = [source.name for source in sources.values()]
    if len(set(names)) != len(names) or not names:
        raise InputError(
            f"lifter_checkpoint={cfg.lifter_checkpoint}, head_checkpoint={cfg.head_checkpoint}: "
            f"give one, or two of different names"
        )
    files = {
        stage: exported(source, Path(cfg.folder), frames=cfg.frames, people=cfg.people)
        for stage, source in sources.items()
    }
    Console().print(table(list(files.values())))
    refuse_differences(list(files.values()))
    choices = [f"{stage}.checkpoint={file.path}" for stage, file in files.items()]
    print(f"written to {cfg.folder}; use them so:\n{shlex.join(['gastlive', *choices])}")


def lifter(checkpoint: str) -> Source:
    """A lifter by name or path.

    Raises:
        InputError: No such lifter, one that is not causal, or one that is exported already.
    """
    net, card = deployed(checkpoint)
    if isinstance(net, StepGraph):
        raise InputError(f"lifter {checkpoint} is exported already; give a .safetensors file")
    name = find(checkpoint, folder=LIFTERS, kind="lifter").stem
    return Source(name, net, card, (len(named(card.layout)), card.inputs))


def head(checkpoint: str) -> Source:
    """A streaming head by name or path.

    Raises:
        InputError: No such head, one that looks at windows, or one that is exported already.
    """
    path = find(checkpoint, folder=HEADS, kind="head")
    if path.suffix == ".onnx":
        raise InputError(f"head {checkpoint} is exported already; give a .safetensors file")
    net, card = load_head(path)
    if isinstance(net, WindowedHead):
        raise InputError(
            f"head {checkpoint} looks at windows, which have no step; give a streaming one, or "
            f"head_checkpoint=null to leave it out"
        )
    return Source(path.stem, net, card, (len(named(card.layout)), 3))


def exported(source: Source, folder: Path, *, frames: int, people: int) -> Exported:
    """Write a net's step, read it again, and compare it with torch in every runtime.

    Beside it go a README and a program that needs numpy and onnxruntime alone.

    Compared are `frames` random frames of up to `people` people who come and go.

    Raises:
        InputError: The net calls or keeps in its state something that has no graph.
    """
    path = folder / f"{source.name}.onnx"
    try:
        save_graph(graph_of(source.net, source.shape), source.card, path, about(source.card))
    except (NotImplementedError, TypeError) as error:
        raise InputError(f"{source.name} can't be exported: {error}") from error
    graph, _ = load_graph(path, type(source.card), version=source.card.version)
    write_companions(path, graph, source.card)
    nets = {name: Compiled(graph, runtime=name) for name in COMPILERS}
    apart = differences(source.net, nets, source.shape, frames=frames, people=people)
    return Exported(path, graph, apart)


def table(files: Sequence[Exported]) -> "Table":
    """A row per file."""
    from rich.table import Table

    made = Table("file", "MB", "inputs", "states", *COMPILERS, "limit")
    for file in files:
        size = f"{file.path.stat().st_size / 1e6:.2f}"
        counts = [str(len(file.graph.inputs)), str(len(file.graph.lines))]
        apart = [f"{file.apart[name]:.1e}" for name in COMPILERS]
        made.add_row(file.path.name, size, *counts, *apart, f"{PARITY:.0e}")
    return made


def refuse_differences(files: Sequence[Exported]) -> None:
    """Raise `InputError` if outputs differ from torch's by more than `PARITY`, or are NaN."""
    for file in files:
        for runtime, far in file.apart.items():
            if not far <= PARITY:
                raise InputError(
                    f"{file.path} is {far:.1e} off torch in {runtime}, at most {PARITY:.0e} was "
                    f"wanted; the file is kept, but don't use it there"
                )


if __name__ == "__main__":
    main()
