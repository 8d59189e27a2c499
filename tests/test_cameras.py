"""Several cameras in one process: made-up cameras, real small nets, real sinks."""

import json
import os
import signal
import threading
from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive.action.decision import Decision
from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.chain import together
from gastlive.realtime.clock import Clock
from gastlive.realtime.detectors.none import NoDetector
from gastlive.realtime.live import build, report
from gastlive.realtime.packets import Event, Frame, Person
from gastlive.realtime.sinks.jsonl import JsonlSink
from gastlive.realtime.sources.entries import Entry, entries
from gastlive.realtime.sources.keypoints import Keypoints
from gastlive.realtime.sources.many import Many
from gastlive.realtime.stages.deciding import Decide
from gastlive.realtime.stages.stage import anew
from gastlive.realtime.stages.zones import Zones

from .sent import INFO
from .test_pipeline import Waving, lines, pipeline, pose, small_weights


class Made:
    """A camera of made-up frames; a live one goes on until it is closed, if it has no number."""

    fps, layout, damaged, reconnects = 30.0, COCO17, 0, 0

    def __init__(self, *people, frames=None, then=None, live=False, at_s=0.0, shift=0.0):
        self.people, self.frames, self.then, self.live = people, frames, then, live
        self.at_s, self.shift = at_s, shift
        self.made, self.warnings, self.stop = 0, [], threading.Event()
        self.description = f"made-up camera of {people}"

    def __iter__(self):
        while self.made != self.frames and not self.stop.wait(0.001 if self.live else 0):
            time_s = self.at_s + self.made / 30
            seen = tuple(pose(x, time_s + self.shift) for x in self.people)
            yield Frame(None, self.made, time_s, time_s, 640, 480, poses=seen)
            self.made += 1
        if self.then is not None:
            raise self.then

    def close(self):
        self.stop.set()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return small_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def many(monkeypatch):
    """Makes `Many` of made-up cameras by name; of a list, each start takes the next one."""

    def make(at_once=2, **made):
        def opened(entry):
            source = made[entry.name]
            return source.pop(0) if isinstance(source, list) else source

        monkeypatch.setattr(Entry, "open", opened)
        given = [{"name": name, "path": "a.mp4"} for name in made]
        return Many(given, at_once=at_once)

    return make


def by_camera(path):
    found = {}
    for record in lines(path)[1:]:
        found.setdefault(record.pop("camera"), []).append(record)
    return found


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_several_cameras_give_what_each_gives_alone(weights, tmp_path, many, at_once):
    """Also when they begin at other times, end at other times, and one has two people."""
    made = {
        "door": lambda: Made(150, frames=50),
        "hall": lambda: Made(100, 450, frames=70, at_s=40.0, shift=1.0),
        "yard": lambda: Made(300, frames=60, at_s=3.0, shift=2.0),
    }
    source = many(at_once, **{name: make() for name, make in made.items()})
    summary = pipeline(source, weights, tmp_path / "all").run()
    found = by_camera(tmp_path / "all" / "frames.jsonl")
    ids = set()
    for name, make in made.items():
        pipeline(make(), weights, tmp_path / name).run()
        alone = lines(tmp_path / name / "frames.jsonl")[1:]
        assert len(found[name]) == len(alone) == summary["cameras"][name]["processed"]
        called = {}
        for here, there in zip(found[name], alone, strict=True):
            assert (here["index"], here["time_s"]) == (there["index"], there["time_s"])
            for person, twin in zip(here["people"], there["people"], strict=True):
                assert called.setdefault(twin["track"], person["track"]) == person["track"]
                assert person["xy"] == twin["xy"]
                np.testing.assert_allclose(person["xyz"], twin["xyz"], atol=0.002)
                np.testing.assert_allclose(
                    person["probabilities"], twin["probabilities"], atol=0.002
                )
                assert person["action"]["label"] == twin["action"]["label"]
        assert not ids & set(called.values())
        ids |= set(called.values())
    assert ids == {1, 2, 3, 4}
    assert summary["frames"] == 180


def test_everybody_of_all_cameras_is_in_one_batch(weights, tmp_path, many):
    source = many(3, a=Made(150), b=Made(150, 450), c=Made(300))
    chain, sizes = pipeline(source, weights, tmp_path, sinks={}).chain, []
    net = chain.lifter._streams.net
    step = net.step
    net.step = lambda frame, state: (sizes.append(len(frame)), step(frame, state))[1]
    chains = [chain.another() for _ in range(3)]
    for i in range(8):
        frames = [
            Frame(None, i, i / 30, 0.0, 640, 480, poses=tuple(pose(x, i / 30) for x in people))
            for people in ((150,), (150, 450), (300,))
        ]
        together(chains, frames)
    assert sizes[-1] == 4


