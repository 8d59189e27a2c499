"""Ground truth of gastlive-render: the exact motion of the people it films."""

from collections.abc import Iterable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz
from ...gast.skeleton import H36M17
from ..clip import MotionClip
from ..motion import MotionFolder, Take, runs


class Renders(MotionFolder):
    """One clip a film, from the npz beside it; 17 joints.

    Subjects are named by the recordings that move them, as ``hdm05/HDM_bd_01+hdm05/...``, so that a
    split by subject also holds for renders.
    """

    dataset = "renders"
    publisher = "nobody, make it with gastlive-render"

    def _find(self) -> Iterable[Take]:
        labels: dict[str, None] = {}
        for path in sorted(self.root.rglob("*.npz")):
            if "h36m17_m" in _arrays(path):
                labels |= dict.fromkeys(_names(path, "labels"))
                yield Take(path, subject="+".join(_names(path, "sources")) or path.stem)
        self.labels = tuple(labels)

    def _read(self, take: Take) -> MotionClip:
        truth = _truth(take.path, *_READ)
        seen, turn, shift = truth["h36m17_m"], truth["rotation"], truth["translation"]
        labels = [str(label) for label in truth["labels"]]
        forms = {
            "h36m17_m": seen.shape == (len(labels), len(H36M17), 3),
            "rotation": turn.shape == (3, 3),
            "translation": shift.shape == (3,),
            "fps": truth["fps"].shape == () and truth["fps"] > 0,
        }
        if wrong := [name for name, right in forms.items() if not right]:
            raise InputError(f"{take.path}: {', '.join(wrong)} of another form; render it anew")
        world = ((seen - shift) @ turn).astype(np.float32)
        segments = runs(labels, stops=range(1, len(labels) + 1))
        return self._clip(take, H36M17, world, float(truth["fps"]), segments=segments)


_READ = ("h36m17_m", "rotation", "translation", "fps", "labels")


def _arrays(path: Path) -> set[str]:
    """Names of the arrays in an npz; none if it is no npz."""
    try:
        with ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, BadZipFile):
        return set()


def _names(path: Path, what: str) -> list[str]:
    """Distinct names in an array; none if it is broken, of which reading the clip complains."""
    try:
        names = _truth(path, what)[what]
    except InputError:
        return []
    return list(dict.fromkeys(str(name) for name in names.ravel() if str(name)))


def _truth(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Arrays of the file; InputError if it can't be read or lacks one."""
    try:
        with opened_npz(path) as file:
            return {name: file[name] for name in names}
    except BROKEN as error:
        raise InputError(f"{path} is no truth that gastlive-render wrote; render anew") from error
