"""NTU-GAST Skeleton: the videos of NTU RGB+D 60 and 120, lifted by GAST-Net."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import H36M17
from ..axes import turned
from ..clip import MotionClip
from ..formats.hdf5 import numbers_of
from ..motion import MotionFolder, Take
from .cameras import calibrated
from .ntu import FPS, NTU_ACTIONS, ntu_take


class NtuGast60(MotionFolder):
    """60 actions of NTU RGB+D, 17 joints of one or two people, one action a clip.

    ``SsssCcccPpppRrrrAaaa.h5`` has ``skeletons`` (people, frames, 17, 3), z up, metres, zeros while
    away. They are as filmed by the first camera of Human3.6M's S1, and are turned here so that it
    looks along y. Made of the videos of Nanyang Technological University, for academic use.

    Source: fabro66 2021, "Online skeleton-based action recognition with multi-feature early
        fusion", the data of the released code.
    """

    dataset = "ntu_gast60"
    publisher = "github.com/fabro66/Online-Skeleton-based-Action-Recognition"
    labels: Sequence[str] = NTU_ACTIONS[:60]

    def _find(self) -> Iterable[Take]:
        takes = (ntu_take(path, self.labels) for path, _ in self._files(r".+\.h5"))
        return (take for take in takes if take is not None)

    def _read(self, take: Take) -> MotionClip:
        people = _skeletons(take)
        there = (people != 0).any((2, 3))
        people = turned(people, "z", _viewing_angle())
        people[~there] = np.nan
        people = people[there.any(1)]
        if not len(people):
            raise InputError(f"none of its {there.shape[1]} frames has a joint")
        clip = self._clip(take, H36M17, people[0], FPS)
        return replace(clip, partner=people[1] if len(people) > 1 else None)


class NtuGast120(NtuGast60):
    """120 actions; see `NtuGast60`."""

    dataset = "ntu_gast120"
    labels = NTU_ACTIONS


def _skeletons(take: Take) -> np.ndarray:
    people = numbers_of(take.path, "skeletons")
    if people.ndim != 4 or people.shape[0] > 2 or people.shape[2:] != (len(H36M17), 3):
        raise InputError(
            f"{take.path}: 'skeletons' is {people.shape}, wanted (1 or 2, frames, 17, 3)"
        )
    return people


def _viewing_angle() -> float:
    """Angle about the vertical, radians, after which the camera looks along y."""
    across, along, _ = calibrated("human36m")["S1"][0].rotation[2]
    return float(np.arctan2(across, along))
