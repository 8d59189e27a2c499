import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Action, Frame, Person, Pose, RunInfo
from gastlive.realtime.sinks.timings import TimingsSink, read_timings

INFO = RunInfo(160, 120, 30.0, "coco17", "h36m17", ("idle", "wave"), "idle", "demo")
POSE = Pose(COCO17, np.zeros((17, 2), np.float32), np.ones(17, np.float32))


def frame(index, *, people=1, action=None, **known):
    what = {
        "finished_s": 100.05 + index,
        "spent_s": {"detector": 0.03, "lifter": 0.0021},
        "people": {track: Person(POSE, action=action) for track in range(people)},
    }
    return Frame(None, index, 5 + index / 30, 100.0 + index, 64, 48, **what | known)


def written(folder, frames, **options):
    sink = TimingsSink(folder=str(folder), **options)
    sink.begin(INFO)
    for each in frames:
        sink(each)
    sink.close()
    return sink


def test_every_frame_is_a_line_under_a_header(tmp_path):
    used_s = iter((1.5, 1.75))
    frames = [frame(0), frame(3, people=2, dropped=2)]
    sink = written(tmp_path, frames, cpu_clock=lambda: next(used_s))
    head, *lines = (tmp_path / "timings.csv").read_text().splitlines()
    assert head == (
        "index,time_s,captured_s,finished_s,age_ms,detector_ms,lifter_ms,"
        "people,dropped,cpu_s,memory_mb,labelled"
    )
    assert [len(line.split(",")) for line in lines] == [12, 12]
    told = read_timings(tmp_path / "timings.csv")
    assert list(told) == head.split(",")
    assert told["index"].tolist() == [0, 3]
    assert told["time_s"].tolist() == pytest.approx([5, 5.1])
    assert told["captured_s"].tolist() == [100, 103]
    assert told["finished_s"].tolist() == [100.05, 103.05]
    assert told["age_ms"].tolist() == [50, 50]
    assert told["detector_ms"].tolist() == [30, 30]
    assert told["lifter_ms"].tolist() == [2.1, 2.1]
    assert told["people"].tolist() == [1, 2]
    assert told["dropped"].tolist() == [0, 2]
    assert told["cpu_s"].tolist() == [1.5, 1.75]
    assert (told["memory_mb"] > 10).all()
    assert sink.summary() == {"file": "timings.csv", "records": 2, "lost": 0}


def test_labelled_says_from_when_on_somebody_had_an_action(tmp_path):
    wave = Action("wave", 0.9, 0.0)
    written(tmp_path, [frame(0), frame(1, action=wave), frame(2, people=0)])
    assert read_timings(tmp_path / "timings.csv")["labelled"].tolist() == [0, 1, 1]


def test_a_run_without_a_frame_leaves_a_header(tmp_path):
    written(tmp_path, [])
    told = read_timings(tmp_path / "timings.csv")
    assert (list(told)[:2], told["age_ms"].shape) == (["index", "time_s"], (0,))


def test_a_killed_program_leaves_every_finished_line(tmp_path):
    program = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[2]); import test_timings as t\n"
        "sink = t.TimingsSink(folder=sys.argv[1])\n"
        "for i in range(40): sink(t.frame(i))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    here = os.path.dirname(__file__)
    done = subprocess.run([sys.executable, "-c", program, tmp_path, here], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(read_timings(tmp_path / "timings.csv")["index"]) == 40


def test_half_a_line_at_the_end_is_passed_over(tmp_path):
    written(tmp_path, [frame(0), frame(1)])
    path = tmp_path / "timings.csv"
    path.write_bytes(path.read_bytes()[:-9])
    assert read_timings(path)["index"].tolist() == [0]


def test_what_is_no_such_table_is_refused_in_one_line(tmp_path):
    path = tmp_path / "timings.csv"
    with pytest.raises(InputError, match=r"timings\.csv is no timings\.csv .*sink=\[timings\]"):
        read_timings(path)
    path.write_text("name,age\nwave,3\n")
    with pytest.raises(InputError, match="the columns are others"):
        read_timings(path)


def test_lines_that_a_full_disk_does_not_take_are_counted_and_no_error(tmp_path):
    (tmp_path / "timings.csv").symlink_to("/dev/full")
    sink = TimingsSink(folder=str(tmp_path))
    sink(frame(0))
    sink.close()
    assert sink.summary() == {"file": "timings.csv", "records": 0, "lost": 1}


def test_a_folder_that_can_not_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="can't write"):
        TimingsSink(folder=str(tmp_path / "file"))
