import json
import os
import threading
import time
from datetime import datetime
from io import StringIO

import av
import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime.packets import Action, Event, Frame, Person, Pose, RunInfo
from gastlive.realtime.pictures import annotator, timeline
from gastlive.realtime.pictures.annotator import Annotator
from gastlive.realtime.pictures.drawing import draw_body, person_colour, turned
from gastlive.realtime.pictures.mirrored import mirrored
from gastlive.realtime.pictures.rate import Rate
from gastlive.realtime.pictures.timeline import Timeline
from gastlive.realtime.sinks import window
from gastlive.realtime.sinks.encoders import CODECS
from gastlive.realtime.sinks.jsonl import JsonlSink
from gastlive.realtime.sinks.window import WindowClosed
from gastlive.realtime.sources.keypoints import Keypoints

LABELS = ("idle", "wave", "walk")
INFO = RunInfo(160, 120, 30.0, "coco17", "h36m17", LABELS, "idle", "demo")
UPRIGHT = {
    "hip": (0, 0), "spine": (0, -0.25), "thorax": (0, -0.5), "nose": (0, -0.62), "head": (0, -0.75),
    "*_hip": (0.13, 0), "*_knee": (0.13, 0.45), "*_ankle": (0.13, 0.9),
    "*_shoulder": (0.18, -0.48), "*_elbow": (0.25, -0.2), "*_wrist": (0.26, 0.05),
}  # fmt: skip


def upright():
    """h36m17 in camera axes; the person faces the camera, so the left hand is on the right."""
    points = []
    for joint in H36M17.joints:
        side, _, rest = joint.partition("_")
        x, y = UPRIGHT[f"*_{rest}"] if rest else UPRIGHT[joint]
        points.append((-x if side == "right" else x, y, 0.0))
    return np.array(points, np.float32)


def person(label="wave", sure=0.87, start_s=0.0, **changes):
    xyz = upright()
    seen = np.full((17, 2), np.nan, np.float32)
    seen[COCO17.index["nose"]] = 80, 20
    pose = Pose(COCO17, seen, np.isfinite(seen[:, 0]).astype(np.float32), 0.9)
    known = {
        "xy": xyz[:, :2] * 50 + np.float32([80, 60]),
        "visible": np.ones(17, bool),
        "xyz": xyz,
        "probabilities": np.float32([0.1, 0.87, 0.03]),
        "action": Action(label, sure, start_s),
    }
    return Person(pose, **{**known, **changes})


def frame(index=0, time_s=None, *, people=None, events=(), size=(160, 120), image=True, **known):
    width, height = size
    return Frame(
        image=np.full((height, width, 3), 90, np.uint8) if image else None,
        index=index,
        time_s=index / 30 if time_s is None else time_s,
        captured_s=0.0,
        width=width,
        height=height,
        people={1: person()} if people is None else people,
        events=tuple(events),
        spent_s={"detector": 0.013, "lifter": 0.006},
        **known,
    )


def run(sink, frames):
    sink.begin(INFO)
    for one in frames:
        sink(one)


def watch(path):
    """Width, height, codec, pixel format, and the time and picture of each frame that decodes."""
    with av.open(str(path)) as file:
        context = file.streams.video[0].codec_context
        about = context.width, context.height, context.name, context.pix_fmt
        return about, [(f.time, f.to_ndarray(format="bgr24")) for f in file.decode(video=0)]


# The video


def test_the_video_is_h264_that_browsers_play_with_every_frame_at_its_own_time(tmp_path):
    times = [5.0, 5.033, 5.2, 5.9, 5.95]
    sink = option("sink/video", folder=str(tmp_path))
    run(sink, [frame(i, t) for i, t in enumerate(times)])
    sink.close()
    (width, height, codec, pixels), frames = watch(tmp_path / "annotated.mp4")
    assert (codec, pixels) == ("h264", "yuv420p")
    assert (width % 2, height % 2) == (0, 0)
    np.testing.assert_allclose([t for t, _ in frames], np.array(times) - 5.0, atol=1e-4)
    assert sink.summary()["frames"] == 5
    assert sink.summary()["seekable"] is True


