"""Reading people top-down: made-up networks for what is logic, the real ones on real people."""

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.detectors import topdown
from gastlive.realtime.detectors.finding import View, levels
from gastlive.realtime.detectors.followed import Followed
from gastlive.realtime.opencv import open_capture
from gastlive.realtime.packets import Frame, Pose

VIDEOS = Path(__file__).parents[2] / "shared" / "videos"
real = pytest.mark.skipif(not VIDEOS.is_dir(), reason=f"needs the footage in {VIDEOS}")
STEP_S = 1 / 30
SHAPE = np.random.default_rng(0).random((17, 2)) - 0.5
"""A body: joints round its middle, in heights."""
SHAPE[:2] = [[-0.3, -0.5], [0.3, 0.5]]


@dataclass
class World:
    """People by name: middle x, y and height in pixels; what the made-up networks see of them."""

    people: dict[str, tuple[float, float, float]]
    searches: list[View | int] = field(default_factory=list)
    reads: list[tuple[str, str, float]] = field(default_factory=list)
    crops: list[tuple[float, float, float]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    sure: float = 0.7
    arms: float = 1.0

    def pose(self, name, sure=0.5):
        x, y, height = self.people[name]
        xy = (np.array([x, y]) + SHAPE * height).astype(np.float32)
        return Pose(COCO17, xy, np.full(17, sure, np.float32), sure)

    def detector(self, monkeypatch, **given):
        world = self

        class Search:
            levels = (1, 4)

            def __init__(self, **_):
                pass

            def enter(self, width, height):
                pass

            def __call__(self, frame, level):
                world.searches.append(level)
                view = View(0, 0, frame.width, frame.height, whole=not level)
                return view, [world.pose(name) for name in world.people if name not in world.hidden]

        class Read:
            def __init__(self, name, *, threads, precision):
                self.name = name
                world.made.append(name)

            def __call__(self, image, centre, side):
                world.crops.append((*centre, side))
                near = [
                    name
                    for name, (x, y, _) in world.people.items()
                    if np.hypot(*(np.array([x, y]) - centre)) < 0.3 * side
                ]
                if not near:
                    return np.zeros((17, 2), np.float32) + centre, np.zeros(17, np.float32)
                # As the real ones: in a crop with two people, the larger one is read.
                name = max(near, key=lambda name: world.people[name][2])
                world.reads.append((self.name, name, side))
                pose = world.pose(name, world.sure)
                pose.xy[2:] = pose.xy.mean(0) + world.arms * (pose.xy[2:] - pose.xy.mean(0))
                return pose.xy, pose.confidence

        monkeypatch.setattr(topdown, "Finder", Search)
        monkeypatch.setattr(topdown, "SinglePose", Read)
        self.at, self.made = 0, []
        self.find = option("detector/movenet", threads=1, **given)
        return self

    def look(self, *, size=(640, 480), skip_s=0.0):
        """The poses in the next picture; what was searched and read in it."""
        self.searches.clear()
        self.reads.clear()
        self.crops.clear()
        self.at += STEP_S + skip_s
        image = np.zeros((size[1], size[0], 3), np.uint8)
        return self.find(Frame(image, 0, self.at, self.at, *size)).poses

    def after(self, seconds):
        """Look for so long; the poses at the end."""
        for _ in range(round(seconds / STEP_S)):
            poses = self.look()
        return poses

    def by(self):
        """Which network read whom in the newest picture."""
        return {name: network for network, name, _ in self.reads}


def middle(pose):
    return (pose.xy[0] + pose.xy[1]) / 2


def test_lightning_is_made_beside_the_first_picture_which_does_not_need_it(monkeypatch):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch)
    assert world.made == ["thunder"]
    world.look()
    assert world.by() == {"anna": "thunder"}
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch, detail="fast")
    assert world.made == ["lightning"]
    world.look()
    assert world.by() == {"anna": "lightning"}


