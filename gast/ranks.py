"""The processes (ranks) of one training: the first leads, the others follow."""

import os

_NUMBERS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
"""What Lightning, torchrun and Slurm tell a process of itself."""


def follows() -> bool:
    """Whether another process of the same training prints, writes and fills folders."""
    return any(os.environ.get(name, "") not in ("", "0") for name in _NUMBERS)
