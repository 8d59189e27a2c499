"""A disk that is full for a while: what is lost is counted, the rest is whole and goes on."""

import json
import os
import subprocess
from contextlib import suppress

import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.realtime.packets import Event
from gastlive.realtime.run_folder import RecordFile, lost_of
from gastlive.realtime.sinks.jsonl import JsonlSink
from gastlive.realtime.sinks.spool import Spool

from .sent import room_for
from .test_sinks import INFO, frame, run, watch

NOISE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)


def noisy(index):
    return frame(index).knowing(image=np.roll(NOISE, index, 0))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def disk(tmp_path):
    """A disk of 4 MB; who may not mount one has none."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)]
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))


def test_lines_that_a_full_disk_does_not_take_are_counted_and_the_next_ones_are_written(
    tmp_path, warned
):
    sink = JsonlSink(folder=str(tmp_path))
    sink.begin(INFO)
    with room_for(5_000):
        for i in range(30):
            sink(frame(i))
    whole = [line["index"] for line in lines(tmp_path / "frames.jsonl")[1:]]
    assert whole == list(range(len(whole)))
    for i in range(30, 35):
        sink(frame(i, events=[Event(1, "wave", 0.0, 1.0, 0.9)]))
    sink.close()
    written = [line["index"] for line in lines(tmp_path / "frames.jsonl")[1:]]
    assert written == [*whole, *range(30, 35)]
    told = sink.summary()
    assert (told["frames"]["lost"], told["events"]["lost"]) == (30 - len(whole), 0)
    full, again = warned
    assert "frames.jsonl: file too large; what comes is lost until there is room" in full
    assert f"frames.jsonl goes on, where it has lost {30 - len(whole)} records" in again


def test_a_header_that_had_no_room_comes_with_the_first_record_that_has(tmp_path):
    file = RecordFile(tmp_path / "x")
    with room_for(3):
        file.begin(b"head\n")
        assert not file.write(b"one\n")
    assert file.write(b"two\n")
    file.close()
    assert (tmp_path / "x").read_bytes() == b"head\ntwo\n"
    assert (file.written, file.lost) == (1, 1)


def test_no_room_from_the_first_to_the_last_record_is_a_count_and_no_error(tmp_path):
    for name in ("frames.jsonl", "annotated.mp4"):
        (tmp_path / name).symlink_to("/dev/full")
    sinks = {
        "jsonl": JsonlSink(folder=str(tmp_path)),
        "video": option("sink/video", folder=str(tmp_path)),
    }
    for sink in sinks.values():
        run(sink, [frame(i) for i in range(3)])
        sink.close()
    told = {name: sink.summary() for name, sink in sinks.items()}
    assert lost_of(told) == {"frames.jsonl": 3, "annotated.mp4": 3}
    assert not told["video"]["seekable"]


def test_a_video_goes_on_when_there_is_room_and_the_gap_stays_a_gap(tmp_path):
    sink = option("sink/video", folder=str(tmp_path))
    with room_for(100_000):
        run(sink, [noisy(i) for i in range(40)])
    before = len(watch(tmp_path / "annotated.mp4")[1])
    for i in range(40, 130):
        sink(noisy(i))
    sink.close()
    times = [time_s for time_s, _ in watch(tmp_path / "annotated.mp4")[1]]
    whole = [*range(before), *range(60, 130)]  # a picture that needs no other comes every 2 s
    np.testing.assert_allclose(times, np.array(whole) / 30, atol=1e-3)
    assert 1 < before < 20
    assert sink.summary()["lost"] == 130 - len(whole)
    assert sink.summary()["seekable"]


def test_events_wait_in_memory_while_the_spools_disk_is_full(tmp_path, warned):
    spool = Spool(tmp_path / "s.sqlite", most=5)
    spool.add("0")
    with room_for(1):
        for text in "123":
            spool.add(text)
        key, text = spool.oldest()
        assert text == "0"
        spool.remove(key)  # which the disk can't be told either
        assert spool.oldest()[1] == "1"
        spool.remove(spool.oldest()[0])
    assert [len(spool), spool.oldest()[1], spool.lost] == [2, "2", 0]
    spool.close()
    again = Spool(tmp_path / "s.sqlite", most=5)
    assert [len(again), again.oldest()[1]] == [2, "2"]
    again.close()
    (warning,) = warned
    assert "waits in memory" in warning


def test_what_memory_still_has_at_the_end_is_counted_as_lost(tmp_path):
    spool = Spool(tmp_path / "s.sqlite", most=2)
    with room_for(1):
        for text in "123":
            spool.add(text)
        spool.close()
    assert spool.lost == 3


@pytest.mark.slow
def test_a_real_disk_that_is_full_for_a_while_costs_what_came_then(disk):
    jsonl, video = JsonlSink(folder=str(disk)), option("sink/video", folder=str(disk))
    table, spool = option("sink/csv", folder=str(disk)), Spool(disk / "s.sqlite", most=99)
    event = Event(1, "wave", 0.0, 1.0, 0.9)
    for sink in (jsonl, video, table):
        sink.begin(INFO)
    for i in range(150):
        if i == 10:
            fill(disk)
        if i == 50:
            (disk / "filler").unlink()
        for sink in (jsonl, video, table):
            sink(noisy(i).knowing(events=(event,)))
        spool.add(str(i))
    for sink in (jsonl, video, table):
        sink.close()
    assert len(spool) == 99
    spool.close()
    index = [line["index"] for line in lines(disk / "frames.jsonl")[1:]]
    assert index[:10] == list(range(10))
    assert index[-100:] == list(range(50, 150))
    assert len(index) == 150 - jsonl.summary()["frames"]["lost"] < 150
    assert len(lines(disk / "events.jsonl")) - 1 == 150 - jsonl.summary()["events"]["lost"]
    pictures = len(watch(disk / "annotated.mp4")[1])
    assert 90 < pictures == 150 - video.summary()["lost"]