def test_somebody_known_is_read_in_every_picture_and_searched_for_twice_a_second(monkeypatch):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch)
    world.look()
    whole = parts = 0
    for _ in range(60):
        (pose,) = world.look()
        assert world.by() == {"anna": "thunder"}
        assert pose.score == pytest.approx(0.49)
        whole += world.searches == [0]
        parts += world.searches == [1]
    assert whole in (3, 4)
    assert parts in (1, 2)


def test_while_nobody_is_known_whole_and_parts_are_searched_in_turns(monkeypatch):
    world = World({}).detector(monkeypatch)
    seen = []
    for _ in range(4):
        assert world.look() == ()
        seen += world.searches
    assert seen == [0, 1, 0, 1]


def test_somebody_lost_is_searched_at_once_in_all_of_the_picture(monkeypatch):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch)
    world.after(0.2)
    world.people["anna"] = (100, 100, 200)
    world.look()
    (found,) = world.look()
    assert world.searches == [0]
    np.testing.assert_allclose(middle(found), [100, 100], atol=1)


def test_one_of_two_who_is_lost_is_searched_at_once(monkeypatch):
    world = World({"anna": (150, 240, 200), "ben": (450, 240, 200)}).detector(monkeypatch)
    world.after(0.2)
    world.people["ben"] = (550, 100, 150)
    assert len(world.look()) == 1
    assert len(world.look()) == 2
    assert world.searches == [0]


def test_people_who_cross_keep_their_poses(monkeypatch):
    world = World({"anna": (150, 240, 200), "ben": (450, 240, 170)}).detector(monkeypatch)
    for at in range(61):
        world.people["anna"] = (150 + 5 * at, 240, 200)
        world.people["ben"] = (450 - 5 * at, 240, 170)
        poses = world.look()
        assert len(poses) <= 2
    world.after(0.6)
    poses = world.look()
    assert sorted(round(float(middle(p)[0])) for p in poses) == [150, 450]


def test_two_reads_of_one_person_are_one_person(monkeypatch):
    world = World({"anna": (290, 240, 200), "ben": (360, 240, 190)}).detector(monkeypatch)
    assert len(world.look()) == 2
    del world.people["ben"]
    poses = world.after(0.5)
    assert len(poses) == 1
    np.testing.assert_allclose(middle(poses[0]), [290, 240], atol=1)


def test_whose_read_is_anothers_goes_on_where_the_search_finds_them(monkeypatch):
    # Anna is so near to ben that the network reads ben in her crop, as long as this lasts.
    world = World({"anna": (240, 240, 150), "ben": (500, 240, 200)}).detector(monkeypatch)
    world.after(0.2)
    world.people["ben"] = (290, 240, 200)
    for _ in range(20):
        world.look()
        assert len(world.look()) == 2
    world.people["anna"] = (200, 240, 150)
    poses = world.after(0.6)
    assert sorted(round(float(middle(p)[0])) for p in poses) == [200, 290]


def test_who_went_astray_is_the_one_found_near_and_leaves_no_ghost(monkeypatch):
    world = World({"anna": (240, 240, 150), "ben": (500, 240, 200)}).detector(monkeypatch)
    world.after(0.2)
    world.people["ben"] = (290, 240, 200)
    for _ in range(4):
        world.look()
    world.people["anna"] = (140, 240, 150)
    for _ in range(9):
        places = sorted(float(middle(pose)[0]) for pose in world.look())
        np.testing.assert_allclose(places, [140, 290], atol=2)


def test_nobody_is_left_of_who_walked_away(monkeypatch):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch)
    world.after(0.2)
    world.people.clear()
    assert world.look() == ()


@pytest.mark.parametrize("skip", ["jump", "back", "size", "reset"])
def test_everybody_is_searched_anew_after_a_jump_another_size_or_a_reset(monkeypatch, skip):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch)
    world.after(0.2)
    world.hidden.add("anna")
    assert len(world.look()) == 1
    if skip == "reset":
        world.find.reset()
    skip_s = {"jump": 1.0, "back": -0.3}.get(skip, 0.0)
    size = (480, 640) if skip == "size" else (640, 480)
    assert world.look(size=size, skip_s=skip_s) == ()
    assert world.searches == [0]


