"""Who is lost and comes back: the old id, or a new one."""

import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Pose
from gastlive.realtime.similarity import measured
from gastlive.realtime.stages.build import Build

from .test_tracker import BODY, frame, ids_of, pose, walk

METRE = 120
"""Pixels, of `BODY`."""


def built(x, y=240.0, *, legs=1.0, arms=1.0, scale=1.0, random=None):
    """Somebody with legs and arms so many times as long as usual."""
    xy = BODY.copy()
    for joint, at in COCO17.index.items():
        side, _, part = joint.partition("_")
        if part in ("knee", "ankle"):
            hip = BODY[COCO17.index[f"{side}_hip"]]
            xy[at] = hip + legs * (BODY[at] - hip)
        if part in ("elbow", "wrist"):
            shoulder = BODY[COCO17.index[f"{side}_shoulder"]]
            xy[at] = shoulder + arms * (BODY[at] - shoulder)
    xy = scale * xy + np.array([x, y])
    if random is not None:
        xy = xy + random.normal(0, 2, xy.shape)
    return Pose(COCO17, xy.astype(np.float32), np.full(17, 0.6, np.float32), 0.6)


def gone(person, start_s, stop_s):
    return lambda t: None if start_s <= t < stop_s else person(t)


def test_who_is_back_within_seconds_near_where_they_were_is_the_same_person():
    ids = walk(option("tracker/oks"), 5, gone(lambda t: pose(300 + 30 * t), 1.5, 3.5))
    assert ids_of(0, ids) == {1}


def test_who_goes_on_out_of_sight_is_expected_further_on():
    ids = walk(option("tracker/oks"), 5, gone(lambda t: pose(100 + METRE * t), 1.5, 3.5))
    assert ids_of(0, ids) == {1}


def test_who_turns_round_out_of_sight_is_expected_where_they_were():
    there_and_back = gone(lambda t: pose(300 - METRE * abs(t - 2.5)), 1.5, 3.5)
    assert ids_of(0, walk(option("tracker/oks"), 5, there_and_back)) == {1}


@pytest.mark.parametrize("change", [0.6, 1.6])
def test_somebody_much_larger_or_smaller_is_another(change):
    first = gone(lambda t: pose(300), 1.5, 9)
    second = gone(lambda t: pose(300, scale=change), 0, 3.5)
    ids = walk(option("tracker/oks"), 5, first, second)
    assert (ids_of(0, ids), ids_of(1, ids)) == ({1}, {2})


def test_who_sits_down_out_of_sight_is_no_smaller_for_it():
    seated = BODY.copy()
    legs = [at for name, at in COCO17.index.items() if name.endswith(("knee", "ankle"))]
    seated[legs] -= [0, 0.3 * METRE]  # thighs towards the camera
    sitting = Pose(COCO17, (seated + 300).astype(np.float32), np.full(17, 0.6, np.float32), 0.6)
    stood, sits = gone(lambda t: pose(300, 300), 1.5, 9), gone(lambda t: sitting, 0, 3.5)
    ids = walk(option("tracker/oks"), 5, stood, sits)
    assert ids_of(1, ids) == {1}


def test_who_leaves_on_the_right_does_not_come_in_on_the_left():
    out = gone(lambda t: pose(350 + 1.3 * METRE * t), 1.5, 9)
    into = gone(lambda t: pose(-300 + 1.3 * METRE * t), 0, 3.0)
    ids = walk(option("tracker/oks"), 5, out, into)
    assert (ids_of(0, ids), ids_of(1, ids)) == ({1}, {2})


def test_nobody_in_view_is_given_to_a_newcomer():
    ids = walk(option("tracker/oks"), 4, lambda t: pose(300), gone(lambda t: pose(380), 0, 2))
    assert (ids_of(0, ids), ids_of(1, ids)) == ({1}, {2})


def test_of_two_who_are_lost_the_one_of_that_build_is_back():
    random = np.random.default_rng(0)
    long = gone(lambda t: built(300, legs=1.25, arms=0.8, random=random), 1.5, 3.5)
    short = gone(lambda t: built(330, legs=0.8, arms=1.25, random=random), 1.5, 9)
    ids = walk(option("tracker/oks"), 5, long, gone(short, 0, 0.2))
    assert ids_of(0, ids) == {1}


def test_where_it_might_be_either_of_two_it_is_a_new_person():
    twins = [gone(lambda t, x=x: pose(300 + x), 1.5, 9) for x in (-60, 60)]
    ids = walk(option("tracker/oks"), 5, *twins, gone(lambda t: pose(300), 0, 3.5))
    assert ids_of(2, ids) == {3}


