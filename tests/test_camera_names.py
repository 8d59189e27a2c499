"""Sinks say of which camera a frame or an event is, and show several cameras."""

import asyncio
import csv
import json
from dataclasses import replace
from io import StringIO

import av
import numpy as np
from aiohttp import WSMsgType

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Action, Event, Frame, Person, Pose
from gastlive.realtime.sinks.background import Background
from gastlive.realtime.sinks.each_camera import EachCamera
from gastlive.realtime.sinks.fitting import fitted
from gastlive.realtime.sinks.mosaic import Mosaic
from gastlive.realtime.sinks.terminal import TerminalSink
from gastlive.realtime.sinks.timings import read_timings

from .sent import INFO, mqtt, webhook
from .test_mqtt import broker, reading, until, with_broker  # noqa: F401
from .test_osc import Receiver
from .test_page import connection, page
from .test_page import frame as page_frame

BOTH = replace(INFO, cameras=("door", "hall"))


def somebody(x=0.0, label="wave"):
    pose = Pose(COCO17, np.full((17, 2), x, "f4"), np.ones(17, "f4"))
    return Person(pose, xy=np.full((17, 2), x, "f4"), action=Action(label, 0.9, 0.0))


def frame(camera, index=0, *, size=(160, 120), value=0, **known):
    width, height = size
    image = np.full((height, width, 3), value, np.uint8)
    return Frame(image, index, index / 30, 0.0, width, height, camera=camera, **known)


def event(camera, track=1):
    return Event(track, "wave", 1.0, 2.4, 0.91, camera=camera)


class Listed:
    """Cameras that are listed on the page."""

    def __init__(self):
        self.asked, self.ended = [], "running"

    def figures(self):
        return {"door": {"source": "stream rtsp://***@h", "ended": self.ended}}

    def ask(self, name, *, again):
        if name != "door":
            raise InputError(f"there is no camera {name!r}; there are door")
        self.asked.append((name, again))