def test_two_of_nearly_one_size_do_not_trade_networks(monkeypatch):
    world = World({"anna": (100, 240, 150), "ben": (300, 240, 160), "carl": (500, 240, 152)})
    world.detector(monkeypatch, budget=None)
    world.after(0.1)
    first = world.by()
    assert sorted(first.values()) == ["lightning", "thunder", "thunder"]
    for at in range(40):
        world.people["anna"] = (100, 240, 150 + 12 * (at % 2))
        world.people["carl"] = (500, 240, 152 + 12 * ((at + 1) % 2))
        world.look()
        if not world.searches:
            assert world.by() == first


def test_who_is_clearly_larger_gets_thunder(monkeypatch):
    world = World({"anna": (100, 240, 150), "ben": (300, 240, 160)})
    world.detector(monkeypatch, closely=1)
    world.look()
    world.after(0.2)
    assert world.by()["ben"] == "thunder"
    world.people["anna"] = (100, 240, 300)
    world.after(0.2)
    assert world.by() == {"anna": "thunder", "ben": "lightning"}


@pytest.mark.parametrize(
    ("people", "thunder", "thunder_and_search"),
    [(1, 1, 1), (2, 1, 0), (3, 1, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0)],
)
def test_a_picture_costs_no_more_than_the_budget(monkeypatch, people, thunder, thunder_and_search):
    names = "abcdef"[:people]
    world = World({name: (60 + 100 * at, 240, 70) for at, name in enumerate(names)})
    world.detector(monkeypatch, budget=5)
    world.look()
    for _ in range(20):
        unread = set(names)
        for _ in range(3):  # pictures in which everybody is read at least once
            assert len(world.look()) == people
            by = [network for network, *_ in world.reads]
            dear = by.count("thunder")
            assert dear == (thunder_and_search if world.searches else thunder)
            limit = 6 if world.searches else 5  # one read by Thunder after a search
            assert 3 * len(world.searches) + 3 * dear + by.count("lightning") <= limit
            unread -= set(world.by())
        assert not unread


def test_whoever_is_not_read_goes_on_as_they_moved(monkeypatch):
    world = World({name: (60 + 100 * at, 240, 70) for at, name in enumerate("abcdef")})
    world.detector(monkeypatch, budget=4)
    for _ in range(60):
        world.people = {name: (x, y - 2, size) for name, (x, y, size) in world.people.items()}
        poses = world.look()
    assert len(world.reads) < 6
    wanted = sorted(x for x, _, _ in world.people.values())
    found = sorted(middle(pose).tolist() for pose in poses)
    np.testing.assert_allclose([x for x, _ in found], wanted, atol=1.5)
    np.testing.assert_allclose([y for _, y in found], 240 - 120, atol=3)


def test_without_a_budget_everybody_is_read_closely_whatever_it_costs(monkeypatch):
    world = World({name: (60 + 100 * at, 240, 70) for at, name in enumerate("abcdef")})
    world.detector(monkeypatch, budget=None, closely=6)
    world.look()
    for _ in range(40):
        world.look()
        assert list(world.by().values()) == 6 * ["thunder"]


def test_fast_reads_all_with_lightning(monkeypatch):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch, detail="fast")
    world.look()
    assert world.by() == {"anna": "lightning"}


def test_the_crop_has_room_round_the_joints_and_round_what_was_found(monkeypatch):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch)
    world.look()
    assert world.crops[0][2] >= 1.3 * 200
    # The reads see less of her than the search: the crop stays as large.
    world.people["anna"] = (300, 240, 90)
    world.look()
    world.look()
    assert world.crops[0][2] >= 1.3 * 200
    # What the search finds smaller makes it smaller; a larger read makes it larger at once.
    world.after(1.0)
    assert 1.3 * 90 <= world.crops[0][2] < 1.3 * 110
    world.people["anna"] = (300, 240, 150)
    world.look()
    world.look()
    assert world.crops[0][2] >= 1.3 * 150


