"""HDM05: motion capture of everyday and sports actions, cut into single actions."""

from collections.abc import Iterable

from ...gast.skeleton import CMU31
from ..clip import MotionClip
from ..formats.acclaim import FPS, read_acclaim
from ..motion import MotionFolder, Take, beside


class Hdm05(MotionFolder):
    """The cut clips of HDM05 as ASF/AMC, 120 frames per second, one action a clip.

    ``HDM_ACTOR_ACTION_NUMBER_120.amc`` beside ``HDM_ACTOR.asf``; actions are called such as
    ``kickLFront1Reps``. The subset HDM05-11 (287 clips of 11 actions) trains on the actors bd, bk
    and dg and tests on mm and tr. Published by the Max-Planck-Institut für Informatik at
    resources.mpi-inf.mpg.de/HDM05 under CC BY-SA 3.0. See `MotionFolder`.

    Source: Müller et al. 2007, "Documentation Mocap Database HDM05".
    """

    dataset = "hdm05"
    publisher = "the Max-Planck-Institut für Informatik (resources.mpi-inf.mpg.de/HDM05)"

    def __init__(
        self,
        root: str,
        *,
        subjects: list[str] | None = None,
        actions: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, fps=fps)
        self.only("action", actions, of=lambda take: take.label)
        self.labels = sorted({take.label for take in self.takes})
        self.only("subject", subjects, of=lambda take: take.subject)

    def _find(self) -> Iterable[Take]:
        for path, match in self._files(r"HDM_([^_]+)_(.+)_\d+_\d+\.amc"):
            yield Take(path, subject=match[1], label=match[2])

    def _read(self, take: Take) -> MotionClip:
        skeleton = beside(take.path, f"HDM_{take.subject}.asf")
        return self._clip(take, CMU31, read_acclaim(skeleton, take.path), FPS)
