"""Where in front of the camera a lifted person is, and turned how."""

import numpy as np
import pytest

from gastlive.experiments.lifting.in_camera_axes import in_camera_axes
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.sources.demo import PATH as DEMO

with np.load(DEMO.parent / "demo_truth.npz") as truth:
    BODY = truth["h36m17_relative_m"][:300].astype(float)
WIDTH, HEIGHT, LENS = 640, 480, 60.0
TIME_S = np.arange(300) / 30
FOCAL = WIDTH / 2 / np.tan(np.radians(LENS) / 2)


def seen(place, body=BODY):
    """Pixels of a body (T, 17, 3) whose root is at places (T, 3)."""
    joints = place[:, None] + body
    return FOCAL * joints[..., :2] / joints[..., 2:] + [WIDTH / 2, HEIGHT / 2]


def located(xy, visible=None, *, time_s=TIME_S, body=BODY, lens=LENS, **options):
    visible = np.ones(xy.shape[:2], bool) if visible is None else visible
    options = {"width": WIDTH, "height": HEIGHT, "faces_person": False, **options}
    return in_camera_axes(
        time_s, xy, visible, body, root=H36M17.root, field_of_view_deg=lens, **options
    )


def path(*args, **options):
    return located(*args, **options)[0]


def walk(start=(-1.0, 0.2, 4.0), end=(1.0, 0.1, 3.0)):
    return np.linspace(start, end, 300)


def test_a_walk_through_the_room_is_found():
    np.testing.assert_allclose(path(seen(walk())), walk(), atol=0.02)


def test_a_portrait_picture_has_its_field_of_view_from_top_to_bottom():
    xy = seen(walk()) - [WIDTH / 2, HEIGHT / 2] + [HEIGHT / 2, WIDTH / 2]
    found = path(xy, width=HEIGHT, height=WIDTH)
    np.testing.assert_allclose(found, walk(), atol=0.02)


def test_another_field_of_view_changes_the_distance_and_not_the_way_aside():
    found = path(seen(walk()), lens=2 * np.degrees(np.arctan(np.tan(np.radians(30)) / 2)))
    np.testing.assert_allclose(found[:, :2], walk()[:, :2], atol=0.05)
    np.testing.assert_allclose(found[:, 2], 2 * walk()[:, 2], rtol=0.05)


def test_a_body_given_in_axes_turned_towards_the_person_is_turned_back():
    """At the edge of the picture, 27 degrees aside and 12 degrees down."""
    place = np.tile([1.5, 0.7, 3.0], (300, 1))
    z = place[0] / np.linalg.norm(place[0])
    x = np.cross([0, 1, 0], z) / np.linalg.norm(np.cross([0, 1, 0], z))
    turned = BODY @ np.stack([x, np.cross(z, x), z]).T
    root, body = located(seen(place), body=turned, faces_person=True)
    np.testing.assert_allclose(root, place, atol=0.02)
    np.testing.assert_allclose(body, BODY, atol=1e-3)
    assert np.abs(path(seen(place), body=turned) - place).max() > 0.2


def test_there_is_no_jump_where_joints_are_missing_or_wrong():
    rng = np.random.default_rng(0)
    xy, visible = seen(walk()), np.ones((300, 17), bool)
    visible[100:115, 3:] = False  # too few to tell the distance
    xy[100:115, 3:] = xy[100:115, [0]] + rng.normal(size=(15, 14, 2))
    xy[200, 1:] = xy[200, [0]] + 3 * (xy[200, 1:] - xy[200, [0]])  # for a frame three times as near
    found = path(xy, visible)
    np.testing.assert_allclose(found, walk(), atol=0.05)
    assert np.abs(np.diff(found, axis=0)).max() < 0.02


def test_joints_out_of_view_do_not_count():
    xy, visible = seen(walk()), np.ones((300, 17), bool)
    legs = [i for joint, i in H36M17.index.items() if "knee" in joint or "ankle" in joint]
    visible[:, legs], xy[:, legs] = False, 0.0
    np.testing.assert_allclose(path(xy, visible), walk(), atol=0.05)


def test_before_and_after_an_absence_the_distance_is_smoothed_by_itself():
    place = np.r_[np.tile([0.0, 0.0, 3.0], (150, 1)), np.tile([0.0, 0.0, 6.0], (150, 1))]
    time_s = TIME_S + np.where(np.arange(300) < 150, 0, 5)
    np.testing.assert_allclose(path(seen(place), time_s=time_s), place, atol=0.05)


@pytest.mark.parametrize("visible", [0, 17])
def test_a_person_of_whom_nothing_can_be_told_still_gets_a_finite_path(visible):
    xy = np.full((1, 17, 2), 320.0)
    found = path(xy, np.arange(17)[None] < visible, time_s=TIME_S[:1], body=BODY[:1])
    assert found.shape == (1, 3)
    assert np.isfinite(found).all()
