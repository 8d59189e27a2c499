import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Event, Timer
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.addresses import masked
from gastlive.gast.errors import InputError
from gastlive.realtime.clock import Clock
from gastlive.realtime.packets import Frame
from gastlive.realtime.sources import demo
from gastlive.realtime.sources.keypoints import Keypoints
from gastlive.realtime.sources.source import Rising, Source
from gastlive.realtime.sources.stream import Stream
from gastlive.realtime.sources.video import Video
from gastlive.realtime.sources.webcam import Webcam

SECRET = "s3cret"


class Skipping(Clock):
    """Time passes only by waiting, and waiting takes no time."""

    def __init__(self, now=100.0):
        self.now, self.waits = now, []

    def __call__(self):
        return self.now

    def wait(self, stop, seconds):
        self.waits.append(seconds)
        self.now += max(seconds, 0.0)
        return stop.is_set()


class Stepped(Clock):
    """Time passes only when the test says so; `advance` returns when the reader waits again."""

    def __init__(self, now=100.0):
        self.now, self.due, self.change = now, None, Condition()

    def __call__(self):
        return self.now

    def wait(self, stop, seconds):
        with self.change:
            self.due = self.now + seconds
            self.change.notify_all()
            while self.due > self.now + 1e-9 and not stop.is_set():
                self.change.wait(0.005)
            self.due = None
        return stop.is_set()

    def advance(self, seconds):
        with self.change:
            assert self.change.wait_for(self.is_reader_waiting, 5)
            self.now += seconds
            self.change.notify_all()
            assert self.change.wait_for(self.is_reader_waiting, 5)

    def is_reader_waiting(self):
        return self.due is not None and self.due > self.now + 1e-9


def shade(frame):
    """The grey of a flat picture."""
    return round(float(frame.image.mean()))


def shades(frames):
    return [round(shade(frame) / 10) for frame in frames]


def flat(index, *, width=64, height=48):
    """A picture of which `shades` reads the index back."""
    return np.full((height, width, 3), 10 * index, np.uint8)