def test_the_crop_stands_still_round_somebody_who_does(monkeypatch):
    world = World({"anna": (300, 240, 200)}).detector(monkeypatch)
    world.after(0.5)
    rng = np.random.default_rng(0)
    crops = set()
    for _ in range(30):
        x, y = rng.normal(0, 0.5, 2)
        world.people["anna"] = (300 + x, 240 + y, 200)
        world.look()
        crops.update(world.crops)
    assert len(crops) == 1


def test_the_crop_runs_ahead_with_somebody_who_runs(monkeypatch):
    world = World({"anna": (100, 240, 150)}).detector(monkeypatch)
    off = []
    for at in range(25):
        world.people["anna"] = (100 + 20 * at, 240, 150)
        world.look()
        off.append(abs(world.crops[0][0] - (100 + 20 * at)))
    assert max(off[15:]) < 15


@pytest.mark.parametrize("distance", [60, 0])
def test_legs_that_are_another_persons_are_not_ones_own(monkeypatch, distance):
    # Read in one crop: ben's lower legs, which are out of the picture, are seen at anna's.
    world = World({"anna": (100, 240, 100), "ben": (400, 240, 200)}).detector(monkeypatch)
    legs = [COCO17.index[name] for name in ("left_ankle", "right_ankle")]
    plain = world.pose

    def pose(name, sure=0.5):
        seen = plain(name, sure)
        if name == "ben":
            seen.xy[legs] = plain("anna").xy[legs] + (distance and [0, distance])
        return seen

    world.pose = pose
    world.look()
    world.look()
    anna, ben = sorted(world.look(), key=lambda one: middle(one)[0])
    assert (anna.confidence[legs] > 0).all()
    assert (ben.confidence[legs] > 0).all() == bool(distance)


def test_a_doubtful_person_whom_no_search_confirms_goes(monkeypatch):
    world = World({"chair": (300, 240, 200)}, sure=0.3).detector(monkeypatch)
    world.look()
    world.hidden.add("chair")
    assert len(world.after(0.9)) == 1
    world.after(1.2)
    assert world.look() == ()
    world = World({"anna": (300, 240, 200)}, sure=0.7).detector(monkeypatch)
    world.look()
    world.hidden.add("anna")
    assert len(world.after(3.0)) == 1


@pytest.mark.parametrize(
    ("size", "sets"),
    [
        ((640, 480), 2),
        ((1920, 1080), 3),
        ((3840, 2160), 3),
        ((2560, 360), 1),
        ((360, 2560), 1),
        ((1080, 1920), 3),
        ((320, 240), 1),
        ((6000, 1000), 2),
    ],
)
def test_each_set_of_views_shows_all_of_the_picture_with_overlap(size, sets):
    found = levels(*size)
    assert len(found) == sets
    for views in found:
        shown = np.zeros((size[1], size[0]), np.uint8)
        for view in views:
            cut = view.cut(shown)
            assert cut.shape == (view.height, view.width)
            cut += 1
            assert max(cut.shape) <= 2.2 * min(cut.shape)
        assert shown.min() >= 1
        for axis, extent in enumerate(("top", "left")):
            starts = sorted({getattr(view, extent) for view in views})
            length = (views[0].height, views[0].width)[axis]
            assert all(b - a <= 0.76 * length for a, b in pairwise(starts))
    longest = [max(views[0].width, views[0].height) for views in found]
    assert longest == sorted(longest, reverse=True)


