"""Comparing nets on random streams: whether their outputs agree, and which is the fastest."""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ..streaming import State, Streaming, join, take


@torch.inference_mode()
def outputs(
    net: Streaming, shape: Sequence[int], *, frames: int = 8, people: int = 2
) -> list[Tensor]:
    """Outputs of `frames` steps on random streams that come and go, the same for every net."""
    return list(_walk(net, shape, frames, people))


def difference(outputs: Sequence[Tensor], wanted: Sequence[Tensor]) -> float:
    """The largest one between any two numbers; infinite if shapes differ, NaN if one is NaN."""
    if [each.shape for each in outputs] != [each.shape for each in wanted]:
        return float("inf")
    pairs = zip(outputs, wanted, strict=True)
    return torch.stack([(one - other).abs().max() for one, other in pairs]).max().item()


def relative_difference(outputs: Sequence[Tensor], wanted: Sequence[Tensor]) -> float:
    """Norm of the difference over the norm of `wanted`; infinite if shapes differ."""
    if [each.shape for each in outputs] != [each.shape for each in wanted]:
        return float("inf")
    one, other = (torch.cat([each.flatten() for each in part]) for part in (outputs, wanted))
    return ((one - other).norm() / other.norm()).item()


def differences(
    net: Streaming,
    others: Mapping[str, Streaming],
    shape: Sequence[int],
    *,
    frames: int = 8,
    people: int = 2,
) -> dict[str, float]:
    """`difference` of others' `outputs` to a net's, by the others' names."""
    wanted = outputs(net, shape, frames=frames, people=people)
    return {
        name: difference(outputs(other, shape, frames=frames, people=people), wanted)
        for name, other in others.items()
    }


def _walk(net: Streaming, shape: Sequence[int], frames: int, people: int) -> Iterator[Tensor]:
    """Outputs while some of the streams pause, go on, or give way to a new one every few frames."""
    random = np.random.default_rng(0)
    aside: dict[int, State] = {}
    here, state = list[int](), None
    for index in range(frames):
        if index % (3 if index < 48 else 12) == 1:
            aside |= {person: take(state, [place]) for place, person in enumerate(here)}
            if index % 48 == 25:
                del aside[index // 48 % people]
            here = [person for person in aside if random.random() < 0.8]
            state = join([aside[person] for person in here]) if here else None
        new = [person for person in range(people) if person not in aside]
        if here:
            output, state = net.step(_frame(random, len(here), shape), state)
            yield output
        if new:
            output, begun = net.step(_frame(random, len(new), shape))
            yield output
            aside |= {person: take(begun, [place]) for place, person in enumerate(new)}


def _frame(random: np.random.Generator, people: int, shape: Sequence[int]) -> Tensor:
    return torch.from_numpy(random.random((people, *shape), np.float32))


@torch.inference_mode()
def fastest(nets: Mapping[str, Streaming], shape: Sequence[int], *, steps: int = 20) -> str:
    """Name of the net whose median step of one stream is shortest; they take turns."""
    spent: dict[str, list[float]] = {name: [] for name in nets}
    states: dict[str, State] = dict.fromkeys(nets)
    frame = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
    for _ in range(steps):
        for name, net in nets.items():
            start = time.perf_counter()
            _, states[name] = net.step(frame, states[name])
            spent[name].append(time.perf_counter() - start)
    return min(spent, key=lambda name: float(np.median(spent[name][steps // 4 :])))
