"""CTR-GCN's arrays of NTU RGB+D, on which many published action heads were trained."""

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, broken, npy_header, opened_npz
from ...gast.pickled import explained
from ...gast.skeleton import NTU25
from ..clip import MotionClip, Problem, Segment
from ..rates import resample
from .ntu import FPS, NTU_ACTIONS, people_of

PARTS = ("train", "test")
_BODIES = (2, len(NTU25), 3)


class CtrGcn:
    """One npz: ``x_train`` (clips, frames, 150), two bodies of 25 joints, ``y_train`` one-hot.

    The file names no subjects: ``train`` and ``test`` stand for them; in ``NTU60_CS.npz`` they are
    different people, in ``NTU60_CV.npz`` different views. The first body's first spine joint is the
    origin; padding with zeros is cut off. Clips are read one by one, since the file has gigabytes.
    `fps` None keeps 30; the data set's name is the file's stem. An InputError if the file is
    missing, broken or none of CTR-GCN's, or there is no such subject.

    Source: Chen et al. 2021, "Channel-wise topology refinement graph convolution", released data.
    """

    def __init__(
        self,
        root: str,
        *,
        file: str,
        subjects: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        self.path, self.fps = Path(root).expanduser() / file, fps
        self.dataset = self.path.stem
        self.subjects = list(PARTS) if subjects is None else [str(part) for part in subjects]
        if unknown := sorted(set(self.subjects).difference(PARTS)):
            raise InputError(
                f"{self.dataset} has no subject {', '.join(unknown)}; "
                f"choose from {', '.join(PARTS)}"
            )
        self._actions = {part: _one_hot(self.path, part) for part in PARTS}
        self.labels = NTU_ACTIONS[: max(hot.shape[1] for hot in self._actions.values())]
        self.problems: list[Problem] = []

    def __len__(self) -> int:
        """Number of clips."""
        return sum(len(self._actions[part]) for part in self.subjects)

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips in the order of the file; `problems` names what can't be used."""
        self.problems = []
        for part in self.subjects:
            try:
                yield from self._clips(part)
            except InputError as error:
                self.problems.append(Problem(str(self.path), str(error)))

    def _clips(self, part: str) -> Iterator[MotionClip]:
        for number, bodies in enumerate(_bodies(self.path, part)):
            try:
                yield resample(self._clip(part, number, bodies), self.fps)
            except BROKEN as error:
                self._note(part, number, broken(error))

    def _clip(self, part: str, number: int, bodies: np.ndarray) -> MotionClip:
        hot = np.flatnonzero(self._actions[part][number])
        if len(hot) != 1:
            raise InputError(f"shows {len(hot)} actions at once, wanted one")
        people = people_of(bodies)
        known = np.flatnonzero(np.isfinite(people).any((0, 2, 3)))
        if not len(known):
            raise InputError("has no joint in any frame")
        people = people[:, : known[-1] + 1]
        if gaps := int(np.isnan(people[0]).any((1, 2)).sum()):
            self._note(part, number, f"the first person is away in {gaps} frames")
        return MotionClip(
            name=f"{part}_{number}",
            dataset=self.dataset,
            subject=part,
            layout=NTU25,
            xyz=people[0],
            fps=FPS,
            segments=(Segment(0, people.shape[1], self.labels[hot[0]]),),
            partner=people[1] if len(people) > 1 else None,
        )

    def _note(self, part: str, number: int, reason: str) -> None:
        self.problems.append(Problem(f"{self.path}/{part}_{number}", reason))


def _one_hot(path: Path, part: str) -> np.ndarray:
    """One-hot actions (clips, 60 or 120) of a part."""
    with explained(path, "npz of CTR-GCN"), opened_npz(path, f"y_{part}") as file:
        hot = file[f"y_{part}"]
        clips = _count(path, part)
    if hot.shape not in {(clips, 60), (clips, 120)} or hot.dtype.kind not in "fiub":
        raise InputError(
            f"{path}: 'y_{part}' is {hot.dtype} {hot.shape}, wanted numbers ({clips}, 60 or 120); "
            f"get the file anew"
        )
    return hot


def _count(path: Path, part: str) -> int:
    """Number of clips of a part; an InputError if they have another form."""
    with ZipFile(path) as archive, archive.open(f"x_{part}.npy") as stream:
        shape, fortran, dtype = npy_header(stream)
    if len(shape) != 3 or shape[2] != np.prod(_BODIES) or fortran or dtype.kind != "f":
        raise InputError(
            f"{path}: 'x_{part}' is {dtype} {shape}, wanted numbers (clips, frames, 150); "
            f"get the file anew"
        )
    return shape[0]


def _bodies(path: Path, part: str) -> Iterator[np.ndarray]:
    """Clips (2, frames, 25, 3) of a part, one by one."""
    with (
        explained(path, "npz of CTR-GCN"),
        ZipFile(path) as archive,
        archive.open(f"x_{part}.npy") as stream,
    ):
        (clips, frames, numbers), _, dtype = npy_header(stream)
        for _ in range(clips):
            raw = stream.read(frames * numbers * dtype.itemsize)
            yield np.frombuffer(raw, dtype).reshape(frames, *_BODIES).swapaxes(0, 1)
