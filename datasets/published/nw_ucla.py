"""Northwestern-UCLA Multiview Action 3D: ten actions before three Kinects."""

from collections.abc import Iterable

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, read_json
from ...gast.skeleton import KINECT20
from ..axes import SDK_ORDER, kinect20
from ..clip import MotionClip
from ..formats.text import read_text
from ..motion import MotionFolder, Take

FPS = 15.0
"""Not published; people walk 0.11 steps a frame here, which at 15 is 1.6 a second."""

TILT = {"1": np.radians(13), "2": np.radians(13), "3": np.radians(17)}
"""Radians by which each camera looked down. Not published: the lean of walking people, the same
for all ten within two degrees."""


class NwUcla(MotionFolder):
    """1,484 clips of 10 actions by 10 people in 3 views, one action a clip.

    ``aAA_sSS_eEE_vVV.json`` is action A by subject S, take E, view V. The sensor assumes that all
    face it, so left and right are swapped in people who turn away. Published by Northwestern
    University and UCLA, for academic use; the files are as shared by CTR-GCN. The published
    protocol trains on views 1 and 2 and tests on view 3. See `MotionFolder`.

    Source: Wang, Nie, Xia, Wu, Zhu 2014, "Cross-view action modeling, learning and recognition".
    """

    dataset = "nw_ucla"
    publisher = "Northwestern University and UCLA (J. Wang)"
    labels = (
        "pick up with one hand",
        "pick up with two hands",
        "drop trash",
        "walk around",
        "sit down",
        "stand up",
        "donning",
        "doffing",
        "throw",
        "carry",
    )
    numbers = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)

    def __init__(
        self,
        root: str,
        *,
        subjects: list[str] | None = None,
        cameras: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, subjects=subjects, fps=fps)
        self.only("view", cameras, of=lambda take: take.camera)

    def _find(self) -> Iterable[Take]:
        names = dict(zip(self.numbers, self.labels, strict=True))
        for path, match in self._files(r"a(\d+)_s(\d+)_e\d+_v(\d+)\.json"):
            if int(match[1]) in names:
                label = names[int(match[1])]
                yield Take(path, subject=match[2], label=label, camera=str(int(match[3])))

    def _read(self, take: Take) -> MotionClip:
        try:
            xyz = np.array(read_json(read_text(take.path))["skeletons"], np.float64)
        except BROKEN as error:
            raise InputError(f"{take.path} is no JSON with 'skeletons' of numbers") from error
        if xyz.ndim != 3 or xyz.shape[1:] != (len(SDK_ORDER), 3):
            raise InputError(f"{take.path}: skeletons are {xyz.shape}, wanted (frames, 20, 3)")
        pose = kinect20(xyz, SDK_ORDER, tilt=TILT.get(take.camera, 0.0))
        return self._clip(take, KINECT20, pose, FPS)
