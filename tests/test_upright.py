"""Cameras that hang sideways, and those that give mirror images."""

import cv2
import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Frame, Pose
from gastlive.realtime.sources.upright import Upright

LEFT, RIGHT = COCO17.index["left_wrist"], COCO17.index["right_wrist"]


def frame(image, poses=()):
    height, width = image.shape[:2]
    return Frame(image, 0, 0.0, 0.0, width, height, poses=poses)


def marked(x, y, width=6, height=4):
    """A black picture with one white pixel."""
    image = np.zeros((height, width, 3), np.uint8)
    image[y, x] = 255
    return image


def bright(image):
    """(x, y) of the white pixel's middle."""
    y, x = np.argwhere(image[..., 0])[0]
    return x + 0.5, y + 0.5


def pose(x, y):
    """Both wrists apart, the left one at (x, y)."""
    xy = np.full((17, 2), np.nan, np.float32)
    xy[LEFT], xy[RIGHT] = (x, y), (x, y + 1)
    confidence = np.linspace(0, 1, 17, dtype=np.float32)
    return Pose(COCO17, xy, confidence)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_joints_stay_on_what_they_mark_in_the_picture(rotate, mirror):
    given = frame(marked(4, 1), (pose(4.5, 1.5),))
    turned = Upright(rotate=rotate, mirror=mirror)(given)
    side = RIGHT if mirror else LEFT
    assert tuple(turned.poses[0].xy[side]) == bright(turned.image)
    assert (turned.width, turned.height) == turned.image.shape[1::-1]
    assert turned.image.flags["C_CONTIGUOUS"]


def test_a_quarter_turn_is_clockwise():
    turned = Upright(rotate=90, mirror=None)(frame(marked(0, 0)))
    assert bright(turned.image) == (3.5, 0.5)
    assert (turned.width, turned.height) == (4, 6)


def test_what_a_mirror_calls_left_is_the_persons_right():
    before = pose(4.5, 1.5)
    after = Upright(rotate=None, mirror=True)(frame(marked(0, 0), (before,))).poses[0]
    assert after.xy[RIGHT, 0] == 6 - before.xy[LEFT, 0]
    assert after.confidence[RIGHT] == before.confidence[LEFT]
    assert before.xy[LEFT, 0] == 4.5  # what was given is left alone


def test_another_angle_is_refused():
    with pytest.raises(InputError, match="rotate=45: pictures can be turned by 90, 180 or 270"):
        Upright(rotate=45, mirror=None)


def test_pictures_of_a_source_come_upright(tmp_path):
    image = np.zeros((40, 60, 3), np.uint8)
    image[:20] = 255
    cv2.imwrite(str(tmp_path / "a.png"), image)
    source = option("source/images", folder=str(tmp_path), rotate=90, mirror=True)
    (shown,) = list(source)
    assert shown.image.shape == (60, 40, 3)
    assert shown.image[:, :20].all()  # the top went to the right, and the mirror took it left
    assert not shown.image[:, 20:].any()
