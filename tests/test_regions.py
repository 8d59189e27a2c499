"""Regions between whole pictures, on made-up people and a network that finds the brightness."""

import cv2
import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.detectors import movenet
from gastlive.realtime.detectors.regions import Regions
from gastlive.realtime.packets import Frame, Pose

SCENE = (640, 480)
WHOLE = (224, 192)
"""Input for the whole picture, which is shown at 0.35 of its size."""
SIZES = [(128, 160), (96, 128)]
STEP_S = 1 / 32


def person(x, y, *, width=80, height=200, score=0.5):
    """Joints from corner to corner of a box with that centre, shuffled."""
    along = np.random.default_rng(0).permutation(np.linspace(-0.5, 0.5, len(COCO17)))
    xy = np.stack([x + width * along, y + height * along[::-1]], axis=-1).astype(np.float32)
    return Pose(COCO17, xy, np.full(len(COCO17), 0.8, np.float32), score)


class Look:
    """Pictures one after another; remembers the region of the last."""

    def __init__(self, *, sizes=SIZES, whole_every_s=4 * STEP_S):
        self.regions, self.time_s = Regions(sizes, whole_every_s=whole_every_s), 0.0

    def __call__(self, *people, after_s=STEP_S, scene=SCENE, whole=WHOLE):
        self.time_s += after_s
        region = self.regions.next(scene, time_s=self.time_s, whole=whole)
        self.regions.saw(people, region)
        return region

    def is_whole(self, *people, **how):
        return self(*people, **how) is None


def span(region):
    """Left, top, right, bottom."""
    left, top = region.corner
    return np.array([left, top, left + region.width, top + region.height])


# Which part


def test_the_whole_picture_is_read_every_so_often_and_a_region_in_between():
    look = Look(whole_every_s=4 * STEP_S)
    wholes = [look.is_whole(person(300, 240)) for _ in range(9)]
    assert wholes == [True, False, False, False] * 2 + [True]


def test_without_an_interval_all_of_every_picture_is_read():
    look = Look(whole_every_s=0.0)
    assert all(look.is_whole(person(300, 240)) for _ in range(5))


def test_a_picture_without_people_is_followed_by_a_whole_one():
    look = Look()
    assert [look.is_whole() for _ in range(3)] == [True] * 3
    assert look.is_whole(person(300, 240))
    assert not look.is_whole(person(300, 240))


def test_a_region_holds_everybody_with_room_around():
    people = [person(250, 240), person(350, 250)]
    look = Look(sizes=[(160, 160)])
    look(*people)
    region = look(*people)
    left, top, right, bottom = span(region)
    for pose in people:
        assert (pose.xy.min(axis=0) - 20 >= [left, top]).all()
        assert (pose.xy.max(axis=0) + 20 <= [right, bottom]).all()


@pytest.mark.parametrize("place", [(5, 240), (635, 10), (320, 478)])
def test_a_region_stays_inside_the_picture(place):
    look = Look()
    look(person(*place))
    left, top, right, bottom = span(look(person(*place)))
    assert min(left, top) >= 0
    assert right <= 640
    assert bottom <= 480


@pytest.mark.parametrize("height", [0, 40, 150, 200, 270, 330])
def test_a_region_shows_people_no_smaller_than_the_whole_picture_does(height):
    look, pose = Look(), person(300, 240, width=min(80, height), height=height)
    look(pose)
    region = look(pose)
    shown = np.divide(region.size, [region.width, region.height]).min()
    assert shown >= 0.35 * 0.99
    # Nor larger than the camera saw them.
    assert shown <= 1.01


def test_the_smallest_input_that_shows_people_well_enough_is_taken():
    for height, size in ((150, (96, 128)), (330, (128, 160))):
        look = Look()
        look(person(300, 240, height=height))
        assert look(person(300, 240, height=height)).size == size


def test_an_input_with_more_pixels_than_that_for_the_whole_picture_is_not_taken():
    look = Look()
    assert [look.is_whole(person(300, 240), whole=(128, 96)) for _ in range(3)] == [True] * 3


def test_people_too_far_apart_for_every_region_are_read_in_the_whole_picture():
    look = Look()
    people = [person(60, 240), person(580, 240)]
    assert [look.is_whole(*people) for _ in range(3)] == [True] * 3


def test_who_walks_is_looked_for_ahead():
    still, walking = Look(), Look()
    for x in (200, 230, 260):
        still(person(260, 240))
        walking(person(x, 240))
    region = span(still(person(260, 240)))
    ahead = span(walking(person(290, 240)))
    assert ahead[2] > region[2] + 20


def test_joints_that_are_hardly_seen_do_not_widen_the_region():
    look, clear = Look(), Look()
    pose = person(300, 240)
    pose.xy[3], pose.confidence[3] = (20, 20), 0.05
    look(pose)
    clear(person(300, 240))
    np.testing.assert_allclose(span(look(pose)), span(clear(pose)), atol=12)


# Losing people


def test_a_lost_person_brings_the_whole_picture_back():
    look = Look(sizes=[(160, 160)], whole_every_s=1.0)
    one, other = person(250, 240), person(350, 250)
    look(one, other)
    assert not look.is_whole(one, other)
    assert not look.is_whole(one)
    assert look.is_whole(one)
    # The one who stayed is then enough.
    assert not look.is_whole(one)
    assert not look.is_whole(one)


def test_somebody_hardly_recognised_any_more_brings_the_whole_picture_back():
    look = Look(whole_every_s=1.0)
    look(person(300, 240, score=0.6))
    look(person(300, 240, score=0.4))
    assert not look.is_whole(person(300, 240, score=0.3))
    assert look.is_whole(person(300, 240))


