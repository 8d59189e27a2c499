"""The page's server over real connections: what it shows, and to whom."""

import asyncio
import json
import socket
import threading
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import cv2
import numpy as np
import pytest
from aiohttp import WSMsgType

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime.packets import Action, Event, Frame, Person, Pose, RunInfo
from gastlive.realtime.page.server import MAX_MESSAGE, MAX_STRANGERS, MAX_VIEWERS, PageServer
from gastlive.realtime.page.sink import Messages
from gastlive.realtime.page.viewers import Shown
from gastlive.realtime.page.wire import jpeg_size, packed, unpacked

INFO = RunInfo(160, 120, 30.0, "coco17", "h36m17", ("idle", "wave"), "idle", "demo")
SOON_S = 60.0  # longest wait for anything; only a failing test takes so long


def person(**changes):
    pose = Pose(COCO17, np.full((17, 2), np.nan, np.float32), np.zeros(17, np.float32))
    known = {
        "xy": np.full((17, 2), 50.04, np.float32), "visible": np.arange(17) > 0,
        "xyz": np.full((17, 3), 0.5, np.float32), "probabilities": np.float32([0.25, 0.75]),
        "action": Action("wave", 0.75, 1.0),
    }  # fmt: skip
    return Person(pose, **{**known, **changes})


def frame(index=0, *, image=True, people=None, **known):
    picture = np.full((120, 160, 3), 90, np.uint8) if image else None
    people = {1: person()} if people is None else people
    times = {"time_s": index / 30, "captured_s": index / 30, "finished_s": index / 30 + 0.02}
    return Frame(picture, index, width=160, height=120, people=people, **{**times, **known})


@contextmanager
def page(**given):
    given = {"port": 0, "folder": "nowhere", "say": lambda line: None, **given}
    sink = option("sink/page", **given)
    sink.begin(INFO)
    try:
        yield sink
    finally:
        sink.close()


@contextmanager
def server(**given):
    page_server = PageServer(**{"host": "127.0.0.1", "port": 0, "token": None, **given})
    page_server.start()
    try:
        yield page_server
    finally:
        page_server.close()


def url(server, path="/"):
    return f"http://127.0.0.1:{server.port}{path}"


@asynccontextmanager
async def connection(server, *, token=True, origin=None, host=None):
    """A page's WebSocket that has given its token, or the one of `token`."""
    headers = {"Origin": origin or url(server, "")} | ({"Host": host} if host else {})
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url(server, "/socket"), headers=headers) as ws,
    ):
        if token is not None:
            await ws.send_json({"token": server.token if token is True else token})
        yield ws


async def heard(ws, kind):
    """The next message of that kind; of frames also the picture."""
    while True:
        message = await ws.receive(timeout=SOON_S)
        if message.type == WSMsgType.BINARY and kind == "frame":
            end = 4 + int.from_bytes(message.data[:4], "little")
            return json.loads(message.data[4:end]), message.data[end:]
        if message.type == WSMsgType.TEXT and (head := json.loads(message.data))["kind"] == kind:
            return head
        assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), message


async def ended(ws):
    """The code with which the server ends a connection; None without one."""
    while True:
        message = await ws.receive(timeout=SOON_S)
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING):
            return ws.close_code
        if message.type == WSMsgType.ERROR:
            return None


async def until(what):
    async with asyncio.timeout(SOON_S):
        while not what():
            await asyncio.sleep(0.005)


def asked(server, request):
    """The answer to a raw request, as text."""
    with socket.create_connection(("127.0.0.1", server.port), SOON_S) as line:
        line.sendall(request.replace("\n", "\r\n").encode())
        line.settimeout(SOON_S)
        got = b""
        while part := line.recv(65536):
            got += part
        return got.decode(errors="replace")


