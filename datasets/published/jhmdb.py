"""JHMDB: everyday actions in films, joints marked by hand with a puppet."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz
from ...gast.skeleton import JHMDB15
from ..clip import KeypointClip, Problem, Segment
from ..keypoints import resample_keypoints

FPS = 25.0
PARTS = ("train", "test")
PICTURE = (320, 240)
"""Least width and height of the picture."""
FARTHEST = 1000
"""Pictures' heights from the middle to a joint; beyond is none that anybody filmed."""


class Jhmdb:
    """609 films of 14 actions, 15 to 40 frames each: split 1, ``train_1.npz`` and ``test_1.npz``.

    ``xy`` has the joints of all films end to end, ``frames`` their lengths, ``label`` their
    actions. Nobody is named, so the `subject` is the part, ``train`` or ``test``, and begins the
    clip's name. Every joint is marked, also a hidden one. Places count from the picture's middle
    and are scaled by the person's size: one is 240 pixels here, and the picture is large enough for
    all joints. Published by the Max Planck Institute for Intelligent Systems for research.

    An InputError if a file is missing or broken, or there is no such part.

    Args:
        root: Folder of the two files.
        subjects: Only these parts; None is both.
        fps: Frames per second wanted; None keeps 25.

    Source: Jhuang, Gall, Zuffi, Schmid, Black 2013, "Towards understanding action recognition".
    """

    dataset = "jhmdb"
    labels = (
        "catch",
        "clap",
        "golf",
        "jump",
        "pick",
        "pour",
        "pullup",
        "push",
        "run",
        "sit",
        "stand",
        "throw",
        "walk",
        "wave",
    )

    def __init__(
        self, root: str, *, subjects: list[str] | None = None, fps: float | None = None
    ) -> None:
        self.root, self.fps = Path(root).expanduser(), fps
        self.problems: list[Problem] = []
        self.subjects = list(PARTS) if subjects is None else [str(part) for part in subjects]
        if unknown := sorted(set(self.subjects) - set(PARTS)):
            raise InputError(
                f"jhmdb has no subject {', '.join(unknown)}; choose from {', '.join(PARTS)}"
            )
        self._films = [film for part in self.subjects for film in self._read(part)]

    def __len__(self) -> int:
        """Number of films."""
        return len(self._films)

    def __iter__(self) -> Iterator[KeypointClip]:
        """Films in the order of the files; `problems` names what can't be used."""
        self.problems = []
        for name, label, xy in self._films:
            reason = ""
            if label not in self.labels:
                reason = f"label {label!r} is none of JHMDB's 14"
            elif not np.isfinite(xy).all(-1).any():
                reason = f"none of its {len(xy)} frames has a joint"
            elif np.nanmax(np.abs(xy)) > FARTHEST:
                reason = f"a joint is more than {FARTHEST} pictures away"
            if reason:
                self.problems.append(Problem(str(self.root / name), reason))
            else:
                yield resample_keypoints(_clip(name, label, xy), self.fps)

    def _read(self, part: str) -> list[tuple[str, str, np.ndarray]]:
        path = self.root / f"{part}_1.npz"
        try:
            with opened_npz(path) as file:
                xy, frames, label = (file[key] for key in ("xy", "frames", "label"))
        except BROKEN as error:
            raise InputError(
                f"{path} is missing or no npz with 'xy', 'frames' and 'label'; get split 1 of "
                f"JHMDB and give its folder as root"
            ) from error
        counted = frames.ndim == 1 and frames.dtype.kind in "iu" and (frames > 0).all()
        ends = np.cumsum(frames) if counted and len(frames) else np.array([-1])
        shape = (ends[-1], len(JHMDB15), 2)
        if label.shape != frames.shape or xy.shape != shape or xy.dtype.kind not in "iuf":
            raise InputError(
                f"{path}: 'xy' is {xy.shape}, 'frames' {frames.shape}, 'label' {label.shape}; "
                f"wanted joints (frames, 15, 2), and a length and an action for each film"
            )
        films = np.split(xy.astype(np.float32), ends[:-1])
        return [
            (f"{part}_{i:03}", str(action), film)
            for i, (action, film) in enumerate(zip(label, films, strict=True))
        ]


def _clip(name: str, label: str, xy: np.ndarray) -> KeypointClip:
    known = np.isfinite(xy).all(-1)
    pixels = np.where(known[..., None], xy, 0) * np.float32(PICTURE[1])
    reach = 2 * np.abs(pixels).max((0, 1))
    size = tuple(max(int(np.ceil(r)), least) for r, least in zip(reach, PICTURE, strict=True))
    return KeypointClip(
        name=name,
        dataset=Jhmdb.dataset,
        subject=name.partition("_")[0],
        layout=JHMDB15,
        xy=np.where(known[..., None], pixels + np.array(size, np.float32) / 2, np.float32(0)),
        score=known.astype(np.float32),
        size=(size[0], size[1]),
        fps=FPS,
        by_hand=True,
        segments=(Segment(0, len(xy), label),),
    )