class Sure(Waving):
    another = anew


def test_a_camera_that_fails_is_said_and_leaves_the_others_alone(weights, tmp_path, many, caplog):
    dead = InputError("camera 0 stopped delivering after 20 frames; check the cable")
    source = many(door=Made(150, frames=20, then=dead), hall=Made(150, frames=60))
    summary = pipeline(source, weights, tmp_path, classifier=Sure()).run()
    assert summary["ended"] == "source ended"
    door, hall = summary["cameras"]["door"], summary["cameras"]["hall"]
    assert (door["processed"], hall["processed"]) == (20, 60)
    assert (door["ended"], hall["ended"]) == (str(dead), "source ended")
    assert summary["warnings"] == [f"camera door: has ended: {dead}"]
    assert caplog.messages == [f"camera door has ended: {dead}"]
    frames = lines(tmp_path / "frames.jsonl")
    assert len(frames) == 81
    _, *events = lines(tmp_path / "events.jsonl")
    assert [(event["camera"], event["label"]) for event in events] == [
        ("door", "wave"), ("hall", "wave"),
    ]  # fmt: skip
    assert events[0]["end_s"] == pytest.approx(19 / 30, abs=1e-3)


def test_the_run_fails_when_all_cameras_have(weights, tmp_path, many):
    source = many(
        a=Made(frames=0, then=InputError("no picture")), b=Made(then=OSError("gone"), frames=1)
    )
    with pytest.raises(InputError, match="all cameras have failed; a: no picture"):
        pipeline(source, weights, tmp_path).run()
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["cameras"]["b"]["ended"] == "gone"


def test_a_defect_in_the_reading_of_a_camera_is_that_cameras_end(weights, tmp_path, many):
    source = many(a=Made(150, frames=2, then=ZeroDivisionError("no")), b=Made(150, frames=5))
    summary = pipeline(source, weights, tmp_path).run()
    assert summary["cameras"]["a"]["ended"] == "ZeroDivisionError: no"
    assert summary["cameras"]["b"]["processed"] == 5


def test_too_many_cameras_share_the_turns_evenly(weights, tmp_path, many):
    """While a picture is read every camera has a new one: the program is slower than each."""
    made = {name: Made(150, live=True) for name in ("a", "b", "c")}
    source = many(2, **made)

    class Slow(NoDetector):
        def __call__(self, frame):
            then = {name: camera.made for name, camera in made.items()}
            while any(camera.made < then[name] + 2 for name, camera in made.items()):
                threading.Event().wait(0.001)
            return super().__call__(frame)

    class Enough:
        def __init__(self):
            self.seen = Counter()

        def begin(self, info): ...

        def __call__(self, frame):
            self.seen[frame.camera] += 1
            if self.seen.total() == 60:
                raise InputError("enough")

        def close(self, events=()): ...

        def summary(self):
            return {}

    sink = Enough()
    run = pipeline(source, weights, tmp_path, detector=Slow(), sinks={"enough": sink})
    with pytest.raises(InputError, match="enough"):
        run.run()
    assert max(sink.seen.values()) - min(sink.seen.values()) <= 2
    summary = json.loads((tmp_path / "summary.json").read_text())
    for name, figures in summary["cameras"].items():
        assert figures["processed"] == sink.seen[name]
        assert figures["dropped"] == figures["captured"] - figures["processed"] > 20
        assert figures["fps"] > 0
        assert set(figures["age_ms"]) == {"p50", "p95", "p99", "max"}
        assert (figures["ended"], figures["reconnects"]) == ("running", 0)


def test_detectors_of_cameras_run_at_the_same_time(weights, tmp_path, many, monkeypatch):
    meet = threading.Barrier(2, timeout=30)

    class Meeting(NoDetector):
        def __call__(self, frame):
            meet.wait()
            return super().__call__(frame)

    source = many(2, a=Made(150), b=Made(150))
    monkeypatch.setattr(source, "rounds", lambda: (each for each in [one_round()]))
    run = pipeline(source, weights, tmp_path, detector=Meeting())
    assert run.run()["frames"] == 2


def one_round():
    return [
        Frame(None, 0, 0.0, 0.0, 640, 480, poses=(pose(150),), camera=camera) for camera in "ab"
    ]