def test_the_video_may_be_vp9_whose_encoder_is_not_under_the_gpl(tmp_path):
    sink = option("sink/video", folder=str(tmp_path), encoder="vp9")
    for i in range(8):
        run(sink, [frame(0)]) if i == 0 else sink(frame(i))
        if i:
            about, frames = watch(tmp_path / "annotated.mp4")  # as if it was killed now
            assert about[2:] == ("vp9", "yuv420p")
            assert len(frames) >= i
    sink.close()
    assert len(watch(tmp_path / "annotated.mp4")[1]) == 8
    assert sink.summary()["seekable"] is True


def test_an_encoder_that_this_ffmpeg_lacks_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(CODECS, "x264", "libnothing")
    with pytest.raises(InputError, match=r"encoder=x264: .* has no libnothing; take vp9$"):
        option("sink/video", folder=str(tmp_path))


def test_the_finished_video_has_its_index_in_front_and_leaves_nothing_else_behind(tmp_path):
    sink = option("sink/video", folder=str(tmp_path))
    run(sink, [frame(i) for i in range(5)])
    sink.close()
    data = (tmp_path / "annotated.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"moof" not in data
    assert os.listdir(tmp_path) == ["annotated.mp4"]


def test_what_a_killed_program_leaves_plays_up_to_the_frame_in_work(tmp_path):
    sink = option("sink/video", folder=str(tmp_path))
    for i in range(8):
        run(sink, [frame(0)]) if i == 0 else sink(frame(i))
        if i:
            _, frames = watch(tmp_path / "annotated.mp4")  # as on disk now, nobody closed it
            assert len(frames) >= i
    np.testing.assert_allclose([t for t, _ in frames], np.arange(len(frames)) / 30, atol=1e-4)
    sink.close()


def test_a_disk_without_room_for_the_second_copy_keeps_the_first(tmp_path):
    sink = option("sink/video", folder=str(tmp_path))
    run(sink, [frame(i) for i in range(5)])
    (tmp_path / "annotated.part").symlink_to("/dev/full")
    sink.close()
    assert sink.summary()["seekable"] is False
    assert len(watch(tmp_path / "annotated.mp4")[1]) == 5
    assert os.listdir(tmp_path) == ["annotated.mp4"]


def test_time_that_stands_still_or_runs_backwards_does_not_stop_the_video(tmp_path):
    sink = option("sink/video", folder=str(tmp_path))
    run(sink, [frame(i, t) for i, t in enumerate([1.0, 1.0, 0.5, 1.1])])
    sink.close()
    times = [t for t, _ in watch(tmp_path / "annotated.mp4")[1]]
    assert times == sorted(times)
    assert len(set(times)) == 4


def test_a_picture_of_another_size_is_fitted_into_the_first_ones_place(tmp_path):
    sink = option("sink/video", folder=str(tmp_path))
    run(sink, [frame(0), frame(1, size=(120, 160)), frame(2, size=(320, 240))])
    sink.close()
    assert len({picture.shape for _, picture in watch(tmp_path / "annotated.mp4")[1]}) == 1


def test_a_run_without_a_frame_leaves_no_video(tmp_path):
    sink = option("sink/video", folder=str(tmp_path))
    sink.begin(INFO)
    sink.close()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"crf": 52}, "crf=52.*0 .*51"),
        ({"preset": "swift"}, "preset=swift.*superfast"),
        ({"max_height": 10}, "max_height=10.*120"),
    ],
)
def test_a_wrong_option_of_the_video_names_what_is_wanted(tmp_path, setting, words):
    with pytest.raises(InputError, match=words):
        option("sink/video", folder=str(tmp_path), **setting)


