"""A lesson before the camera, as a user gives it."""

import sys

import numpy as np
import pytest

from gastlive.action.checkpoint import load_head
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime import teach
from gastlive.realtime.lessons import LEAD_S, Notes, Part, lesson
from gastlive.realtime.packets import Frame, Person, Pose

PARTS = [Part("wave", 1, 1.0, 2.0), Part("wave", 2, 3.0, 4.0), Part("", 1, 5.0, 7.0)]


def frame(time_s, people):
    """Everybody's joints are a constant of theirs."""
    seen = {
        track: Person(
            Pose(COCO17, np.zeros((17, 2), "f4"), np.ones(17, "f4")),
            visible=np.ones(17, bool), xyz=np.full((17, 3), value, "f4"),
        )
        for track, value in people.items()
    }  # fmt: skip
    return Frame(None, 0, time_s, 0.0, 640, 480, people=seen)


def noted(people, *, fps=20.0, begin_s=100.0, stop_s=8.0):
    """What is noted of people, a function of the lesson's time."""
    notes = Notes(PARTS)
    for i in range(round(stop_s * fps)):
        notes.add(frame(begin_s + i / fps, people(i / fps)))
    return notes


def test_every_action_is_shown_in_turn_after_a_countdown_and_then_the_background():
    parts = lesson(["wave", "bow"], takes=2, countdown_s=1, take_s=2, background_s=5)
    assert [(p.label, p.number, p.start_s, p.stop_s) for p in parts] == [
        ("wave", 1, 1, 3), ("wave", 2, 4, 6), ("bow", 1, 7, 9), ("bow", 2, 10, 12), ("", 1, 13, 18),
    ]  # fmt: skip
    assert "" not in [
        p.label for p in lesson(["a"], takes=1, countdown_s=0, take_s=1, background_s=0)
    ]


@pytest.mark.parametrize(
    ("actions", "change", "words"),
    [
        ([], {}, "name different ones"),
        (["wave", "wave "], {}, "name different ones"),
        (["wave"], {"takes": 0}, "takes=0"),
        (["wave"], {"take_s": 0.2}, "take_s=0.2"),
        (["wave"], {"background_s": -1}, "background_s=-1"),
    ],
)
def test_a_lesson_that_can_t_be_given_is_one_line(actions, change, words):
    given = {"takes": 1, "countdown_s": 1, "take_s": 1, "background_s": 0} | change
    with pytest.raises(InputError, match=words):
        lesson(actions, **given)


def test_what_is_seen_in_a_take_and_just_before_becomes_an_example_at_the_head_s_rate():
    takes, missed = noted(lambda t: {1: t}).takes(30.0)
    examples, others = takes[:2], takes[2:]
    assert [(e.label, e.name) for e in examples] == [("wave", "wave 1"), ("wave", "wave 2")]
    np.testing.assert_allclose(examples[0].xyz[:, 0, 0], 1 - LEAD_S + np.arange(44) / 30, atol=1e-3)
    assert examples[0].visible.shape == (44, 17)
    assert [(each.label, round(len(each.xyz) / 30, 1)) for each in others] == [("", 2.5)]
    assert missed == []


def test_of_several_people_whoever_is_seen_most_in_a_take_shows_it():
    takes, _ = noted(lambda t: {1: 1.0, 2: 2.0} if t < 1.5 else {2: 2.0}).takes(30.0)
    assert {float(value) for e in takes for value in e.xyz.ravel()} == {2.0}


def test_a_take_without_anybody_is_left_out_and_told():
    takes, missed = noted(lambda t: {} if t < 2.4 else {1: 0.0}).takes(30.0)
    assert [take.name for take in takes] == ["wave 2", "the background"]
    assert missed == ["nobody was seen for long enough in wave 1"]


def test_an_action_that_nobody_was_seen_doing_is_an_error():
    with pytest.raises(InputError, match="nobody was seen doing wave"):
        noted(lambda t: {}).takes(30.0)


# The program, with keypoints in place of a camera


def person(times_s, raised):
    """2-D joints (T, 17, 2), pixels, of who stands; `raised` (T, 2): right and left arm."""
    at = {
        "nose": (320, 120), "eye": (8, 112), "ear": (16, 116), "shoulder": (35, 170),
        "elbow": (45, 225), "wrist": (48, 275), "hip": (22, 280), "knee": (24, 355),
        "ankle": (25, 430),
    }  # fmt: skip
    xy = np.zeros((len(times_s), 17, 2), np.float32)
    for joint, place in COCO17.index.items():
        side, _, part = joint.rpartition("_")
        x, y = at[part]
        xy[:, place] = (x, y) if not side else (320 + (x if side == "left" else -x), y)
        if part in ("wrist", "elbow"):
            way = 230 if part == "wrist" else 90
            xy[:, place, 1] -= way * raised[:, 0 if side == "right" else 1]
    return xy + np.random.default_rng(0).normal(0, 0.4, xy.shape).astype(np.float32)


def test_the_program_gives_a_lesson_and_writes_a_head(tmp_path, monkeypatch, capsys):
    times_s = np.arange(0, 14, 1 / 30)
    raised = np.zeros((len(times_s), 2))
    for start_s, arms in ((1.5, (1, 0)), (4.5, (1, 0)), (7.5, (1, 1)), (10.5, (1, 1))):
        share = np.clip((times_s - start_s) / 1.0, 0, 1)
        raised += np.sin(share * np.pi)[:, None] * arms
    np.savez(tmp_path / "lesson.npz", keypoints=person(times_s, raised), layout="coco17",
             width=640, height=480, fps=30.0)  # fmt: skip
    path = tmp_path / "mine.safetensors"
    argv = [
        "gastlive-teach", "source=keypoints", f"source.path={tmp_path / 'lesson.npz'}",
        "detector=none", "actions=[one arm,both arms]", "takes=2", "countdown_s=1", "take_s=2",
        "background_s=1", "runtime=torch", f"output={path}", f"hydra.run.dir={tmp_path}",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    teach.main()
    head, card = load_head(path, layout=H36M17.name)
    assert head.labels == ("idle", "one arm", "both arms")
    assert [each["name"] for each in card.training["examples"]] == [
        "one arm 1", "one arm 2", "both arms 1", "both arms 2",
    ]  # fmt: skip
    assert [each["said"] for each in card.training["examples"]] == [
        "one arm", "one arm", "both arms", "both arms",
    ]  # fmt: skip
    printed = capsys.readouterr().out
    assert "   0.0 s  one arm, take 1 in 1 s: stand still" in printed
    assert "   1.0 s  one arm, take 1: now, for 2 s" in printed
    assert f"gastlive classifier={path}" in printed


def test_a_source_that_ends_before_the_lesson_is_told(tmp_path, monkeypatch, capsys):
    times_s = np.arange(0, 2, 1 / 30)
    np.savez(tmp_path / "short.npz", keypoints=person(times_s, np.zeros((len(times_s), 2))),
             layout="coco17", width=640, height=480, fps=30.0)  # fmt: skip
    argv = [
        "gastlive-teach", "source=keypoints", f"source.path={tmp_path / 'short.npz'}",
        "detector=none", "actions=[wave,bow]", "runtime=torch", f"hydra.run.dir={tmp_path}",
        f"output={tmp_path / 'mine.safetensors'}",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit):
        teach.main()
    assert "nobody was seen doing bow, wave" in capsys.readouterr().err
    assert not (tmp_path / "mine.safetensors").exists()
