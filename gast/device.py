"""The device that nets run on."""

import torch

from .errors import InputError


def device(name: str = "auto") -> torch.device:
    """The device of that name, or an InputError; ``auto`` is the first GPU, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {name!r} can't be used here; give auto, cpu or cuda") from error
    return torch.device(name)