@pytest.mark.parametrize("sink", ["video", "jsonl"])
def test_a_folder_that_can_not_be_made_is_named(tmp_path, sink):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match=r"can't write .*taken.*hydra\.run\.dir"):
        option(f"sink/{sink}", folder=str(tmp_path / "taken"))


# Drawing


@pytest.mark.parametrize("yaw", np.radians([-90, -35, 0, 35, 90]))
def test_an_upright_person_stands_head_up_in_the_3d_view_from_every_side(yaw):
    seen = turned(upright(), yaw=yaw, pitch=np.radians(14))
    height = {joint: seen[i, 1] for joint, i in H36M17.index.items()}
    assert height["head"] < height["thorax"] < height["hip"] < height["left_ankle"] - 0.5


def test_the_3d_view_looks_down_so_that_far_floor_is_higher_on_the_screen():
    near, far = turned(np.array([[0, 1, -1], [0, 1, 1]], float), yaw=0, pitch=0.2)
    assert far[1] < near[1]


def test_turning_to_the_side_brings_what_was_far_to_the_left_or_right():
    (x, _, z) = turned(np.array([0.0, 0.0, 1.0]), yaw=np.pi / 2, pitch=0)
    assert (x, z) == pytest.approx((-1, 0))


def drawn_rows(joints):
    xyz = upright()
    xyz[[i for joint, i in H36M17.index.items() if joint not in joints]] = np.nan
    image = np.zeros((200, 100, 3), np.uint8)
    draw_body(
        image, xyz, layout=H36M17, visible=None, colour=(0, 0, 255), view=(0.3, 0.2),
        centre=(50, 100), scale=80,
    )  # fmt: skip
    return np.nonzero(image.any((1, 2)))[0]


def test_the_3d_body_is_painted_with_the_head_above_the_root_and_the_feet_below():
    assert drawn_rows({"head", "nose"}).max() < 100 < drawn_rows({"left_ankle", "left_knee"}).min()


def test_the_2d_skeleton_lies_on_the_person_in_the_persons_colour():
    canvas = Annotator(INFO, clock=lambda: 0.0)(frame())
    scale = 360 / 120
    x, y = (person().xy[H36M17.index["spine"]] * scale).round().astype(int)
    column = canvas[y + 8, x - 3 : x + 4].astype(int)
    assert np.abs(column - person_colour(1)).sum(-1).min() < 30


def test_a_filled_joint_is_drawn_fainter_than_a_measured_one():
    hidden = np.array([not joint.startswith("left_") for joint in H36M17.joints])
    solid, faint = (
        Annotator(INFO, clock=lambda: 0.0)(frame(people={1: person(visible=visible)}))
        for visible in (np.ones(17, bool), hidden)
    )
    plain = Annotator(INFO, clock=lambda: 0.0)(frame(people={}))
    left_leg = np.s_[210:330, 250:275]
    painted = [(one[left_leg] != plain[left_leg]).any(-1).sum() for one in (solid, faint)]
    assert 0 < painted[1] < painted[0] / 2


def test_strange_numbers_are_drawn_around_not_stumbled_over():
    nothing = np.full((17, 2), np.nan, np.float32)
    lost = Person(Pose(COCO17, nothing, np.zeros(17, np.float32)))
    far = person(xy=np.full((17, 2), 1e9, np.float32), xyz=np.full((17, 3), np.nan, np.float32))
    odd = person(probabilities=np.full(3, np.nan, np.float32), action=None)
    people = {1: lost, 2: far, 3: odd, 9: person()}
    canvas = Annotator(INFO, clock=lambda: 0.0)(frame(people=people))
    assert canvas.dtype == np.uint8


def test_keypoints_without_a_picture_are_drawn_on_a_dark_ground():
    annotator = Annotator(INFO, clock=lambda: 0.0)
    annotator(frame())
    canvas = annotator(frame(1, image=False, people={}))
    assert canvas[:360, :480].max() < 60


