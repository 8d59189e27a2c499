"""sink=[mqtt] against a real broker, Debian's mosquitto, killed and started again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Action, Person, Pose
from gastlive.realtime.sinks.home_assistant import discovery

from .sent import INFO, frame, mqtt, said

HERE = Path(__file__).parent
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
with_broker = pytest.mark.skipif(MOSQUITTO is None, reason="needs apt-get install mosquitto")


def until(holds, *, timeout_s=30.0):
    """Wait for another process or thread."""
    end_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end_s, "nothing came of it"
        time.sleep(0.01)


class Broker:
    """mosquitto on a port of its own; sessions and retained messages survive a kill."""

    def __init__(self, folder, *more):
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.conf, self.process, self.database = folder / "mosquitto.conf", None, folder / "m.db"
        lines = (
            f"listener {self.port} 127.0.0.1", "persistence true", "persistence_file m.db",
            f"persistence_location {folder}/", "user root", "log_dest none",
            *(more or ["allow_anonymous true"]),
        )  # fmt: skip
        self.conf.write_text("\n".join(lines) + "\n")

    def start(self):
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.conf], stderr=subprocess.DEVNULL)
        until(self.answers)

    def answers(self):
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    def save(self):
        """Have who is subscribed written to disk now."""
        self.database.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        until(self.database.exists)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker(tmp_path):
    made = Broker(tmp_path)
    made.start()
    yield made
    made.kill()


class Reader:
    """A subscriber with a session that the broker keeps."""

    def __init__(self, port):
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.got, self.ready = [], 0
        self.client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"reader{id(self)}", clean_session=False
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_subscribe = lambda *_: setattr(self, "ready", self.ready + 1)
        self.client.on_message = lambda _, __, m: self.got.append((m.topic, m.payload.decode()))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        until(lambda: self.ready)

    def states(self):
        return dict(self.got)

    def tracks(self):
        """Of each event once, in the order of the first time."""
        records = [json.loads(text) for topic, text in self.got if topic == "gastlive/hall/event"]
        return list({record["id"]: record["track"] for record in records}.values())

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def reading(port):
    reader = Reader(port)
    yield reader
    reader.close()


def somebody(label):
    pose = Pose(COCO17, np.zeros((17, 2), "f4"), np.ones(17, "f4"))
    return Person(pose, action=Action(label, 0.9, 0.0))


@with_broker
def test_events_and_who_is_there_reach_the_broker_and_home_assistant_finds_them(broker, tmp_path):
    with reading(broker.port) as reader:
        sink = mqtt(tmp_path, broker.port)
        sink.begin(INFO)
        until(lambda: reader.states().get("gastlive/hall/status") == "online")
        sink(frame(people={1: somebody("wave"), 2: somebody("idle")}, events=said(1, 2)))
        until(lambda: reader.states().get("gastlive/hall/people") == "2")
        sink.close(said(3))
        until(lambda: reader.states().get("gastlive/hall/status") == "offline")
        assert reader.tracks() == [1, 2, 3]
        states = reader.states()
        assert json.loads(states["gastlive/hall/last_action"])["track"] == 3
        assert states["gastlive/hall/people"] == "0"
        assert not any("person" in topic for topic in states)
        for topic, payload in discovery("gastlive/hall", "homeassistant").items():
            assert json.loads(states[topic]) == payload
            assert payload["state_topic"] in states
    assert sink.summary() == {"sent": 3, "refused": 0, "lost": 0, "waiting": 0, "retries": 0}


@with_broker
def test_a_broker_killed_and_started_again_gets_every_event_that_was_promised(broker, tmp_path):
    with reading(broker.port) as reader:
        broker.save()
        sink = mqtt(tmp_path, broker.port)
        sink.begin(INFO)
        sink(frame(events=said(1, 2, 3)))
        until(lambda: len(reader.tracks()) == 3)
        broker.kill()
        for track in range(4, 9):
            sink(frame(events=said(track)))
        broker.start()
        sink(frame(events=said(9)))
        sink.close(said(10))
        until(lambda: len(reader.tracks()) == 10)
        assert reader.tracks() == list(range(1, 11))
    assert sink.summary()["waiting"] == 0


KILLED = """
import os, signal, sys, time
from pathlib import Path
from sent import INFO, frame, mqtt, said
sink = mqtt(Path(sys.argv[1]), int(sys.argv[2]))
sink.begin(INFO)
sink(frame(events=said(1, 2, 3)))
if sys.argv[3] == "now":
    os.kill(os.getpid(), signal.SIGKILL)
