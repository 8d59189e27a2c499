import logging
from dataclasses import replace

import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.inputs.filling import Filler
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime import similarity as comparing
from gastlive.realtime.packets import Frame, Pose
from gastlive.realtime.similarity import SLACK, similarity, tolerances

BODY = Filler(COCO17)._rest * 120
"""Somebody of about 200 pixels, around the hip."""


def pose(x, y=240.0, *, score=0.6, scale=1.0, noise=0.0, random=None):
    xy = BODY * scale + np.array([x, y])
    if random is not None:
        xy = xy + random.normal(0, noise, xy.shape)
    return Pose(COCO17, xy.astype(np.float32), np.full(17, 0.6, np.float32), score)


def frame(time_s, *poses, width=640, height=480):
    return Frame(None, 0, time_s, time_s, width, height, poses=poses)


def walk(tracker, seconds, *people, fps=30, start_s=0.0):
    """Run `people`, each a function of time to a pose or None; ids per frame, by person."""
    ids = []
    for time_s in start_s + np.arange(int(seconds * fps)) / fps:
        poses = {i: p for i, person in enumerate(people) if (p := person(time_s)) is not None}
        # The order in which a detector lists people means nothing.
        order = sorted(poses, key=lambda i: np.sin(7 * i + 50 * time_s))
        out = tracker(frame(time_s, *(poses[i] for i in order)))
        owner = {id(p): i for i, p in poses.items()}
        ids.append({owner[id(person.pose)]: k for k, person in out.people.items()})
    return ids


def ids_of(person, ids):
    return {seen[person] for seen in ids if person in seen}


def test_a_person_keeps_one_id_under_noise():
    random = np.random.default_rng(0)
    ids = walk(
        option(
            "tracker/oks",
        ),
        3,
        lambda t: pose(100 + 100 * t, noise=4, random=random),
    )
    assert ids_of(0, ids) == {1}
    assert len([seen for seen in ids if seen]) == 88


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_people_who_cross_keep_their_ids(fps):
    random = np.random.default_rng(1)
    ids = walk(
        option(
            "tracker/oks",
        ),
        4,
        lambda t: pose(100 + 100 * t, 240, noise=3, random=random),
        lambda t: pose(500 - 100 * t, 250, noise=3, random=random),
        fps=fps,
    )
    assert ids_of(0, ids) != ids_of(1, ids)
    assert len(ids_of(0, ids)) == len(ids_of(1, ids)) == 1
    assert len(ids[-1]) == 2


def test_people_who_cross_keep_their_ids_though_one_is_hidden_meanwhile():
    ids = walk(
        option(
            "tracker/oks",
        ),
        4,
        lambda t: pose(100 + 100 * t),
        lambda t: None if abs(t - 2) < 0.3 else pose(500 - 100 * t),
    )
    assert ids_of(0, ids) != ids_of(1, ids)
    assert len(ids_of(0, ids)) == len(ids_of(1, ids)) == 1


def test_a_person_who_only_trembles_is_not_believed_to_walk():
    tracker = option(
        "tracker/oks",
    )
    for i in range(30):
        tracker(frame(i / 30, pose(300 + (4 if i % 2 else -4))))
    (track,) = tracker._tracks
    drift = track.expected(29 / 30 + 0.5) - track.last.xy
    assert np.abs(drift).max() < 40


def test_a_person_hidden_for_less_than_the_patience_comes_back_as_themselves():
    tracker = option("tracker/oks", patience_s=1.0)
    ids = walk(tracker, 3, lambda t: None if 1 <= t < 1.9 else pose(300 + 20 * t))
    assert ids_of(0, ids) == {1}
    assert not any(ids[31:56])


def test_someone_after_the_time_to_return_is_a_stranger():
    tracker = option("tracker/oks", patience_s=1.0, return_s=1.0)
    ids = walk(tracker, 4, lambda t: None if 1 <= t < 2.2 else pose(300))
    assert ids_of(0, ids) == {1, 2}
    assert tracker.alive == {2}


def test_patience_counts_stream_time_not_frames():
    tracker = option("tracker/oks", patience_s=1.0, return_s=1.0)
    walk(tracker, 1, lambda t: pose(300), fps=5)
    tracker(frame(1.7))
    assert tracker.alive == {1}
    tracker(frame(1.9))
    assert tracker.alive == frozenset()


def test_a_person_who_turns_up_elsewhere_at_once_is_a_stranger():
    ids = walk(
        option(
            "tracker/oks",
        ),
        3,
        lambda t: pose(200 if t < 1.5 else 360),
    )
    assert ids_of(0, ids) == {1, 2}


def test_a_person_who_comes_near_keeps_the_id():
    random = np.random.default_rng(4)

    def nearing(time_s):
        scale = 0.2 + time_s
        return pose(300, scale=scale, noise=9 * scale, random=random)

    ids = walk(
        option(
            "tracker/oks",
        ),
        4,
        nearing,
    )
    assert ids_of(0, ids) == {1}
    assert len([seen for seen in ids if seen]) == 118