def test_the_next_pictures_are_read_while_people_in_these_are_lifted(weights, tmp_path, many):
    meet = threading.Barrier(2, timeout=30)

    class Meeting(NoDetector):
        def __call__(self, frame):
            if frame.index:
                meet.wait()
            return super().__call__(frame)

    class Deciding(Decide):
        def step(self, frame):
            if frame.index == 0:
                meet.wait()
            return super().step(frame)

    rule = Decision(("idle", "wave", "walk"), background="idle")
    run = pipeline(
        many(a=Made(150, frames=2)), weights, tmp_path, detector=Meeting(), decision=Deciding(rule)
    )
    assert run.run()["frames"] == 2


def test_a_defect_of_a_detector_ends_the_run_and_is_said(weights, tmp_path, many):
    class Broken(NoDetector):
        def __call__(self, frame):
            raise ZeroDivisionError("a defect")

    run = pipeline(many(a=Made(150, live=True)), weights, tmp_path, detector=Broken())
    with pytest.raises(ZeroDivisionError):
        run.run()
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ended"] == "ZeroDivisionError: a defect"


def test_a_signal_ends_a_run_of_cameras_with_its_last_events(weights, tmp_path, many):
    seen = Counter()

    class Pressed(Sure):
        def __call__(self, frame):
            seen.update({frame.camera: len(frame.people)})
            if min(seen["a"], seen["b"]) == 9:
                os.kill(os.getpid(), signal.SIGINT)
            return super().__call__(frame)

    made = {"a": Made(150, live=True), "b": Made(150, live=True)}
    run = pipeline(many(**made), weights, tmp_path, classifier=Pressed())
    summary = run.run()
    assert summary["ended"] == "interrupted"
    assert {event["camera"] for event in lines(tmp_path / "events.jsonl")[1:]} == {"a", "b"}
    assert all(camera.stop.is_set() for camera in made.values())