def test_somebody_doubtful_may_go_without_a_fuss():
    look = Look(sizes=[(160, 160)], whole_every_s=1.0)
    look(person(250, 240), person(350, 250, score=0.2))
    assert not look.is_whole(person(250, 240))
    assert not look.is_whole(person(250, 240))


# Forgetting


def test_reset_forgets():
    look = Look()
    look(person(300, 240))
    look.regions.reset()
    assert look.is_whole(person(300, 240))
    assert not look.is_whole(person(300, 240))


@pytest.mark.parametrize(
    "change",
    [{"scene": (480, 640)}, {"after_s": -STEP_S}, {"after_s": 0.51}],
    ids=["another size", "time runs backwards", "time leaps"],
)
def test_a_break_in_the_stream_starts_anew(change):
    look = Look(whole_every_s=10.0)
    look(person(300, 240))
    assert not look.is_whole(person(300, 240))
    assert look.is_whole(person(300, 240), **change)
    change.pop("after_s", None)
    assert not look.is_whole(person(300, 240), **change)


# MoveNet with regions


class Brightness:
    """MoveNet's form: one person, all joints round the picture's centre of brightness."""

    made: list[tuple[int, int]]
    reads: list[tuple[int, int]]

    def __init__(self, path, *, threads, precision, size):
        self.width, self.height = size
        self.made.append(size)

    def __call__(self, picture):
        self.reads.append(picture.shape[1::-1])
        light = picture[..., 0].astype(float)
        ys, xs = np.mgrid[0 : self.height, 0 : self.width] + 0.5
        people = np.zeros((1, 6, 56), np.float32)
        if light.any():
            along = np.linspace(-0.1, 0.1, 17)
            people[0, 0, 0:51:3] = (light * ys).sum() / light.sum() / self.height + along
            people[0, 0, 1:51:3] = (light * xs).sum() / light.sum() / self.width
            people[0, 0, 2:51:3], people[0, 0, 55] = 0.8, 0.5
        return {"people": people}


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setattr(Brightness, "made", [], raising=False)
    monkeypatch.setattr(Brightness, "reads", [], raising=False)
    monkeypatch.setattr(movenet, "Network", Brightness)
    return Brightness


def made(**more):
    given = {"path": "net", "size": 224, "whole_every_s": 4 * STEP_S, "regions": SIZES}
    detector = option("detector/movenet_multipose", **{**given, **more})
    Brightness.reads.clear()
    return detector


def picture(*place, size=SCENE):
    """A black picture with a light whose centre of gravity is exactly there."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    if place:
        cv2.rectangle(image, np.subtract(place, 4), np.add(place, 3), (255, 255, 255), -1)
    return image


def shown(image, at):
    height, width = image.shape[:2]
    return Frame(image, at, at * STEP_S, 0.0, width, height)


def test_movenet_reads_every_nth_picture_whole_and_compiles_nothing_on_the_way(network):
    detector = made()
    assert sorted(network.made) == [(96, 128), (128, 160), (224, 192)]
    for at in range(6):
        detector(shown(picture(300, 240), at))
    assert network.reads == [(224, 192), *[(96, 128)] * 3, (224, 192), (96, 128)]
    assert len(network.made) == 3


def test_movenet_without_an_interval_prepares_nothing_for_regions(network):
    detector = made(whole_every_s=0)
    for at in range(3):
        detector(shown(picture(300, 240), at))
    assert network.made == [(224, 192)]
    assert network.reads == [(224, 192)] * 3


@pytest.mark.parametrize("place", [(300, 240), (37, 80), (601, 445)])
def test_places_in_a_region_come_back_in_pixels_of_the_picture(network, place):
    detector = made()
    for at in range(3):
        (pose,) = detector(shown(picture(*place), at)).poses
        np.testing.assert_allclose(pose.xy.mean(axis=0), place, atol=0.1)
        assert pose.xy.dtype == np.float32
    assert network.reads[1:] == [(96, 128)] * 2


def test_movenet_sees_only_the_region_in_between(network):
    detector = made()
    detector(shown(picture(100, 240), 0))
    elsewhere = picture(100, 240) | picture(600, 240)
    (pose,) = detector(shown(elsewhere, 1)).poses
    np.testing.assert_allclose(pose.xy.mean(axis=0), (100, 240), atol=0.1)


def test_movenet_that_lost_its_person_reads_the_whole_picture_next(network):
    detector = made()
    detector(shown(picture(100, 240), 0))
    assert detector(shown(picture(600, 240), 1)).poses == ()
    (pose,) = detector(shown(picture(600, 240), 2)).poses
    np.testing.assert_allclose(pose.xy.mean(axis=0), (600, 240), atol=0.1)
    assert network.reads == [(224, 192), (96, 128), (224, 192)]


def test_movenet_that_is_reset_reads_the_whole_picture_next(network):
    detector = made()
    detector(shown(picture(100, 240), 0))
    detector.reset()
    detector(shown(picture(100, 240), 1))
    assert network.reads == [(224, 192)] * 2


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"whole_every_s": -1.0}, "whole_every_s=-1.0 is too short; give 0 or more"),
        ({"whole_every_s": float("nan")}, "whole_every_s=nan is too short"),
        ({"regions": []}, r"regions=\[\]: give the width and height of at least one input"),
        ({"regions": [[100, 128]]}, r"regions=\[\[100, 128\]\]: .* multiples of 32"),
        ({"regions": [[96, 0]]}, "multiples of 32"),
        ({"regions": [[96]]}, "multiples of 32"),
    ],
)
def test_impossible_regions_are_refused(network, given, wanted):
    with pytest.raises(InputError, match=wanted):
        made(**given)