def get(server, path, *, host=None, more=""):
    host = f"127.0.0.1:{server.port}" if host is None else host
    return asked(server, f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close\n{more}\n")


# What it shows


def test_a_viewer_is_told_of_the_run_and_sees_picture_skeletons_and_probabilities():
    async def watch(sink):
        async with connection(sink.server) as ws:
            state = await heard(ws, "state")
            await until(lambda: sink.server.watching)
            sink(frame(3))
            return state, await heard(ws, "frame")

    with page() as sink:
        state, (head, jpeg) = asyncio.run(watch(sink))
    assert state["run"]["labels"] == ["idle", "wave"]
    assert state["run"]["joints"] == list(H36M17.joints)
    assert {tuple(bone) for bone in state["run"]["bones"]} == set(H36M17.bones)
    (one,) = head["people"]
    assert (head["index"], head["age_ms"], one["id"]) == (3, 20.0, 1)
    assert one["xy"] == [[50.0, 50.0]] * 17
    assert one["visible"] == [0] + [1] * 16
    assert one["xyz"] == [[0.5] * 3] * 17
    assert one["probabilities"] == [0.25, 0.75]
    assert one["action"] == {"label": "wave", "start_s": 1.0}
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1).shape == (120, 160, 3)


def test_a_number_that_is_none_and_a_frame_without_a_picture_are_no_error():
    lost = person(xyz=np.full((17, 3), np.nan, np.float32), xy=None, visible=None, action=None)

    async def watch(sink):
        async with connection(sink.server) as ws:
            await until(lambda: sink.server.watching)
            sink(frame(image=False, people={4: lost}))
            return await heard(ws, "frame")

    with page() as sink:
        head, jpeg = asyncio.run(watch(sink))
    (one,) = head["people"]
    assert (one["xy"], one["xyz"][0], jpeg) == (None, [None] * 3, b"")


def test_a_large_picture_is_sent_smaller_and_its_joints_stay_in_the_pixels_of_the_camera():
    async def watch(sink):
        async with connection(sink.server) as ws:
            await until(lambda: sink.server.watching)
            sink(frame())
            return await heard(ws, "frame")

    with page(max_height=60) as sink:
        head, jpeg = asyncio.run(watch(sink))
    assert jpeg_size(jpeg) == (80, 60)
    assert (head["width"], head["height"]) == (160, 120)


def test_actions_that_ended_are_told_also_to_a_viewer_who_comes_later():
    ended_event = Event(2, "wave", 1.0, 2.5, 0.8)

    async def watch(sink):
        async with connection(sink.server) as ws:
            await heard(ws, "events")
            sink(frame(events=(ended_event,)))
            now = await heard(ws, "events")
        async with connection(sink.server) as ws:
            return now, await heard(ws, "events")

    with page() as sink:
        now, later = asyncio.run(watch(sink))
    told = {"id": 2, "label": "wave", "start_s": 1.0, "end_s": 2.5, "confidence": 0.8}
    assert now["events"] == later["events"] == [told]


def test_while_nobody_watches_nothing_is_encoded():
    with page() as sink:
        for i in range(5):
            sink(frame(i))
        sink.pause()
        assert sink.summary() == {"frames": 5, "sent": 0}


def test_a_viewer_whose_own_camera_it_is_gets_no_picture_back_and_the_others_do():
    async def watch(sink):
        async with connection(sink.server) as owner, connection(sink.server) as other:
            await until(lambda: sink.server.watching == 2)
            await owner.send_json({"kind": "pictures", "wanted": False})
            await owner.send_json({"kind": "ping", "sent": 1.5})
            pong = await heard(owner, "pong")
            sink(frame())
            return pong, await heard(owner, "frame"), await heard(other, "frame")

    with page() as sink:
        pong, mine, others = asyncio.run(watch(sink))
    assert (pong["sent"], mine[1], mine[0]) == (1.5, b"", others[0])
    assert others[1]


