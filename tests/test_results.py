"""What a user's program gets of a frame, and how it is passed on."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime.packets import Action, Event, Frame, Person, Pose, RunInfo
from gastlive.realtime.recognition import Results

LABELS = ("idle", "wave", "put down")
INFO = RunInfo(640, 480, 30.0, "coco17", "h36m17", LABELS, "idle", "made up")


def person(x=100.0, *, label="wave"):
    """Somebody of whom everything is known; the last two joints are out of view."""
    detected = np.stack([np.linspace(x, x + 50, 17), np.linspace(80, 400, 17)], 1)
    detected[3] = np.nan
    xy = np.stack([np.linspace(x, x + 60, 17), np.linspace(50, 420, 17)], 1)
    return Person(
        Pose(COCO17, detected.astype(np.float32), np.full(17, 0.8, np.float32), score=0.7),
        xy=xy.astype(np.float32),
        visible=np.arange(17) < 15,
        confidence=np.full(17, 0.8, np.float32),
        xyz=np.linspace(-1, 1, 51, dtype=np.float32).reshape(17, 3),
        probabilities=np.array([0.2, 0.7, 0.1], np.float32),
        action=Action(label, 0.65, 1.5),
    )


def bare():
    """Somebody just come into view, of whom only the detector knows."""
    return Person(person().pose)


def frame(people=(), *, events=(), image=True, index=7):
    picture = np.full((480, 640, 3), 90, np.uint8) if image else None
    named = dict(enumerate(people, 1))
    return Frame(picture, index, index / 30, 5.0, 640, 480, people=named, events=events)


EVENT = Event(3, "put down", 0.5, 1.25, 0.8)


def result(*people, **changes):
    return Results(INFO)(frame(people, **changes).knowing(finished_s=5.02))


def test_a_person_has_joints_with_names_an_action_and_probabilities_by_name():
    (one,) = result(person()).people
    assert (one.id, one.action, one.confidence, one.start_s) == (1, "wave", 0.65, 1.5)
    assert one.probabilities == pytest.approx({"idle": 0.2, "wave": 0.7, "put down": 0.1})
    assert one.joints == H36M17.joints
    assert (one.xy.shape, one.xyz.shape) == ((17, 2), (17, 3))
    assert one.detected.joints == COCO17.joints
    assert one.detected.xy.shape == (17, 2)


def test_the_box_holds_what_is_visible_and_not_what_was_filled_in():
    (one,) = result(person()).people
    np.testing.assert_allclose(one.box, [*one.xy[0], *one.xy[14]])
    (new,) = result(bare()).people
    np.testing.assert_allclose(new.box, [100, 80, 150, 400])


def test_of_somebody_just_come_arrays_have_their_shape_and_no_number():
    (new,) = result(bare()).people
    assert (new.xy.shape, new.xyz.shape) == ((17, 2), (17, 3))
    assert np.isnan(new.xyz).all()
    assert not new.visible.any()
    assert (new.action, dict(new.probabilities)) == (None, {})
    assert np.isnan(new.confidence)


def test_finished_actions_are_those_of_the_frame_also_of_people_out_of_view():
    (event,) = result(events=(EVENT,)).events
    said = (event.id, event.label, event.start_s, event.end_s, event.confidence)
    assert said == (3, "put down", 0.5, 1.25, 0.8)


def test_the_age_is_from_capture_to_result():
    assert result().age_s == pytest.approx(0.02)


def test_plain_data_is_json_with_units_and_none_for_what_is_unknown():
    plain = result(person(), bare(), events=(EVENT,)).to_dict()
    again = json.loads(json.dumps(plain, allow_nan=False))
    assert again == plain
    assert plain["joints"] == list(H36M17.joints)
    assert plain["units"].keys() >= {"box", "xy", "xyz", "time_s"}
    known, new = plain["people"]
    assert (known["id"], known["action"], known["confidence"]) == (1, "wave", 0.65)
    assert known["probabilities"] == {"idle": 0.2, "wave": 0.7, "put down": 0.1}
    assert (new["action"], new["confidence"], new["xyz"][0]) == (None, None, [None] * 3)
    assert plain["events"] == [
        {"id": 3, "label": "put down", "start_s": 0.5, "end_s": 1.25, "confidence": 0.8}
    ]


@pytest.mark.parametrize("people", [(), (person(), bare())])
def test_in_numpy_everyone_is_a_row(people):
    got, n = result(*people), len(people)
    plain = got.to_numpy()
    shapes = {name: array.shape for name, array in plain.items()}
    assert shapes == {
        "id": (n,), "score": (n,), "box": (n, 4), "xy": (n, 17, 2), "visible": (n, 17),
        "xyz": (n, 17, 3), "action": (n,), "confidence": (n,), "probabilities": (n, 3),
    }  # fmt: skip
    if people:
        assert plain["id"].tolist() == [1, 2]
        assert [*plain["action"]] == [got.labels.index("wave"), -1]
        np.testing.assert_array_equal(plain["xyz"][0], got.people[0].xyz)


class KeyPoints:
    """As much of supervision's class as is used: the first arguments by place, of all versions."""

    def __init__(self, xy, class_id=None, confidence=None, *, data):
        self.xy, self.class_id, self.confidence, self.data = xy, class_id, confidence, data

    @classmethod
    def empty(cls):
        return cls(np.zeros((0, 0, 2)), data={})


