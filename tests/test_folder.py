"""The user's own labelled data."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.formats.bvh_writer import write_bvh
from gastlive.datasets.own.folder import Folder
from gastlive.datasets.own.lifted_video import LiftedVideo, save_lifted_video
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import CMU31, H36M17
from gastlive.realtime.packets import Action, Frame, Person, Pose, RunInfo
from gastlive.realtime.sinks.jsonl import JsonlSink

HINT = "give one with a folder of clips for each action, or recordings and a labels.csv"


def video(frames, *, fps=30.0, label="decided by nobody"):
    """`frames` is a pair of person and frame numbers for each; x, y, z are 1, 2 and the time."""
    person = np.concatenate([np.full(len(f), p, np.int32) for p, f in frames] or [np.zeros(0, int)])
    frame = np.concatenate([np.asarray(f, np.int32) for _, f in frames] or [np.zeros(0, int)])
    xyz = np.ones((len(frame), 17, 3), np.float32) * [1, 2, 0]
    xyz[..., 2] = (frame / fps)[:, None]
    return LiftedVideo(
        source="a.mp4", label=label, layout="h36m17", fps=fps, width=640, height=480,
        lifter="gast27", detector="MoveNet", person=person, frame=frame, time_s=frame / fps,
        xy=np.ones((len(frame), 17, 2), np.float32), visible=np.ones((len(frame), 17), bool),
        xyz=xyz.astype(np.float32),
    )  # fmt: skip


def lift(path, *frames, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_lifted_video(path, replace(video(frames or [(1, range(60))]), **changes))
    return path


def record(folder, *, frames=60, begin_s=1000.0, empty=0, name="frames.jsonl"):
    """A run of the live program with one person, after some frames with nobody."""
    sink = JsonlSink(folder=str(folder))
    sink.begin(
        RunInfo(fps=30.0, width=640, height=480, detector_layout="coco17", lifter_layout="h36m17",
                labels=("idle", "dance"), background="idle", source="a camera")
    )  # fmt: skip
    seen = Pose(H36M17, np.zeros((17, 2), "f4"), np.ones(17, "f4"))
    for i in range(frames):
        xyz, action = np.full((17, 3), [0.1, 0.2, i], "f4"), Action("dance", 0.9, 0.0)
        people = {} if i < empty else {7: Person(seen, xyz=xyz, action=action)}
        sink(Frame(None, i, begin_s + i / 30, 0.0, 640, 480, people=people))
    sink.close()
    return (folder / "frames.jsonl").rename(folder / name)


def annotate(folder, *rows, head="start,end,label,file"):
    (folder / "labels.csv").write_text("\n".join([head, *rows, ""]))


def told(data):
    """Problems, by the last two parts of the path."""
    return [("/".join(Path(p.file).parts[-2:]), p.reason) for p in data.problems]


def shown(clip):
    return [(s.start, s.stop, s.label) for s in clip.segments]


# A folder for each action


def test_each_file_of_an_action_s_folder_shows_it_from_first_to_last_frame(tmp_path):
    lift(tmp_path / "wave" / "b.npz")
    lift(tmp_path / "wave" / "deep" / "a.npz", (1, range(30)))
    lift(tmp_path / "clap" / "a.npz", (1, range(45)))
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert data.labels == ["clap", "wave"]
    assert [(clip.name, shown(clip)) for clip in data] == [
        ("clap/a.npz/person1+0.00s", [(0, 45, "clap")]),
        ("wave/b.npz/person1+0.00s", [(0, 60, "wave")]),
        ("wave/deep/a.npz/person1+0.00s", [(0, 30, "wave")]),
    ]
    assert (len(data), data.background, data.problems, data.videos()) == (3, "idle", [], [])


def test_camera_axes_become_world_axes(tmp_path):
    lift(tmp_path / "wave" / "a.npz")
    (clip,) = Folder(str(tmp_path), background="idle", fps=30.0)
    assert (clip.layout, clip.xyz.dtype, clip.fps) == (H36M17, np.float32, 30)
    np.testing.assert_allclose(clip.xyz[30, 3], [1, 1, -2], atol=1e-6)
    assert clip.camera == "wave/a.npz"


@pytest.mark.parametrize("fps", [15.0, 25.0, 60.0])
def test_frames_come_at_the_rate_that_is_wanted(tmp_path, fps):
    frames = range(61)
    save_lifted_video(lift(tmp_path / "wave" / "a.npz"), video([(1, frames)], fps=fps))
    (clip,) = Folder(str(tmp_path), fps=20.0, background="idle")
    np.testing.assert_allclose(np.diff(clip.xyz[:, 0, 1]), 1 / 20, atol=1e-4)
    assert len(clip.xyz) == int(60 / fps * 20 + 1e-6) + 1
    assert shown(clip) == [(0, len(clip.xyz), "wave")]


def test_everybody_is_a_clip_and_who_was_away_comes_back_in_another(tmp_path):
    away = [*range(20), *range(40, 60)]
    lift(tmp_path / "wave" / "a.npz", (1, [*range(10), *range(13, 30)]), (2, away), (3, range(14)))
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    clips = {clip.name.split("/")[-1]: clip for clip in data}
    assert {name: len(clip.xyz) for name, clip in clips.items()} == {
        "person1+0.00s": 30,
        "person2+0.00s": 20,
        "person2+1.33s": 20,
    }
    np.testing.assert_allclose(clips["person1+0.00s"].xyz[:, 0, 1], np.arange(30) / 30, atol=1e-5)
    assert told(data) == [("wave/a.npz", "1 times somebody is seen for less than 0.5 s")]


@pytest.mark.parametrize("fps", [15.0, 60.0])
def test_who_is_seen_for_half_a_second_is_a_clip_at_any_rate(tmp_path, fps):
    lift(tmp_path / "wave" / "a.npz", (1, range(17)), (2, range(14)))
    data = Folder(str(tmp_path), fps=fps, background="idle")
    assert [clip.name.split("/")[-1] for clip in data] == ["person1+0.00s"]
    assert told(data) == [("wave/a.npz", "1 times somebody is seen for less than 0.5 s")]


def test_a_recording_is_read_and_what_it_decided_is_passed_over(tmp_path):
    record(tmp_path / "wave" / "monday")
    record(tmp_path / "wave" / "tuesday", name="late.jsonl")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    clips = list(data)
    assert [(clip.subject, len(clip.xyz), shown(clip)) for clip in clips] == [
        ("monday", 60, [(0, 60, "wave")]),
        ("late", 60, [(0, 60, "wave")]),
    ]
    np.testing.assert_allclose(clips[0].xyz[5, 3], [0.1, 5, -0.2], atol=1e-4)
    assert (data.labels, data.problems) == (["wave"], [])


def test_motion_capture_is_read(tmp_path):
    still = np.random.default_rng(0).normal(size=(1, 17, 3)).repeat(90, 0)
    (tmp_path / "wave").mkdir()
    write_bvh(tmp_path / "wave" / "a.bvh", still, fps=60.0)
    (clip,) = Folder(str(tmp_path), background="idle", fps=30.0)
    assert (clip.layout, clip.fps, clip.camera, clip.subject) == (CMU31, 30, "", "a")
    assert shown(clip) == [(0, 45, "wave")]


def test_who_moves_is_told_by_the_name_or_is_the_recording(tmp_path):
    for name in ("wave/subject_anna_1", "wave/subject_ben/1", "clap/subject_anna", "clap/7"):
        lift(tmp_path / f"{name}.npz")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert data.subjects == ["7", "ben", "anna"]
    assert [clip.subject for clip in data] == ["7", "anna", "anna", "ben"]
    assert [
        c.name.split("/")[0]
        for c in Folder(str(tmp_path), subjects=["anna"], background="idle", fps=30.0)
    ] == [
        "clap",
        "wave",
    ]
    lift(tmp_path / "clap" / "subject_ben" / "subject_carla_2.npz")
    everybody = Folder(str(tmp_path), background="idle", fps=30.0)
    assert "carla" in everybody.subjects, "the file's own name counts first"
    with pytest.raises(InputError, match="no subject carl; choose from 7, ben, anna, carla"):
        Folder(str(tmp_path), subjects=["carl"], background="idle", fps=30.0)


# Videos


def test_a_video_is_read_from_where_it_was_lifted_to(tmp_path):
    clips = tmp_path / "clips"
    for name in ("wave/a.mp4", "wave/b.MOV", "wave/c.avi", "clap/subject_anna.2.mkv"):
        (clips / name).parent.mkdir(parents=True, exist_ok=True)
        (clips / name).touch()
    data = Folder(str(clips), background="idle", fps=30.0)
    assert [str(path.relative_to(clips)) for path in data.videos()] == [
        "clap/subject_anna.2.mkv",
        "wave/a.mp4",
        "wave/b.MOV",
        "wave/c.avi",
    ]
    hint = f"is not lifted yet; do it with gastlive-lift input={clips} output={clips}/.lifted"
    assert list(data) == []
    assert told(data)[1:3] == [("wave/a.mp4", hint), ("wave/b.MOV", hint)]
    lift(clips / ".lifted" / "wave" / "a.npz")
    lift(clips / ".lifted" / "clap" / "subject_anna.2.npz")
    lift(clips / "wave" / "c.npz")
    assert [(clip.name.split("/person")[0], clip.subject, shown(clip)) for clip in data] == [
        ("clap/subject_anna.2.mkv", "anna.2", [(0, 60, "clap")]),
        ("wave/a.mp4", "a", [(0, 60, "wave")]),
        ("wave/c.avi", "c", [(0, 60, "wave")]),
    ]
    assert told(data) == [("wave/b.MOV", hint)]
    assert clips / "wave" / "c.avi" not in data.videos()
    elsewhere = lift(tmp_path / "there" / "wave" / "b.npz").parents[1]
    assert "wave/b.MOV/person1+0.00s" in [
        c.name for c in Folder(str(clips), lifted=str(elsewhere), background="idle", fps=30.0)
    ]


def test_the_film_of_a_recording_is_no_clip(tmp_path):
    record(tmp_path / "wave" / "monday")
    (tmp_path / "wave" / "monday" / "video.mp4").touch()
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert (data.videos(), len(list(data)), data.problems) == ([], 1, [])


# Untrimmed


def test_rows_label_stretches_and_the_rest_is_background(tmp_path):
    lift(tmp_path / "day.npz", (1, range(300)))
    annotate(tmp_path, "6.0,8.0,clap,day.npz", "1.0,2.5,wave,day.npz", "4,5,,day.npz")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    (clip,) = data
    assert shown(clip) == [
        (0, 30, "idle"),
        (30, 75, "wave"),
        (75, 120, "idle"),
        (150, 180, "idle"),
        (180, 240, "clap"),
        (240, 300, "idle"),
    ]
    assert (data.labels, data.problems) == (["clap", "idle", "wave"], [])
    (other,) = Folder(str(tmp_path), background="nothing", fps=30.0)
    assert other.segments[0] == Segment(0, 30, "nothing")


def test_a_row_may_end_up_to_half_a_second_after_anybody_was_seen(tmp_path):
    lift(tmp_path / "day.npz", (1, range(90)))
    annotate(tmp_path, "1,3.4,wave,day.npz")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert [shown(clip)[-1] for clip in data] == [(30, 90, "wave")]
    assert data.problems == []
    annotate(tmp_path, "1,3.6,wave,day.npz")
    assert len(list(again := Folder(str(tmp_path), background="idle", fps=30.0))) == 1
    assert "ends at 3.6 s, the recording ends at 3.0 s" in again.problems[0].reason


def test_seconds_count_from_the_beginning_of_the_recording_not_of_the_clip(tmp_path):
    record(tmp_path / "run", frames=120, empty=30)
    lift(tmp_path / "film" / "a.npz", (4, range(30, 120)))
    annotate(tmp_path, "2,3,wave,run", "2,3,wave,film/a.npz")
    for clip in Folder(str(tmp_path), background="idle", fps=30.0):
        assert shown(clip) == [(0, 30, "idle"), (30, 60, "wave"), (60, 90, "idle")]


@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0])
def test_labels_stay_with_their_time_at_any_rate(tmp_path, fps):
    lift(tmp_path / "day.npz", (1, range(300)))
    annotate(tmp_path, "1.0,2.5,wave,day.npz")
    (clip,) = Folder(str(tmp_path), fps=fps, background="idle")
    assert clip.segments[1] == Segment(round(fps), round(2.5 * fps), "wave")


def test_a_csv_beside_a_recording_needs_no_column_file(tmp_path):
    record(tmp_path / "monday", frames=90)
    annotate(tmp_path / "monday", "1,2,wave", head="start,end,label")
    lift(tmp_path / "clap" / "a.npz")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert [(clip.subject, shown(clip)) for clip in data] == [
        ("a", [(0, 60, "clap")]),
        ("monday", [(0, 30, "idle"), (30, 60, "wave"), (60, 90, "idle")]),
    ]
    assert (data.labels, data.problems) == (["clap", "idle", "wave"], [])


def test_a_row_may_be_about_one_person(tmp_path):
    lift(tmp_path / "day.npz", (1, range(90)), (2, range(90)))
    head = "subject; person ;START;end;label;file;note"
    annotate(tmp_path, "anna;2;0,5;1,5;wave;day.npz;good", ";;2;3;bow;day.npz;", head=head)
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    one, other = data
    assert shown(one) == [(0, 60, "idle"), (60, 90, "bow")]
    assert shown(other) == [(0, 15, "idle"), (15, 45, "wave"), (45, 60, "idle"), (60, 90, "bow")]
    assert ({one.subject, other.subject}, data.problems) == ({"anna"}, [])


def test_a_row_names_a_video_that_was_lifted(tmp_path):
    (tmp_path / "day.mp4").touch()
    annotate(tmp_path, "1,2,wave,./day.mp4")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert data.videos() == [tmp_path / "day.mp4"]
    lift(tmp_path / ".lifted" / "day.npz")
    (clip,) = data
    assert shown(clip) == [(0, 30, "idle"), (30, 60, "wave")]


def test_of_overlapping_rows_the_later_begun_counts_and_both_are_named(tmp_path):
    lift(tmp_path / "day.npz", (1, range(300)))
    annotate(tmp_path, "1,6,wave,day.npz", "3,4,clap,day.npz", "6,7,bow,day.npz")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    (clip,) = data
    assert shown(clip)[1:5] == [
        (30, 90, "wave"),
        (90, 120, "clap"),
        (120, 180, "wave"),
        (180, 210, "bow"),
    ]
    reason = "labels.csv: line 3 overlaps line 2; the one that begins later counts"
    assert [reason] == [p.reason for p in data.problems]


def test_people_of_their_own_rows_do_not_overlap(tmp_path):
    lift(tmp_path / "day.npz", (1, range(90)), (2, range(90)))
    head = "start,end,label,file,person"
    annotate(tmp_path, "1,2,wave,day.npz,1", "1,2,clap,day.npz,2", head=head)
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert [clip.segments[1].label for clip in data] == ["wave", "clap"]
    assert data.problems == []


# What is wrong


def test_rows_that_can_not_be_used_are_named_and_the_rest_is(tmp_path):
    lift(tmp_path / "day.npz", (1, [*range(90), *range(150, 180)]))
    rows = ["1,2,wave,day.npz,", "2,2,wave,day.npz,", "3,2,wave,day.npz,", "x,2,wave,day.npz,",
            "1,inf,wave,day.npz,", "-1,2,wave,day.npz,", "1,2,wave,night.npz,",
            "1,2,wave,../day.npz,", "1,2,wave,labels.csv,", "3.5,4.5,wave,day.npz,",
            "7,8,wave,day.npz,", "5.5,9,wave,day.npz,", "2,2.5,bow,day.npz,8", ",,,,"]  # fmt: skip
    annotate(tmp_path, *rows, head="start,end,label,file,person")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    reasons = [
        "line 3: goes from 2 s to 2 s; wanted 0 <= start < end",
        "line 4: goes from 3 s to 2 s; wanted 0 <= start < end",
        "line 5: start is 'x'; wanted seconds, such as 12.5",
        "line 6: end is 'inf'; wanted seconds, such as 12.5",
        "line 7: goes from -1 s to 2 s; wanted 0 <= start < end",
        "line 8: there is no recording night.npz",
        "line 9: there is no recording ../day.npz",
        "line 10: there is no recording labels.csv",
    ]
    assert [p.reason for p in data.problems] == reasons
    for _ in range(2):
        one, other = data
        assert shown(one) == [(0, 30, "idle"), (30, 60, "wave"), (60, 90, "idle")]
        assert shown(other) == [(0, 15, "idle"), (15, 30, "wave")]
        assert [p.reason for p in data.problems] == [
            *reasons,
            "labels.csv, line 11: nobody is seen from 3.5 s to 4.5 s",
            "labels.csv, line 12: begins at 7 s, the recording ends at 6.0 s",
            "labels.csv, line 13: ends at 9 s, the recording ends at 6.0 s",
            "labels.csv, line 14: there is no person 8; there are 1",
            "labels.csv: line 12 overlaps line 13; the one that begins later counts",
        ]


def test_files_that_can_not_be_used_are_named_and_the_rest_are(tmp_path):
    lift(tmp_path / "wave" / "good.npz")
    lift(tmp_path / "wave" / "nobody.npz", (1, []))
    lift(tmp_path / "wave" / "joints.npz", xyz=np.ones((60, 16, 3), np.float32))
    lift(tmp_path / "wave" / "layout.npz", layout="dog4")
    lift(tmp_path / "wave" / "time.npz", time_s=np.zeros(60))
    broken = video([(1, range(60)), (2, range(60))]).xyz
    broken[5, 3], broken[60:] = np.nan, np.nan
    lift(tmp_path / "wave" / "nan.npz", (1, range(60)), (2, range(60)), xyz=broken)
    np.savez(tmp_path / "wave" / "other.npz", xyz=np.zeros(3))
    (tmp_path / "wave" / "note.txt").touch()
    (tmp_path / "wave" / "run.jsonl").write_text(json.dumps({"kind": "frames"}) + "\n")
    lift(tmp_path / "lost.npz")
    (tmp_path / "clap").mkdir()
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert [clip.name for clip in data] == [
        "wave/good.npz/person1+0.00s",
        "wave/nan.npz/person1+0.00s",
    ]
    wave = f"{tmp_path}/wave"
    assert [(file.split("/")[-1], reason.replace(wave, "")) for file, reason in told(data)] == [
        ("lost.npz", "lies in no action's folder and in no row of labels.csv"),
        ("note.txt", "is no video and none of .npz, .jsonl, .bvh"),
        ("clap", "holds no clip; fill it or take it away"),
        (
            "joints.npz",
            "/joints.npz is no file of gastlive-lift (xy is float32 (60, 17, 2)); lift it anew",
        ),
        ("layout.npz", data.problems[4].reason),
        ("nan.npz", "person 1: 1 joints are missing in 1 frames"),
        ("nan.npz", "person 2: none of the 60 frames has a joint"),
        ("nobody.npz", "nobody is in it"),
        ("other.npz", data.problems[8].reason.replace(wave, "")),
        ("run.jsonl", "/run.jsonl was recorded without a lifter; record with one"),
        ("time.npz", "/time.npz: time stands still for person 1; lift it anew"),
    ]  # fmt: skip
    assert "unknown joint layout 'dog4'" in data.problems[4].reason
    assert "is no file of gastlive-lift" in data.problems[8].reason
    missing = np.isnan([clip.xyz for clip in data][1]).all(-1)
    assert np.argwhere(missing).tolist() == [[5, 3]]


def test_what_lies_beside_labelled_recordings_without_a_row_is_named(tmp_path):
    lift(tmp_path / "days" / "one.npz")
    lift(tmp_path / "days" / "two.npz")
    annotate(tmp_path, "0,1,wave,days/one.npz")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert [clip.name for clip in data] == ["days/one.npz/person1+0.00s"]
    assert told(data) == [("days/two.npz", "is in no row of labels.csv")]


def test_a_csv_without_a_column_file_must_lie_beside_one_recording(tmp_path):
    lift(tmp_path / "wave" / "a.npz")
    for name in ("one", "two"):
        lift(tmp_path / "days" / f"{name}.npz")
    annotate(tmp_path / "days", "0,1,wave", head="start,end,label")
    (tmp_path / "none").mkdir()
    annotate(tmp_path / "none", head="start,end,label")
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    csv = "days/labels.csv", "2 recordings lie beside it; name them in a column file"
    assert told(data)[:2] == [csv, ("none/labels.csv", "has no rows; nothing is labelled")]


@pytest.mark.parametrize("text", ["", "begin,stop\n1,2\n"])
def test_a_csv_without_its_header_is_refused(tmp_path, text):
    lift(tmp_path / "day.npz")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(InputError) as error:
        Folder(str(tmp_path), background="idle", fps=30.0)
    assert str(error.value) == (
        f"{tmp_path}/labels.csv, line 1: no column start, end, label; begin it with the line "
        f"start,end,label,file (and person, subject where you like)"
    )


def test_a_folder_without_anything_labelled_says_what_is_wanted(tmp_path):
    with pytest.raises(InputError) as error:
        Folder(str(tmp_path / "none"), background="idle", fps=30.0)
    assert str(error.value) == f"{tmp_path}/none is no folder; {HINT}"
    with pytest.raises(InputError) as error:
        Folder(str(tmp_path), background="idle", fps=30.0)
    assert str(error.value) == f"{tmp_path} holds nothing labelled; {HINT}"
    lift(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"holds nothing labelled \(.*a\.npz lies in no action's"):
        Folder(str(tmp_path), background="idle", fps=30.0)
    lift(tmp_path / "wave" / "a.npz")
    with pytest.raises(InputError, match="fps=0 frames per second can't be; give more than 0"):
        Folder(str(tmp_path), fps=0.0, background="idle")


def test_a_name_that_no_file_can_have_is_a_row_without_a_recording(tmp_path):
    record(tmp_path / "run")
    rows = f"start,end,label,file\n0.1,0.9,wave,run\n0.1,0.9,wave,{'x' * 5000}\n"
    (tmp_path / "labels.csv").write_text(rows)
    data = Folder(str(tmp_path), background="idle", fps=30.0)
    assert [problem.reason[:34] for problem in data.problems] == [
        "line 3: there is no recording xxxx"
    ]