def film(path, *, times_s, width=64, height=48, options=None):
    """An mp4 of flat pictures with these time stamps."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("mpeg4", rate=1000, options={"g": "5", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 1_000_000
        stream.codec_context.time_base = Fraction(1, 1000)
        for i, time_s in enumerate(times_s):
            picture = flat(i % 25, width=width, height=height)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = round(1000 * time_s), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return str(path)


@pytest.fixture
def clip(tmp_path):
    """20 pictures at 10 a second."""
    return film(tmp_path / "clip.mp4", times_s=[i / 10 for i in range(20)])


@contextmanager
def one_line(*parts):
    """An InputError of one line that names all of `parts` and no password."""
    with pytest.raises(InputError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    assert [part for part in parts if part not in message] == [], message


def threads(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


# Files


def test_a_video_is_read_whole_and_in_order_by_however_slow_a_pipeline(clip):
    source = option("source/video", path=clip)
    seen = []
    for frame in source:
        threading.Event().wait(0.002)
        seen.append(frame)
    assert shades(seen) == list(range(20))
    assert [frame.index for frame in seen] == list(range(20))
    assert {(frame.dropped, frame.width, frame.height) for frame in seen} == {(0, 64, 48)}
    assert (source.live, source.warnings) == (False, [])
    assert source.fps == pytest.approx(10, rel=0.1)


def test_a_video_can_be_read_twice(clip):
    source = option("source/video", path=clip)
    assert [f.time_s for f in source] == [f.time_s for f in source] != []


def test_time_is_the_files_own_even_where_the_frame_rate_varies(tmp_path):
    times_s = [0.0, 0.1, 0.15, 0.4, 1.0, 1.02]
    frames = list(option("source/video", path=film(tmp_path / "vfr.mp4", times_s=times_s)))
    assert [frame.time_s for frame in frames] == pytest.approx(times_s)


def test_the_age_of_a_files_frame_counts_from_when_the_pipeline_took_it():
    class Ahead(Source):
        def read(self, stop):
            for i in range(3):
                yield Frame(None, index=i, time_s=i, captured_s=0.0, width=1, height=1)

    clock, captured_s = Skipping(), []
    for frame in Ahead("ahead", "a file read ahead", clock=clock):
        captured_s.append(frame.captured_s)
        clock.now += 1
    assert captured_s == [100, 101, 102]


def test_a_span_of_a_video_keeps_the_files_time(clip):
    frames = list(option("source/video", path=clip, start_s=0.45, stop_s=0.8))
    assert [frame.time_s for frame in frames] == pytest.approx([0.5, 0.6, 0.7])
    assert shades(frames) == [5, 6, 7]
    assert [frame.index for frame in frames] == [0, 1, 2]


@pytest.mark.parametrize("step", [lambda i: i, lambda i: 3 * i if i < 3 else 7 + i / 10])
def test_a_span_far_into_a_video_begins_at_the_same_picture(tmp_path, step):
    """Also where the frame rate varies and OpenCV jumps to the wrong place."""
    path = film(tmp_path / "long.mp4", times_s=[float(step(i)) for i in range(20)])
    whole = [frame for frame in option("source/video", path=path) if frame.time_s >= 6]
    span = list(option("source/video", path=path, start_s=6))
    assert shades(span) == shades(whole) != []
    assert [f.time_s for f in span] == pytest.approx([f.time_s for f in whole])


def test_a_phone_video_comes_upright(clip, tmp_path):
    data = bytearray(Path(clip).read_bytes())
    matrix = data.index(b"tkhd") + 44
    quarter_turn = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30)
    data[matrix : matrix + 36] = quarter_turn
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data)
    frame = next(iter(option("source/video", path=str(turned))))
    assert frame.image.shape == (64, 48, 3)
    assert (frame.width, frame.height) == (48, 64)


def test_a_video_cut_short_ends_with_what_there_is_and_a_warning(tmp_path, capfd):
    times_s = [i / 10 for i in range(50)]
    path = film(tmp_path / "fast.mp4", times_s=times_s, options={"movflags": "faststart"})
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) * 3 // 4])
    source = option("source/video", path=path)
    count = len(list(source))
    assert 0 < count < 50
    assert [f"{count} of 50" in line and path in line for line in source.warnings] == [True]
    assert capfd.readouterr().err == ""


def test_a_file_that_is_no_video_is_named_in_one_line_without_noise(tmp_path, capfd):
    junk = tmp_path / "junk.mp4"
    for content, said in ((b"", "is empty"), (b"not a video " * 50, "not a video")):
        junk.write_bytes(content)
        with one_line(str(junk), said):
            option("source/video", path=str(junk))
    with one_line(str(tmp_path / "missing.mp4"), "no such file"):
        option("source/video", path=str(tmp_path / "missing.mp4"))
    assert capfd.readouterr().err == ""


def test_a_span_without_pictures_is_an_error(clip):
    with one_line(clip, "no picture from 3 s on", "1.90 s"):
        list(option("source/video", path=clip, start_s=3.0))
    with one_line(clip, "stop_s=1.0"):
        option("source/video", path=clip, start_s=2.0, stop_s=1.0)


def test_leaving_off_early_gives_the_file_back(clip):
    source = option("source/video", path=clip)
    for frame in source:
        if frame.index == 3:
            break
    source.close()
    assert threads("video") == []


def test_closing_in_the_middle_gives_the_file_back_even_if_the_iterator_lives_on(clip):
    with option("source/video", path=clip) as source:
        frames = iter(source)
        next(frames)
        assert threads("video") != []
    assert threads("video") == []
    assert list(frames) == []


# Files again and again


def test_a_video_played_three_times_goes_on_in_time_and_index(clip):
    frames = list(option("source/video", path=clip, repeat=3))
    assert shades(frames) == 3 * list(range(20))
    assert [frame.index for frame in frames] == list(range(60))
    assert [frame.time_s for frame in frames] == pytest.approx(
        [i / 10 for i in range(60)], abs=0.02
    )


@pytest.mark.parametrize("start_s", [0.45, 6.45])
def test_every_turn_plays_the_span_only(tmp_path, start_s):
    path = film(tmp_path / "long.mp4", times_s=[i / 10 for i in range(80)])
    frames = list(
        option("source/video", path=path, start_s=start_s, stop_s=start_s + 0.35, repeat=2)
    )
    first = round(10 * start_s + 0.5)
    assert shades(frames) == 2 * [i % 25 for i in range(first, first + 3)]
    assert [frame.index for frame in frames] == list(range(6))
    times_s = [start_s + 0.05 + i / 10 for i in range(6)]
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=0.02)


def test_without_end_it_is_played_until_so_many_frames(clip):
    frames = list(option("source/video", path=clip, repeat=0, frames=47))
    assert shades(frames) == [i % 20 for i in range(47)]
    assert len(list(option("source/video", path=clip, frames=20, repeat=2))) == 20
    assert len(list(option("source/video", path=clip, frames=99))) == 20


def test_frames_stop_within_the_first_turn_without_a_warning(clip):
    source = option("source/video", path=clip, frames=3)
    assert (shades(source), source.warnings) == ([0, 1, 2], [])


def test_without_end_in_real_time_no_picture_is_late_at_the_seam(clip):
    clock = Skipping()
    source = option("source/video", path=clip, realtime=True, repeat=0, frames=50, clock=clock)
    seen = [(f.time_s, f.captured_s, clock()) for f in source.read(Event())]
    assert np.array(seen) == pytest.approx(100 + np.array([np.arange(50) / 10] * 3).T, abs=0.02)
    assert [now - captured_s for _, captured_s, now in seen] == pytest.approx([0] * 50)


def test_the_next_turn_is_opened_and_wound_long_before_the_seam(clip, monkeypatch):
    source, ready, reels = (
        option("source/video", path=clip, repeat=2, start_s=0.3),
        threading.Event(),
        [],
    )

    def reel():
        reels.append(Video._reel(source))
        if len(reels) == 2:
            ready.set()
        return reels[-1]

    monkeypatch.setattr(source, "_reel", reel)
    next(source.read(Event()))
    assert ready.wait(5)
    assert reels[1].time_s == pytest.approx(0.3)


def test_leaving_off_a_video_without_end_gives_the_file_back(clip):
    with option("source/video", path=clip, repeat=0) as source:
        for frame in source:
            if frame.index == 30:
                break
    assert [thread for thread in threading.enumerate() if "video" in thread.name] == []


def test_a_damaged_video_says_so_once_however_often_it_is_played(tmp_path):
    times_s = [i / 10 for i in range(50)]
    path = film(tmp_path / "fast.mp4", times_s=times_s, options={"movflags": "faststart"})
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 3])
    source = option("source/video", path=path, repeat=3)
    assert 3 < len(list(source)) < 75
    assert len(source.warnings) == 1


def test_a_video_that_is_gone_at_the_next_turn_is_an_error(clip):
    with one_line(clip, "no such file"):
        for frame in option("source/video", path=clip, repeat=0):
            if frame.index == 0:
                Path(clip).unlink(missing_ok=True)  # what is read ahead may have been opened


@pytest.mark.parametrize("realtime", [False, True])
def test_a_given_rate_goes_before_the_time_stamps(tmp_path, realtime):
    path = film(tmp_path / "vfr.mp4", times_s=[0.0, 0.1, 0.15, 0.4, 1.0])
    source = option(
        "source/video", path=path, fps=4.0, repeat=2, realtime=realtime, clock=Skipping(0.0)
    )
    assert source.fps == 4.0
    times_s = [frame.time_s for frame in source.read(Event())]
    assert times_s == pytest.approx([i / 4 for i in range(10)])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"repeat": -1}, "repeat=-1"),
        ({"repeat": 1.5}, "repeat=1.5"),
        ({"frames": 0}, "frames=0"),
        ({"fps": 0.0}, "fps=0.0"),
        ({"fps": float("nan")}, "fps=nan"),
        ({"fps": float("inf")}, "fps=inf"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(clip, given, said):
    with one_line(clip, said):
        option("source/video", path=clip, **given)


# Files as cameras


def test_in_real_time_each_frame_comes_when_its_time_stamp_says(tmp_path):
    clock, times_s = Skipping(), [0.0, 0.1, 0.15, 0.4, 1.0]
    source = option(
        "source/video", path=film(tmp_path / "vfr.mp4", times_s=times_s), realtime=True, clock=clock
    )
    seen = [(frame.time_s, frame.captured_s, clock()) for frame in source.read(Event())]
    assert source.live
    assert np.array(seen) == pytest.approx(100 + np.array([times_s] * 3).T)


def test_in_real_time_a_frame_decoded_too_late_counts_from_when_it_was_due(clip):
    clock = Skipping()
    ages_s = []
    for frame in option("source/video", path=clip, realtime=True, clock=clock).read(Event()):
        ages_s.append(clock() - frame.captured_s)
        clock.now += 0.25 if frame.index == 2 else 0.0
    assert ages_s[:6] == pytest.approx([0, 0, 0, 0.15, 0.05, 0])


def test_in_real_time_what_a_slow_pipeline_missed_is_dropped_and_counted(clip):
    clock = Stepped()
    with option("source/video", path=clip, realtime=True, clock=clock) as source:
        frames = iter(source)
        seen = [next(frames)]
        for pause_s in (0.35, 0.1, 0.25):
            clock.advance(pause_s)
            seen.append(next(frames))
        assert [frame.index for frame in seen] == [0, 3, 4, 7]
        assert [frame.dropped for frame in seen] == [0, 2, 2, 4]
        assert shades(seen) == [0, 3, 4, 7]
        assert seen[-1].captured_s == pytest.approx(100.7)


def test_closing_ends_the_wait_for_a_frame_that_is_not_due_yet(tmp_path):
    source = option(
        "source/video", path=film(tmp_path / "slow.mp4", times_s=[0.0, 60.0]), realtime=True
    )
    frames = iter(source)
    next(frames)
    source.close()
    assert threads("video") == []
    assert list(frames) == []


def test_the_demo_is_a_video(clip, monkeypatch):
    monkeypatch.setattr(demo, "PATH", Path(clip))
    assert shades(option("source/demo")) == list(range(20))
    assert option("source/demo", realtime=True).live
    assert shades(option("source/demo", repeat=0, frames=25)) == [i % 20 for i in range(25)]
    assert option("source/demo", fps=60.0).fps == 60
    monkeypatch.setattr(demo, "PATH", Path("/nowhere/demo.mp4"))
    with one_line("/nowhere/demo.mp4"):
        option("source/demo")


# Cameras


class FakeCapture:
    """Delivers these pictures, a broken one for ``None``, then nothing any more."""

    def __init__(self, pictures, *, size=(64, 48), fps=30.0, then=lambda: False):
        self.pictures, self.then, self.is_released = list(pictures), then, False
        self.properties = {
            cv2.CAP_PROP_FRAME_WIDTH: size[0],
            cv2.CAP_PROP_FRAME_HEIGHT: size[1],
            cv2.CAP_PROP_FPS: fps,
        }

    def get(self, key):
        return self.properties.get(key, 0.0)

    def grab(self):
        return bool(self.pictures) or self.then()

    def retrieve(self):
        picture = self.pictures.pop(0)
        return picture is not None, picture

    def release(self):
        self.is_released = True


def webcam(tmp_path, capture, **options):
    device = tmp_path / "video0"
    device.touch()

    class Fake(Webcam):
        def open(self):
            return capture

    return Fake(str(device), width=64, height=48, **{"fps": 30.0, "timeout_s": 0.1, **options})


def test_a_cameras_frames_are_stamped_when_grabbed(tmp_path):
    clock = Skipping()
    source = webcam(tmp_path, FakeCapture([flat(1), flat(2)]), clock=clock)
    frames = source.read(Event())
    stamps = []
    for _ in range(2):
        frame = next(frames)
        stamps.append((frame.index, frame.time_s, frame.captured_s))
        clock.now += 1
    assert stamps == [(0, 100.0, 100.0), (1, 101.0, 101.0)]


STAMPS_S = (0.0, 0.04, 0.0, 0.0, float("nan"), 0.035, 0.2, 0.12, 0.2, 0.24, -1e3, 0.24)


class Stamped:
    """A decoder of twelve pictures whose time stamps are `STAMPS_S`."""

    kind, fps, announced, failure, packets = "a fake", 25.0, 0, "", 12

    def __init__(self, *, is_recording=True):
        self.is_recording, self.duration_s = is_recording, 0.48 * is_recording

    def __iter__(self):
        for i, time_s in enumerate(STAMPS_S):
            yield SimpleNamespace(time_s=time_s, is_patched=False, image=partial(flat, i))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        pass


def with_wild_stamps(kind, tmp_path):
    """A source of that kind of twelve pictures, on a clock that stands still."""
    if kind == "video":

        class FakeVideo(Video):
            def _open(self):
                return Stamped()

        (tmp_path / "clip.mp4").write_bytes(b"x")
        return FakeVideo(str(tmp_path / "clip.mp4"), realtime=False, start_s=0.0, repeat=1)
    if kind == "images":
        for i in range(12):
            cv2.imwrite(str(tmp_path / f"{i}.png"), flat(i))
        return option("source/images", folder=str(tmp_path))
    if kind == "webcam":
        return webcam(tmp_path, FakeCapture([flat(i) for i in range(12)]), clock=Skipping())

    class FakeStream(Stream):
        def _connect(self):
            self.fps = 25.0
            return Stamped(is_recording=kind == "recording")

    waits = {"timeout_s": 10.0, "retry_s": 1.0, "retry_max_s": 30.0, "give_up_s": 120.0}
    return FakeStream("http://127.0.0.1/clip.mp4", transport="tcp", **waits, clock=Skipping())


@pytest.mark.parametrize("kind", ["video", "recording", "stream", "images", "webcam"])
def test_time_stamps_rise_strictly_whatever_the_file_or_the_clock_says(tmp_path, kind):
    frames = with_wild_stamps(kind, tmp_path).read(Event())
    times_s = [next(frames).time_s for _ in range(12)]
    frames.close()
    assert (np.diff(times_s) > 0).all()


def test_a_time_stamp_that_goes_back_goes_on_by_the_rate(tmp_path):
    expected = [0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.44]
    for kind, start_s in (("video", 0), ("recording", 100)):
        times_s = [f.time_s - start_s for f in with_wild_stamps(kind, tmp_path).read(Event())]
        assert times_s == pytest.approx(expected)


def test_a_first_picture_without_a_time_stamp_is_at_zero_and_not_left_out():
    stamp = Rising(0.04)
    assert [stamp(float("nan")), stamp(float("nan")), stamp(0.1)] == [0, 0.04, 0.1]


def test_a_camera_that_dies_is_an_error_after_all_that_came_before(tmp_path):
    capture = FakeCapture([flat(i) for i in range(3)])
    source, seen = webcam(tmp_path, capture), []
    with one_line("video0", "stopped delivering after 3 frames", "cable"):
        seen.extend(source)
    assert seen[-1].index == 2
    assert capture.is_released
    assert threads("webcam") == []


def test_a_camera_that_hangs_does_not_hang_the_program(tmp_path, monkeypatch):
    monkeypatch.setattr("gastlive.realtime.sources.source.PARTING_S", 0.05)
    unhang = Event()
    source = webcam(tmp_path, FakeCapture([flat(0)], then=lambda: unhang.wait(30) and False))
    with one_line("video0", "after 1 frames"):
        list(source)
    (stuck,) = threads("webcam")
    unhang.set()
    stuck.join(5)
    assert not stuck.is_alive()


def test_an_unreadable_picture_of_a_camera_is_passed_over(tmp_path):
    source = webcam(tmp_path, FakeCapture([flat(1), None, flat(3)]), clock=Skipping())
    frames = source.read(Event())
    assert shades([next(frames), next(frames)]) == [1, 3]


def test_a_picture_size_that_changes_is_passed_on(tmp_path):
    capture = FakeCapture([flat(1), flat(2, width=32, height=24)])
    frames = webcam(tmp_path, capture).read(Event())
    assert [(f.width, f.height) for f in (next(frames), next(frames))] == [(64, 48), (32, 24)]


def test_what_a_camera_gives_instead_of_what_was_asked_for_is_said(tmp_path):
    source = webcam(tmp_path, FakeCapture([flat(1)], size=(320, 240), fps=15.0))
    next(source.read(Event()))
    (line,) = source.warnings
    assert "320x240 at 15 " in line
    assert "64x48 at 30" in line
    assert "320x240" in source.description
    assert source.fps == 15


@pytest.fixture
def _listening_to_ctrl_c():
    """Also where the tests run in the background of a shell, which makes Python ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_listening_to_ctrl_c")
