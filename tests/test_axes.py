"""From the axes of sensors and publishers to world axes."""

import numpy as np
import pytest

from gastlive.datasets.axes import (
    from_camera,
    from_kinect,
    from_y_up,
    kinect20,
    on_axes,
    to_camera,
    turned,
    world,
)
from gastlive.gast.skeleton import KINECT20

POINT = np.array([1.0, 2.0, 3.0])


def test_world_axes_are_taken_by_name():
    np.testing.assert_array_equal(world(POINT, right="-x", away="z", up="y"), [-1, 3, 2])
    np.testing.assert_array_equal(world(POINT, right="y", away="-x", up="-z"), [2, -1, -3])


@pytest.mark.parametrize("convert", [from_y_up, from_camera, to_camera, from_kinect])
def test_a_conversion_turns_a_person_and_never_mirrors_them(convert):
    """Left stays left: a sensor's axes and ours differ by a rotation."""
    matrix = convert(np.eye(3))
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(3))
    assert np.linalg.det(matrix) == pytest.approx(1)
    points = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(convert(points), points @ matrix, rtol=1e-6)
    assert convert(points).dtype == np.float32


def test_a_camera_sees_x_right_y_down_and_z_ahead():
    head_of_somebody_on_the_right = np.array([0.5, 4.0, 1.7])
    seen = to_camera(head_of_somebody_on_the_right)
    np.testing.assert_array_equal(seen, [0.5, -1.7, 4.0])
    np.testing.assert_array_equal(from_camera(seen), head_of_somebody_on_the_right)


def test_a_kinect_sees_the_left_at_positive_x():
    np.testing.assert_array_equal(from_kinect(POINT), np.float32([-1, 3, 2]))


@pytest.mark.parametrize(("about", "start", "end"), [("x", 1, 2), ("y", 2, 0), ("z", 0, 1)])
def test_a_quarter_turn_takes_each_axis_to_the_next(about, start, end):
    axes = np.eye(3)
    np.testing.assert_allclose(turned(axes[start], about, np.pi / 2), axes[end], atol=1e-12)


def test_a_kinect_that_looked_down_is_set_upright():
    """Someone 3 m ahead at the height of a sensor that looks down by 30 degrees is high in it."""
    tilt = np.radians(30)
    seen = np.array([0.0, 3 * np.sin(tilt), 3 * np.cos(tilt)])
    skeleton = np.tile(seen, (1, len(KINECT20), 1))
    skeleton[0, 5] = 0
    points = kinect20(skeleton, KINECT20.joints, tilt=tilt)
    np.testing.assert_allclose(points[0, 0], [0, 3, 0], atol=1e-6)
    assert np.isnan(points[0, 5]).all()
    assert on_axes(seen, "z", "x").shape == (2,)
