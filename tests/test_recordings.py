"""Our own recordings and renders as data sets."""

import json

import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.own.recordings import Recordings, read_stays
from gastlive.datasets.own.renders import Renders
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.packets import Action, Frame, Person, Pose, RunInfo
from gastlive.realtime.sinks.jsonl import JsonlSink

HEADER = {"gastlive": 1, "kind": "frames", "lifter_layout": "h36m17", "labels": ["idle", "wave"]}


def pose(value):
    """Joints whose x, y, z are the value, ten times it and a hundred times it."""
    return (np.ones((17, 1)) * [value, 10 * value, 100 * value]).tolist()


def person(value, *, track=1, label=None):
    action = label and {"label": label, "confidence": 0.9, "start_s": 0.0}
    return {"track": track, "xyz": None if value is None else pose(value), "action": action}


def write(root, frames, *, name="run", header=HEADER, tail=""):
    """`frames` are pairs of a time and people."""
    folder = root / name
    folder.mkdir(parents=True)
    lines = [header, *({"time_s": time, "people": people} for time, people in frames)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "frames.jsonl").write_text(text + tail)


def test_a_recording_of_the_live_program_is_read(tmp_path):
    sink = JsonlSink(folder=str(tmp_path / "run"))
    sink.begin(
        RunInfo(fps=30.0, width=640, height=480, detector_layout="coco17", lifter_layout="h36m17",
                labels=("idle", "wave"), background="idle", source="a file")
    )  # fmt: skip
    seen = Pose(H36M17, np.zeros((17, 2), "f4"), np.ones(17, "f4"))
    for i in range(4):
        xyz = None if i == 0 else np.full((17, 3), [0.1, 0.2, i], "f4")
        action = Action("wave", 0.9, 0.0) if i > 1 else None
        people = {7: Person(seen, xyz=xyz, action=action)}
        sink(Frame(None, i, i / 30, 0.0, 640, 480, people=people))
    sink.close()
    data = Recordings(str(tmp_path))
    (clip,) = data
    assert (clip.layout, clip.fps, clip.subject) == (H36M17, 30, "run/track7")
    assert clip.segments == (Segment(1, 3, "wave"),)
    assert data.labels == ("idle", "wave")
    np.testing.assert_allclose(clip.xyz[:, 5, 1], [1, 2, 3], atol=1e-3)
    np.testing.assert_allclose(clip.xyz[:, 5, 2], -0.2, atol=1e-6)
    np.testing.assert_allclose(clip.xyz[:, 5, 0], 0.1, atol=1e-6)


def test_people_become_clips_of_their_own_and_come_back_as_new_ones(tmp_path):
    frames = [
        (i / 10, [person(i, track=1)] * (i not in (3, 4, 5, 6)) + [person(-i, track=2)])
        for i in range(10)
    ]
    write(tmp_path, frames)
    data = Recordings(str(tmp_path), fps=10.0)
    clips = {clip.name: clip for clip in data}
    assert list(clips) == ["run/track1+0.00s", "run/track2+0.00s", "run/track1+0.70s"]
    assert [len(clip.xyz) for clip in clips.values()] == [3, 10, 3]
    np.testing.assert_allclose(clips["run/track1+0.70s"].xyz[:, 0, 0], [7, 8, 9], atol=1e-4)
    assert data.problems == []


def test_a_stay_is_over_when_the_person_is_away_and_knows_when_it_began(tmp_path):
    frames = [(100 + i / 10, [person(i)] * (i not in (0, 4, 5, 6, 9))) for i in range(10)]
    frames.append((101.5, [person(1, track=2)]))  # one frame is no motion
    write(tmp_path, frames)
    path = tmp_path / "run" / "frames.jsonl"
    first, second = read_stays(path)
    assert (first.track, first.layout, len(first.poses)) == (1, H36M17, 3)
    assert (first.start_s, second.start_s) == (pytest.approx(0.1), pytest.approx(0.7))
    path.write_text(path.read_text() + "{}\n")
    stays = read_stays(path)
    assert next(stays).times == first.times
    assert next(stays).times == second.times
    with pytest.raises(InputError, match=r"line 13: wanted time_s and people with xyz"):
        next(stays)


@pytest.mark.parametrize(("away_s", "stays"), [(0.24, 1), (0.26, 2)])
def test_a_quarter_of_a_second_out_of_view_is_the_longest_gap_in_a_stay(tmp_path, away_s, stays):
    seen = [0.0, 0.1, 0.2, 0.2 + away_s, 0.3 + away_s]
    empty = [(0.2 + 0.01 * i, []) for i in range(1, round(away_s * 100))]
    write(tmp_path, sorted([*((t, [person(t)]) for t in seen), *empty], key=lambda pair: pair[0]))
    assert len(list(read_stays(tmp_path / "run" / "frames.jsonl"))) == stays


def test_uneven_time_becomes_even(tmp_path):
    write(tmp_path, [(t, [person(t)]) for t in (0.0, 0.05, 0.06, 0.2, 0.31)])
    (clip,) = Recordings(str(tmp_path))
    np.testing.assert_allclose(clip.xyz[:, 0, 0], np.arange(10) / 30, atol=1e-5)