def test_ctrl_c_gets_through_while_a_camera_is_silent(tmp_path):
    source = webcam(tmp_path, FakeCapture([flat(0)]), timeout_s=30)
    interrupt = signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)
    Timer(0.1, *interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        list(source)
    source.close()
    assert threads("webcam") == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /dev/video*")
def test_a_missing_camera_is_named_with_those_there_are(tmp_path, capfd):
    with one_line("camera 987", "/dev/video987", "doesn't exist", "there "):
        option("source/webcam", device=987)
    with one_line("/dev/nothing", "doesn't exist"):
        option("source/webcam", device="/dev/nothing")
    assert option("source/webcam", device=str(tmp_path)).device == str(tmp_path)
    (tmp_path / "file").touch()
    with one_line("file", "can't be opened", "the program that uses it"):
        list(option("source/webcam", device=str(tmp_path / "file")))
    assert capfd.readouterr().err == ""


# Network cameras


def jpeg(picture):
    return cv2.imencode(".jpg", picture)[1].tobytes()


class Server:
    """A small HTTP camera on this machine; as a context manager it is on the air.

    Its pictures are so many of `flat`, or a list of the bytes of each.
    """

    def __init__(self, *, pictures=3, body=None, is_stalling=False):
        made = map(jpeg, map(flat, range(pictures))) if isinstance(pictures, int) else pictures
        self.pictures, self.body, self.is_stalling = list(made), body, is_stalling
        self.port, self.end = 0, Event()

    def url(self, path="cam"):
        return f"http://user:{SECRET}@127.0.0.1:{self.port}/{path}?token={SECRET}"

    def start(self):
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.end.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, request):
        request.send_response(200)
        if self.body is not None:
            request.send_header("Content-Length", str(len(self.body)))
            request.end_headers()
            request.wfile.write(self.body)
            return
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
        request.end_headers()
        for data in self.pictures:
            head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            request.wfile.write(head.encode() + data + b"\r\n")
        if self.is_stalling:
            self.end.wait(10)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class Scripted(Skipping):
    """Does something at certain waits, counted from one."""

    def __init__(self, **at):
        super().__init__()
        self.at = {int(key.removeprefix("wait")): action for key, action in at.items()}

    def wait(self, stop, seconds):
        ended = super().wait(stop, seconds)
        self.at.get(len(self.waits), lambda: None)()
        return ended