print("promised", flush=True)
time.sleep(60)
"""


def program(folder, port, when):
    words = [sys.executable, "-c", KILLED, str(folder), str(port), when]
    return subprocess.Popen(words, cwd=HERE, stdout=subprocess.PIPE)


@with_broker
def test_what_a_killed_program_has_promised_is_sent_by_the_next(broker, tmp_path):
    with program(tmp_path, broker.port, "now") as killed:
        assert killed.wait(120) == -signal.SIGKILL
    with reading(broker.port) as reader:
        sink = mqtt(tmp_path, broker.port)
        sink.begin(INFO)
        sink.close(said(4))
        until(lambda: reader.tracks()[-1:] == [4])
    # Those before the kill may have come through, before the reader was there.
    assert reader.tracks() == list(range(5 - len(reader.tracks()), 5))
    assert sink.summary()["waiting"] == 0


@with_broker
def test_the_broker_says_so_when_the_program_is_killed(broker, tmp_path):
    with reading(broker.port) as reader, program(tmp_path, broker.port, "later") as killed:
        until(lambda: reader.states().get("gastlive/hall/status") == "online", timeout_s=120)
        killed.kill()
        killed.wait()
        until(lambda: reader.states()["gastlive/hall/status"] == "offline")


@with_broker
def test_the_action_of_each_person_is_a_state_that_goes_with_them(broker, tmp_path):
    with reading(broker.port) as reader:
        reader.client.publish("gastlive/hall/person/77", "of a killed run", qos=1, retain=True)
        sink = mqtt(tmp_path, broker.port, people=True)
        sink.begin(INFO)
        until(lambda: reader.states().get("gastlive/hall/person/77") == "")
        sink(frame(people={1: somebody("wave")}))
        until(lambda: reader.states().get("gastlive/hall/person/1", "") != "")
        assert json.loads(reader.states()["gastlive/hall/person/1"])["label"] == "wave"
        sink.close()
        until(lambda: reader.states()["gastlive/hall/person/1"] == "")


@with_broker
def test_a_broker_that_refuses_the_password_is_said_and_nothing_is_lost(tmp_path, warned):
    (tmp_path / "users").write_text("")
    subprocess.run(["mosquitto_passwd", "-b", tmp_path / "users", "me", "right"], check=True)
    guarded = Broker(tmp_path, "allow_anonymous false", f"password_file {tmp_path / 'users'}")
    guarded.start()
    try:
        sink = mqtt(tmp_path, guarded.port, username="me", password="wr0ng", close_s=0.0)
        sink.begin(INFO)
        sink(frame(events=said(1)))
        until(lambda: "Not authorized" in "\n".join(warned))
        sink.close()
        assert "wr0ng" not in "\n".join(warned)
        assert sink.summary()["waiting"] == 1
        sink = mqtt(tmp_path, guarded.port, username="me", password="right")
        sink.begin(INFO)
        sink.close()
    finally:
        guarded.kill()
    assert sink.summary()["sent"] == 1


def test_without_a_broker_the_events_wait_on_the_disk(tmp_path, warned):
    sink = mqtt(tmp_path, 9, close_s=0.0)
    sink.begin(INFO)
    sink.close(said(1, 2))
    assert sink.summary()["waiting"] == 2
    assert "2 events for mqtt broker 127.0.0.1:9 wait in" in "\n".join(warned)


def test_without_the_package_one_line_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(InputError, match=r"pip install 'gastlive\[mqtt\]'"):
        mqtt(tmp_path, 9)


@pytest.mark.parametrize("topic", ["", "a/+/b", "#", "$SYS/a", "a//b"])
def test_a_topic_that_nothing_can_be_published_at_is_refused(tmp_path, topic):
    with pytest.raises(InputError, match=r"sink\.mqtt\.topic="):
        mqtt(tmp_path, 9, topic=topic)


def test_a_certificate_that_is_none_is_refused(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        with pytest.raises(InputError, match=r"sink\.mqtt\.tls="):
            mqtt(tmp_path, 9, tls=str(path))
