"""A camera's password appears nowhere: in what is printed, written, or handed to other programs."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from urllib.parse import urlsplit

import aiohttp
import pytest

from gastlive.gast.addresses import masked_all, put_away, shown

from .camera import camera

ADDRESS = "rtsp://anna:g3heim!, x@127.0.0.1:9/live"
SECRET = "g3heim"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GASTLIVE_ADDRESS_")]:
        monkeypatch.delenv(name)
    before = set(os.environ)
    yield
    for name in set(os.environ) - before:
        monkeypatch.delenv(name)


def live(*words, folder):
    """What the program prints, and all that it leaves in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.realtime.live", *words],
        cwd=folder, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    left = [path for path in folder.rglob("*") if path.is_file()]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in left]
    return done.stdout + done.stderr, texts


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([f"source.url={ADDRESS}"], "rtsp://***@127.0.0.1:9/live"),
        pytest.param(
            ["-m", "source=stream", f"source.url={ADDRESS}"],
            "rtsp://***@127.0.0.1:9/live",
            marks=pytest.mark.slow,
        ),
        ([f"source.url={ADDRESS}", "--cfg", "job"], "rtsp://***@127.0.0.1:9/live"),
        ([f"source.url={ADDRESS}", "--cfg", "job", "--resolve"], "rtsp://***@127.0.0.1:9/live"),
        ([f"source.url={ADDRESS}", "--help"], "source.url"),
        ([f"source.ulr={ADDRESS}"], "rtsp://***@127.0.0.1:9/live"),
        pytest.param(
            ["source=video", f"source.path={ADDRESS}"], "127.0.0.1", marks=pytest.mark.slow
        ),
        (
            ["source=many", f"sources=[{{name: a, url: '{ADDRESS}'}}, {{name: demo, frames: 2}}]"],
            "camera a has ended: stream rtsp://***@127.0.0.1:9/live delivers no picture",
        ),
    ],
)
def test_the_password_of_a_camera_is_printed_and_written_nowhere(words, said, tmp_path):
    given = (
        words if words[0] in ("-m", "source=video", "source=many") else ["source=stream", *words]
    )
    printed, texts = live(*given, folder=tmp_path)
    assert said in printed
    assert SECRET not in printed
    assert not [text for text in texts if SECRET in text]


async def received(address, *, frames, then):
    """All that a viewer gets until so many frames have come, and for two seconds after `then`."""
    place, got, seen = urlsplit(address), [], 0
    home = f"http://{place.netloc}"
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/nothing", "/recordings/annotated.mp4"):
            token = {"Authorization": f"Bearer {place.fragment.removeprefix('token=')}"}
            async with session.get(home + path, headers=token) as answer:
                got += [str(answer.headers).encode(), await answer.read()]
        async with session.ws_connect(f"{home}/socket", headers={"Origin": home}) as ws:
            await ws.send_json({"token": place.fragment.removeprefix("token=")})
            while True:
                try:
                    message = await ws.receive(timeout=60 if seen < frames else 2)
                except TimeoutError:
                    return got
                got.append(
                    message.data if isinstance(message.data, bytes) else str(message.data).encode()
                )
                if message.type == aiohttp.WSMsgType.BINARY:
                    seen += 1
                    await ws.send_json({"kind": "shown"})
                if seen == frames:
                    then()