def test_a_missed_detection_shows_nobody_and_loses_nobody():
    tracker = option(
        "tracker/oks",
    )
    walk(tracker, 1, lambda t: pose(300))
    assert tracker(frame(1.0)).people == {}
    assert set(tracker(frame(1.05, pose(300))).people) == {1}


def test_a_poor_pose_continues_a_person_but_begins_nobody():
    tracker = option("tracker/oks", min_score=0.3)
    assert not any(walk(tracker, 2, lambda t: pose(300, score=0.2)))
    ids = walk(tracker, 2, lambda t: pose(300, score=0.6 if t < 3 else 0.2), start_s=2.0)
    assert ids_of(0, ids) == {1}
    assert ids[-1] == {0: 1}


def test_a_pose_below_half_the_least_score_is_ignored():
    tracker = option("tracker/oks", min_score=0.3)
    walk(tracker, 1, lambda t: pose(300))
    assert tracker(frame(1.0, pose(300, score=0.14))).people == {}
    assert set(tracker(frame(1.05, pose(300, score=0.16))).people) == {1}


@pytest.mark.parametrize(("gap_s", "times"), [(1 / 30, 10 / 9), (0.15, 1.5), (0.9, 2.0)])
def test_somebody_out_of_view_is_looked_for_ever_wider_up_to_twice_as_far(gap_s, times):
    tracker = option(
        "tracker/oks",
    )
    walk(tracker, 1, lambda t: pose(300))
    (track,) = tracker._tracks
    assert track.scale(29 / 30 + gap_s) == pytest.approx(times * track.size)


def test_a_poor_pose_takes_no_person_from_a_sure_one():
    tracker = option(
        "tracker/oks",
    )
    walk(tracker, 1, lambda t: pose(300))
    sure = pose(315, score=0.6)
    people = tracker(frame(1.0, pose(300, score=0.25), sure)).people
    assert {track: person.pose.score for track, person in people.items()} == {1: 0.6}


def test_a_new_person_is_shown_after_enough_sure_sights():
    ids = walk(option("tracker/oks", min_hits=3, new_score=0.4), 1, lambda t: pose(300, score=0.5))
    assert [bool(seen) for seen in ids[:4]] == [False, False, True, True]


def test_a_new_person_is_shown_after_being_seen_for_long_enough():
    ids = walk(option("tracker/oks", settle_s=0.5), 1, lambda t: pose(300, score=0.35), fps=10)
    assert [bool(seen) for seen in ids] == [False] * 5 + [True] * 5


def test_time_out_of_view_does_not_make_a_person_known():
    tracker = option("tracker/oks", settle_s=0.5)
    ids = walk(tracker, 1, lambda t: None if 0.2 < t < 0.85 else pose(300, score=0.35))
    assert not any(ids)


def test_a_flash_in_the_pan_takes_no_id():
    tracker = option(
        "tracker/oks",
    )
    walk(tracker, 0.05, lambda t: pose(100))
    ids = walk(tracker, 1, lambda t: pose(500), start_s=0.1)
    assert ids_of(0, ids) == {1}


def test_one_person_seen_twice_is_one_person():
    random = np.random.default_rng(2)
    ids = walk(
        option(
            "tracker/oks",
        ),
        3,
        lambda t: pose(100 + 100 * t, noise=2, random=random),
        lambda t: pose(104 + 100 * t, 243, score=0.55, noise=2, random=random),
    )
    assert ids_of(0, ids) | ids_of(1, ids) == {1}
    assert max(map(len, ids)) == 1


def test_a_person_seen_twice_does_not_bring_back_a_hidden_one():
    ids = walk(
        option(
            "tracker/oks",
        ),
        3,
        lambda t: pose(300),
        lambda t: pose(330) if t < 2 else None,
        lambda t: None if t < 2 else pose(303, score=0.55),
    )
    assert ids_of(0, ids) == {1} or ids_of(0, ids) == {2}
    assert not ids_of(2, ids)


def test_half_a_person_seen_again_is_no_ghost():
    def shadow(time_s):
        whole = pose(100 + 100 * time_s + 15, score=0.5)
        legs = [joint.endswith(("hip", "knee", "ankle")) for joint in COCO17.joints]
        whole.xy[legs] = np.nan
        return whole

    ids = walk(
        option(
            "tracker/oks",
        ),
        3,
        lambda t: pose(100 + 100 * t),
        shadow,
    )
    assert max(map(len, ids)) == 1
    assert len(ids_of(0, ids) | ids_of(1, ids)) == 1


def test_joints_that_are_not_numbers_do_not_disturb():
    def broken(time_s):
        seen = pose(300 + 30 * time_s)
        seen.xy[int(time_s * 30) % 17] = np.nan
        seen.xy[int(time_s * 50) % 17, 0] = np.inf
        seen.confidence[int(time_s * 70) % 17] = np.nan
        return seen

    assert ids_of(
        0,
        walk(
            option(
                "tracker/oks",
            ),
            2,
            broken,
        ),
    ) == {1}


