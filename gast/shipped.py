"""Weights that come with the package."""

import hashlib
from pathlib import Path

from .errors import InputError

LIFTERS = Path(__file__).parent / "weights"


def find(name_or_path: str | Path, *, folder: Path, kind: str) -> Path:
    """Path of weights, by name in `folder` or by path; an InputError lists the shipped ones."""
    for file in (folder / f"{name_or_path}.safetensors", Path(name_or_path).expanduser()):
        if file.is_file():
            return file
    names = ", ".join(sorted(path.stem for path in folder.glob("*.safetensors"))) or "none shipped"
    raise InputError(
        f"no {kind} {str(name_or_path)!r}; give the name of one that comes with gastlive "
        f"({names}) or the path of a .safetensors or .onnx file"
    )


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
