"""MSR Action3D: twenty actions of a game player before a depth camera."""

from collections.abc import Iterable

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import KINECT20
from ..axes import kinect20
from ..clip import MotionClip
from ..formats.tables import read_table
from ..motion import MotionFolder, Take

FPS = 15.0
NOISY = (
    "a02_s03_e02", "a04_s03_e01", "a07_s04_e01", "a13_s09_e01", "a13_s09_e02",
    "a13_s09_e03", "a14_s03_e01", "a20_s07_e01", "a20_s07_e03", "a20_s10_e03",
)  # fmt: skip
"""Recordings whose skeleton is lost or wrong; the publisher's ``files_used.mat`` has the others."""


class MsrAction3d(MotionFolder):
    """567 clips of 20 actions by 10 people, one action a clip, 15 frames per second.

    ``aAA_sSS_eEE_skeleton3D.txt`` is action A by subject S, take E: 20 rows a frame, each a point
    in metres (Kinect axes) and a confidence, which is not read. Published lists disagree on the
    order of left and right; since everybody faces the camera, the data show it. `noisy` also reads
    the ten recordings whose skeleton is lost or wrong. Published by Z. Liu, Microsoft Research, and
    W. Li, University of Wollongong, for academic use. The published protocol trains on odd and
    tests on even subjects, mostly within one of three subsets of eight actions.

    Source: Li, Zhang, Liu 2010, "Action recognition based on a bag of 3D points"; the ten: Wang,
        Liu, Wu, Yuan 2012, "Mining actionlet ensemble for action recognition with depth cameras".
    """

    dataset = "msr_action3d"
    publisher = "Z. Liu and W. Li (MSR Action3D, skeletons in real-world coordinates)"
    labels = (
        "high arm wave",
        "horizontal arm wave",
        "hammer",
        "hand catch",
        "forward punch",
        "high throw",
        "draw x",
        "draw tick",
        "draw circle",
        "hand clap",
        "two hand wave",
        "side boxing",
        "bend",
        "forward kick",
        "side kick",
        "jog",
        "tennis swing",
        "tennis serve",
        "golf swing",
        "pick up and throw",
    )

    def __init__(
        self,
        root: str,
        *,
        subjects: list[str] | None = None,
        actions: list[str] | None = None,
        noisy: bool,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, fps=fps)
        self.only("action", actions, of=lambda take: take.label)
        self.only("subject", subjects, of=lambda take: take.subject)
        self.noisy = noisy

    def _find(self) -> Iterable[Take]:
        for path, match in self._files(r"a(\d+)_s(\d+)_e\d+_skeleton3D\.txt"):
            if 1 <= int(match[1]) <= len(self.labels):
                yield Take(path, subject=match[2], label=self.labels[int(match[1]) - 1])

    def _read(self, take: Take) -> MotionClip:
        if take.name[:11].lower() in NOISY and not self.noisy:
            raise InputError("its skeleton is lost or wrong; noisy=true reads it all the same")
        values = read_table(take.path, columns=4, what="x, y, z and a confidence")
        if len(values) % len(KINECT20):
            raise InputError(
                f"{take.path}: {len(values)} rows are no whole number of frames of 20; get the "
                f"file anew from its publisher"
            )
        xyz = values.reshape(-1, len(KINECT20), 4)[..., :3]
        return self._clip(take, KINECT20, kinect20(xyz, joint_order(xyz)), FPS)


def joint_order(xyz: np.ndarray) -> list[str]:
    """Names of `KINECT20` in the order of the rows of frames (T, 20, 3) in the sensor's axes.

    Its x points to its left, so the left joints of a person who faces it have the smaller x.
    """
    shoulders_and_hips = xyz[:, [0, 4], 0] - xyz[:, [1, 5], 0]
    one, other = ("left", "right") if np.median(shoulders_and_hips) <= 0 else ("right", "left")
    pair = {joint: [f"{one}_{joint}", f"{other}_{joint}"] for joint in _PAIRS}
    return [
        *pair["shoulder"], "thorax", "spine", *pair["hip"], "hip",
        *(name for joint in _PAIRS[2:] for name in pair[joint]), "head_center",
    ]  # fmt: skip


_PAIRS = ("shoulder", "hip", "elbow", "wrist", "hand", "knee", "ankle", "foot")