class Hasty(Clock):
    """A second passes whenever somebody looks."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        self.now_s += 1.0
        return self.now_s


def listed(path, *cameras):
    part = path.with_suffix(".part")
    part.write_text(json.dumps(list(cameras)))
    os.replace(part, path)


def until(rounds, holds):
    """Rounds until one holds; its frames."""
    for frames in islice(rounds, 2000):
        if holds(frames):
            return frames
    raise AssertionError("it never happens")


def test_a_file_adds_cameras_takes_them_away_and_starts_them_again(tmp_path, monkeypatch, caplog):
    made = {"door": [], "hall": []}

    def opened(entry):
        made[entry.name].append(Made(150, live=True))
        return made[entry.name][-1]

    monkeypatch.setattr(Entry, "open", opened)
    path = tmp_path / "cameras.json"
    door, hall = {"name": "door", "path": "a.mp4"}, {"name": "hall", "device": 0}
    listed(path, door)
    source = Many(str(path), at_once=2, clock=Hasty())
    rounds = source.rounds()
    assert [frame.camera for frame in next(rounds)] == ["door"]
    listed(path, door, hall)
    until(rounds, lambda frames: any(frame.camera == "hall" for frame in frames))
    listed(path, door | {"restart": 1}, hall)
    until(rounds, lambda frames: any(f.camera == "door" and f.is_over for f in frames))
    until(rounds, lambda frames: any(f.camera == "door" and not f.is_over for f in frames))
    assert len(made["door"]) == 2
    assert made["door"][0].stop.is_set()
    path.write_text("- {name: door, url: 'rtsp://anna:g3heim@h/1'\n- {name: hall")
    until(rounds, lambda _: caplog.messages)
    (said,) = caplog.messages
    assert said == f"the cameras stay as they are: {path} is no yaml or JSON, see line 2"
    assert said in source.warnings
    listed(path, door | {"restart": 1})
    until(rounds, lambda frames: any(f.camera == "hall" and f.is_over for f in frames))
    assert source.cameras == ("door",)
    figures = source.figures()
    assert (figures["hall"]["ended"], figures["door"]["ended"]) == ("taken away", "running")
    assert figures["door"]["restarts"] == 1
    assert figures["door"]["captured"] > made["door"][1].made
    rounds.close()
    assert made["door"][1].stop.is_set()


def test_a_camera_that_has_ended_can_be_started_again(tmp_path, monkeypatch):
    left = {"door": [Made(150, frames=2), Made(450, frames=2)], "hall": [Made(150, live=True)]}
    monkeypatch.setattr(Entry, "open", lambda entry: left[entry.name].pop(0))
    path = tmp_path / "cameras.json"
    door, hall = {"name": "door", "path": "a.mp4"}, {"name": "hall", "device": 0}
    listed(path, door, hall)
    source = Many(str(path), at_once=2, clock=Hasty())
    rounds = source.rounds()
    until(rounds, lambda frames: any(f.camera == "door" and f.is_over for f in frames))
    listed(path, door | {"restart": "now"}, hall)
    until(rounds, lambda frames: any(f.camera == "door" and f.is_over for f in frames))
    assert source.figures()["door"]["captured"] == 4
    rounds.close()


def test_a_camera_is_taken_away_and_started_again_from_another_thread(monkeypatch):
    made = []

    def opened(entry):
        made.append(Made(150, live=True))
        return made[-1]

    monkeypatch.setattr(Entry, "open", opened)
    given = [{"name": name, "device": i} for i, name in enumerate(("door", "hall"))]
    source = Many(given, at_once=2)
    rounds = source.rounds()
    for name in ("door", "hall"):
        until(rounds, lambda frames, name=name: any(f.camera == name for f in frames))
    threading.Thread(target=source.ask, args=("door",), kwargs={"again": False}).start()
    until(rounds, lambda frames: any(f.camera == "door" and f.is_over for f in frames))
    assert source.figures()["door"]["ended"] == "taken away"
    with pytest.raises(InputError, match="without camera hall the run would end"):
        source.ask("hall", again=False)
    with pytest.raises(InputError, match="there is no camera 'yard'; there are door, hall"):
        source.ask("yard", again=True)
    source.ask("door", again=True)
    until(rounds, lambda frames: any(f.camera == "door" and not f.is_over for f in frames))
    source.ask("hall", again=True)
    until(rounds, lambda frames: any(f.camera == "hall" and f.is_over for f in frames))
    until(rounds, lambda frames: any(f.camera == "hall" and not f.is_over for f in frames))
    assert len(made) == 4
    rounds.close()


WANTED = "name: door, url: rtsp"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], f"no cameras; give .*{WANTED}"),
        ("cameras.yaml", "cameras.yaml: no such file"),
        ({"name": "door"}, f"no list of cameras; give .*{WANTED}"),
        (["door"], f"door is no camera; give .*{WANTED}"),
        ([{"name": "a", "device": 0}, {"name": "A", "device": 1}], "two cameras are called a"),
        ([{"name": "", "device": 0}], "'' is no name of a camera"),
        ([{"device": 0}], "'' is no name of a camera"),
        ([{"name": "up/stairs", "device": 0}], "'up/stairs' is no name of a camera"),
        ([{"name": "door"}], "camera door has nothing that says where it is; give it one of url"),
        ([{"name": "door", "device": 0, "url": "rtsp://h"}], "camera door has both url and device"),
        ([{"name": "door", "path": [1]}], r"camera door: path=\[1\] is no path"),
        ([{"name": "door", "path": "a.mp4", "pth": 1}], "door: no option source.pth; .*path"),
        ([{"name": "door", "path": "gone.mp4"}], "camera door: video gone.mp4: no such file"),
        ([{"name": "door", "source": "vidio"}], "camera door: no option source=vidio; .*video"),
        ([{"name": "door", "source": "video"}], "camera door: .*path"),
    ],
)  # fmt: skip
def test_cameras_that_can_not_be_are_one_line(given, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said) as raised:
        Many(given, at_once=2)
    assert "\n" not in str(raised.value)


def test_a_camera_says_where_it_is_in_one_word():
    given = [
        {"name": "a", "url": "rtsp://h/1"}, {"name": "b", "path": "rtsp://h/2", "timeout_s": 3},
        {"name": "c", "device": 0}, {"name": "d", "path": "x.mp4"}, {"name": "demo"},
        {"name": "e", "source": "crowd", "people": 3, "realtime": False},
    ]  # fmt: skip
    assert [(entry.kind, dict(entry.values)) for entry in entries(given)] == [
        ("stream", {"url": "rtsp://h/1"}), ("stream", {"url": "rtsp://h/2", "timeout_s": 3}),
        ("webcam", {"device": 0}), ("video", {"path": "x.mp4", "realtime": True}),
        ("demo", {"realtime": True}), ("crowd", {"people": 3, "realtime": False}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "- {name: door, url: 'rtsp://anna:g3heim@h/1', extra: [}",
        "- {name: a/b, url: 'rtsp://anna:g3heim@h/1'}",
        "- {name: a, url: 'rtsp://anna:g3heim@h/1', path: b}",
        "sources: {door: 'rtsp://anna:g3heim@h/1'}",
        "- {name: a, url: 'rtsp://h/1?user=anna&password=g3heim', pth: 1}",
    ],
)
def test_a_password_in_the_file_of_cameras_is_never_said(text, tmp_path):
    path = tmp_path / "cameras.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        Many(str(path), at_once=2)
    assert "g3heim" not in str(raised.value)


def test_a_list_of_cameras_without_its_source_is_said(tmp_path):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        given = ["sources=[{name: demo}]", f"run_folder={tmp_path}"]
        cfg = compose("live", overrides=given)
    with pytest.raises(InputError, match="are the cameras of source=many; give that, too"):
        build(cfg)


def test_the_report_has_a_line_for_each_camera(weights, tmp_path, many):
    dead = InputError("no picture")
    source = many(door=Made(150, frames=9), hall=Made(frames=0, then=dead))
    said = report(pipeline(source, weights, tmp_path).run(), tmp_path).splitlines()
    assert said[-3].startswith("camera door: 9 frames, 0 dropped, ")
    assert said[-3].endswith(": source ended")
    assert said[-2] == "camera hall: 0 frames, 0 dropped, 0 frames/s: no picture"


def test_several_cameras_are_refused_where_one_is_wanted(many):
    with pytest.raises(InputError, match="give one source here"):
        next(iter(many(a=Made(frames=1))))
    with pytest.raises(InputError, match="give one source here"), many(a=Made(frames=1)):
        pass


def test_ids_of_keypoint_files_are_refused_for_several_cameras(weights, tmp_path, many):
    run = pipeline(many(a=Made(1, frames=2)), weights, tmp_path, tracker=option("tracker/given"))
    with pytest.raises(InputError, match=r"tracker=given .* use tracker=oks"):
        run.run()


def test_one_cameras_keypoints_can_be_replayed_from_the_file_of_all(weights, tmp_path, many):
    pipeline(many(door=Made(150, frames=9), hall=Made(450, frames=7)), weights, tmp_path).run()
    path = str(tmp_path / "frames.jsonl")
    with pytest.raises(InputError, match=r"several cameras; give source.film=, one of door, hall"):
        Keypoints(path)
    hall = len(list(Keypoints(path, film="hall")))
    replayed = list(Keypoints(path, film="door"))
    assert (hall, len(replayed)) == (7, 9)
    assert replayed[-1].poses[0].xy[0, 0] == pytest.approx(150, abs=0.1)


def test_a_zone_may_be_one_cameras_alone():
    left = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
    given = [
        {"name": "desk", "corners": left, "camera": "hall"},
        {"name": "desk", "corners": left, "camera": "door"},
        {"name": "bed", "corners": left, "camera": "yard"},
        {"name": "side", "corners": left},
    ]
    zones = Zones(given, COCO17, patience_s=1.0)
    somebody = Person(pose(1.0), xy=np.full((17, 2), 10, np.float32), visible=np.ones(17, bool))
    found = {}
    for track, camera in enumerate(("hall", "yard", "shed")):
        one = anew(zones)
        one.step(frame(camera, people={track: somebody}))
        found[camera] = one.at(track, 0.0)
    assert found == {"hall": "desk", "yard": "bed", "shed": "side"}


def test_a_detector_for_one_camera_alone_is_named_where_there_are_several(weights, tmp_path, many):
    run = pipeline(many(a=Made(150, frames=2)), weights, tmp_path, classifier=Waving())
    with pytest.raises(InputError, match=r"this head is for one camera: it has no method another"):
        run.run()


def event(camera, track=1):
    return Event(track, "wave", 1.0, 2.4, 0.91, camera=camera)


def frame(camera, index=0, **known):
    return Frame(None, index, index / 30, 0.0, 160, 120, camera=camera, **known)


def test_every_event_and_frame_of_a_file_has_its_cameras_name(tmp_path):
    sink = JsonlSink(folder=str(tmp_path))
    sink.begin(replace(INFO, cameras=("door", "hall")))
    sink(frame("door", unix_s=1000.0))
    sink(frame("hall", 3, unix_s=2000.1, events=(event("hall"),)))
    sink(frame("door", 1, is_over=True, events=(event("door", 2),)))
    sink.close((event("hall", 3),))
    assert [record["camera"] for record in lines(tmp_path / "frames.jsonl")[1:]] == ["door", "hall"]
    _, *events = lines(tmp_path / "events.jsonl")
    assert [record["camera"] for record in events] == ["hall", "door", "hall"]
    assert events[0]["start_clock"] != events[1]["start_clock"]  # each camera has its own clock
