"""Filmed streams on disk: files that are written whole, used a few times and replaced."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz, read_json
from .filmed import Filmed, Filming

EACH = 64
"""Streams of a file."""
VERSION = 2
_WAIT_S = 0.5


def fill(
    filming: Filming,
    folder: str | Path,
    *,
    files: int,
    seed: int,
    device: torch.device,
    forever: bool = False,
    wanted: Callable[[], bool] = lambda: True,
) -> Iterator[Path]:
    """Write files of streams until a folder has so many; `forever` replaces those that go.

    Streams depend on the seed and the number in the file's name alone. Ends when no longer
    `wanted`. An InputError if the folder has streams of another recipe.
    """
    recipe, studio, place = filming.recipe(), None, Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    for path in stream_files(place)[:1]:
        read_streams(path, recipe)
    while wanted():
        if len(stream_files(place)) >= files:
            if not forever:
                return
            time.sleep(_WAIT_S)
            continue
        if studio is None:
            studio = filming.studio(device)
            print("\n".join(studio.report), flush=True)
        path, number = _claimed(place, seed)
        made = studio.streams(EACH, seed, number)
        _write(path, made, recipe)
        yield path


def stream_files(folder: str | Path) -> list[Path]:
    """The files of a folder, in the order of their numbers."""
    return sorted(Path(folder).expanduser().glob("streams-*.npz"))


def read_streams(path: Path, recipe: Mapping[str, object]) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, T, J, 3), float16, and labels (N, T); an InputError unless of this recipe."""
    try:
        with opened_npz(path) as file:
            card, xyz, labels = read_json(str(file["card"])), file["xyz"], file["labels"]
        made = card["recipe"]
    except FileNotFoundError:
        raise
    except BROKEN as error:
        raise InputError(f"{path} is no file of streams; delete it") from error
    wanted: Any = json.loads(json.dumps(recipe))
    if card["version"] != VERSION or made != wanted:
        other = [key for key in wanted if made.get(key) != wanted[key]] or ["version"]
        raise InputError(
            f"{path.parent} has streams with another {', '.join(other)}; give another folder, or "
            f"delete it"
        )
    return xyz, labels


def _claimed(folder: Path, seed: int) -> tuple[Path, int]:
    """The next free number of a seed; nobody else gets it."""
    taken = [path.name.split(".")[0] for path in folder.glob(f"streams-{seed}-*")]
    number = max((int(name.rpartition("-")[2]) for name in taken), default=-1) + 1
    while True:
        path = folder / f"streams-{seed}-{number:06d}.npz"
        with suppress(FileExistsError):
            _unfinished(path).open("xb").close()
            return path, number
        number += 1


def _write(path: Path, made: Filmed, recipe: Mapping[str, object]) -> None:
    card = json.dumps({"version": VERSION, "recipe": recipe})
    with _unfinished(path).open("wb") as file:
        np.savez(
            file, card=np.array(card), xyz=made.xyz.cpu().numpy().astype(np.float16),
            labels=made.labels.numpy().astype(np.int16),
        )  # fmt: skip
    os.replace(_unfinished(path), path)


def _unfinished(path: Path) -> Path:
    return path.with_suffix(".part")