def test_a_view_shows_who_is_inside_and_large_enough():
    part = View(100, 100, 400, 300)
    assert part.shows(np.array([120, 120]), np.array([180, 220]))
    assert not part.shows(np.array([80, 120]), np.array([180, 220]))
    assert not part.shows(np.array([120, 120]), np.array([140, 140]))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"detail": "fine"}, "detector.detail=fine: choose one of close, fast"),
        ({"closely": -1}, "detector.closely=-1 is no number of people"),
        ({"budget": 2}, "detector.budget=2 is too little for a read by Thunder; give 3 or more"),
        ({"find_every_s": 0.0}, "detector.find_every_s=0.0 is too short"),
    ],
)
def test_impossible_settings_are_refused(given, wanted):
    with pytest.raises(InputError, match=wanted):
        option("detector/movenet", threads=1, **given)


# Real networks on real people


@pytest.fixture(scope="module")
def movenet():
    return option("detector/movenet", threads=1)


def still(name, number):
    capture = open_capture(str(VIDEOS / name))
    for _ in range(number + 1):
        image = capture.read()[1]
    return image


def pasted(size, height):
    """A grey picture with a man about 0.6 of `height` tall in it."""
    image = still("intel_one_by_one.mp4", 280)
    small = cv2.resize(image, None, fx=height / 432, fy=height / 432, interpolation=cv2.INTER_AREA)
    canvas = np.full((size[1], size[0], 3), 110, np.uint8)
    top, left = (size[1] - small.shape[0]) // 2, (size[0] - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def watched(detector, image, frames):
    """People found at the end of so many pictures."""
    detector.reset()
    for at in range(frames):
        time_s = at * STEP_S
        poses = detector(Frame(image, at, time_s, time_s, image.shape[1], image.shape[0])).poses
    return poses


@real
@pytest.mark.parametrize(
    ("size", "height", "pictures"),
    [
        ((2560, 360), 340, 8),
        ((360, 2560), 200, 8),
        ((3840, 2160), 330, 40),
        ((640, 480), 100, 8),
    ],
    ids=["panorama", "column", "4K", "60 pixels"],
)
def test_a_person_is_found_in_a_picture_of_any_shape(movenet, size, height, pictures):
    (pose,) = watched(movenet, pasted(size, height), pictures)
    top, left = (size[1] - height) / 2, (size[0] - height * 768 / 432) / 2
    (whole,) = watched(movenet, still("intel_one_by_one.mp4", 280), 2)
    expected = whole.xy * height / 432 + [left, top]
    extent = (expected.max(axis=0) - expected.min(axis=0)).max()
    away = np.linalg.norm(pose.xy - expected, axis=1) / extent
    assert np.median(away) < 0.06


def test_the_detector_of_another_camera_searches_the_parts_of_a_panorama_too(movenet):
    grey = np.full((360, 2560, 3), 110, np.uint8)
    assert not any(pose.score >= 0.4 for pose in watched(movenet.another(), grey, 8))


@real
def test_nobody_is_seen_where_nobody_is(movenet):
    empty = still("intel_one_by_one.mp4", 0)
    assert all(pose.score < 0.4 for pose in watched(movenet, empty, 20))


@real
def test_the_legs_of_somebody_cut_off_at_the_hips_are_not_seen(movenet):
    image = still("intel_one_by_one.mp4", 280)
    (whole,) = watched(movenet, image, 4)
    hips = round(float(whole.xy[11:13, 1].mean()))
    (cut,) = watched(movenet, np.ascontiguousarray(image[: hips + 8]), 4)
    outside = cut.xy[13:, 1] > hips + 8 + 0.02 * image.shape[1]
    assert (outside | (cut.confidence[13:] < 0.25)).all()
    assert (cut.confidence[5:7] > 0.5).all()


def test_somebody_found_at_a_single_point_is_read_in_a_crop_all_the_same():
    point = Pose(COCO17, np.full((17, 2), 50, np.float32), np.full(17, 0.5, np.float32), 0.5)
    one = Followed.begun(point, 0.0)
    one.astray = True
    one.confirmed(point, 0.1, whole=True)
    one.aim(0.1)
    assert one.side > 0
    assert one.centre.tolist() == [50, 50]