def test_a_second_run_is_shown_to_who_stayed_and_late_frames_of_the_first_bear_its_number():
    async def watch(sink):
        async with connection(sink.server) as ws:
            first = await heard(ws, "state")
            await until(lambda: sink.server.watching)
            sink(frame(6))
            late = await heard(ws, "frame")
            await asyncio.to_thread(sink.pause)
            sink.begin(RunInfo(160, 120, 30.0, "coco17", "h36m17", ("idle", "kick"), "idle", "b"))
            while (second := await heard(ws, "state"))["run"]["labels"] != ["idle", "kick"]:
                continue
            sink(frame(7))
            return first["run"], late[0], second["run"], (await heard(ws, "frame"))[0]

    with page() as sink:
        first, late, second, new = asyncio.run(watch(sink))
    assert (late["index"], new["index"]) == (6, 7)
    assert first["number"] == late["run"] < second["number"] == new["run"]


def test_the_page_is_there_without_the_token_and_nothing_it_loads_lies_elsewhere():
    with server() as it:
        answer = get(it, "/")
        head, body = answer.split("\r\n\r\n", 1)
        assert head.startswith("HTTP/1.1 200")
        assert it.token not in answer
        assert "<script" in body
        assert "//" not in body.replace("<!-- ", "")
        policy = next(line for line in head.splitlines() if line.startswith("Content-Security"))
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_token_is_in_the_fragment_which_no_browser_sends():
    said = []
    with page(say=said.append) as sink:
        (line,) = said
        assert line.endswith(f"http://127.0.0.1:{sink.server.port}/#token={sink.server.token}")


def test_every_start_draws_another_token():
    tokens = {PageServer(host="127.0.0.1", port=0, token=None).token for _ in range(3)}
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 32


# Closed to strangers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_names_of_this_machine_are_answered(host):
    with server() as it:
        assert get(it, "/", host=f"{host}:{it.port}").startswith("HTTP/1.1 200")
        assert get(it, "/", host=host).startswith("HTTP/1.1 200")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example",
             "", "127.0.0.2", "localhost:80:80", "0.0.0.0"],
)  # fmt: skip
def test_another_host_is_refused_whatever_is_asked_for(host):
    with server() as it:
        for path in ("/", "/main.js", "/nothing", "/recordings/a.mp4", "/socket"):
            assert get(it, path, host=host).startswith("HTTP/1.1 403"), path


def test_two_hosts_are_refused():
    with server() as it:
        more = f"Host: 127.0.0.1:{it.port}\n"
        assert get(it, "/", host="evil.example", more=more).split()[1] in ("400", "403")
        assert get(it, "/", more="Host: evil.example\n").split()[1] in ("400", "403")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "", "file://"]
)
def test_another_origin_is_refused_by_upgrades_and_requests(origin):
    async def connect(it):
        async with connection(it, origin=origin or " "):
            pass

    with server() as it:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            asyncio.run(connect(it))
        assert caught.value.status == 403
        assert get(it, "/", more=f"Origin: {origin}\n").startswith("HTTP/1.1 403")


def test_an_origin_that_equals_a_foreign_host_is_refused_too():
    async def connect(it):
        async with connection(it, origin="http://evil.example:1", host="evil.example:1"):
            pass

    with server() as it:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            asyncio.run(connect(it))
        assert caught.value.status == 403


def test_an_upgrade_without_an_origin_is_refused():
    with server() as it:
        more = (
            "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
        )
        assert get(it, "/socket", more=more).startswith("HTTP/1.1 403")


@pytest.mark.parametrize("token", ["wrong", "", 7, ["x"], {"a": 1}, "\ud800"])
def test_a_wrong_token_ends_the_connection_and_nothing_was_told(token):
    async def connect(it):
        async with connection(it, token=token) as ws:
            message = await ws.receive(timeout=SOON_S)
            return message.type, ws.close_code

    with server() as it:
        assert asyncio.run(connect(it)) == (WSMsgType.CLOSE, 4401)


