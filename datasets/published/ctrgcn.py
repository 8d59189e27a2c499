"""CTR-GCN's arrays of NTU RGB+D: what many published action heads were trained on."""

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import NTU25
from ..clip import MotionClip, Problem, Segment
from ..formats.pickled import explained, npy_header
from ..rates import resample
from .ntu import FPS, NTU_ACTIONS, people_of

PARTS = ("train", "test")
_BODIES = (2, len(NTU25), 3)


class CtrGcn:
    """One npz: ``x_train`` (clips, frames, 150), two bodies of 25 joints, ``y_train`` one-hot.

    Who moves is not in the file: the two subjects are ``train`` and ``test``, which for
    ``NTU60_CS.npz`` are different people, for ``NTU60_CV.npz`` different views of the same ones.
    The first body's first spine joint is the origin. The zeros with which clips are filled up to
    one length are cut off. Clips are read one by one, for the file has gigabytes.

    Args:
        root: Folder of the file.
        file: Its name.
        subjects: Only ``train`` or ``test``; None is both.
        fps: Frames per second wanted; None keeps 30.

    Attributes:
        dataset: The file's name without its ending.
        labels: The 60 or 120 actions of NTU RGB+D.
        problems: Of the last iteration.

    Raises:
        InputError: The file is not there, broken or none of CTR-GCN's, or there is no such subject.

    Source: Chen, Zhang, Yuan, Li, Deng, Hu 2021, "Channel-wise topology refinement graph
        convolution for skeleton-based action recognition", the data of the released code.
    """

    def __init__(
        self,
        root: str,
        *,
        file: str = "NTU60_CS.npz",
        subjects: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        self.path, self.fps = Path(root).expanduser() / file, fps
        self.dataset = self.path.stem
        self.subjects = list(PARTS) if subjects is None else [str(part) for part in subjects]
        if strangers := sorted(set(self.subjects).difference(PARTS)):
            raise InputError(
                f"{self.dataset} has no subject {', '.join(strangers)}; "
                f"choose from {', '.join(PARTS)}"
            )
        self._actions = {part: _one_hot(self.path, part) for part in PARTS}
        self.labels = NTU_ACTIONS[: max(hot.shape[1] for hot in self._actions.values())]
        self.problems: list[Problem] = []

    def __len__(self) -> int:
        """Clips that an iteration tries to read."""
        return sum(len(self._actions[part]) for part in self.subjects)

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips in the order of the file; one that can't be used is named in `problems`."""
        self.problems = []
        for part in self.subjects:
            try:
                yield from self._clips(part)
            except InputError as error:
                self.problems.append(Problem(str(self.path), str(error)))

    def _clips(self, part: str) -> Iterator[MotionClip]:
        """Clips of a part that can be used.

        Raises:
            InputError: The file is broken.
        """
        for number, bodies in enumerate(_bodies(self.path, part)):
            try:
                yield resample(self._clip(part, number, bodies), self.fps)
            except InputError as error:
                self._note(part, number, str(error))

    def _clip(self, part: str, number: int, bodies: np.ndarray) -> MotionClip:
        hot = np.flatnonzero(self._actions[part][number])
        if len(hot) != 1:
            raise InputError(f"shows {len(hot)} actions at once, wanted one")
        people = people_of(bodies)
        people = people[:, : np.flatnonzero(np.isfinite(people).any((0, 2, 3)))[-1] + 1]
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
    """Which action each clip of a part shows, (clips, 60 or 120).

    Raises:
        InputError: The file is broken, or its arrays are not those of NTU RGB+D.
    """
    with explained(path, "npz of CTR-GCN"), np.load(path, allow_pickle=False) as file:
        hot = file[f"y_{part}"]
        clips = _count(path, part)
    if hot.shape not in {(clips, 60), (clips, 120)} or hot.dtype.kind not in "fiub":
        raise InputError(
            f"{path}: 'y_{part}' is {hot.dtype} {hot.shape}, wanted numbers ({clips}, 60 or 120); "
            f"get the file anew"
        )
    return hot


def _count(path: Path, part: str) -> int:
    """Clips of a part.

    Raises:
        InputError: They are not what they should be.
    """
    with ZipFile(path) as archive, archive.open(f"x_{part}.npy") as stream:
        shape, fortran, dtype = npy_header(stream)
    if len(shape) != 3 or shape[2] != np.prod(_BODIES) or fortran or dtype.kind != "f":
        raise InputError(
            f"{path}: 'x_{part}' is {dtype} {shape}, wanted numbers (clips, frames, 150); "
            f"get the file anew"
        )
    return shape[0]


def _bodies(path: Path, part: str) -> Iterator[np.ndarray]:
    """Clips (2, frames, 25, 3) of a part, one by one.

    Raises:
        InputError: The file is broken.
    """
    with (
        explained(path, "npz of CTR-GCN"),
        ZipFile(path) as archive,
        archive.open(f"x_{part}.npy") as stream,
    ):
        (clips, frames, numbers), _, dtype = npy_header(stream)
        for _ in range(clips):
            raw = stream.read(frames * numbers * dtype.itemsize)
            yield np.frombuffer(raw, dtype).reshape(frames, *_BODIES).swapaxes(0, 1)
