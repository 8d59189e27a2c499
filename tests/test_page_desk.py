"""What runs on the page is chosen there: by commands, over real connections, with real parts."""

import asyncio
import json
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import aiohttp
import cv2
import numpy as np
import pytest
from hydra import compose, initialize_config_module
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict

from gastlive.experiments.paging.desk import Desk
from gastlive.experiments.paging.lesson import Kept
from gastlive.experiments.paging.shared import Shared
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Frame
from gastlive.realtime.page.camera import OLDEST_S, BrowserCamera
from gastlive.realtime.page.wire import packed
from gastlive.realtime.sources.source import Source

from .test_page import SOON_S, connection, ended, heard, server, until, url
from .test_page_lesson import moving


def jpeg(width=64, height=48, shade=90):
    _, data = cv2.imencode(".jpg", np.full((height, width, 3), shade, np.uint8))
    return data.tobytes()


# A source for several runs


class Counted(Source):
    def __init__(self, frames):
        super().__init__("counted", "counted")
        self.frames, self.opened, self.closed = frames, 0, Event()

    def read(self, stop):
        self.opened += 1
        try:
            for i in range(self.frames):
                yield Frame(None, i, i / 30, 0.0, 160, 120)
        finally:
            self.closed.set()


def test_the_next_run_goes_on_with_the_next_frame_of_a_source_that_stays_open():
    source = Counted(6)
    shared, seen = Shared(source), []
    for frame in shared:
        seen.append(frame.index)
        if frame.index == 2:
            shared.turn()
    shared.close()
    assert seen == [0, 1, 2]
    assert not source.closed.wait(0.05) or source.opened == 1
    assert [frame.index for frame in shared] == [3, 4, 5]
    assert source.opened == 1


class Silent(Source):
    live = True

    def __init__(self):
        super().__init__("silent", "silent")
        self.is_waited_for = Event()

    def read(self, stop):
        self.is_waited_for.set()
        stop.wait(SOON_S)
        yield from ()


def test_ending_a_shared_source_closes_it_and_ends_the_run_that_waits():
    silent = Silent()
    shared = Shared(silent)
    run = Thread(target=lambda: list(shared), daemon=True)
    run.start()
    assert silent.is_waited_for.wait(SOON_S)
    shared.end()
    run.join(SOON_S)
    assert not run.is_alive()
    assert list(shared) == []


# A viewer's camera


@contextmanager
def camera(it):
    """The frames that a browser's camera gives, as they come."""
    source, got = BrowserCamera(it, what="camera"), []
    it.commands["mine"] = lambda viewer, message: source.grant(viewer)
    reading = Thread(target=lambda: [got.append(frame) for frame in source], daemon=True)
    reading.start()
    try:
        yield got
    finally:
        source.close()
        reading.join(SOON_S)


async def granted(ws):
    await ws.send_json({"kind": "mine"})
    return (await heard(ws, "camera"))["next"]


def test_pictures_of_a_viewer_become_frames_that_know_when_they_were_captured():
    async def send(it, got):
        async with connection(it) as ws:
            index = await granted(ws)
            before_s = it.clock()
            for i in range(3):
                head = {"index": index + i, "captured_s": it.clock() - 0.05}
                await ws.send_bytes(packed(head, jpeg()))
                await until(lambda i=i: len(got) == i + 1)
            return before_s

    with server() as it, camera(it) as got:
        before_s = asyncio.run(send(it, got))
    assert [frame.index for frame in got] == [0, 1, 2]
    assert got[0].image.shape == (48, 64, 3)
    assert -0.05 <= got[0].captured_s - before_s < SOON_S
    assert got[0].time_s < got[1].time_s < got[2].time_s


@pytest.mark.parametrize(("said_s", "taken_s"), [(-1e9, -OLDEST_S), (1e9, 0.0)])
def test_a_capture_time_that_can_not_be_is_not_believed(said_s, taken_s):
    async def send(it, got):
        async with connection(it) as ws:
            index = await granted(ws)
            now_s = it.clock()
            await ws.send_bytes(packed({"index": index, "captured_s": now_s + said_s}, jpeg()))
            await until(lambda: got)
            return now_s, it.clock()

    with server() as it, camera(it) as got:
        sent_s, seen_s = asyncio.run(send(it, got))
    assert sent_s <= got[0].captured_s - taken_s <= seen_s