def test_a_large_picture_is_drawn_no_larger_than_asked():
    canvas = Annotator(INFO, clock=lambda: 0.0, max_height=480)(frame(size=(1920, 1080)))
    assert 480 < canvas.shape[0] < 600


@pytest.fixture
def words(monkeypatch):
    """Everything that is written onto pictures, in order."""
    said = []
    for module, names in ((annotator, ("write",)), (timeline, ("write", "outlined"))):
        for name in names:
            monkeypatch.setattr(module, name, lambda _, text, *__, **___: said.append(text))
    return said


@pytest.mark.parametrize(
    ("label", "odds", "tag"),
    [
        ("wave", [0.6, 0.3, 0.1], "1  wave"),  # ending: reported, though idle is likelier
        ("idle", [0.2, 0.1, 0.7], "1  walk?"),  # likely, but not reported
        ("idle", [0.8, 0.1, 0.1], "1  idle"),
    ],
)
def test_tag_and_bars_put_the_same_name_first_and_its_number_stands_once(words, label, odds, tag):
    people = {1: person(label, probabilities=np.float32(odds))}
    Annotator(INFO, clock=lambda: 0.0)(frame(people=people))
    bars = words[words.index("person 1") + 1 :]
    name = tag.removeprefix("1  ").rstrip("?")
    assert tag in words
    assert bars[:2] == [name, f"{odds[LABELS.index(name)]:.2f}"]
    assert len([said for said in words if said.startswith(name) and "." in said]) == 0


def test_a_finished_action_stays_on_the_picture_for_two_seconds(words):
    draw, line = Annotator(INFO, clock=lambda: 0.0), "1  walk, 0.5 to 1.2 s"
    for i in range(120):
        ended = [Event(1, "walk", 0.5, 1.2, 0.9)] if i == 45 else []
        del words[:]
        draw(frame(i, events=ended))
        assert (line in words) == (45 <= i < 105)


def test_the_timeline_is_as_wide_as_its_strip_from_the_start(words):
    strip = np.zeros((70, 400, 3), np.uint8)
    for now_s in (1.5, 8.0, 30.0):
        line = Timeline("idle", seconds=20)
        line.add(frame(0, now_s, events=[Event(1, "wave", max(now_s - 20, 0), now_s, 0.9)]))
        strip[:] = 0
        line.draw(strip, now_s, start_s=0.0, unit=1.0)
        drawn = np.flatnonzero(strip[8].any(-1))
        assert drawn.min() == 24
        assert drawn.max() >= 388  # the right edge, with a line at the present second
    assert not [said for said in words if said.startswith("-")]
    assert "0 s" in words


def test_names_on_the_timeline_are_written_in_full_however_short_their_bar(words):
    line = Timeline("idle", seconds=20)
    events = [Event(1, "jumping_jack", 28.0, 28.3, 0.9), Event(1, "walk", 29.8, 30.0, 0.9)]
    line.add(frame(0, 30.0, people={}, events=events))
    line.draw(np.zeros((70, 400, 3), np.uint8), 30.0, start_s=0.0, unit=1.0)
    assert {"jumping jack", "walk"} <= set(words)


def test_left_and_right_have_a_legend(words):
    Annotator(INFO, clock=lambda: 0.0)(frame())
    plain = Annotator(INFO, clock=lambda: 0.0)(frame(people={}))
    well = plain[27:60, 480 + 8 : 480 + 60]
    assert len(np.unique(well.reshape(-1, 3), axis=0)) > 2  # a lighter and a darker stroke


def test_in_a_mirror_everything_changes_its_side_but_the_names_of_the_joints():
    one = frame(image=True)
    one.image[:, :10] = 255
    shown = mirrored(one)
    left = H36M17.index["left_wrist"]
    assert shown.image[0, -1, 0] == 255
    assert shown.people[1].xy[left, 0] == 160 - one.people[1].xy[left, 0]
    assert shown.people[1].xyz[left, 0] == -one.people[1].xyz[left, 0]
    assert one.people[1].xy[left, 0] > 80  # what was given is left alone


