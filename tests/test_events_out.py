"""Sinks that hand events to other programs: csv."""

import csv
import resource
from contextlib import contextmanager
from datetime import datetime

import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.realtime.packets import Event, Frame, RunInfo
from gastlive.realtime.sinks.background import Background, apart

INFO = RunInfo(160, 120, 30.0, "coco17", "h36m17", ("idle", "wave"), "idle", "demo")
WAVE = Event(1, "wave", 1.0, 2.4, 0.91)


def frame(index=0, *, events=(), people=None, unix_s=None):
    return Frame(
        None, index, index / 30, 0.0, 160, 120, events=tuple(events), people=people or {},
        unix_s=unix_s,
    )  # fmt: skip


def made(name, folder):
    return option(f"sink/{name}", **{"csv": {"folder": str(folder)}}[name])


@contextmanager
def room_for(size):
    """The disk is full when a file has grown to `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


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
    assert sink.summary() == {"file": "events.csv", "records": 3}


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


def test_a_full_disk_ends_the_table_in_one_line_with_whole_rows(tmp_path):
    sink = option("sink/csv", folder=str(tmp_path))
    sink.begin(INFO)
    with room_for(300), pytest.raises(InputError, match=r"events\.csv.*too large"):
        for _ in range(99):
            sink(frame(events=[WAVE]))
    sink.close((WAVE,))
    assert (tmp_path / "events.csv").read_bytes().endswith(b"\r\n")
    assert 1 < len(rows(tmp_path)) < 99


@pytest.mark.parametrize("name", ["csv"])
def test_sinks_of_events_have_a_thread_of_their_own_and_never_make_a_camera_wait(name, tmp_path):
    sink = made(name, tmp_path)
    behind = apart(sink, live=True)
    assert isinstance(behind, Background)
    assert behind.may_skip
    sink.close()
