"""Motion as detectors would tell it."""

import numpy as np
import pytest

from gastlive.datasets.clip import MotionClip
from gastlive.datasets.seen.detectable import FACE, detectable
from gastlive.gast.skeleton import CMU31, COCO17, H36M17, KINECT20, joint_map


def clip(layout):
    """Somebody who faces the viewer: x right, y away, z up."""
    xyz = np.random.default_rng(0).normal(0, 0.02, (5, len(layout), 3))
    heights = {"shoulder": 1.4, "hip": 0.9, "head": 1.75, "head_center": 1.65, "neck": 1.5}
    for joint, i in layout.index.items():
        side, _, rest = joint.partition("_")
        across = {"left": 0.2, "right": -0.2}.get(side, 0.0)
        xyz[:, i] += across, 0.0, heights.get(rest if across else joint, 1.0)
    return MotionClip("a", "mine", "s", layout, xyz.astype(np.float32), 30.0)


@pytest.mark.parametrize("layout", [CMU31, KINECT20])
def test_the_middle_line_is_what_a_detectors_joints_make_of_it(layout):
    moved = clip(layout)
    found = detectable(moved, H36M17).xyz
    detector = np.zeros((5, 17, 3), np.float32)
    for joint, i in COCO17.index.items():
        if joint in layout.index:
            detector[:, i] = moved.xyz[:, layout.index[joint]]
    live = joint_map(COCO17, H36M17)(detector)
    for joint in ("hip", "spine", "thorax", "left_hip", "right_shoulder", "left_wrist"):
        i = H36M17.index[joint]
        np.testing.assert_allclose(found[:, i], live[:, i], atol=1e-6)


@pytest.mark.parametrize("layout", [CMU31, KINECT20])
def test_the_nose_is_in_front_of_the_skull_and_below_its_middle(layout):
    moved = clip(layout)
    skull = joint_map(layout, H36M17)(moved.xyz)[:, H36M17.index["nose"]]
    nose = detectable(moved, H36M17).xyz[:, H36M17.index["nose"]]
    _, up, forward = np.array(FACE) * 0.5
    np.testing.assert_allclose((nose - skull).mean(0), (0, -forward, up), atol=0.02)
    assert forward > 0 > up


def test_a_layout_with_its_own_nose_keeps_it():
    moved = clip(COCO17)
    nose = H36M17.index["nose"]
    kept = detectable(moved, H36M17).xyz[:, nose]
    np.testing.assert_array_equal(kept, moved.xyz[:, COCO17.index["nose"]])


def test_a_missing_shoulder_is_missing_in_what_is_made_of_it():
    moved = clip(CMU31)
    moved.xyz[2, CMU31.index["left_shoulder"]] = np.nan
    found = np.isnan(detectable(moved, H36M17).xyz).any(-1)
    assert found[2, H36M17.index["thorax"]]
    assert not found[[0, 1, 3, 4]].any()


@pytest.mark.parametrize("layout", [CMU31, KINECT20])
def test_a_nose_that_is_made_lies_lower_than_the_ears_and_ahead_of_the_face(layout):
    """In somebody with a torso of half a metre, who faces the viewer: y away, z up."""
    moved = clip(layout)
    skull = joint_map(layout, H36M17)(moved.xyz)[:, H36M17.index["nose"]]
    _, ahead, up = (detectable(moved, H36M17).xyz[:, H36M17.index["nose"]] - skull).mean(0)
    assert -0.1 < up < -0.02
    assert -0.13 < ahead < -0.04
