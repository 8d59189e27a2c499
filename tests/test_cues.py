"""What is said of somebody only where the picture shows it: their way, their hands."""

from dataclasses import replace

import numpy as np
import pytest

from gastlive.action.decision import Decision
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime.packets import Frame, Person, Pose
from gastlive.realtime.stages.cues import Hands, Stroll, Travel
from gastlive.realtime.stages.deciding import Decide

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
    return [travel(1, somebody(xy), i / fps) for i, xy in enumerate(poses)]


def somebody(xy=None, **known):
    empty = Pose(COCO17, np.zeros((17, 2), "f4"), np.ones(17, "f4"))
    return Person(empty, xy=xy, **known)


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
    assert not travel(2, somebody(pose()), 1.0)
    assert not travel(1, somebody(pose(x=900)), 3.0)


def hands(left, right):
    """(17,) confidence of somebody whose wrists are seen so surely."""
    sure = np.ones(17, np.float32)
    sure[[H36M17.index["left_wrist"], H36M17.index["right_wrist"]]] = left, right
    return sure


def test_one_hand_that_is_seen_well_is_enough_and_a_blurred_picture_is_not_the_end():
    cue = Hands(H36M17, patience_s=1.0, sure=0.5)
    for i in range(60):
        sure = hands(0.1, 0.0 if i % 5 == 4 else 0.8)
        assert cue(1, somebody(confidence=sure), i / FPS)


def test_hands_that_are_guessed_at_are_not_seen():
    cue = Hands(H36M17, patience_s=1.0, sure=0.5)
    rng = np.random.default_rng(0)
    told = [
        cue(1, somebody(confidence=hands(*rng.uniform(0.1, 0.55, 2))), i / FPS) for i in range(60)
    ]
    assert not any(told[5:])


def strolling(poses):
    return seen(poses, travel=Stroll(H36M17, patience_s=1.0))


@pytest.mark.parametrize(("trunks_a_s", "strolls"), [(0.4, False), (1.2, True), (2.8, True),
                                                     (4.5, False)])  # fmt: skip
def test_who_crosses_the_picture_slower_than_anyone_jogs_strolls(trunks_a_s, strolls):
    poses = [pose(x=320 + 100 * trunks_a_s * i / FPS) for i in range(60)]
    assert set(strolling(poses)[20:]) == {strolls}


def test_who_sets_out_to_jog_does_not_stroll_on_the_way():
    pace = np.clip(8 * (np.arange(90) / FPS - 1), 0, 4)  # trunk lengths a second
    places = 320 + 100 * np.cumsum(pace) / FPS
    assert sum(strolling([pose(x=x) for x in places])) < 4


def test_how_fast_somebody_comes_nearer_is_not_told():
    poses = [pose(x=320 + 2 * i, trunk=100 * 4 / (4 - 0.03 * i)) for i in range(60)]
    assert not any(strolling(poses))
    assert not Stroll(H36M17, patience_s=1.0)(1, somebody(), 0.0)


def decided(odds, people, *, needs=(), instead=()):
    """The last frame of somebody whose head says the same in every one."""
    rule = Decision(LABELS, background="idle", settle_s=0.0)
    stage = Decide(rule, needs=needs, instead=instead)
    for i, person in enumerate(people):
        person = replace(person, probabilities=np.float32(odds))
        frame = stage(Frame(None, i, i / FPS, 0.0, 640, 480, people={1: person}))
    return frame.people[1]


STANDS = [somebody(pose())] * 60
WALKS = [somebody(pose(x=100 + 8 * i)) for i in range(60)]


def travel(*labels):
    return [(Travel(H36M17, patience_s=1.0), labels)]


def test_walking_is_said_of_who_leaves_the_spot_alone_and_probabilities_agree():
    odds = [0.1, 0.8, 0.1]
    walks = decided(odds, WALKS, needs=travel("walk", "jog"))
    assert walks.action.label == "walk"
    np.testing.assert_allclose(walks.probabilities, odds)
    stands = decided(odds, STANDS, needs=travel("walk", "jog"))
    assert stands.action.label == "idle"
    np.testing.assert_allclose(stands.probabilities, [0.9, 0.0, 0.1], rtol=1e-6)
    assert decided(odds, STANDS, needs=travel()).action.label == "walk"
    assert decided([0.1, 0.1, 0.8], STANDS, needs=travel("walk")).action.label == "wave"


def test_what_is_said_instead_has_both_probabilities():
    instead = [(Stroll(H36M17, patience_s=1.0), "wave", "walk")]
    odds = [0.1, 0.2, 0.7]
    strolls = decided(odds, WALKS, instead=instead)
    assert strolls.action.label == "walk"
    np.testing.assert_allclose(strolls.probabilities, [0.1, 0.9, 0.0], rtol=1e-6)
    runs = [somebody(pose(x=100 + 15 * i)) for i in range(60)]
    for people in (runs, STANDS):
        assert decided(odds, people, instead=instead).action.label == "wave"
    unknown = [(Stroll(H36M17, patience_s=1.0), "wave", "hop")]
    assert decided(odds, WALKS, instead=unknown).action.label == "wave"


def test_waving_is_said_of_hands_that_are_seen():
    needs = [(Hands(H36M17, patience_s=1.0, sure=0.5), ["wave"])]
    odds = [0.1, 0.1, 0.8]
    seen_well = decided(odds, [somebody(confidence=hands(0.7, 0.1))] * 30, needs=needs)
    guessed = decided(odds, [somebody(confidence=hands(0.3, 0.4))] * 30, needs=needs)
    assert (seen_well.action.label, guessed.action.label) == ("wave", "idle")


def test_where_it_can_not_be_told_everything_may_be_said():
    needs = [*travel("walk"), (Hands(H36M17, patience_s=1.0, sure=0.5), ["wave"])]
    for odds, label in (([0.1, 0.8, 0.1], "walk"), ([0.1, 0.1, 0.8], "wave")):
        assert decided(odds, [somebody()] * 30, needs=needs).action.label == label