def test_a_label_holds_until_the_next_frame(tmp_path):
    labels = ((0.0, "idle"), (0.1, "wave"), (0.2, "wave"))
    write(tmp_path, [(t, [person(t, label=label)]) for t, label in labels])
    (clip,) = Recordings(str(tmp_path))
    assert clip.segments == (Segment(0, 3, "idle"), Segment(3, 7, "wave"))


def test_a_missing_joint_stays_missing_and_is_told(tmp_path):
    broken = person(1)
    broken["xyz"][4] = [None, None, None]
    write(tmp_path, [(0.0, [person(0)]), (1 / 30, [broken]), (2 / 30, [person(2)])])
    data = Recordings(str(tmp_path))
    (clip,) = data
    assert np.argwhere(np.isnan(clip.xyz).all(-1)).tolist() == [[1, 4]]
    assert [p.reason for p in data.problems] == ["track 1: 1 joints are missing"]


def test_a_run_that_was_killed_is_read_to_its_last_whole_line(tmp_path):
    write(tmp_path, [(i / 30, [person(i)]) for i in range(3)], tail='{"time_s": 0.1, "peo')
    (clip,) = Recordings(str(tmp_path))
    assert len(clip.xyz) == 3


def test_runs_that_can_not_be_read_are_named_and_the_rest_is(tmp_path):
    good = [(i / 30, [person(i)]) for i in range(3)]
    write(tmp_path, good, name="a_good")
    write(tmp_path, [(0.0, [person(None)])], name="b_empty")
    write(tmp_path, good, name="c_events", header={"gastlive": 1, "kind": "events"})
    write(tmp_path, good, name="d_unlifted", header=HEADER | {"lifter_layout": None})
    write(tmp_path, good, name="e_json", tail="{]\n")
    write(tmp_path, [*good, (0.2, [{"track": 1, "xyz": [[1, 2, 3]]}])], name="f_joints")
    write(tmp_path, [*good, (0.0, [person(1)])], name="g_time")
    write(tmp_path, [(None, [])], name="h_none")
    data = Recordings(str(tmp_path))
    assert [clip.subject for clip in data] == ["a_good/track1"]
    told = [(p.file.split("/")[-2], p.reason.split("frames.jsonl")[-1]) for p in data.problems]
    wanted = "wanted time_s and people with xyz; get the file anew from its publisher"
    assert told == [
        ("b_empty", "nobody was lifted in it"),
        ("c_events", " of gastlive; delete it or give another folder"),
        ("d_unlifted", " was recorded without a lifter; record with one"),
        ("e_json", ", line 5: no JSON; delete the line"),
        ("f_joints", f", line 5: {wanted}"),
        ("g_time", f", line 5: {wanted}"),
        ("h_none", f", line 2: {wanted}"),
    ]
    with pytest.raises(InputError, match=r"no recordings files in .*make it with gastlive source"):
        Recordings(str(tmp_path / "none"))
    assert [c.subject for c in Recordings(str(tmp_path), subjects=["a_good"])] == ["a_good/track1"]


# Renders


def truth(**changes):
    """Somebody filmed from 3 m in front and 1 m above the floor."""
    world = np.random.default_rng(0).normal(size=(4, 17, 3))
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    translation = np.array([0.0, 1.0, 3.0])
    return world, {
        "h36m17_m": (world @ rotation.T + translation).astype("f4"),
        "rotation": rotation,
        "translation": translation,
        "fps": np.array(30.0),
        "labels": np.array(["idle", "wave", "wave", "idle"]),
        "sources": np.array(["", "hdm05/one", "hdm05/one", "cmu/two"]),
    } | changes


def test_a_render_is_read_in_world_axes(tmp_path):
    world, arrays = truth()
    np.savez_compressed(tmp_path / "film.npz", **arrays)
    np.savez_compressed(tmp_path / "other.npz", xyz=np.zeros(3))
    data = Renders(str(tmp_path))
    (clip,) = data
    np.testing.assert_allclose(clip.xyz, world, atol=1e-5)
    assert (clip.name, clip.subject, clip.fps) == ("film", "hdm05/one+cmu/two", 30)
    assert clip.segments == (
        Segment(0, 1, "idle"),
        Segment(1, 3, "wave"),
        Segment(3, 4, "idle"),
    )
    assert data.labels == ("idle", "wave")
    assert (clip.xyz.dtype, data.problems) == (np.float32, [])


def test_renders_that_can_not_be_read_are_named(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **truth(rotation=np.eye(2))[1])
    np.savez_compressed(tmp_path / "b.npz", **truth(labels=np.array(["idle"]))[1])
    np.savez_compressed(tmp_path / "c.npz", **truth(labels=np.array([None, 1], object))[1])
    arrays = truth()[1]
    del arrays["fps"]
    np.savez_compressed(tmp_path / "d.npz", **arrays)
    data = Renders(str(tmp_path))
    assert list(data) == []
    assert [problem.reason.split("npz")[1] for problem in data.problems] == [
        ": rotation of another form; render it anew",
        ": h36m17_m of another form; render it anew",
        " is no truth that gastlive-render wrote; render anew",
        " is no truth that gastlive-render wrote; render anew",
    ]
    with pytest.raises(InputError, match=r"no renders files in .*make it with gastlive-render"):
        Renders(str(tmp_path / "none"))
