"""Applies a detector's noise; while a noise is still written for arrays, through arrays."""

from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from ...gast.skeleton import Skeleton


def detected(
    noise: Any, xy: Tensor, skeleton: Skeleton, generator: Generator, xyz: Tensor
) -> tuple[Tensor, Tensor]:
    """Clips (N, T, J, 2) with errors, and confidences (N, T, J), 0 where nothing was detected."""
    if not getattr(noise, "of_arrays", True):
        noisy, confidence = noise.apply(xy, skeleton, generator, xyz)
        return noisy, confidence
    seed = torch.randint(2**62, (1,), generator=generator, device=xy.device).item()
    rng = np.random.default_rng(int(seed))
    found, seen = noise.apply(xy.cpu().numpy(), skeleton, rng, xyz.cpu().numpy())
    return torch.from_numpy(found).to(xy), torch.from_numpy(seen).to(xy)