@pytest.mark.slow
def test_nothing_that_a_viewer_receives_has_a_secret_of_camera_broker_or_web_server(tmp_path):
    with camera() as one:
        address = one.url.replace("//", "//anna:g3heim%21@") + "?user=anna&pwd=g3heim"
        words = [
            "source=stream", f"source.url={address}", "sink=[page,webhook,mqtt]",
            "sink.page.port=0", "sink.webhook.url=http://127.0.0.1:9/g3heim",
            "sink.webhook.secret=g3heim", f"sink.webhook.spool={tmp_path}/w.sqlite",
            "sink.mqtt.port=9", "sink.mqtt.username=anna", "sink.mqtt.password=g3heim",
            "sink.mqtt.close_s=0.1", "sink.webhook.close_s=0.1",
            f"sink.mqtt.spool={tmp_path}/m.sqlite", f"hydra.run.dir={tmp_path}/run",
        ]  # fmt: skip
        program = subprocess.Popen(
            [sys.executable, "-m", "gastlive.realtime.live", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        printed = []
        for line in program.stdout:
            printed.append(line)
            if "the page is at " in line:
                break
        page = printed[-1].strip().partition("the page is at ")[2]
        got = asyncio.run(received(page, frames=5, then=one.switch_off))
        program.send_signal(signal.SIGINT)
        printed += program.communicate(timeout=60)[0].splitlines()
    shown_as = f"http://***@127.0.0.1:{one.port}/video.mjpg***".encode()
    assert any(shown_as in message for message in got)
    assert not [message for message in got if SECRET.encode() in message or b"anna" in message]
    assert not [line for line in printed if SECRET in line]


@pytest.mark.slow
def test_what_a_camera_with_a_password_leaves_is_for_its_user_alone(tmp_path):
    folder = tmp_path / "run"
    words = ("source=stream", f"source.url={ADDRESS}", "sink=[jsonl]", f"hydra.run.dir={folder}")
    live(*words, folder=tmp_path)
    summary = folder / "summary.json"
    assert json.loads(summary.read_text())["config"]["source"]["url"].startswith("rtsp://***@")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(summary.stat().st_mode) == 0o600


def test_a_password_in_a_file_of_cameras_is_kept_as_one_of_the_command_line_is(tmp_path):
    folder, file = tmp_path / "run", tmp_path / "cameras.yaml"
    file.write_text(f"- {{name: a, url: '{ADDRESS}'}}\n- {{name: demo, frames: 2}}\n")
    words = ("source=many", f"sources={file}", "sink=[jsonl,csv]", f"hydra.run.dir={folder}")
    printed, _ = live(*words, folder=folder.parent)
    assert SECRET not in printed
    assert not [path for path in folder.iterdir() if SECRET in path.read_text()]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["cameras"]["demo"]["processed"] == 2


def test_a_process_started_with_the_same_words_gets_the_address():
    (word,) = put_away([f"source.url={ADDRESS}"])
    key, _, value = word.partition("=")
    assert (key, SECRET in value) == ("source.url", False)
    read = "import os, sys; print(os.environ[sys.argv[1]])"
    done = subprocess.run(
        [sys.executable, "-c", read, value.strip("${}").partition(":")[2]],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == ADDRESS


def test_addresses_in_a_list_are_put_away_one_by_one():
    word = "sources=[{name: door, url: rtsp://a:one@h/1}, {name: hall, url: 'rtsp://b:two@h/2'}]"
    (kept,) = put_away([word])
    assert "one" not in kept
    assert "two" not in kept
    assert kept.startswith("sources=[{name: door, url: ${oc.env:")
    assert shown(kept) == word.replace("a:one", "***").replace("b:two", "***")


@pytest.mark.parametrize(
    "word", ["source.url=rtsp://camera/live", "source.path=a b@c.mp4", "note=https://x.org/a"]
)
def test_addresses_without_a_password_stay_as_they_are(word):
    assert put_away([word]) == [word]


def test_plain_data_loses_its_passwords_and_nothing_else():
    given = {"url": "rtsp://a:b c@h/live", "n": [1, None, "see http://u:p@h/x now"]}
    assert masked_all(given) == {
        "url": "rtsp://***@h/live",
        "n": [1, None, "see http://***@h/x now"],
    }


def test_an_address_that_is_given_as_a_path_loses_its_parameters_and_a_path_nothing():
    given = [{"path": "rtsp://h/1?user=a&password=b"}, {"path": "my films/a?b.mp4"}]
    assert masked_all(given) == [{"path": "rtsp://h/1***"}, {"path": "my films/a?b.mp4"}]