def test_supervision_gets_the_joints_as_detected_with_names_and_ids(monkeypatch):
    monkeypatch.setitem(sys.modules, "supervision", SimpleNamespace(KeyPoints=KeyPoints))
    got = result(person(), bare())
    points = got.to_supervision()
    assert points.xy.shape == (2, 17, 2)
    np.testing.assert_array_equal(points.xy[0, 0], got.people[0].detected.xy[0])
    np.testing.assert_array_equal(points.xy[0, 3], [0, 0])  # not found
    assert points.confidence.shape == (2, 17)
    assert points.class_id.tolist() == [1, -1]
    assert points.data["class_name"].tolist() == ["wave", ""]
    assert points.data["tracker_id"].tolist() == [1, 2]
    assert len(result().to_supervision().xy) == 0


def test_without_supervision_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(InputError, match="pip install supervision"):
        result(person()).to_supervision()


def test_drawing_shows_the_person_and_leaves_the_picture_alone():
    got = result(person())
    before = got.image.copy()
    drawn = got.draw()
    assert drawn.dtype == np.uint8
    assert drawn.shape[0] > 480
    assert drawn.shape[1] > 640
    assert (drawn[:480, :640] != 90).any()
    np.testing.assert_array_equal(got.image, before)
    other = got.draw(np.full((480, 640, 3), 200, np.uint8))
    assert other[0, 0].tolist() == [200, 200, 200]


def test_keypoints_without_a_picture_can_be_drawn():
    assert result(person(), image=False).draw().any()


def test_the_timeline_also_has_actions_that_ended_while_nothing_was_drawn():
    strips = []
    for events in ((), (Event(1, "wave", 0.0, 0.1, 0.9),)):
        results = Results(INFO)
        results(frame(index=6, events=events))
        strips.append(results(frame(index=7)).draw()[480:])
    assert (strips[0] != strips[1]).any()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((480, 320, 3), np.uint8), "320x480.*640x480"),
        (np.zeros((480, 640), np.uint8), "COLOR_GRAY2BGR"),
        (np.zeros((480, 640, 3)), "float64.*astype"),
        ("picture.jpg", "str"),
    ],
)
def test_a_picture_that_can_not_be_drawn_on_is_an_error_of_one_line(image, said):
    with pytest.raises(InputError, match=said) as caught:
        result(person()).draw(image)
    assert "\n" not in str(caught.value)
