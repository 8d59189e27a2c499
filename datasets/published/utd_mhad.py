"""UTD-MHAD: 27 actions before a Kinect."""

from collections.abc import Iterable

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import KINECT20
from ..axes import SDK_ORDER, kinect20
from ..clip import MotionClip
from ..formats.matlab import read_matlab
from ..motion import MotionFolder, Take

FPS = 30.0
_ORDER = ("head_center", "thorax", "spine", "hip", *SDK_ORDER[4:])
"""As the publisher's ``Skeleton_joint_order.txt`` has it."""


class UtdMhad(MotionFolder):
    """861 clips of 27 actions by 8 people, one action a clip.

    ``aA_sS_tT_skeleton.mat`` is action A by subject S, take T, 30 frames per second. Published by
    the University of Texas at Dallas, for academic use. The published protocol trains on the odd
    subjects and tests on the even ones. See `MotionFolder`.

    Source: Chen et al. 2015, "UTD-MHAD: A multimodal dataset for human action recognition".
    """

    dataset = "utd_mhad"
    publisher = "the University of Texas at Dallas (N. Kehtarnavaz)"
    labels = (
        "swipe left",
        "swipe right",
        "wave",
        "clap",
        "throw",
        "arm cross",
        "basketball shoot",
        "draw x",
        "draw circle clockwise",
        "draw circle counter-clockwise",
        "draw triangle",
        "bowling",
        "boxing",
        "baseball swing",
        "tennis swing",
        "arm curl",
        "tennis serve",
        "push",
        "knock",
        "catch",
        "pick up and throw",
        "jog",
        "walk",
        "sit to stand",
        "stand to sit",
        "lunge",
        "squat",
    )

    def _find(self) -> Iterable[Take]:
        for path, match in self._files(r"a(\d+)_s(\d+)_t\d+_skeleton\.mat"):
            if 1 <= int(match[1]) <= len(self.labels):
                yield Take(path, subject=match[2], label=self.labels[int(match[1]) - 1])

    def _read(self, take: Take) -> MotionClip:
        (xyz,) = read_matlab(take.path, ["d_skel"])
        if xyz.ndim != 3 or xyz.shape[:2] != (len(_ORDER), 3):
            raise InputError(f"{take.path}: 'd_skel' is {xyz.shape}, wanted (20, 3, frames)")
        pose = kinect20(np.moveaxis(xyz, -1, 0), _ORDER)
        return self._clip(take, KINECT20, pose, FPS)
