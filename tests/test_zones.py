"""Zones: in which part of the picture an action began."""

from dataclasses import replace

import numpy as np
import pytest

from gastlive.action.decision import Decision
from gastlive.conf.option import chain
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime.packets import Event, Frame, Person, Pose
from gastlive.realtime.page.wire import events_of
from gastlive.realtime.recognition import finished
from gastlive.realtime.stages.deciding import Decide
from gastlive.realtime.stages.zones import Zones, inside

from .test_floor import seen

DOOR = {"name": "door", "corners": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}
DESK = {"name": "desk", "corners": [[0.4, 0], [1, 0], [1, 1], [0.4, 1]]}
CARPET = {
    "name": "carpet", "coordinates": "floor", "corners": [[-1, 2], [1, 2], [1, 4], [-1, 4]],
}  # fmt: skip
POINTS = [{"seen": seen(x, z), "at": [x, z]} for x, z in ((-1, 2), (1, 2), (1.5, 6), (-1.5, 6))]
IDLE, WAVE = np.float32([1, 0]), np.float32([0, 1])


def somebody(*, feet, hips=(0.5, 0.5), feet_seen=True, **known):
    """A person in a picture of 200x100, places in shares of it."""
    xy, visible = np.full((17, 2), np.nan, np.float32), np.ones(17, bool)
    for side in ("left", "right"):
        xy[H36M17.index[f"{side}_ankle"]] = np.array(feet) * (200, 100)
        xy[H36M17.index[f"{side}_hip"]] = np.array(hips) * (200, 100)
        visible[H36M17.index[f"{side}_ankle"]] = feet_seen
    pose = Pose(COCO17, np.zeros((17, 2), "f4"), np.ones(17, "f4"))
    return Person(pose, xy=xy, visible=visible, **known)


def frame(time_s, person=None):
    people = {} if person is None else {1: person}
    return Frame(None, round(30 * time_s), time_s, 0.0, 200, 100, people=people)


def zones(*given):
    return Zones(given, H36M17, patience_s=1.0)


def where(person, *given):
    made = zones(*given)
    made.step(frame(0.0, person))
    return made.at(1, 0.0)


def test_a_point_is_inside_also_where_a_polygon_is_dented():
    arrow = np.array([[0, 0], [1, 0.5], [0, 1], [0.5, 0.5]])
    assert inside(0.7, 0.5, arrow)
    assert inside(0.3, 0.2, arrow)
    assert not inside(0.3, 0.5, arrow)
    assert not inside(1.2, 0.5, arrow)


def test_a_person_is_where_their_feet_are_and_where_those_are_out_of_view_their_hips():
    assert where(somebody(feet=(0.2, 0.9), hips=(0.8, 0.5)), DOOR) == "door"
    assert where(somebody(feet=(0.2, 0.9), hips=(0.8, 0.5), feet_seen=False), DOOR) is None
    assert where(somebody(feet=(0.9, 0.9), hips=(0.3, 0.5), feet_seen=False), DOOR) == "door"


def test_of_zones_that_overlap_the_first_counts():
    both = somebody(feet=(0.45, 0.9))
    assert (where(both, DOOR, DESK), where(both, DESK, DOOR)) == ("door", "desk")


def events(stage, steps):
    """Events of a person who is in a place with probabilities for some seconds each."""
    said, time_s = [], 0.0
    for seconds, feet, odds in steps:
        for _ in range(round(30 * seconds)):
            person = None if feet is None else somebody(feet=(feet, 0.9), probabilities=odds)
            said += stage(frame(time_s, person)).events
            time_s += 1 / 30
    return said + list(stage.finish())


def deciding(*given):
    rule = Decision(("idle", "wave"), background="idle", settle_s=0.0)
    return Decide(rule, zones=zones(*given), patience_s=1.0)


def test_an_event_says_in_which_zone_it_began_not_where_it_ended():
    (event,) = events(deciding(DOOR), [(1, 0.2, IDLE), (1, 0.2, WAVE), (1, 0.8, WAVE)])
    assert (event.label, event.zone) == ("wave", "door")
    (event,) = events(deciding(DOOR), [(1, 0.8, WAVE), (1, 0.2, WAVE), (1, 0.2, IDLE)])
    assert event.zone is None


def test_an_event_that_ends_by_absence_still_knows_its_zone():
    (event,) = events(deciding(DOOR), [(1, 0.2, WAVE), (2, None, None)])
    assert event.zone == "door"


def test_who_was_long_out_of_view_or_is_of_another_stream_has_no_past():
    made = zones(DOOR)
    made.step(frame(0.0, somebody(feet=(0.2, 0.9))))
    made.step(frame(1.5))
    assert made.at(1, 0.0) is None
    stage = deciding(DOOR)
    events(stage, [(1, 0.2, WAVE)])
    assert [e.zone for e in events(stage, [(1, 0.8, WAVE)])] == [None]