def test_a_stream_goes_on_after_its_server_was_away():
    server = Server()
    server.start()
    clock = Scripted(wait1=server.stop, wait3=server.start)
    source = option("source/stream", url=server.url(), clock=clock)
    frames = source.read(Event())
    first = [next(frames) for _ in range(3)]
    again = [next(frames) for _ in range(3)]
    next(frames)
    frames.close()
    server.stop()
    assert shades(first) == [0, 1, 2]
    assert [frame.index for frame in first + again] == list(range(6))
    times_s = [frame.time_s - 100 for frame in first + again]
    assert times_s == pytest.approx([0, 0, 0, 7, 7, 7], abs=0.003)
    assert clock.waits == [1, 2, 4, 1]
    assert [re.findall(r"lost after (\d)", text) for text in source.warnings] == [["3"], ["6"]]
    assert SECRET not in "".join(source.warnings)
    assert source.live


def test_a_stream_that_stays_away_is_given_up_with_what_came_before_delivered():
    server = Server()
    server.start()
    clock = Scripted(wait1=server.stop)
    source = option(
        "source/stream", url=server.url(), retry_s=1, retry_max_s=8, give_up_s=30, clock=clock
    )
    seen = []
    with one_line(f"127.0.0.1:{server.port}", "after 3 frames", "30 s"):
        seen.extend(source.read(Event()))
    assert [frame.index for frame in seen] == [0, 1, 2]
    assert clock.waits == [1, 2, 4, 8, 8]