@pytest.mark.parametrize("first", ["no json", "[1]", '{"kind":"ping","sent":1}', b"\0\0\0\0{}x"])
def test_whatever_is_said_before_the_token_is_not_heard(first):
    async def connect(it):
        async with connection(it, token=None) as ws:
            await (ws.send_str if isinstance(first, str) else ws.send_bytes)(first)
            return await ended(ws)

    with server() as it:
        it.commands["record"] = lambda viewer, message: pytest.fail("heard")
        assert asyncio.run(connect(it)) == 4401


def test_connections_that_give_no_token_are_few_and_do_not_keep_others_out_for_ever(monkeypatch):
    monkeypatch.setattr("gastlive.realtime.page.server.TOKEN_S", 0.05)

    async def connect(it):
        async with connection(it, token=None) as ws:
            return await ended(ws)

    with server() as it:
        assert asyncio.run(connect(it)) == 4401


def test_more_strangers_than_may_wait_are_refused():
    async def connect(it):
        async with aiohttp.ClientSession() as session:
            headers = {"Origin": url(it, "")}
            kept = [
                await session.ws_connect(url(it, "/socket"), headers=headers)
                for _ in range(MAX_STRANGERS)
            ]
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(url(it, "/socket"), headers=headers)
            await asyncio.gather(*(ws.close() for ws in kept))
            return caught.value.status

    with server() as it:
        assert asyncio.run(connect(it)) == 503


def test_more_viewers_than_there_may_be_are_refused():
    async def connect(it):
        async with aiohttp.ClientSession() as session:
            headers, kept = {"Origin": url(it, "")}, []
            for _ in range(MAX_VIEWERS + 1):
                kept.append(await session.ws_connect(url(it, "/socket"), headers=headers))
                await kept[-1].send_json({"token": it.token})
                await until(lambda: it.watching == min(len(kept), MAX_VIEWERS))
            return await ended(kept[-1])

    with server() as it:
        assert asyncio.run(connect(it)) == 4503


SECRETS = ["/../server.py", "/..%2fserver.py", "/%2e%2e/server.py", "/static/../server.py",
           "//etc/passwd", "/etc/passwd", "/..\\server.py", "/%00", "/main.js/../../server.py",
           "/recordings/../server.py", "/recordings/..%2f..%2fserver.py", "/recordings//etc/passwd",
           "/recordings/%2fetc%2fpasswd", "/recordings/..", "/recordings/"]  # fmt: skip


@pytest.mark.parametrize("path", SECRETS)
def test_no_file_beside_the_pages_own_can_be_read(path):
    with server() as it:
        answer = get(it, path, more=f"Authorization: Bearer {it.token}\n")
        assert answer.split()[1] in ("400", "404"), answer
        assert "asyncio" not in answer
        assert "root:" not in answer


def test_recordings_are_given_to_who_has_the_token_and_by_their_name_alone(tmp_path):
    recording = tmp_path / "a.mp4"
    recording.write_bytes(b"a film")
    (tmp_path / "b.txt").write_bytes(b"something else")
    with server() as it:
        it.file = {"a.mp4": recording}.get
        known = f"Authorization: Bearer {it.token}\n"
        assert get(it, "/recordings/a.mp4", more=known).endswith("a film")
        assert get(it, "/recordings/b.txt", more=known).split()[1] == "404"
        wrong = ("", "Authorization: Bearer x\n", f"Authorization: Basic {it.token}\n")
        for more in wrong:
            assert get(it, "/recordings/a.mp4", more=more).split()[1] == "401"
        assert get(it, f"/recordings/a.mp4?token={it.token}").split()[1] == "401"


def test_nothing_can_be_written_by_http():
    with server() as it:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = asked(
                it,
                f"{method} / HTTP/1.1\nHost: 127.0.0.1\nConnection: close\nContent-Length: 0\n\n",
            )
            assert answer.split()[1] == "405"


