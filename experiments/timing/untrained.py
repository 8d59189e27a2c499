"""Untrained lifters, for timing alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hydra.utils import instantiate
from omegaconf import OmegaConf

from ...gast.checkpoint import save
from ...gast.errors import InputError

_CONF = Path(__file__).parents[2] / "conf"


@contextmanager
def untrained(net: str, *, layout: str = "h36m17") -> Iterator[Path]:
    """Path of a lifter with the shape of ``conf/net/NET.yaml`` and random weights, while entered.

    Raises:
        InputError: No such shape.
    """
    file = _CONF / "net" / f"{net}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.yaml")))
        raise InputError(f"no net {net!r}; choose one of {known}")
    skeleton = OmegaConf.load(_CONF / "skeleton" / f"{layout}.yaml")
    cfg = OmegaConf.create({"skeleton": skeleton, "net": OmegaConf.load(file)})
    training = {"data": "none", "note": "for timing alone"}
    with TemporaryDirectory(prefix="gastlive-") as folder:
        path = Path(folder) / f"{net}_untrained.safetensors"
        save(instantiate(cfg.net), path, fps=30.0, normalisation="person", training=training)
        yield path
