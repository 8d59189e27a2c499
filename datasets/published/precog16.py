"""PRECOG-16: continuous martial arts before a Kinect, with a label on every frame."""

from collections.abc import Iterable

import numpy as np

from ...gast.skeleton import KINECT20
from ..axes import KINECT_JOINTS, kinect20
from ..clip import MotionClip
from ..formats.text import broken, read_text
from ..motion import MotionFolder, Take, runs

FPS = 30.0


class Precog16(MotionFolder):
    """72 sequences of 12 people with punches, kicks and pauses in random order.

    ``SeqS_P.csv`` is sequence S of subject P, about 30 frames per second: rows of 20 joints, named
    in the first row, and a label. Published by David Jardim, ISCTE - Instituto Universitário de
    Lisboa, under the MIT licence. See `MotionFolder`.

    Source: Jardim et al. 2016, "Human activity recognition from automatically labeled data".
    """

    dataset = "precog16"
    publisher = "David Jardim, ISCTE - Instituto Universitário de Lisboa"
    labels = (
        "idle",
        "right punch",
        "left punch",
        "front right kick",
        "front left kick",
        "side right kick",
        "side left kick",
        "back fist",
        "elbow strike",
    )

    def _find(self) -> Iterable[Take]:
        for path, match in self._files(r"Seq\d+_(\d+)\.csv"):
            yield Take(path, subject=match[1])

    def _read(self, take: Take) -> MotionClip:
        head, *rows = read_text(take.path).splitlines() or [""]
        joints = [KINECT_JOINTS.get(name.strip(), "") for name in head.split(";")]
        if set(joints) != set(KINECT20.joints):
            raise broken(take.path, 1, "wanted the 20 joint names of a Kinect v1")
        xyz = np.empty((len(rows), len(joints), 3))
        actions: list[str] = []
        for i, row in enumerate(rows):
            *points, label = row.split(";")
            try:
                xyz[i] = [[float(value) for value in point.split()] for point in points]
                actions.append(dict(enumerate(self.labels))[int(label)])
            except (ValueError, KeyError) as error:
                what = "wanted 20 points of 3 numbers and a label from 0 to 8"
                raise broken(take.path, i + 2, what) from error
        segments = runs(actions, stops=range(1, len(actions) + 1))
        return self._clip(take, KINECT20, kinect20(xyz, joints), FPS, segments=segments)