@pytest.mark.parametrize(
    "message",
    ["no json", "[]", "{}", '{"kind":"unknown"}', '{"kind":["a"]}', '{"kind":"ping"}', "[" * 3000,
     '{"kind":"ping","sent":NaN}', '{"kind":"ping","sent":1' + "0" * 400 + "}",
     '{"kind":"ping","sent":1,"x":"' + "x" * 5000 + '"}', b"", b"\xff\xff\xff\xff{}", b"\0\0\0\0x"],
    ids=range(13),
)  # fmt: skip
def test_a_message_that_is_not_understood_ends_the_connection(message):
    async def send(it):
        async with connection(it) as ws:
            await (ws.send_str if isinstance(message, str) else ws.send_bytes)(message)
            return await ended(ws)

    with server() as it:
        assert asyncio.run(send(it)) == 4400


def test_a_message_that_is_too_large_ends_the_connection():
    async def send(it):
        async with connection(it) as ws:
            await ws.send_bytes(bytes(MAX_MESSAGE + 1))
            return await ended(ws)

    with server() as it:
        assert asyncio.run(send(it)) == 1009


@pytest.mark.parametrize(("message", "count"), [({"kind": "shown"}, 2000), (b"\2\0\0\0{}x", 500)])
def test_more_messages_than_a_page_sends_end_the_connection(message, count):
    async def send(it):
        async with connection(it) as ws:
            for _ in range(count):
                if ws.closed:
                    break
                is_picture = isinstance(message, bytes)
                await (ws.send_bytes(message) if is_picture else ws.send_json(message))
            return await ended(ws)

    with server() as it:
        assert asyncio.run(send(it)) in (4429, None)


def test_a_command_is_passed_on_and_what_it_refuses_is_told_to_who_asked():
    def refuse(viewer, message):
        raise InputError(f"no source {message['source']}; choose another")

    async def ask(it):
        async with connection(it) as ws:
            await ws.send_json({"kind": "choose", "source": "moon"})
            return await heard(ws, "refused")

    with server() as it:
        it.commands["choose"] = refuse
        assert asyncio.run(ask(it))["words"] == "no source moon; choose another"


def test_only_another_address_than_loopback_is_warned_of(caplog):
    with server():
        assert not caplog.records
    own = next((a for a in _own_addresses() if not a.startswith("127.")), None)
    if own is None:
        pytest.skip("this machine has no address but loopback")
    with server(host=own) as it:
        assert "page.host" in caplog.text
        assert own in it.address
        line = socket.create_connection((own, it.port), SOON_S)
        line.close()