def test_the_timeline_forgets_what_has_left_its_window():
    timeline = Timeline("idle", seconds=10)
    for i in range(100):
        ended = Event(1, "wave", i - 1.0, float(i), 0.9)
        timeline.add(frame(i, float(i), events=[ended]))
    strip = np.zeros((70, 400, 3), np.uint8)
    timeline.draw(strip, 99.0, start_s=0.0, unit=1.0)
    assert len(timeline._past) == 11
    assert strip.any()


# JSON lines


def parsed(path):
    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]


def test_frames_and_events_come_back_as_they_were(tmp_path):
    sink = JsonlSink(folder=str(tmp_path))
    event = Event(1, "wave", 1.0, 2.4, 0.91)
    run(sink, [frame(0, 1.5, dropped=2), frame(1, 2.4, events=[event], people={})])
    sink.close()
    header, first, second = parsed(tmp_path / "frames.jsonl")
    assert header == {
        "gastlive": 1, "kind": "frames", "width": 160, "height": 120, "fps": 30.0,
        "layout": "coco17", "lifter_layout": "h36m17", "labels": list(LABELS),
        "background": "idle",
    }  # fmt: skip
    assert (first["index"], first["time_s"], first["dropped"]) == (0, 1.5, 2)
    (one,) = first["people"]
    assert (one["track"], one["score"]) == (1, 0.9)
    assert one["action"] == {"label": "wave", "confidence": 0.87, "start_s": 0.0}
    assert one["probabilities"] == [0.1, 0.87, 0.03]
    np.testing.assert_allclose(one["xyz"], upright(), atol=5e-4)
    assert second["people"] == []
    assert parsed(tmp_path / "events.jsonl") == [
        {"gastlive": 1, "kind": "events", "labels": list(LABELS)},
        {"track": 1, "label": "wave", "start_s": 1.0, "end_s": 2.4, "confidence": 0.91},
    ]
    assert sink.summary()["frames"]["records"] == 2


def test_events_of_a_live_source_carry_the_time_on_the_wall(tmp_path):
    sink = JsonlSink(folder=str(tmp_path))
    event, unix_s = Event(1, "wave", 501.0, 502.4, 0.91), 1_795_000_000.5
    run(sink, [frame(0, 503.0, unix_s=unix_s, events=[event])])
    sink.close((event,))
    for line in parsed(tmp_path / "events.jsonl")[1:]:
        clocks = [datetime.fromisoformat(line[key]) for key in ("start_clock", "end_clock")]
        assert [c.timestamp() - unix_s for c in clocks] == pytest.approx([-2.0, -0.6], abs=1e-3)
        assert all(clock.tzinfo for clock in clocks)


def test_a_burst_of_pictures_can_be_read_back(tmp_path):
    """A camera's buffer is emptied at once: pictures 20 microseconds apart."""
    sink = JsonlSink(folder=str(tmp_path))
    times_s = [1000.0, 1000.00002, 1000.00004, 1000.1]
    run(sink, [frame(i, time_s) for i, time_s in enumerate(times_s)])
    sink.close()
    replayed = Keypoints(str(tmp_path / "frames.jsonl"))
    assert [frame.time_s for frame in replayed] == pytest.approx(times_s, rel=0, abs=1e-6)


def test_what_was_not_seen_is_null_and_the_file_is_strict_json(tmp_path):
    sink = JsonlSink(folder=str(tmp_path))
    bare = Person(person().pose, probabilities=np.float32([np.nan, np.inf, 0.5]))
    run(sink, [frame(people={3: bare})])
    sink.close()
    (one,) = parsed(tmp_path / "frames.jsonl")[1]["people"]
    assert one["xy"][COCO17.index["nose"]] == [80.0, 20.0]
    assert one["xy"][COCO17.index["left_wrist"]] == [None, None]
    assert one["probabilities"] == [None, None, 0.5]
    assert (one["xyz"], one["action"]) == (None, None)