def test_the_table_of_events_has_the_cameras_name_last(tmp_path):
    sink = option("sink/csv", folder=str(tmp_path))
    sink.begin(BOTH)
    sink(frame("hall", events=(event("hall"),)))
    sink.close((event("door", 2),))
    with (tmp_path / "events.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["track"], row["camera"]) for row in rows] == [("1", "hall"), ("2", "door")]


def test_a_webhooks_record_has_the_cameras_name(tmp_path):
    sink = webhook(tmp_path, 9, close_s=0.0)
    sink.begin(BOTH)
    sink(frame("hall", events=(event("hall"),)))
    _, record = sink._outbox._spool.oldest()
    assert json.loads(record)["camera"] == "hall"
    sink.close()


@with_broker
def test_each_camera_is_a_topic_and_a_device_of_its_own(broker, tmp_path):  # noqa: F811
    with reading(broker.port) as reader:
        sink = mqtt(tmp_path, broker.port, people=True)
        sink.begin(replace(BOTH, cameras=("door",)))  # hall comes later
        sink(frame("door", people={1: somebody()}))
        sink(frame("hall", people={2: somebody(), 3: somebody()}, events=(event("hall", 2),)))
        sink._next_s = 0.0
        sink(frame("hall", 1, people={2: somebody()}))
        until(lambda: reader.states().get("gastlive/hall/hall/people") == "1")
        until(lambda: "gastlive/hall/event" in reader.states())  # on its own way, by the disk
        states = reader.states()
        assert states["gastlive/hall/door/people"] == "1"
        assert json.loads(states["gastlive/hall/door/person/1"])["label"] == "wave"
        assert json.loads(states["gastlive/hall/hall/last_action"])["camera"] == "hall"
        assert json.loads(states["gastlive/hall/event"])["camera"] == "hall"
        found = json.loads(states["homeassistant/sensor/gastlive_hall_hall_people/config"])
        assert found["state_topic"] == "gastlive/hall/hall/people"
        assert found["availability_topic"] == "gastlive/hall/status"
        sink._next_s = 0.0
        sink(frame("hall", 2, is_over=True, events=(event("hall", 3),)))
        until(lambda: reader.states().get("gastlive/hall/hall/people") == "0")
        sink.close()
        until(lambda: reader.states()["gastlive/hall/status"] == "offline")  # its last word
        assert reader.states()["gastlive/hall/hall/person/2"] == ""
        assert reader.tracks() == [2, 3]


def test_osc_addresses_begin_with_the_camera():
    with Receiver() as there:
        sink = option("sink/osc", port=there.port)
        sink.begin(BOTH)
        sink(frame("front door", people={1: somebody()}, events=(event("front door"),)))
        sink(frame("hall", people={2: somebody()}))
        sink(frame("front door", 1, is_over=True))
        sink.close()
        got = there.messages()
    assert ("/gastlive/front_door/people", [1]) in got
    assert ("/gastlive/hall/people", [1]) in got
    assert [address for address, _ in got if address.endswith("/action")] == [
        "/gastlive/front_door/1/action", "/gastlive/hall/2/action",
    ]  # fmt: skip
    assert [address for address, _ in got if address.endswith("/gone")] == [
        "/gastlive/front_door/1/gone", "/gastlive/hall/2/gone",
    ]  # fmt: skip
    (said,) = (values for address, values in got if address == "/gastlive/event")
    assert said[-1] == "front door"


def test_lines_of_the_terminal_begin_with_the_camera():
    out = StringIO()
    sink = TerminalSink(refresh_hz=8.0, events=5, stream=out)
    sink.begin(BOTH)
    sink(frame("door", 30, people={1: somebody()}))
    sink(frame("hall", 900, people={2: somebody(label="walk")}))
    sink(frame("door", 60, is_over=True, events=(event("door"),)))
    sink.close()
    lines = out.getvalue().splitlines()[1:]
    assert [line.split()[2:6] for line in lines[:2]] == [
        ["door", "person", "1", "wave"], ["hall", "person", "2", "walk"],
    ]  # fmt: skip
    assert lines[0].split()[0] == lines[1].split()[0] == "0.0"  # since each camera's first frame
    assert "door  person 1  wave" in lines[2]


def test_timings_have_the_number_of_the_camera(tmp_path):
    sink = option("sink/timings", folder=str(tmp_path))
    sink.begin(BOTH)
    for camera in ("hall", "door", "hall"):
        sink(frame(camera, spent_s={"head": 0.001}, finished_s=0.01))
    sink(frame("hall", is_over=True))
    sink.close()
    read = read_timings(tmp_path / "timings.csv")
    assert read["camera"].tolist() == [0, 1, 0]
    assert read["head_ms"].tolist() == [1, 1, 1]


def test_each_camera_has_a_film_of_its_own_and_another_one_when_it_comes_back(tmp_path):
    def make(**given):
        return option("sink/video", folder=str(tmp_path), **given)

    sink = fitted(make, live=True, several=Listed())
    assert isinstance(sink, EachCamera)
    sink.begin(BOTH)
    for i in range(3):
        sink(frame("door", i))
    sink(frame("hall", size=(320, 240)))
    sink(frame("door", 2, is_over=True))
    sink(frame("door", people={7: somebody()}))
    sink.close()
    pictures = {}
    for path in tmp_path.iterdir():
        with av.open(str(path)) as film:
            pictures[path.name] = sum(1 for _ in film.decode(video=0))
    assert pictures == {"door.mp4": 3, "hall.mp4": 1, "door_2.mp4": 1}
    assert {name: each["frames"] for name, each in sink.summary().items()} == {
        "door": 3, "hall": 1, "door_2": 1,
    }  # fmt: skip


class Kept:
    """A sink for one picture that keeps its frames."""

    one_picture = True

    def __init__(self):
        self.frames, self.closed = [], ()

    def begin(self, info): ...

    def __call__(self, shown):
        self.frames.append(shown)

    def close(self, events=()):
        self.closed = events

    def summary(self):
        return {}


def test_a_window_and_the_page_show_all_cameras_in_one_picture():
    sink = fitted(Kept, live=True, several=Listed())
    assert isinstance(sink, Mosaic)
    kept = sink.sink
    sink.begin(BOTH)
    sink(frame("door", value=10))
    (alone,) = kept.frames
    sink(frame("hall", value=200, people={4: somebody(80.0)}, events=(event("hall"),)))
    sink(frame("door", 1, value=20))
    both = kept.frames[-1]
    assert (both.width, both.height) == (1280, 480)
    assert both.image.shape == (480, 1280, 3)
    assert (both.image[400, 100, 0], both.image[400, 1000, 0]) == (20, 200)
    assert both.camera is None
    # In the right half, where 80 of 160 columns are now 320 of 640; rows likewise.
    np.testing.assert_allclose(both.people[4].xy[0], (640 + 320, 320))
    np.testing.assert_allclose(both.people[4].pose.xy[0], (640 + 320, 320))
    assert both.events == (event("hall"),)
    assert (alone.image[200, 100, 0], alone.events) == (10, ())
    sink(frame("hall", 1, is_over=True, events=(event("hall", 9),)))
    sink(frame("door", 2))
    assert (kept.frames[-1].width, kept.frames[-1].events) == (640, (event("hall", 9),))


def test_cameras_are_listed_on_the_page_and_started_again_or_taken_away_there(tmp_path):
    async def shown():
        async with connection(sink.server) as ws:
            sink(page_frame())
            state = await heard(ws, lambda message: message.get("cameras"))
            await ws.send_json({"kind": "camera", "name": "door", "again": True})
            await ws.send_json({"kind": "camera", "name": "door", "again": False})
            await ws.send_json({"kind": "camera", "name": "hall", "again": True})
            refused = await heard(ws, lambda message: message["kind"] == "refused")
            cameras.ended = "taken away"
            sink(page_frame(1))
            after = await heard(ws, lambda m: m.get("cameras", [{}])[0].get("words") != "running")
            return state["cameras"], refused["words"], after["cameras"]

    cameras = Listed()
    with page(folder=str(tmp_path)) as sink:
        sink.offer(cameras)
        before, refused, after = asyncio.run(shown())
    assert before == [{"name": "door", "source": "stream rtsp://***@h", "words": "running"}]
    assert cameras.asked == [("door", True), ("door", False)]
    assert refused == "there is no camera 'hall'; there are door"
    assert after[0]["words"] == "taken away"


async def heard(ws, holds):
    """The first message in text that is such."""
    async with asyncio.timeout(60):
        async for message in ws:
            if message.type is WSMsgType.TEXT and holds(said := json.loads(message.data)):
                return said
    raise AssertionError("the page was closed")


def test_a_mosaic_is_shown_when_every_camera_or_the_fastest_again_has_a_new_picture():
    sink = Mosaic(Kept())
    sink.begin(BOTH)
    for camera in ("a", "b", "a", "b", "a", "a", "b", "a", "a"):
        sink(frame(camera))
    assert len(sink.sink.frames) == 5
    sink.close((event("a"),))
    assert sink.sink.closed == (event("a"),)


def test_the_end_of_a_camera_is_never_skipped():
    class Slow(Kept):
        def __call__(self, shown):
            super().__call__(shown)
            until(lambda: self.go)

        go = False

    slow = Slow()
    sink = Background(slow, may_skip=True, capacity=1)
    sink.begin(BOTH)
    for i in range(5):
        sink(frame("door", i))
    slow.go = True
    sink(frame("door", 5, is_over=True))
    sink.close()
    assert slow.frames[-1].is_over


def test_one_camera_alone_has_the_sinks_as_they_are(tmp_path):
    def make(**given):
        return option("sink/video", folder=str(tmp_path), **given)

    assert isinstance(fitted(make, live=True, several=None), Background)
    assert isinstance(fitted(Kept, live=True, several=None), Kept)
