"""Sinks that hand events to other programs: csv and webhook."""

import csv
import hmac
import json
import logging
import os
import signal
import subprocess
import sys
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from omegaconf import OmegaConf

from gastlive.conf.option import option
from gastlive.gast.addresses import masked_all, put_away, shown
from gastlive.gast.errors import InputError
from gastlive.realtime.packets import Event
from gastlive.realtime.sinks.background import Background, apart

from .sent import INFO, frame, room_for, said, webhook

HERE = Path(__file__).parent
WAVE = Event(1, "wave", 1.0, 2.4, 0.91)


def made(name, folder):
    given = {
        "csv": {"folder": str(folder)},
        "webhook": {"url": "http://127.0.0.1:9/", "secret": None, "spool": f"{folder}/w.sqlite"},
    }
    return option(f"sink/{name}", **given[name])


def rows(folder):
    with (folder / "events.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_of_the_table_is_a_finished_action_as_of_rfc_4180(tmp_path):
    sink = option("sink/csv", folder=str(tmp_path))
    sink.begin(INFO)
    odd = Event(2, 'say "hi", then\nleave', 2.0, 3.0, 0.5, "Tür")
    sink(frame(events=[WAVE, odd]))
    sink.close((Event(3, "wave", 4.0, 5.0, float("nan")),))
    first, second, last = rows(tmp_path)
    assert first == {
        "track": "1", "label": "wave", "start_s": "1.0", "end_s": "2.4", "confidence": "0.91",
        "zone": "", "start_clock": "", "end_clock": "",
    }  # fmt: skip
    assert (second["label"], second["zone"]) == (odd.label, "Tür")
    assert (last["track"], last["confidence"]) == ("3", "")
    data = (tmp_path / "events.csv").read_bytes()
    assert data.count(b"\r\n") == 4
    assert b'"say ""hi"", then\nleave"' in data
    assert sink.summary() == {"file": "events.csv", "records": 3, "lost": 0}


def test_events_of_a_live_source_have_the_time_on_the_wall_in_the_table(tmp_path):
    sink = option("sink/csv", folder=str(tmp_path))
    sink.begin(INFO)
    sink(frame(30, events=[WAVE], unix_s=1_795_000_001.0))
    sink.close()
    (row,) = rows(tmp_path)
    assert datetime.fromisoformat(row["start_clock"]).timestamp() == pytest.approx(1_795_000_001)


def test_each_row_is_on_disk_at_once(tmp_path):
    sink = option("sink/csv", folder=str(tmp_path))
    sink.begin(INFO)
    assert rows(tmp_path) == []
    sink(frame(events=[WAVE]))
    assert len(rows(tmp_path)) == 1
    sink.close()


def test_rows_that_a_full_disk_does_not_take_are_counted_and_the_next_ones_are_written(tmp_path):
    sink = option("sink/csv", folder=str(tmp_path))
    sink.begin(INFO)
    with room_for(300):
        sink(frame(events=[WAVE] * 99))
    assert (tmp_path / "events.csv").read_bytes().endswith(b"\r\n")
    assert 1 < len(rows(tmp_path)) < 99
    sink.close((Event(7, "kick", 3.0, 4.0, 0.5),))
    assert rows(tmp_path)[-1]["label"] == "kick"
    assert sink.summary()["records"] == len(rows(tmp_path)) == 100 - sink.summary()["lost"]


@pytest.mark.parametrize("name", ["csv", "webhook"])
def test_sinks_of_events_have_a_thread_of_their_own_and_never_make_a_camera_wait(name, tmp_path):
    sink = made(name, tmp_path)
    behind = apart(sink, live=True)
    assert isinstance(behind, Background)
    assert behind.may_skip
    sink.close()


# Webhook


class Receiver:
    """A web server that keeps what is posted, and answers as told."""

    def __init__(self, *answers):
        self.got, self.answers, self.gate = [], list(answers), Signal()
        self.gate.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.gate.wait(20)
                status = outer.answers.pop(0) if outer.answers else 200
                outer.got.append((status, self.path, dict(self.headers), body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def taken(self):
        return [json.loads(body)["track"] for status, _, _, body in self.got if status == 200]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


class Pauses:
    """A clock on which no time passes, that notes how long it was to wait."""

    def __init__(self):
        self.waited = []

    def __call__(self):
        return 0.0

    def wait(self, stop, seconds):
        self.waited.append(seconds)
        return stop.is_set()


def test_each_event_is_posted_in_order_signed_and_with_an_id(tmp_path):
    with Receiver() as there:
        sink = webhook(tmp_path, there.port, secret="s3cret", address="me:pass%20word@")
        sink.begin(INFO)
        sink(frame(events=said(1, 2)))
        sink.close(said(3))
    assert there.taken == [1, 2, 3]
    _, path, headers, body = there.got[0]
    assert path == "/in?a=1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    assert (
        headers["X-Gastlive-Signature"] == f"sha256={hmac.digest(b's3cret', body, 'sha256').hex()}"
    )
    record = json.loads(body)
    assert record["id"] == headers["Idempotency-Key"]
    assert (record["source"], record["label"], record["end_s"]) == ("demo", "wave", 2.4)
    assert sink.summary() == {"sent": 3, "refused": 0, "lost": 0, "waiting": 0, "retries": 0}


def test_what_is_not_taken_is_tried_again_after_longer_and_longer_pauses(tmp_path, caplog):
    pauses = Pauses()
    with Receiver(503, 500, 302, 401, 429) as there:
        sink = webhook(tmp_path, there.port, retry_s=1.0, retry_max_s=5.0, clock=pauses)
        sink.begin(INFO)
        sink(frame(events=said(1, 2)))
        sink.close()
    assert there.taken == [1, 2]
    assert pauses.waited == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert sink.summary()["retries"] == 5
    assert [r.message for r in caplog.records] == [
        "webhook at 127.0.0.1: status 503; events wait on disk"
    ]


def test_an_event_that_will_never_be_taken_does_not_hold_up_the_others(tmp_path, caplog):
    with Receiver(422) as there:
        sink = webhook(tmp_path, there.port)
        sink.begin(INFO)
        sink.close(said(1, 2))
    assert there.taken == [2]
    assert (sink.summary()["refused"], sink.summary()["sent"]) == (1, 1)
    assert "refuses an event: status 422" in caplog.text


KILLED = """
import os, signal, sys
from sent import INFO, frame, said, webhook
from pathlib import Path
sink = webhook(Path(sys.argv[1]), sys.argv[2])
sink.begin(INFO)
sink(frame(events=said(1, 2)))
sink(frame(events=said(3)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_program_has_promised_is_sent_by_the_next(tmp_path):
    with Receiver() as gone:
        pass
    words = [sys.executable, "-c", KILLED, str(tmp_path), str(gone.port)]
    done = subprocess.run(words, cwd=HERE, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with Receiver() as there:
        sink = webhook(tmp_path, there.port)
        sink.begin(INFO)
        sink.close(said(4))
    assert there.taken == [1, 2, 3, 4]


def test_the_end_does_not_wait_for_ever_and_says_what_waits(tmp_path, caplog):
    with Receiver() as gone:
        pass
    sink = webhook(tmp_path, gone.port, close_s=0.0)
    sink.begin(INFO)
    sink.close(said(1, 2))
    assert sink.summary()["waiting"] == 2
    assert "2 events for webhook at 127.0.0.1 wait in " in caplog.text


def test_a_receiver_that_hangs_holds_up_nobody(tmp_path):
    with Receiver() as there:
        there.gate.clear()
        sink = webhook(tmp_path, there.port)
        sink.begin(INFO)
        for track in range(50):
            sink(frame(events=said(track)))  # returns, though nothing has been answered
        assert there.got == []
        there.gate.set()
        sink.close()
    assert there.taken == list(range(50))


def test_a_full_spool_drops_the_oldest_and_counts_them(tmp_path):
    with Receiver() as gone:
        pass
    sink = webhook(tmp_path, gone.port, keep=3, close_s=0.0)
    sink.begin(INFO)
    sink.close(said(1, 2, 3, 4, 5))
    assert (sink.summary()["lost"], sink.summary()["waiting"]) == (2, 3)
    with Receiver() as there:
        sink = webhook(tmp_path, there.port)
        sink.begin(INFO)
        sink.close()
    assert there.taken == [3, 4, 5]


def test_two_programs_never_share_a_spool(tmp_path):
    first = webhook(tmp_path, 9)
    with pytest.raises(InputError, match=r"spool\.sqlite is in use by another program"):
        webhook(tmp_path, 9)
    first.close()
    webhook(tmp_path, 9).close()


def test_a_file_that_is_no_spool_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / "spool.sqlite").write_text("my own notes, and quite a few of them\n" * 9)
    with pytest.raises(InputError, match="no spool"):
        webhook(tmp_path, 9)
    assert (tmp_path / "spool.sqlite").read_text().startswith("my own")


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/", "http://", "http://host:port/", "https://ho st/", "http://[::1/", "x"],
)
def test_what_is_no_web_address_is_refused_in_one_line_without_showing_it(tmp_path, url):
    with pytest.raises(InputError, match=r"sink\.webhook\.url") as error:
        option("sink/webhook", url=url, secret=None, spool=f"{tmp_path}/w.sqlite")
    assert not url or url not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_neither_name_nor_password_nor_secret_nor_path_of_an_address_is_shown(tmp_path, caplog):
    with caplog.at_level(logging.DEBUG), Receiver(503, 422) as there:
        address = f"http://me:pa55@127.0.0.1:{there.port}/hidden/way?key=K3Y"
        sink = option("sink/webhook", url=address, secret="s3cret", spool=f"{tmp_path}/w.sqlite")
        sink.begin(INFO)
        sink.close(said(1))
    config = {"sink": {"webhook": {"url": address, "secret": "s3cret"}}, "token": "s3cret"}
    shown = f"{sink!r} {sink.summary()} {caplog.text} {masked_all(config)}"
    for part in ("me:", "pa55", "s3cret", "hidden", "K3Y"):
        assert part not in shown
    assert f"127.0.0.1:{there.port}" in str(masked_all(config))
    assert masked_all({"source": {"url": None}, "people": [1, 2]})["source"] == {"url": None}


def test_secrets_of_the_command_line_stand_in_no_file_that_is_made_of_its_words(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GASTLIVE_HIDDEN_")]:
        monkeypatch.delenv(name)
    words = (
        "sink.webhook.secret=s3cret", "sink.mqtt.password='s3cret, too'",
        "sink.webhook.url=https://host/s3cret/way",
    )  # fmt: skip
    away = put_away(words)
    assert not any("s3cret" in word for word in away)
    keys = [word.partition("=")[0] for word in words]
    cfg = OmegaConf.from_dotlist([word.replace("'", "") for word in away])
    got = [OmegaConf.select(cfg, key) for key in keys]
    assert got == ["s3cret", "s3cret, too", "https://host/s3cret/way"]
    assert shown(f"{away[0]} s3cret") == "sink.webhook.secret='***' ***"
    assert "s3cret" not in put_away(["sink.mqtt.pasword=s3cret"])[0]
    assert put_away(["sink.mqtt.password=null"]) == ["sink.mqtt.password=null"]
    for name in [name for name in os.environ if name.startswith("GASTLIVE_HIDDEN_")]:
        monkeypatch.delenv(name)