def _own_addresses():
    return {a[4][0] for a in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_address_at_once_is_no_choice(host):
    with pytest.raises(InputError, match="give the one that the page is opened at"):
        PageServer(host=host, port=0, token=None)


@pytest.mark.parametrize("token", ["short", "", "a token with spaces in it", "x" * 15])
def test_a_token_that_can_be_guessed_is_refused(token):
    with pytest.raises(InputError, match="token"):
        PageServer(host="127.0.0.1", port=0, token=token)


def test_a_port_that_is_taken_is_one_line():
    with server() as it, pytest.raises(InputError, match=f"page.port={it.port} is taken"):
        PageServer(host="127.0.0.1", port=it.port, token=None).start()


# Viewers do not slow the chain


def test_a_viewer_who_shows_nothing_gets_two_frames_and_then_the_newest():
    async def watch(sink):
        async with connection(sink.server) as ws:
            await until(lambda: sink.server.watching)
            for i in range(10):
                sink(frame(i))
                await until(lambda i=i: sink.summary()["sent"] == i + 1)
                await asyncio.sleep(0.01)
            first = [(await heard(ws, "frame"))[0]["index"] for _ in range(2)]
            await ws.send_json({"kind": "shown"})
            return [*first, (await heard(ws, "frame"))[0]["index"]]

    with page(pictures=1000.0) as sink:
        assert asyncio.run(watch(sink)) == [0, 1, 9]


class Told:
    """A server that notes what is shown, to viewers of whom some have the pictures."""

    def __init__(self, *, wants_pictures=True, wants_bare=False):
        self.wants_pictures, self.wants_bare, self.shown = wants_pictures, wants_bare, []

    def show(self, frame):
        self.shown.append(frame)


def messages(told, frames, *, pictures):
    made = Messages(told, max_height=480, quality=80, pictures=pictures)
    for one in frames:
        made(one)
    return made


@pytest.mark.parametrize(
    ("fps", "pictures", "sent"), [(30, 20.0, 40), (10, 20.0, 20), (30, 5.0, 10)]
)
def test_pictures_are_sent_so_often_and_no_oftener_than_they_come(fps, pictures, sent):
    told = Told()
    frames = [frame(i, captured_s=100 + i / fps) for i in range(2 * fps)]
    made = messages(told, frames, pictures=pictures)
    assert abs(len(told.shown) - sent) <= 1
    assert made.made == len(told.shown)
    assert all(one.whole for one in told.shown)


def test_who_has_the_pictures_is_answered_every_frame():
    told = Told(wants_bare=True)
    messages(told, [frame(i, captured_s=i / 30) for i in range(30)], pictures=5.0)
    assert len(told.shown) == 30
    assert 4 <= sum(one.whole is not None for one in told.shown) <= 6
    told = Told(wants_pictures=False)
    messages(told, [frame(0)], pictures=5.0)
    assert told.shown == []


def test_after_a_pause_pictures_go_on_at_once():
    told = Told()
    times = [0.0, 0.01, 0.02, 50.0, 50.01, 50.02, 3.0]  # the last is of a clock that was set back
    messages(told, [frame(i, captured_s=t) for i, t in enumerate(times)], pictures=20.0)
    assert len(told.shown) == len(times) - 2


def test_a_viewer_who_stalls_is_let_go_and_the_others_stay():
    async def watch(it):
        async with connection(it) as stalled, connection(it) as other:
            await until(lambda: it.watching == 2)
            frames = 0
            while it.watching == 2:
                it.show(_shown(b"x"))
                await asyncio.wait_for(other.receive(), SOON_S)
                await other.send_json({"kind": "shown"})
                await asyncio.sleep(0.01)
                frames += 1
                assert frames < 1000
            return await ended(stalled), other.closed

    with server(stall_s=0.1) as it:
        assert asyncio.run(watch(it)) == (1006, False)


def test_a_viewer_who_does_not_even_read_is_let_go():
    async def watch(it):
        reader, writer = await _silent(it)
        await until(lambda: it.watching == 1)
        reader._transport.pause_reading()
        for _ in range(400):
            it.update(words="x" * 100_000)  # more than the system keeps for a connection
            await asyncio.sleep(0.005)
            if not it.watching:
                break
        writer.transport.abort()
        return it.watching

    with server(stall_s=0.2) as it:
        assert asyncio.run(watch(it)) == 0


async def _silent(it):
    """A bare connection that has given its token."""
    reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
    writer.write(
        (
            f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {url(it, '')}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    token = json.dumps({"token": it.token}).encode()
    writer.write(bytes([0x81, 0x80 | len(token), 0, 0, 0, 0]) + token)
    return reader, writer


def _shown(whole):
    return Shown(whole=whole, bare=whole)


def test_the_chain_does_not_wait_for_the_page(monkeypatch):
    gate, reached = threading.Event(), threading.Event()

    def slow(self, frame):
        reached.set()
        assert gate.wait(SOON_S)

    monkeypatch.setattr(Messages, "__call__", slow)
    with page() as sink:
        for i in range(50):
            sink(frame(i))
        assert reached.wait(SOON_S)
        gate.set()
        skipped = sink._sending.skipped
    assert skipped >= 48


# What goes over the line


def test_head_and_picture_come_out_as_they_went_in():
    assert unpacked(packed({"index": 3, "word": "ä"}, b"jpeg")) == (
        {"index": 3, "word": "ä"},
        b"jpeg",
    )


@pytest.mark.parametrize("size", [(160, 120), (1, 1), (2000, 3)])
def test_the_size_of_a_jpeg_is_read_without_decoding(size):
    width, height = size
    _, jpeg = cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8))
    assert jpeg_size(jpeg.tobytes()) == size


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n" + bytes(50), b"\xff\xd8" * 40]
)
def test_what_is_no_jpeg_is_refused(data):
    with pytest.raises(InputError, match="no JPEG"):
        jpeg_size(data)