def test_the_pipeline_gets_a_streams_newest_frame():
    with Server() as server, option("source/stream", url=server.url()) as source:
        frame = next(frame for frame in source if frame.index == 2)
    assert shades([frame]) == [2]
    assert threads("stream") == []


def test_a_stream_that_stalls_is_connected_anew():
    start_s = time.monotonic()
    with Server(is_stalling=True) as server:
        source = option("source/stream", url=server.url(), timeout_s=0.2, clock=Skipping())
        frames = source.read(Event())
        assert [next(frames).index for _ in range(4)] == [0, 1, 2, 3]
        frames.close()
    assert len(source.warnings) == 1
    assert time.monotonic() - start_s < 5


def test_a_recording_on_a_server_is_played_at_its_own_speed_and_ends(clip):
    clock = Skipping()
    with Server(body=Path(clip).read_bytes()) as server:
        frames = list(option("source/stream", url=server.url(), clock=clock).read(Event()))
    assert shades(frames) == list(range(20))
    assert [frame.time_s - 100 for frame in frames] == pytest.approx([i / 10 for i in range(20)])


def test_an_address_where_nothing_answers_is_an_error_at_once(capfd):
    server = Server()
    with server:
        pass
    for scheme in ("http", "rtsp"):
        url = server.url().replace("http", scheme)
        with one_line(f"{scheme}://***@127.0.0.1:{server.port}/cam***", "password"):
            list(option("source/stream", url=url))
    out, err = capfd.readouterr()
    assert out + err == ""


