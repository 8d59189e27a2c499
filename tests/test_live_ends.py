"""The live program when it is told to end: Ctrl-C, signals, a kill; nothing recorded is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from gastlive.realtime.sinks.background import AHEAD

PROGRAM = [sys.executable, "-m", "gastlive.realtime.live"]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def started(folder, *arguments):
    """The program running on the demo as a camera, once it has written frames."""
    process = subprocess.Popen(
        [*PROGRAM, "source.realtime=true", f"hydra.run.dir={folder}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    recorded = Path(folder) / "frames.jsonl"
    for _ in range(600):
        if recorded.exists() and recorded.read_text().count("\n") > 20:
            return process
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"no frames were written: {process.communicate()[1]}")


def test_ctrl_c_ends_with_a_summary_and_status_0(tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert f"results in {tmp_path}" in said
    assert json.loads((tmp_path / "summary.json").read_text())["ended"] == "interrupted"
    with av.open(str(tmp_path / "annotated.mp4")) as video:
        decoded = sum(1 for _ in video.decode(video=0))
    skipped = json.loads((tmp_path / "summary.json").read_text())["sinks"]["video"]["skipped"]
    assert decoded + skipped == len(lines(tmp_path / "frames.jsonl")) - 1


def test_an_impatient_second_ctrl_c_loses_nothing(tmp_path):
    process = started(tmp_path)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"results in {tmp_path}" in said
    assert json.loads((tmp_path / "summary.json").read_text())["ended"] == "interrupted"


@pytest.mark.parametrize(
    ("number", "pause_s", "times"),
    [
        (signal.SIGINT, 0.3, 2),
        pytest.param(signal.SIGINT, 0.01, 300, marks=pytest.mark.slow),
        (signal.SIGTERM, 0.4, 3),
    ],
)
def test_signals_until_the_process_is_gone_lose_neither_report_nor_data(
    tmp_path, number, pause_s, times
):
    process = started(tmp_path)
    for _ in range(times):
        if process.poll() is None:
            process.send_signal(number)
            time.sleep(pause_s)
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert said.startswith(f"results go to {tmp_path}")
    assert said.endswith(f"results in {tmp_path}\n")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ended"] == (
        "interrupted" if number == signal.SIGINT else "interrupted by SIGTERM"
    )
    assert summary["frames"] == len(lines(tmp_path / "frames.jsonl")) - 1
    with av.open(str(tmp_path / "annotated.mp4")) as video:
        decoded = sum(1 for _ in video.decode(video=0))
    assert decoded + summary["sinks"]["video"]["skipped"] == summary["frames"]


def test_ctrl_c_while_the_parts_are_loaded_ends_with_130_and_one_line(tmp_path):
    process = subprocess.Popen(
        [*PROGRAM, f"hydra.run.dir={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    maps = Path(f"/proc/{process.pid}/maps")  # torch comes with the first part
    while process.poll() is None and "libtorch" not in maps.read_text():
        time.sleep(0.02)
    for _ in range(100):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "gastlive: interrupted\n")


def test_killing_loses_at_most_the_frame_in_work_and_the_pictures_that_wait(tmp_path):
    process = started(tmp_path, "source.realtime=false")  # read whole, so that none is left out
    process.kill()
    process.communicate(timeout=60)
    recorded = lines(tmp_path / "frames.jsonl")[1:]
    assert [frame["index"] for frame in recorded] == sorted(frame["index"] for frame in recorded)
    with av.open(str(tmp_path / "annotated.mp4")) as video:
        decoded = sum(1 for _ in video.decode(video=0))
    # One on its way, those that wait to be encoded, one in work, and one whose duration the mp4
    # learns only from the next.
    assert 0 <= len(recorded) - decoded <= 3 + AHEAD