def test_whose_joints_slid_to_another_person_is_back_where_they_were_before():
    def slides(t):
        return pose(200 + (max(t - 1.3, 0) * 10 * METRE if t < 1.5 else 0))

    ids = walk(option("tracker/oks"), 4, gone(slides, 1.5, 1.53), lambda t: pose(440))
    assert ids_of(0, ids) == {1}


@pytest.mark.parametrize("fps", [10, 30])
@pytest.mark.parametrize("turns", [False, True], ids=["pass", "turn round"])
def test_two_who_meet_out_of_view_keep_their_ids_whether_they_pass_or_turn_round(turns, fps):
    random = np.random.default_rng(1)

    def person(side):
        def at(t):
            away = abs(t - 2) if turns else 2 - t
            size = 1.0 if side > 0 else 0.8  # all that tells them apart
            return pose(320 - side * 1.2 * METRE * away, scale=size, noise=2, random=random)

        return gone(at, 1.7, 2.3)

    ids = walk(option("tracker/oks"), 4, person(1), person(-1), fps=fps)
    assert len(ids_of(0, ids)) == len(ids_of(1, ids)) == 1
    assert ids_of(0, ids) != ids_of(1, ids)
    assert len(ids[-1]) == 2


def test_twins_who_meet_out_of_view_are_not_exchanged():
    random = np.random.default_rng(1)

    def person(side):
        return gone(
            lambda t: pose(320 - side * 1.2 * METRE * (2 - t), noise=2, random=random), 1.7, 2.3
        )

    ids = walk(option("tracker/oks"), 4, person(1), person(-1))
    assert not ids_of(0, ids) & ids_of(1, ids)


def test_one_who_stands_behind_another_for_half_a_second_keeps_the_id():
    walks = gone(lambda t: pose(320 - METRE * (2 - t), scale=0.9), 1.75, 2.25)
    ids = walk(option("tracker/oks"), 4, lambda t: pose(320), walks)
    assert len(ids_of(0, ids)) == len(ids_of(1, ids)) == 1
    assert ids_of(0, ids) != ids_of(1, ids)


def test_no_time_to_return_is_never():
    tracker = option("tracker/oks", return_s=0)
    assert ids_of(0, walk(tracker, 5, gone(lambda t: pose(300), 1.5, 3.5))) == {1, 2}


def test_who_may_return_is_alive_and_forgotten_by_a_reset():
    tracker = option("tracker/oks", patience_s=1.0, return_s=3.0)
    walk(tracker, 1, lambda t: pose(300))
    tracker(frame(3.5))
    assert tracker.alive == {1}
    tracker(frame(4.5))
    assert tracker.alive == frozenset()
    walk(tracker, 1, lambda t: pose(300), start_s=5)
    tracker.reset()
    assert ids_of(0, walk(tracker, 1, lambda t: pose(300), start_s=6)) == {3}


def seen(*poses):
    build = Build.unknown()
    for i, each in enumerate(poses):
        build.see(measured(each), i / 10)
    return build


def test_a_metre_is_as_long_as_the_limbs_say():
    assert seen(*[pose(300)] * 5).metre == pytest.approx(METRE, rel=0.05)
    assert seen(*[pose(300, scale=2)] * 5).metre == pytest.approx(2 * METRE, rel=0.05)


def test_proportions_know_a_build_and_no_size():
    usual, long = seen(*[built(300)] * 5), seen(*[built(300, legs=1.3)] * 5)
    assert usual.unlike(seen(*[built(100, scale=0.5)] * 5)) == pytest.approx(0, abs=1e-6)
    assert usual.unlike(long) > 0.5
    assert long.unlike(seen(*[built(300, legs=1.3)] * 5)) == pytest.approx(0, abs=1e-6)


def test_proportions_that_tremble_tell_less():
    random = np.random.default_rng(0)
    other = seen(*[built(300, legs=1.3)] * 9)
    steady = seen(*[built(300)] * 9)
    unsteady = seen(*(pose(300, noise=14, random=random) for _ in range(9)))
    assert 2 * unsteady.unlike(other) < steady.unlike(other) + 1


def test_of_a_limb_in_nobodys_sight_nothing_is_known():
    hidden = pose(300)
    hidden.confidence[[COCO17.index[f"{s}_elbow"] for s in ("left", "right")]] = 0.1
    assert np.isinf(seen(hidden).lengths[:2]).all()
    assert seen(hidden).metre == pytest.approx(METRE, rel=0.05)