def test_an_address_that_is_none_names_those_that_are():
    for url in (f"user:{SECRET}@camera/cam", f"ftp://user:{SECRET}@camera/cam"):
        with pytest.raises(InputError, match=r"must begin with rtsp://, .*http://") as caught:
            option("source/stream", url=url)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("rtsp://10.0.0.2:554/live/1", "rtsp://10.0.0.2:554/live/1"),
        (f"rtsp://admin:{SECRET}@10.0.0.2/live", "rtsp://***@10.0.0.2/live"),
        (f"rtsp://{SECRET}@10.0.0.2", "rtsp://***@10.0.0.2"),
        (f"rtsp://a:{SECRET}@{SECRET}@10.0.0.2/live", "rtsp://***@10.0.0.2/live"),
        (f"rtsp://a:{SECRET}/{SECRET}@10.0.0.2/live", "rtsp://***"),
        (f"rtsp://a:b@{SECRET}/{SECRET}@10.0.0.2/live", "rtsp://***"),
        (f"rtsp://a:x?{SECRET}={SECRET}@10.0.0.2/live", "rtsp://***"),
        (f"http://cam/video?token={SECRET}&x=1", "http://cam/video***"),
        (f"http://cam?{SECRET}", "http://cam***"),
        (f"http://cam/v?user=me@{SECRET}&t={SECRET}", "http://***"),
        (f"rtsp://cam:554/user=admin&password={SECRET}&ch=1", "rtsp://cam:554/user***"),
        (f"admin:{SECRET}@cam", "***"),
    ],
)
def test_credentials_are_never_printed(url, printed):
    assert masked(url) == printed


# Pictures