def test_somebody_who_steps_in_and_out_for_ever_is_remembered_in_bounded_memory():
    made = zones(DOOR)
    for i in range(2000):
        made.step(frame(i / 30, somebody(feet=(0.2 + 0.6 * (i % 2), 0.9))))
    assert len(made._past[1]) <= 256
    assert made.at(1, 1998 / 30) == "door"


def test_without_zones_nobody_is_anywhere():
    assert where(somebody(feet=(0.2, 0.9))) is None


def test_a_zone_on_the_floor_is_where_the_feet_are_not_where_the_head_is():
    carpet = {**CARPET, "corners": [[-1, 3], [1, 3], [1, 5], [-1, 5]]}
    made = Zones([carpet], H36M17, floor=POINTS, patience_s=1.0)
    for x, z, name in ((0, 4, "carpet"), (0.9, 3.1, "carpet"), (1.3, 4, None), (0, 5.4, None)):
        made.step(frame(10 * z + x, somebody(feet=seen(x, z), hips=(0.5, 0.1))))
        assert made.at(1, 10 * z + x) == name


def test_feet_out_of_view_stand_where_they_are_believed_to_on_a_floor():
    made = Zones([CARPET], H36M17, floor=POINTS, patience_s=1.0)
    made.step(frame(0.0, somebody(feet=seen(0, 3), hips=(0.5, 0.0), feet_seen=False)))
    assert made.at(1, 0.0) == "carpet"


def test_zones_of_the_picture_and_of_the_floor_stand_side_by_side():
    made = Zones([CARPET, DOOR], H36M17, floor=POINTS, patience_s=1.0)
    made.step(frame(0.0, somebody(feet=seen(-3, 6))))
    assert made.at(1, 0.0) == "door"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**CARPET, "coordinates": "room"}, "coordinates=room; give picture or floor"),
        ({**CARPET, "corners": [[0, 0], [1, float("inf")], [1, 1]]}, "no numbers; give metres"),
    ],
)
def test_what_is_no_zone_on_the_floor_ends_in_one_line(given, said):
    with pytest.raises(InputError, match=said) as error:
        Zones([given], H36M17, floor=POINTS, patience_s=1.0)
    assert "\n" not in str(error.value)


def test_a_zone_on_the_floor_needs_the_floor():
    with pytest.raises(InputError, match="zone carpet is on a floor that is not given; give where"):
        zones(CARPET)


def test_each_camera_has_a_floor_of_its_own():
    hall = [
        {**point, "at": [x + 10, z], "camera": "hall"} for point in POINTS for x, z in [point["at"]]
    ]
    there = somebody(feet=seen(0, 3))
    for camera, name in (("door", "carpet"), ("hall", None)):
        made = Zones([CARPET], H36M17, floor=[*POINTS, *hall], patience_s=1.0)
        made.step(replace(frame(0.0, there), camera=camera))
        assert made.at(1, 0.0) == name
    with pytest.raises(InputError, match="zone carpet is on a floor that is not given"):
        Zones([{**CARPET, "camera": "door"}], H36M17, floor=hall, patience_s=1.0)


@pytest.mark.parametrize("given", [3, "door", {"name": "door"}])
def test_what_is_no_list_of_zones_is_called_so(given):
    with pytest.raises(InputError, match="is no list of zones"):
        Zones(given, H36M17, patience_s=1.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "door"}, "no zone"),
        ("door", "no zone"),
        ({**DOOR, "colour": "red"}, "no zone"),
        ({**DOOR, "corners": [[0, 0], [1, 1]]}, "three or more corners"),
        ({**DOOR, "corners": [[0, 0], [1, 1], [1]]}, "three or more corners"),
        ({**DOOR, "corners": 3}, "three or more corners"),
        ({**DOOR, "corners": [[0, 0], [320, 0], [320, 240]]}, "divide pixels"),
        ({**DOOR, "corners": [[0, 0], [1, float("nan")], [1, 1]]}, "outside 0 to 1"),
    ],
)
def test_what_is_no_zone_ends_in_one_line(given, said):
    with pytest.raises(InputError, match=said) as error:
        zones(given)
    assert "\n" not in str(error.value)


def test_two_zones_of_one_name_are_refused():
    with pytest.raises(InputError, match="own name"):
        zones(DOOR, DOOR)


def test_zones_are_an_option_of_the_chain_from_python_too():
    assert chain({"zones": [DOOR]}).zones[0].name == "door"
    assert chain({}).zones == []


def test_the_zone_reaches_the_page_and_the_users_program_and_is_left_out_where_there_is_none():
    event = Event(1, "wave", 0.0, 1.0, 0.9, "door")
    (page,) = events_of((event,))
    assert page["zone"] == finished(event).zone == finished(event).to_dict()["zone"] == "door"
    nowhere = replace(event, zone=None)
    assert "zone" not in events_of((nowhere,))[0]
    assert "zone" not in finished(nowhere).to_dict()