# Recordings


def recorded(sink, frames):
    """What the page is told of a recording of these frames."""

    async def record():
        async with connection(sink.server) as ws:
            await ws.send_json({"kind": "record", "on": True})
            await until(lambda: sink.recorder.is_on)
            for one in frames:
                sink(one)
            await ws.send_json({"kind": "record", "on": False})
            while not (state := await heard(ws, "state"))["recordings"] or state["recording"]["on"]:
                continue
            return state["recordings"]

    return asyncio.run(record())


def test_a_recording_is_listed_and_its_files_are_given_to_who_has_the_token(tmp_path):
    ended_event = Event(1, "wave", 0.0, 0.1, 0.8)
    with page(folder=str(tmp_path)) as sink:
        sink(frame(0))  # before
        (entry,) = recorded(sink, [*map(frame, range(1, 9)), frame(9, events=(ended_event,))])
        sink(frame(10))  # after
        files = {one["kind"]: one for one in entry["files"]}
        assert sorted(files) == ["events", "jsonl", "mp4"]
        assert (entry["people"], entry["seconds"], entry["words"]) == (1, 0.27, "")
        known = f"Authorization: Bearer {sink.server.token}\n"
        for one in entry["files"]:
            assert one["bytes"] == (tmp_path / one["name"]).stat().st_size
            answer = get(sink.server, f"/recordings/{one['name']}", more=known)
            assert answer.startswith("HTTP/1.1 200")
        head, *rows = (tmp_path / files["jsonl"]["name"]).read_text().splitlines()
        assert json.loads(head)["labels"] == ["idle", "wave"]
        assert [json.loads(row)["index"] for row in rows] == list(range(1, 10))
        assert "wave" in (tmp_path / files["events"]["name"]).read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        one["name"] for one in entry["files"]
    )


def test_a_recording_ends_with_its_run_and_nothing_is_left_half(tmp_path):
    with page(folder=str(tmp_path)) as sink:
        sink.recorder.start()
        sink(frame(1))
        sink.pause((Event(1, "wave", 0.0, 0.5, 0.8),))
        sink.recorder.wait()
        (entry,) = sink.recorder.recordings
        assert not sink.recorder.is_on
        (events,) = [one["name"] for one in entry["files"] if one["kind"] == "events"]
        assert '"wave"' in (tmp_path / events).read_text().splitlines()[1]


def test_a_recording_that_can_not_be_written_says_so_and_the_run_goes_on(tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    with page(folder=str(tmp_path / "taken")) as sink:
        sink.recorder.start()
        sink(frame(1))
        sink(frame(2))
        (entry,) = sink.recorder.recordings
        assert "can't write" in entry["words"]
        assert (entry["files"], sink.recorder.is_on) == ([], False)


def test_two_recordings_of_one_second_have_two_names(tmp_path):
    with page(folder=str(tmp_path)) as sink:
        for i in range(2):
            sink.recorder.start()
            sink(frame(i))
            sink.recorder.stop()
        sink.recorder.wait()
        names = {entry["name"] for entry in sink.recorder.recordings}
    assert len(names) == 2
