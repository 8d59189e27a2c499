"""Six takes of exercises from the CMU motion capture, with a label every tenth of a second."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import CMU31
from ..clip import MotionClip
from ..formats.acclaim import FPS, AcclaimSkeleton
from ..formats.text import read_text
from ..motion import MotionFolder, Take, beside, runs

LABEL_S = 0.1


class Mocap6(MotionFolder):
    """Takes 13_29, 13_30, 13_31, 14_06, 14_14 and 14_20: 120 frames per second, many actions each.

    ``amc/S_T.amc`` has the motion and ``labels/S_T.txt`` its labels 1-12. The motion is free for
    all uses, from the CMU Graphics Lab (mocap.cs.cmu.edu); the labels are by Mike Hughes, BSD
    licence. The set has no skeletons: `asf` is that of any CMU subject, whose limbs all takes get.
    See `MotionFolder`.

    Source: Fox et al. 2014, "Joint modeling of multiple time series via the beta process".
    """

    dataset = "mocap6"
    publisher = "Mike Hughes (labels) and the CMU Graphics Lab (motion, mocap.cs.cmu.edu)"
    labels = (
        "jumping jack",
        "jog",
        "squat",
        "knee raise",
        "arm circle",
        "twist",
        "side reach",
        "box",
        "up-down",
        "toe touch one hand",
        "side bend",
        "toe touch two hands",
    )

    def __init__(
        self,
        root: str,
        *,
        asf: str,
        subjects: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, subjects=subjects, fps=fps)
        self.skeleton = AcclaimSkeleton.read(Path(asf).expanduser())

    def _find(self) -> Iterable[Take]:
        for path, match in self._files(r"(\d+)_\d+\.txt"):
            motion = beside(path.parents[1] / "amc" / path.name, f"{path.stem}.amc")
            yield Take(motion, subject=match[1])

    def _read(self, take: Take) -> MotionClip:
        motion = self.skeleton.read_motion(take.path)
        xyz = self.skeleton.pose(motion, layout=CMU31)
        path = beside(take.path.parents[1] / "labels" / take.name, f"{take.name}.txt")
        names = dict(enumerate(["", *self.labels]))
        try:
            labels = [names[int(number)] for number in read_text(path).split()]
        except (ValueError, KeyError) as error:
            raise InputError(f"{path}, line 1: wanted labels from 0 to 12") from error
        stops = np.round(np.arange(1, len(labels) + 1) * LABEL_S * FPS).astype(int)
        segments = runs(labels, stops=np.minimum(stops, len(xyz)).tolist())
        return self._clip(take, CMU31, xyz, FPS, segments=segments)
