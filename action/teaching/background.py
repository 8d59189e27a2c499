"""What people do who do none of the taught actions: streams of joints, shipped in one file.

They are joints and not the features of a head, so that they stay what they are when the shipped
head changes; another lifter needs other ones.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz, read_json
from ..deployed import HEADS

SHIPPED = HEADS / "background.npz"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Background:
    """Streams (N, T, J, 3) as a head gets them: metres, camera axes, relative to the root."""

    xyz: np.ndarray
    layout: str
    fps: float
    lifter: str
    lifter_sha256: str
    note: str = ""


def save_background(background: Background, path: str | Path) -> None:
    """Write a file, with joints as float16."""
    card = {key: value for key, value in asdict(background).items() if key != "xyz"}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("wb") as file:
        np.savez_compressed(
            file,
            card=np.array(json.dumps({"version": VERSION, **card})),
            xyz=background.xyz.astype(np.float16),
        )


def load_background(path: str | Path = SHIPPED) -> Background:
    """A file of `save_background`; an InputError if it is none, or of another version."""
    try:
        with opened_npz(path) as file:
            card, xyz = read_json(str(file["card"])), file["xyz"].astype(np.float32)
        version = card.pop("version")
        if version == VERSION:
            return Background(xyz, **card)
    except BROKEN as error:
        raise InputError(f"{path} is no file of background streams; make it anew") from error
    raise InputError(f"{path} has format version {version}, wanted {VERSION}; make it anew")
