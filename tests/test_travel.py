"""Walking is told from stepping on the spot by the way that the hips go."""

import numpy as np
import pytest

from gastlive.action.decision import Decision
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime.packets import Frame, Person, Pose
from gastlive.realtime.stages.deciding import Decide
from gastlive.realtime.stages.travel import Travel

FPS = 30.0
LABELS = ("idle", "walk", "wave")


def pose(x=320.0, y=240.0, trunk=100.0):
    """(17, 2) pixels, hips at a place and a trunk of so many pixels."""
    xy = np.full((17, 2), (x, y), np.float32)
    for side in ("left", "right"):
        xy[H36M17.index[f"{side}_shoulder"], 1] -= trunk
    return xy


def seen(poses, *, fps=FPS, travel=None):
    travel = travel or Travel(H36M17, patience_s=1.0)
    return [travel(1, xy, i / fps) for i, xy in enumerate(poses)]


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0, 60.0])
def test_who_walks_across_or_towards_the_camera_leaves_the_spot(fps):
    times = np.arange(0, 3, 1 / fps)
    across = seen([pose(x=320 + 200 * t) for t in times], fps=fps)
    nearer = seen([pose(trunk=100 * 4 / (4 - 0.9 * t)) for t in times], fps=fps)
    for left in (across, nearer):
        assert not any(left[: round(0.4 * fps)])
        assert all(left[round(0.8 * fps) :])


def test_who_steps_from_foot_to_foot_stays():
    rng = np.random.default_rng(0)
    times = np.arange(0, 10, 1 / FPS)
    sway = 12 * np.sin(2 * np.pi * 0.6 * times)
    trembling = rng.normal(0, 1.5, (len(times), 2))
    left = seen([pose(x=320 + s + d[0], trunk=100 + d[1])
                 for s, d in zip(sway, trembling, strict=True)])  # fmt: skip
    assert not any(left)


def test_another_person_or_a_long_absence_has_no_past():
    travel = Travel(H36M17, patience_s=1.0)
    assert seen([pose(x=320 + 8 * i) for i in range(30)], travel=travel)[-1]
    assert not travel(2, pose(), 1.0)
    assert not travel(1, pose(x=900), 3.0)
    assert set(travel._past) == {1}


def decided(odds, poses, **given):
    """The last frame of somebody whose head says the same in every one."""
    stage = Decide(
        Decision(LABELS, background="idle", settle_s=0.0), **{"layout": H36M17, **given}
    )  # fmt: skip
    empty = Pose(COCO17, np.zeros((17, 2), "f4"), np.ones(17, "f4"))
    for i, xy in enumerate(poses):
        person = Person(empty, xy=xy, probabilities=np.float32(odds))
        frame = stage(Frame(None, i, i / FPS, 0.0, 640, 480, people={1: person}))
    return frame.people[1]


STANDS, WALKS = [pose()] * 60, [pose(x=100 + 8 * i) for i in range(60)]


def test_walking_is_said_of_who_leaves_the_spot_alone_and_probabilities_agree():
    odds = [0.1, 0.8, 0.1]
    walks = decided(odds, WALKS, travels=["walk", "jog"])
    assert walks.action.label == "walk"
    np.testing.assert_allclose(walks.probabilities, odds)
    stands = decided(odds, STANDS, travels=["walk", "jog"])
    assert stands.action.label == "idle"
    np.testing.assert_allclose(stands.probabilities, [0.9, 0.0, 0.1], rtol=1e-6)
    assert decided(odds, STANDS, travels=[]).action.label == "walk"
    assert decided([0.1, 0.1, 0.8], STANDS, travels=["walk"]).action.label == "wave"


def test_without_joints_in_the_picture_nobody_is_asked():
    assert decided([0.1, 0.8, 0.1], STANDS, travels=["walk"], layout=None).action.label == "walk"
    assert decided([0.1, 0.8, 0.1], [None] * 30, travels=["walk"]).action.label == "walk"
