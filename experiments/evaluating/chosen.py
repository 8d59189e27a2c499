"""What a command line chooses to measure."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def by_name(checkpoints: str | Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """One checkpoint, a list of them, or a mapping to them, by their names in the report.

    Names that are not given are the shortest that tell them apart.
    """
    if isinstance(checkpoints, Mapping):
        return {str(name): str(path) for name, path in checkpoints.items()}
    paths = [checkpoints] if isinstance(checkpoints, str) else [str(path) for path in checkpoints]
    stems = [Path(path).stem if Path(path).suffix else path for path in paths]
    return {
        stem if stems.count(stem) == 1 else path: path
        for stem, path in zip(stems, paths, strict=True)
    }
