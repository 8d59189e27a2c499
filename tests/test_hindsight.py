"""Offline tracking: confirmed later, lifted from the first frame on."""

import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.experiments.lifting.hindsight import MOST_PICTURES, with_hindsight
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Frame, Pose

BODY = np.random.default_rng(0).uniform(0, 100, (17, 2)).astype(np.float32)
PICTURE = np.zeros((1, 1, 3), np.uint8)


def frames(*places, score=0.9, image=None):
    """At 30 frames/s, one for each item the x at which people stand."""
    for i, here in enumerate(places):
        poses = [
            Pose(COCO17, BODY + np.array([x, 100]), np.ones(17, np.float32), score) for x in here
        ]
        yield Frame(image, i, i / 30, 0.0, 1920, 1080, poses=tuple(poses))


def ids(given, **options):
    return [list(frame.people) for frame in with_hindsight(given, option("tracker/oks", **options))]


def test_a_person_is_there_from_the_first_frame_on():
    assert ids(frames(*[[0]] * 6)) == [[1]] * 6


def test_a_false_detection_of_a_frame_or_two_is_still_left_out():
    places = [[0]] * 4 + [[0, 900]] * 2 + [[0]] * 50
    assert ids(frames(*places)) == [[1]] * 56


def test_ids_are_those_of_the_live_program():
    places = [[0]] * 2 + [[0, 900]] * 2 + [[0, 1500]] * 5 + [[0, 900, 1500]] * 5
    live, tracker = (
        {},
        option(
            "tracker/oks",
        ),
    )
    for frame in frames(*places):
        live |= {float(p.pose.xy[0, 0]): track for track, p in tracker(frame).people.items()}
    for frame in with_hindsight(
        frames(*places),
        option(
            "tracker/oks",
        ),
    ):
        for track, person in frame.people.items():
            assert live[float(person.pose.xy[0, 0])] == track
    assert ids(frames(*places)) == [[1]] * 2 + [[1, 3]] * 2 + [[1, 2]] * 5 + [[1, 2, 3]] * 5


def test_every_frame_comes_out_once_and_in_order():
    places = [[0, 900], [], [0], [900], [1500], [], [0, 300 * 4], [0]] * 4
    out = list(
        with_hindsight(
            frames(*places),
            option(
                "tracker/oks",
            ),
        )
    )
    assert [frame.index for frame in out] == list(range(32))


def test_who_is_seen_now_and_then_is_there_from_the_first_frame_on_too():
    places = ([[0]] + [[]] * 9) * 6
    assert [i for i, people in enumerate(ids(frames(*places))) if people] == [0, 10, 20, 30, 40, 50]


def test_in_a_file_of_fewer_frames_than_confirm_anyone_everyone_counts():
    assert ids(frames([0, 900])) == [[1, 2]]
    assert ids(frames([0], [0, 900]), min_hits=3) == [[1], [1, 2]]
    assert ids(frames([0], [0], [0, 900]), min_hits=3) == [[1]] * 3


def test_a_faint_detection_is_nobody_even_in_a_short_file():
    assert ids(frames([0], score=0.2)) == [[]]


@pytest.mark.parametrize(("image", "most"), [(PICTURE, MOST_PICTURES), (None, 200)])
def test_only_so_many_pictures_are_held_back(image, most):
    """A faint person, never sure enough, who keeps every frame waiting."""
    read, ahead = 0, 0

    def counted():
        nonlocal read
        for frame in frames(*[[0]] * 200, score=0.35, image=image):
            read += 1
            yield frame

    tracker = option("tracker/oks", settle_s=100.0)
    for given, _ in enumerate(with_hindsight(counted(), tracker)):
        ahead = max(ahead, read - given)
    assert most <= ahead <= most + 1