def _announcing(width, height):
    """A JPEG whose head says that it is as large as that."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("head", "picture"),
    [({"index": -1}, jpeg()), ({"index": 1.5}, jpeg()), ({"index": 2**53}, jpeg()), ({}, jpeg()),
     ({"index": 0, "captured_s": "now"}, jpeg()), ({"index": 0}, b"no picture"),
     ({"index": 0}, jpeg(2000, 1100)), ({"index": 0}, _announcing(65535, 65535)),
     ({"index": 0}, _announcing(0, 48))],
    ids=range(9),
)  # fmt: skip
def test_a_picture_that_is_not_as_agreed_ends_the_connection(head, picture):
    async def send(it):
        async with connection(it) as ws:
            await granted(ws)
            given = {"captured_s": it.clock(), **head}
            await ws.send_bytes(packed(given, picture))
            return await ended(ws)

    with server() as it, camera(it) as got:
        assert asyncio.run(send(it)) == 4400
    assert not got


def test_an_old_number_does_not_come_twice():
    async def send(it, got):
        async with connection(it) as ws:
            await granted(ws)
            for index in (5, 5):
                await ws.send_bytes(packed({"index": index, "captured_s": it.clock()}, jpeg()))
            return await ended(ws)

    with server() as it, camera(it) as got:
        assert asyncio.run(send(it, got)) == 4400


def test_pictures_come_from_one_viewer_at_a_time_and_the_one_before_is_told():
    async def send(it, got):
        async with connection(it) as first, connection(it) as second:
            await granted(first)
            index = await granted(second)
            words = (await heard(first, "taken"))["words"]
            await first.send_bytes(packed({"index": 0, "captured_s": it.clock()}, jpeg(shade=0)))
            await first.send_json({"kind": "ping", "sent": 1})
            await heard(first, "pong")
            await second.send_bytes(packed({"index": index, "captured_s": it.clock()}, jpeg()))
            await until(lambda: got)
            return words

    with server() as it, camera(it) as got:
        assert "another page" in asyncio.run(send(it, got))
    assert [round(frame.image.mean()) for frame in got] == [90]


def test_after_a_lost_connection_numbers_go_on():
    async def send(it, got):
        async with connection(it) as ws:
            await granted(ws)
            await ws.send_bytes(packed({"index": 7, "captured_s": it.clock()}, jpeg()))
            await until(lambda: got)
        await until(lambda: it.watching == 0)
        assert it.state["status"]["words"] == "a browser's camera has gone"
        async with connection(it) as ws:
            index = await granted(ws)
            assert it.state["status"]["is"] == "running"
            return index

    with server() as it, camera(it) as got:
        assert asyncio.run(send(it, got)) == 8


def test_a_viewer_who_leaves_when_another_source_runs_is_no_news():
    async def leave(it, source, reading):
        async with connection(it) as ws:
            await granted(ws)
            source.close()
            await asyncio.to_thread(reading.join, SOON_S)
            it.update(status={"is": "running"})
        await until(lambda: it.watching == 0)
        return it.state["status"]["is"]

    with server() as it:
        source = BrowserCamera(it, what="film")
        it.commands["mine"] = lambda viewer, message: source.grant(viewer)
        reading = Thread(target=lambda: list(source), daemon=True)
        reading.start()
        assert asyncio.run(leave(it, source, reading)) == "running"


# The program


def keypoints(path, frames=20):
    """Somebody who stands, as a file of ours."""
    header = {"gastlive": 1, "kind": "frames", "width": 160, "height": 120, "fps": 30.0,
              "layout": "coco17", "labels": [], "background": ""}  # fmt: skip
    xy = [[80 + 3 * (i % 2), 20 + 5 * i] for i in range(len(COCO17))]
    person = {"track": 1, "score": 0.9, "xy": xy, "confidence": [0.9] * len(COCO17)}
    rows = [{"index": i, "time_s": i / 30, "people": [person]} for i in range(frames)]
    path.write_text("".join(json.dumps(row) + "\n" for row in (header, *rows)))
    return path


@contextmanager
def running(tmp_path, *overrides, source=None):
    """The program, on keypoints unless told otherwise, which need no detector."""
    source = source or ["source=keypoints", f"source.path={keypoints(tmp_path / 'frames.jsonl')}"]
    given = [*source, "detector=none", "lifter=gast27s", "runtime=torch", "device=cpu",
             "page.port=0", *overrides]  # fmt: skip
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("page", overrides=given, return_hydra_config=True)
        with open_dict(cfg):
            cfg.hydra.overrides.task = given
            cfg.run_folder = str(tmp_path / "run")
        HydraConfig.instance().set_config(cfg)
        desk = Desk(cfg)
        work = Thread(target=desk.run, daemon=True)
        work.start()
        try:
            yield desk
        finally:
            desk.end()
            work.join(60)
            assert not work.is_alive()


async def state(ws, **wanted):
    """The next state that has all that is wanted, such as ``status="ended"``."""
    async with asyncio.timeout(120):
        while True:
            now = await heard(ws, "state")
            flat = {**now.get("chosen", {}), "status": now["status"]["is"]}
            if flat.items() >= wanted.items():
                return now


def test_source_lifter_and_head_are_changed_while_the_page_stays(tmp_path):
    async def choose(desk):
        await until(lambda: desk.server.is_open)
        async with connection(desk.server) as ws:
            first = await state(ws, status="ended", source="keypoints")
            await ws.send_json({"kind": "choose", "head": "fight"})
            second = await state(ws, status="ended", head="fight")
            await ws.send_json({"kind": "choose", "source": "moon"})
            refused = await heard(ws, "refused")
            await ws.send_json({"kind": "choose", "source": "camera", "lifter": "gast27"})
            index = (await heard(ws, "camera"))["next"]
            wanted = {"status": "running", "source": "camera", "lifter": "gast27"}
            third = await state(ws, **wanted)
            while third["run"]["source"] != "a browser's camera":  # the run begins beside
                third = await state(ws, **wanted)
            head = {"index": index, "captured_s": desk.server.clock()}
            await ws.send_bytes(packed(head, jpeg()))  # too much for detector=none
            return first, second, refused, third, await state(ws, status="failed")

    with running(tmp_path) as desk:
        first, second, refused, third, failed = asyncio.run(choose(desk))
    assert "wave" in first["run"]["labels"]
    assert first["choices"]["source"][0]["title"].endswith("frames.jsonl")
    assert "wave" not in second["run"]["labels"]
    assert refused["words"].startswith("no source moon; choose one of")
    assert third["choices"] == first["choices"]
    assert "detector=none needs source=keypoints" in failed["status"]["words"]


def test_nothing_that_a_viewer_receives_has_a_password_of_the_camera(tmp_path):
    async def receive(desk):
        await until(lambda: desk.server.is_open)
        token = {"Authorization": f"Bearer {desk.server.token}"}
        async with connection(desk.server) as ws, aiohttp.ClientSession() as session:
            texts = [json.dumps(await state(ws, status="failed"))]
            for name in ("webcam", "stream", "stream"):
                await ws.send_json({"kind": "choose", "source": name})
            while len(texts) < 12:
                try:
                    texts.append(str((await ws.receive(timeout=2.0)).data))
                except TimeoutError:
                    break
            for path in ("/", "/page.js", "/frames.jsonl", "/recordings/a.mp4", "/socket"):
                async with session.get(url(desk.server, path), headers=token) as answer:
                    texts += [str(answer.headers), await answer.text()]
            return texts

    address = "http://anna:g3heim%21@127.0.0.1:9/live?user=anna&password=g3heim"
    with running(tmp_path, source=["source=stream", f"source.url='{address}'"]) as desk:
        texts = asyncio.run(receive(desk))
    assert "127.0.0.1:9" in texts[0]
    assert not [text for text in texts if "g3heim" in text or "anna" in text]


def test_what_can_not_be_opened_is_told_to_who_chose_it_and_the_rest_stays(tmp_path):
    if Path("/dev/video0").exists():
        pytest.skip("this machine has a camera")

    async def choose(desk):
        await until(lambda: desk.server.is_open)
        async with connection(desk.server) as ws:
            await state(ws, status="ended")
            await ws.send_json({"kind": "choose", "source": "webcam"})
            words = (await heard(ws, "refused"))["words"]
            return words, await state(ws, status="ended")

    with running(tmp_path) as desk:
        words, after = asyncio.run(choose(desk))
    assert "camera 0" in words
    assert after["chosen"]["source"] == "keypoints"


def test_no_page_can_name_a_file_of_the_server(tmp_path):
    with running(tmp_path) as desk:
        for wish in ({"source": "video"}, {"source": "/etc/passwd"}, {"lifter": "../x"},
                     {"head": ["everyday"]}, {"source": "source.path=/etc/passwd"}):  # fmt: skip
            with pytest.raises(InputError, match="choose one of"):
                desk.maker.check(wish)


def test_a_file_of_the_command_line_is_played_like_a_camera_over_and_over(tmp_path, demo_film):
    film = demo_film(tmp_path / "film.mp4", frames=3)
    with running(tmp_path) as desk:
        maker = desk.maker
        cfg = compose("page", overrides=["source=video", f"source.path={film}"])
        source = maker._source(cfg, "video")
        assert (source.live, source.repeat) == (True, 0)


def test_a_recording_has_a_bvh_of_each_person(tmp_path):
    async def record(desk):
        await until(lambda: desk.server.is_open)
        async with connection(desk.server) as ws:
            await state(ws, status="ended")
            desk.page.recorder.start()
            await ws.send_json({"kind": "choose", "source": "keypoints"})
            while not (now := await heard(ws, "state"))["recordings"]:
                continue
            return now["recordings"][0]

    with running(tmp_path) as desk:
        entry = asyncio.run(record(desk))
        kinds = {one["kind"]: one["name"] for one in entry["files"]}
        assert {"bvh", "jsonl"} <= set(kinds)
        assert ".person" in kinds["bvh"]
        text = (tmp_path / "run" / "recordings" / kinds["bvh"]).read_text()
    assert text.startswith("HIERARCHY")
    assert int(text.partition("Frames: ")[2].split()[0]) > 10


def test_what_was_shown_is_taught_beside_the_old_names_and_can_be_taught_anew(tmp_path):
    async def teach(desk):
        await until(lambda: desk.server.is_open)
        async with connection(desk.server) as ws:
            await state(ws, status="ended")
            await ws.send_json({"kind": "teach"})
            refused = (await heard(ws, "refused"))["words"]
            takes = [Kept(i, moving(label, i)) for i, label in enumerate(["both", "one"] * 3)]
            desk.lesson._change(takes)
            await ws.send_json({"kind": "teach"})
            first = await state(ws, head="taught 1", status="ended")
            desk.lesson._change(takes[:5])
            await ws.send_json({"kind": "teach"})  # on everyday, not on what was taught of it
            second = await state(ws, head="taught 2", status="ended")
            await ws.send_json({"kind": "export"})
            name = (await heard(ws, "exported"))["name"]
            url = f"http://127.0.0.1:{desk.server.port}/recordings/"
            headers = {"Authorization": f"Bearer {desk.server.token}"}
            async with aiohttp.ClientSession(headers=headers) as session:
                sizes = [len(await (await session.get(url + each)).read())
                         for each in (name, "taught_1.safetensors")]  # fmt: skip
            await ws.send_json({"kind": "choose", "head": "everyday"})
            return refused, first, second, sizes, await state(ws, head="everyday", status="ended")

    with running(tmp_path) as desk:
        refused, first, second, sizes, third = asyncio.run(teach(desk))
    assert "no example of any action" in refused
    assert {"wave", "both", "one"} <= set(first["run"]["labels"])
    assert [take["said"] for take in first["takes"]] == ["both", "one"] * 3
    assert [head["name"] for head in second["taught"]] == ["taught 2", "taught 1"]
    assert [head["name"] for head in second["choices"]["head"]][-2:] == ["taught 1", "taught 2"]
    assert second["run"]["labels"].count("both") == 1
    assert min(sizes) > 1000
    assert "both" not in third["run"]["labels"]