def test_pictures_come_in_natural_order_at_the_rate_given(tmp_path):
    for i, name in enumerate(["7.jpg", "a2.PNG", "a10.bmp", "b.webp", "b9.png"]):
        cv2.imwrite(str(tmp_path / name.lower()), flat(i, width=64 + i))
        (tmp_path / name.lower()).rename(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    frames = list(option("source/images", folder=str(tmp_path), fps=10))
    assert shades(frames) == [0, 1, 2, 3, 4]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert [frame.width for frame in frames] == [64, 65, 66, 67, 68]
    assert shades(option("source/images", folder=str(tmp_path), pattern="a*")) == [1, 2]


def test_a_broken_picture_is_named_or_left_out_with_a_warning(tmp_path):
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), flat(i))
    broken = tmp_path / "1.png"
    for content in (b"", b"no picture"):
        broken.write_bytes(content)
        with one_line(str(broken), "skip_broken=true"):
            list(option("source/images", folder=str(tmp_path)))
        source = option("source/images", folder=str(tmp_path), skip_broken=True)
        assert shades(source) == [0, 2]
        assert [str(broken) in line for line in source.warnings] == [True]


def test_a_folder_without_pictures_is_an_error(tmp_path):
    with one_line(str(tmp_path), "no picture fits '*'", ".jpg"):
        option("source/images", folder=str(tmp_path))
    with one_line("nowhere", "no such folder"):
        option("source/images", folder="nowhere")
    cv2.imwrite(str(tmp_path / "1.png"), flat(1))
    for fps in (0, float("nan"), float("inf")):
        with one_line(f"fps={fps}"):
            option("source/images", folder=str(tmp_path), fps=fps)


# Keypoints

XY = [[10.0 + j, 20.0 + j] for j in range(17)]


def jsonl(path, *lines, end="\n", **header):
    head = {"gastlive": 1, "kind": "frames", "width": 640, "height": 480, "fps": 30.0}
    head |= {"layout": "coco17", **header}
    path.write_text("\n".join(json.dumps(line) for line in (head, *lines)) + end)
    return str(path)


def line(index=0, *people, **fields):
    return {"index": index, "time_s": index / 30, "dropped": 0, "people": list(people), **fields}


def person(xy=XY, confidence=(0.5,) * 17, **fields):
    return {"track": 1, "score": 0.9, "xy": xy, "confidence": list(confidence), **fields}


def test_a_runs_frames_are_replayed_as_they_were(tmp_path):
    path = jsonl(
        tmp_path / "frames.jsonl",
        line(0, person(), person(score=0.4)),
        line(3, dropped=2, time_s=0.11, width=320, height=240),
    )
    source = Keypoints(path)
    first, second = source
    assert first.image is None
    assert (first.width, first.height, source.fps, source.live) == (640, 480, 30.0, False)
    assert [pose.score for pose in first.poses] == pytest.approx([0.9, 0.4])
    assert first.poses[0].layout.name == "coco17"
    np.testing.assert_array_equal(first.poses[0].xy, np.float32(XY))
    assert first.poses[0].xy.dtype == first.poses[0].confidence.dtype == np.float32
    assert (second.index, second.time_s, second.dropped, second.poses) == (3, 0.11, 2, ())
    assert (second.width, second.height) == (320, 240)


def test_joints_that_are_missing_become_nan_without_confidence(tmp_path):
    xy = [None, [None, None], [float("nan"), 5.0], *XY[3:]]
    confidence = [0.9, 0.9, 0.9, None, *[2.0] * 13]
    path = jsonl(tmp_path / "frames.jsonl", line(0, person(xy, confidence)))
    (pose,) = next(iter(Keypoints(path))).poses
    assert np.isnan(pose.xy[:4]).all()
    np.testing.assert_array_equal(pose.confidence, [0] * 4 + [1] * 13)
    np.testing.assert_array_equal(pose.xy[4:], np.float32(XY[4:]))


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "null",
        "[]",
        '{"index": 1}',
        json.dumps(line(1, person(XY[:5]))),
        json.dumps(line(0)),
        json.dumps(line(1, time_s=float("nan"))),
        json.dumps(line(1, time_s=float("inf"))),
    ],
)
def test_a_broken_line_is_named_after_the_frames_before_it(tmp_path, broken):
    path = jsonl(tmp_path / "frames.jsonl", line(0), end=f"\n{broken}\n")
    seen = []
    with one_line(f"{path} line 3"):
        seen.extend(Keypoints(path))
    assert [frame.index for frame in seen] == [0]


def test_a_last_line_cut_off_by_a_crash_is_left_out_with_a_warning(tmp_path):
    path = jsonl(tmp_path / "frames.jsonl", line(0), end='\n{"index": 1, "ti')
    source = Keypoints(path)
    assert len(list(source)) == 1
    assert [f"{path} line 3" in text for text in source.warnings] == [True]