def test_a_line_is_on_disk_as_soon_as_its_frame_is_done(tmp_path):
    sink = JsonlSink(folder=str(tmp_path))
    run(sink, [frame(0), frame(1, events=[Event(1, "wave", 0.0, 1.0, 0.9)])])
    assert len(parsed(tmp_path / "frames.jsonl")) == 3
    assert len(parsed(tmp_path / "events.jsonl")) == 2
    sink.close()


def test_the_header_has_the_first_pictures_size_and_a_later_change_is_noted(tmp_path):
    sink = JsonlSink(folder=str(tmp_path))
    run(sink, [frame(0, size=(200, 100)), frame(1, size=(100, 200)), frame(2, size=(200, 100))])
    sink.close()
    header, first, second, third = parsed(tmp_path / "frames.jsonl")
    assert (header["width"], header["height"]) == (200, 100)
    assert (second["width"], second["height"]) == (100, 200)
    assert "width" not in first.keys() | third.keys()


def test_a_run_without_a_frame_still_has_headers(tmp_path):
    sink = JsonlSink(folder=str(tmp_path))
    sink.begin(INFO)
    sink.close()
    assert parsed(tmp_path / "frames.jsonl")[0]["kind"] == "frames"
    assert sink.summary()["frames"]["records"] == 0


# The terminal


class Screen(StringIO):
    def isatty(self):
        return True


def test_a_pipe_gets_one_line_for_each_change_and_each_finished_action():
    out = StringIO()
    sink = option("sink/terminal", stream=out, clock=lambda: 0.0)
    walk = person("walk", 0.5)
    ended = Event(1, "wave", 10.0, 12.0, 0.91)
    run(
        sink,
        [
            frame(0, 10.0, people={}),
            frame(1, 13.2),
            frame(2, 13.3),
            frame(3, 13.4, people={1: walk}, events=[ended]),
            frame(4, 13.5, people={1: walk, 2: person("walk", 0.7)}),
        ],
    )
    sink.close()
    assert out.getvalue().splitlines() == [
        "watching demo",
        "    3.2 s  person 1  wave  0.87",
        "    0.0 - 2.0 s  person 1  wave  0.91",
        "    3.4 s  person 1  walk  0.50",
        "    3.5 s  person 2  walk  0.70",
    ]


def test_the_same_action_after_a_pause_is_told_again():
    out = StringIO()
    sink = option("sink/terminal", stream=out, clock=lambda: 0.0)
    pause = {1: person(action=None)}
    run(sink, [frame(0), frame(1, people=pause), frame(2), frame(3)])
    assert out.getvalue().count("wave") == 2