def test_a_pose_without_joints_is_nobody():
    empty = Pose(COCO17, np.full((17, 2), np.nan, np.float32), np.zeros(17, np.float32), 0.9)
    tracker = option("tracker/oks", min_hits=1)
    assert tracker(frame(0.0, empty)).people == {}
    walk(tracker, 1, lambda t: pose(300), start_s=0.1)
    assert set(tracker(frame(1.15, empty, pose(300))).people) == {1}


def test_ids_are_not_used_again_even_after_a_reset():
    tracker = option(
        "tracker/oks",
    )
    walk(tracker, 1, lambda t: pose(300))
    tracker.reset()
    assert tracker.alive == frozenset()
    assert ids_of(0, walk(tracker, 1, lambda t: pose(300))) == {2}


@pytest.mark.parametrize(
    "after",
    [
        frame(1.0, pose(300), width=1280, height=720),
        frame(0.2, pose(300)),
        frame(1.0, replace(pose(300), layout=H36M17)),
    ],
    ids=["picture size changes", "time runs backwards", "other joints"],
)
def test_another_scene_has_other_people(after):
    tracker = option(
        "tracker/oks",
    )
    walk(tracker, 1, lambda t: pose(300))
    assert tracker(after).people == {}
    assert tracker.alive == frozenset()


def test_the_spreads_are_those_of_the_coco_evaluation():
    # kpt_oks_sigmas of pycocotools, joint by joint.
    published = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89])
    (found,) = tolerances([2 / SLACK], COCO17)
    np.testing.assert_allclose(found, published / 1000)


def test_similarity_is_the_published_formula():
    random = np.random.default_rng(3)
    expected, xy = random.normal(0, 1, (2, 5, 2)), random.normal(0, 1, (3, 5, 2))
    weight, confidence = random.random((2, 5)), random.random((3, 5))
    reach = random.random((2, 5)) + 0.5
    for p in range(2):
        for d in range(3):
            top = bottom = 0.0
            for j in range(5):
                distance = np.hypot(*(expected[p, j] - xy[d, j]))
                share = weight[p, j] * confidence[d, j]
                top += share * np.exp(-(distance**2) / (2 * reach[p, j] ** 2))
                bottom += share
            found = similarity(expected, weight, reach, xy, confidence)[p, d]
            assert found == pytest.approx(top / bottom)


def test_poses_far_apart_are_left_out_and_nothing_else_changes():
    random = np.random.default_rng(4)
    at = random.uniform(0, 3000, (40, 1, 2))
    xy, weight = BODY + at + random.normal(0, 9, (40, 17, 2)), random.random((40, 17))
    weight[:3] = 0
    reach = tolerances([100.0] * 40, COCO17)
    squared = ((xy[:, None] - xy) ** 2).sum(-1)
    both = weight[:, None] * weight
    gauss = np.exp(-squared / (2 * reach[:, None] ** 2))
    whole = (both * gauss).sum(-1) / np.maximum(both.sum(-1), 1e-9)
    np.testing.assert_allclose(similarity(xy, weight, reach, xy, weight), whole, atol=np.exp(-8))
    assert comparing.near(xy, weight, reach, xy, weight).sum() < 400


def test_a_thousand_people_are_compared_with_their_neighbours_only(monkeypatch):
    compared, nearest = [], comparing.near
    monkeypatch.setattr(
        comparing, "near", lambda *given: compared.append(nearest(*given)) or compared[-1]
    )
    tracker = option("tracker/oks", min_hits=1, most=1000)
    people = [pose(300 * (i % 40), 300 * (i // 40)) for i in range(1000)]
    for i in range(2):
        compared.clear()
        out = tracker(frame(i / 30, *people, width=12_000, height=7500))
        assert len(out.people) == 1000
        assert len(compared) <= 3  # duplicates, tracks, new ones: each in one go
        assert sum(pairs.sum() for pairs in compared) <= 9000  # of 2,000,000


def test_of_too_many_people_the_surest_are_followed_with_one_warning(caplog):
    tracker = option("tracker/oks", min_hits=1, most=3)
    people = [pose(300.0 * i, score=0.9 - 0.05 * i) for i in range(5)]
    with caplog.at_level(logging.WARNING):
        for i in range(3):
            out = tracker(frame(i / 30, *people[::-1], width=2000))
            assert [p.pose.score for p in out.people.values()] == [0.9, 0.85, 0.8]
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("5 people in a picture, of which the 3 surest are followed")


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("min_score", 1.5, "min_score=1.5 is not a share"),
        ("new_score", -0.1, "new_score=-0.1 is not a share"),
        ("similarity", float("nan"), "similarity=nan is not a share"),
        ("patience_s", 0, "patience_s=0 is too small"),
        ("min_hits", 0, "min_hits=0 is too small"),
        ("settle_s", -1, "settle_s=-1 is too small"),
        ("return_s", -1, "return_s=-1 is no time"),
        ("most", 0, "most=0 is too small"),
    ],
)
def test_impossible_settings_are_refused(setting, value, message):
    with pytest.raises(InputError, match=message):
        option("tracker/oks", **{setting: value})
