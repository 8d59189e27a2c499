"""Human3.6M: 11 actors, 15 everyday actions twice each, four calibrated cameras."""

from collections.abc import Mapping
from typing import ClassVar

from ...gast.skeleton import H36M16, H36M17, MPII16, Skeleton
from .videopose3d import PublishedMotion, PublishedPairs

_DUPLICATE = ""
_JOINTS = (
    "hip",
    "right_hip", "right_knee", "right_ankle", "right_toe", _DUPLICATE,
    "left_hip", "left_knee", "left_ankle", "left_toe", _DUPLICATE,
    _DUPLICATE, "spine", "thorax", "nose", "head",
    _DUPLICATE, "left_shoulder", "left_elbow", "left_wrist", *[_DUPLICATE] * 4,
    _DUPLICATE, "right_shoulder", "right_elbow", "right_wrist", *[_DUPLICATE] * 4,
)  # fmt: skip
"""The 32 joints of the files, without duplicates and ends of bones that never move."""


class Human36m(PublishedMotion):
    """Seven actors (S1, S5, S6, S7, S8, S9, S11) at 50 frames per second, 17 joints.

    ``data_3d_h36m.npz``, made by VideoPose3D's ``prepare_data_h36m.py`` from the publisher's files,
    which are for academic use (http://vision.imar.ro/human3.6m). The published protocol tests on S9
    and S11. A recording is called ``Walking 1`` after its action.

    Source: Ionescu et al. 2014, "Human3.6M: large scale datasets and predictive methods".
    """

    dataset = "human36m"
    publisher = "http://vision.imar.ro/human3.6m, make data_3d_h36m.npz with VideoPose3D's scripts"
    code = "h36m"
    rate = 50.0
    layout = H36M17
    stored = _JOINTS
    labels = (
        "Directions",
        "Discussion",
        "Eating",
        "Greeting",
        "Phoning",
        "Photo",
        "Posing",
        "Purchases",
        "Sitting",
        "SittingDown",
        "Smoking",
        "Waiting",
        "WalkDog",
        "Walking",
        "WalkTogether",
    )


def _hourglass() -> Skeleton:
    """Human3.6M's joints without the nose, to which the net was fine-tuned, in MPII's order."""
    names = {"thorax": "spine", "neck": "thorax"}
    order = [names.get(joint, joint) for joint in MPII16.joints]
    return Skeleton("h36m16_in_mpii_order", {joint: H36M16.parents[joint] for joint in order})


class Human36mPairs(PublishedPairs):
    """Human3.6M seen by its four cameras (54138969, 55011271, 58860488, 60457274).

    ``data_2d_h36m_DETECTIONS.npz``: ``gt`` is projected; ``cpn_ft_h36m_dbb`` and
    ``detectron_ft_h36m`` are fine-tuned on the set, 17 joints; ``sh_ft_h36m`` (fine-tuned) and
    ``sh_pt_mpii`` are stacked hourglasses with MPII's 16 joints, the nose put between head and neck
    (skeleton ``h36m16`` has none).
    """

    motion_set = Human36m
    layouts: ClassVar[Mapping[str, Skeleton]] = {
        "gt": H36M17,
        "cpn_ft_h36m_dbb": H36M17,
        "detectron_ft_h36m": H36M17,
        "sh_ft_h36m": _hourglass(),
        "sh_pt_mpii": MPII16,
    }