def test_a_screen_gets_a_table_of_who_does_what(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    out = Screen()
    sink = option("sink/terminal", stream=out, clock=lambda: 0.025)
    people = {1: person(), 2: person("walk", 0.5)}
    run(sink, [frame(2, 1.5, people=people, events=[Event(7, "walk", 0.0, 1.4, 0.8)])])
    sink.close()
    shown = out.getvalue()
    for words in ("wave", "0.87", "1.5 s", "walk", "0.50", "age 25 ms", "fps", "person 7"):
        assert words in shown


def test_the_table_is_drawn_no_more_often_than_asked(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    now, out = [0.0], Screen()
    sink = option("sink/terminal", stream=out, clock=lambda: now[0], refresh_hz=8)
    sink.begin(INFO)
    for i in range(300):
        now[0] = i / 30
        sink(frame(i))
    seen_before_the_end = out.getvalue().count("confidence")
    sink.close()
    assert 60 < seen_before_the_end <= 81


def test_an_output_that_nobody_reads_ends_the_run_in_one_line():
    class Closed(StringIO):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(InputError, match="can't print to the terminal: Broken pipe"):
        option("sink/terminal", stream=Closed()).begin(INFO)


def test_the_rate_is_that_of_the_last_second():
    rate = Rate()
    slow = [rate(t) for t in np.arange(0, 5, 0.1)]
    fast = [rate(t) for t in np.arange(5, 7, 0.02)]
    assert slow[0] == 0
    assert (slow[-1], fast[-1]) == (pytest.approx(10), pytest.approx(50))


# The window


def watched(sink, screen):
    """Begin and go on until a picture was shown; how many frames that took."""
    sink.begin(INFO)
    return paced(lambda i: sink(frame(i)), until=lambda: screen["shown"])


def paced(show, *, until):
    """Show frames as a camera would, leaving the drawing thread its time; how many it took."""
    for i in range(10_000):
        show(i)
        if until():
            return i + 1
        time.sleep(0.002)
    raise AssertionError("nothing was drawn")


@pytest.fixture
def screen(monkeypatch):
    """A display without one: keys pressed, pictures shown, whether the window is still there."""
    state = {"key": -1, "shown": [], "visible": 1.0, "open": False, "threads": set()}

    def show(_, image):
        state["shown"].append(image.shape)
        state["threads"].add(threading.current_thread())

    monkeypatch.setattr(window, "_has_display", lambda: True)
    monkeypatch.setattr(window.cv2, "namedWindow", lambda *_: state.update(open=True))
    monkeypatch.setattr(window.cv2, "resizeWindow", lambda *_: None)
    monkeypatch.setattr(window.cv2, "imshow", show)
    monkeypatch.setattr(window.cv2, "waitKey", lambda _: state["key"])
    monkeypatch.setattr(window.cv2, "getWindowProperty", lambda *_: state["visible"])
    monkeypatch.setattr(window.cv2, "destroyAllWindows", lambda: state.update(open=False))
    return state


@pytest.mark.parametrize(
    "ending", [{"key": ord("q")}, {"key": 27}, {"visible": 0.0}], ids=["q", "Esc", "closed"]
)
def test_the_user_ends_the_run_from_the_window(screen, ending):
    sink = option(
        "sink/window",
    )
    given = watched(sink, screen)
    screen.update(ending)
    with pytest.raises(WindowClosed):
        sink(frame(given))
    sink.close()
    shown = len(screen["shown"])
    assert sink.summary() == {"frames": shown, "skipped": given + 1 - shown}
    assert screen["open"] is False


def test_the_window_is_touched_by_the_pipelines_thread_alone(screen):
    sink = option(
        "sink/window",
    )
    watched(sink, screen)
    sink.close()
    assert screen["threads"] == {threading.main_thread()}


def test_a_shown_picture_is_not_drawn_upon_any_more(screen, monkeypatch):
    shown, scenes = [], [np.full((120, 160, 3), grey, np.uint8) for grey in (0, 80, 160, 240)]
    monkeypatch.setattr(window.cv2, "imshow", lambda _, image: shown.append((image, image.copy())))
    sink = option(
        "sink/window",
    )
    sink.begin(INFO)
    paced(
        lambda i: sink(frame(i).knowing(image=scenes[i % 4])),
        until=lambda: len({then.tobytes() for _, then in shown}) > 3,
    )
    sink.close()
    assert all((image == then).all() for image, then in shown)


def test_a_defect_in_drawing_for_the_window_is_raised(screen, monkeypatch):
    def broken(frame):
        raise ZeroDivisionError

    monkeypatch.setattr(window, "Annotator", lambda *_, **__: broken)
    sink = option(
        "sink/window",
    )
    with pytest.raises(ZeroDivisionError):
        watched(sink, screen)
    sink.close()


def test_a_window_without_a_display_says_what_to_use_instead(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(InputError, match=r"needs a display; use sink=\[terminal,video\]"):
        option(
            "sink/window",
        )


def test_a_display_that_does_not_answer_is_an_error_line_not_the_end_of_the_process(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(InputError, match="needs a display"):
        option(
            "sink/window",
        )