def reference(path, *, flat=False, frames=(1, 2, 4)):
    pose = [value for point in XY for value in point] if flat else XY
    score = [0.25] * 17 if flat else [[0.25]] * 17
    skeleton = [{"pose": pose, "score": score, "bbox": [0, 0, 5, 5]}]
    data = [{"frame_index": i, "skeleton": skeleton} for i in frames]
    path.write_text(json.dumps({"label": "walk", "label_index": 3, "data": data}))
    return str(path)


@pytest.mark.parametrize("flat", [False, True])
def test_the_references_json_is_replayed(tmp_path, flat):
    path = reference(tmp_path / "walk.json", flat=flat)
    frames = list(Keypoints(path, fps=25, width=1280, height=720))
    assert [frame.index for frame in frames] == [0, 1, 3]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.12])
    assert (frames[0].width, frames[0].height) == (1280, 720)
    (pose,) = frames[0].poses
    np.testing.assert_array_equal(pose.xy, np.float32(XY))
    assert pose.score == pytest.approx(0.25)


def test_what_a_keypoint_file_does_not_say_must_be_given(tmp_path):
    path = reference(tmp_path / "walk.json")
    with one_line(path, "source.width="):
        Keypoints(path, fps=25, height=720)
    with one_line(path, "source.fps="):
        Keypoints(path, width=1280, height=720)
    path = jsonl(tmp_path / "frames.jsonl", fps=None)
    assert Keypoints(path).fps is None
    with one_line(path, "width=320", "640"):
        Keypoints(path, width=320)


def test_a_file_without_keypoints_is_named(tmp_path):
    size = {"fps": 25, "width": 640, "height": 480}
    other = tmp_path / "other.json"
    for content in ("", "nonsense", "[1, 2]", '{"data": 3}'):
        other.write_text(content)
        with one_line(str(other), "neither a frames.jsonl nor"):
            list(Keypoints(str(other), **size))
    with one_line("nowhere.json", "no such file"):
        Keypoints("nowhere.json")
    with one_line("line 1", "version 1"):
        Keypoints(jsonl(tmp_path / "frames.jsonl", gastlive=2))
    with one_line("unknown joint layout 'blob'"):
        Keypoints(jsonl(tmp_path / "frames.jsonl", layout="blob"))
    path = reference(tmp_path / "walk.json", frames=(0,))
    with one_line(f"{path} entry 1", "count from one"):
        list(Keypoints(path, **size))


# OpenCV itself


def test_a_server_without_libgl_gets_one_line_of_advice(tmp_path):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object')")
    done = subprocess.run(
        [sys.executable, "-c", "import gastlive.realtime.opencv"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert re.match(r"gastlive\.gast\.errors\.InputError: OpenCV can't load \(libGL\.so\.1", last)
    assert "install libgl1 or pip install opencv-python-headless" in last


@pytest.mark.parametrize(("people", "tile"), [(1, (480, 640)), (3, (480, 213)), (5, (240, 213))])
def test_a_crowd_shows_the_demos_person_in_every_tile_each_later_than_the_one_before(people, tile):
    frames = list(option("source/crowd", people=people, frames=56).read(Event()))
    assert [frame.index for frame in frames] == list(range(56))
    height, width = tile
    rows = 480 // height

    def shown(frame, person):
        row, column = divmod(person, -(-people // rows))
        return frame.image[row * height :, column * width :][:height, :width].astype(int)

    for person in range(people):
        # Their past before they began is their first picture.
        behind = max(0, 55 - 51 * person)
        wanted = shown(frames[behind], 0)
        assert np.abs(shown(frames[55], person) - wanted).max() == 0
        dark = (wanted.sum(-1) < 150).mean(0)  # trousers and hair, well within the tile
        columns = np.arange(width)
        assert abs((dark * columns).sum() / dark.sum() / width - 0.5) < 0.3


@pytest.mark.parametrize("people", [0, 13, 1.5])
def test_a_crowd_of_no_sensible_size_is_refused(people):
    with one_line(f"people={people} can't be shown; give 1 to 12"):
        option("source/crowd", people=people)


def test_a_source_that_is_stuck_in_its_driver_says_so_until_it_comes_back(monkeypatch):
    back = Event()

    class Stuck(Source):
        def read(self, stop):
            yield Frame(None, 0, 0.0, 0.0, 9, 9)
            back.wait()

    monkeypatch.setattr("gastlive.realtime.sources.source.PARTING_S", 0.01)
    stuck = Stuck("stuck", "a stuck camera")
    next(iter(stuck))
    stuck.close()
    assert stuck.lingers
    back.set()
    deadline = time.monotonic() + 30
    while stuck.lingers:
        assert time.monotonic() < deadline
        time.sleep(0.01)
