"""HumanEva-I: three people, five actions, three calibrated cameras."""

from collections.abc import Mapping
from typing import ClassVar

from ...gast.skeleton import COCO17, HUMANEVA15, Skeleton
from .videopose3d import PublishedMotion, PublishedPairs


class HumanEva(PublishedMotion):
    """Three people at 60 frames per second, 15 joints, cut into chunks where markers were lost.

    ``data_3d_humaneva15.npz``, made by VideoPose3D's ``prepare_data_humaneva.py`` from the
    publisher's files, which are for academic use (http://humaneva.is.tue.mpg.de). Subjects are
    ``Train/S1`` ... ``Validate/S3``, the published split; a recording is ``Walking 1 chunk0``.

    Source: Sigal, Balan, Black 2010, "HumanEva: synchronized video and motion capture dataset".
    """

    dataset = "humaneva"
    publisher = (
        "http://humaneva.is.tue.mpg.de, make data_3d_humaneva15.npz with VideoPose3D's scripts"
    )
    code = "humaneva15"
    rate = 60.0
    layout = HUMANEVA15
    stored = HUMANEVA15.joints
    labels = ("Walking", "Jog", "ThrowCatch", "Gestures", "Box")


def _coco() -> Skeleton:
    """COCO's joints with the nose as the head, as in the paper."""
    names = {"nose": "head"}
    return Skeleton(
        "coco17_nose_is_head",
        {
            names.get(joint, joint): names.get(parent, parent) if parent else None
            for joint, parent in COCO17.parents.items()
        },
    )


class HumanEvaPairs(PublishedPairs):
    """HumanEva-I seen by its three colour cameras (C1, C2, C3; 640 x 480).

    ``data_2d_humaneva15_DETECTIONS.npz``: ``gt`` is projected; ``detectron_pt_coco`` is a detector
    that never saw the set, its 17 joints made into the 15. ``Unlabeled/...`` has no 3-D joints.
    """

    motion_set = HumanEva
    layouts: ClassVar[Mapping[str, Skeleton]] = {"gt": HUMANEVA15, "detectron_pt_coco": _coco()}
