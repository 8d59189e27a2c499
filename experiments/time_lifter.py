"""What a streaming step of a lifter costs: ``python -m gastlive.experiments.time_lifter``."""

import json
import time
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig

from ..conf.program import program
from ..gast.folded import FoldedGASTNet
from ..gast.lifter import GASTNet
from ..gast.skeleton import Skeleton, named
from ..gast.streaming import Streaming


@program("time_lifter")
def main(cfg: DictConfig) -> None:
    """Time every shape of the config, layer by layer and folded, interleaved frame by frame."""
    torch.set_num_threads(cfg.threads)
    torch.manual_seed(0)
    skeleton = named(cfg.layout)
    nets: dict[str, Streaming] = {}
    for shape in cfg.shapes:
        net = GASTNet(skeleton, filter_widths=shape.filter_widths, channels=shape.channels).eval()
        name = f"{net.receptive_field} frames, {shape.channels} channels"
        nets |= {f"{name}, layer by layer": net, f"{name}, folded": FoldedGASTNet(net)}
    results = step_ms(nets, skeleton, people=cfg.people, frames=cfg.frames, warm=cfg.warm)
    Path(cfg.output).parent.mkdir(parents=True, exist_ok=True)
    Path(cfg.output).write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    print(f"written to {cfg.output}")


@torch.inference_mode()
def step_ms(
    nets: dict[str, Streaming], skeleton: Skeleton, *, people: int, frames: int, warm: int
) -> dict[str, dict[str, float]]:
    """p10, p50 and p95 of one step of each net, ms; all nets take turns at every frame.

    Args:
        nets: By name.
        skeleton: Their layout.
        people: N of a step.
        frames: Steps that count.
        warm: Steps before them.
    """
    states = dict.fromkeys(nets)
    spent: dict[str, list[float]] = {name: [] for name in nets}
    for _ in range(warm + frames):
        xy = torch.randn(people, len(skeleton), 2)
        for name, net in nets.items():
            start = time.perf_counter()
            _, states[name] = net.step(xy, states[name])
            spent[name].append((time.perf_counter() - start) * 1e3)
    return {
        name: {f"p{q}_ms": round(float(np.percentile(ms[warm:], q)), 2) for q in (10, 50, 95)}
        for name, ms in spent.items()
    }


if __name__ == "__main__":
    main()
