import json

import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Action, Event, Frame, Person, Pose
from gastlive.realtime.summary import Samples, Summary

from .sent import room_for

POSE = Pose(COCO17, np.zeros((17, 2), np.float32), np.ones(17, np.float32))


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def frame(index, *, tracks=(1,), action=None, events=(), dropped=0, spent_s=None, times_s=None):
    captured_s, finished_s = times_s or (0.0, None)
    return Frame(
        image=None,
        index=index,
        time_s=index / 30,
        captured_s=captured_s,
        finished_s=finished_s,
        width=4,
        height=4,
        dropped=dropped,
        people={track: Person(POSE, action=action) for track in tracks},
        events=tuple(events),
        spent_s=spent_s or {},
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def summary(tmp_path, clock):
    config = {"source": {"path": "demo.mp4"}}
    return Summary(folder=str(tmp_path), config=config, started_s=98.0, clock=clock)


def written(tmp_path):
    return json.loads((tmp_path / "summary.json").read_text())


def test_percentiles_are_those_of_numpy(summary, clock, tmp_path):
    ages, spent = np.random.default_rng(0).gamma(2, 0.02, (2, 1000))
    for i in range(1000):
        clock.now_s += 0.02
        times_s = (clock.now_s - ages[i], clock.now_s)
        summary.add(frame(i, spent_s={"detector": spent[i]}, times_s=times_s))
    summary.write("source ended")
    told = written(tmp_path)
    for values, numbers in ((ages, told["age_ms"]), (spent, told["stages_ms"]["detector"])):
        for name, q in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)):
            assert numbers[name] == pytest.approx(np.percentile(values * 1e3, q), abs=2e-3)
    assert told["fps"] == pytest.approx(50, abs=0.01)
    assert told["wall_s"] == pytest.approx(999 * 0.02, abs=0.01)
    assert told["stream_s"] == pytest.approx(999 / 30, abs=0.01)


def test_the_age_is_that_of_the_finished_frame_however_late_it_is_counted(summary, clock, tmp_path):
    clock.now_s = 200.0
    summary.add(frame(0, times_s=(101.0, 101.5)))
    summary.add(frame(1, times_s=(103.0, 103.5)))
    summary.write("source ended")
    told = written(tmp_path)
    assert (told["age_ms"]["p50"], told["age_ms"]["max"]) == (500, 500)
    assert (told["wall_s"], told["fps"]) == (2, 0.5)


def test_frames_drops_people_and_events_are_counted(summary, tmp_path):
    wave, walk = Event(1, "wave", 0.0, 1.0, 0.9), Event(2, "walk", 0.0, 1.0, 0.9)
    summary.add(frame(0, tracks=()))
    summary.add(frame(5, tracks=(2, 1), events=[wave, walk], dropped=4))
    summary.add(frame(6, tracks=(2,), events=[wave], dropped=7))
    summary.write("interrupted", sinks={"video": {"frames": 3}})
    told = written(tmp_path)
    assert (told["ended"], told["frames"], told["dropped"]) == ("interrupted", 3, 7)
    assert told["people"] == {"count": 2, "ids": [1, 2]}
    assert told["events"] == {"count": 3, "labels": {"wave": 2, "walk": 1}}
    assert told["sinks"] == {"video": {"frames": 3}}


def test_the_first_label_is_timed_from_the_programs_start(summary, clock, tmp_path):
    summary.add(frame(0))
    clock.now_s = 103.5
    summary.add(frame(1, action=Action("wave", 0.9, 0.0)))
    clock.now_s = 109.0
    summary.add(frame(2, action=Action("walk", 0.9, 0.0)))
    summary.write("source ended")
    assert written(tmp_path)["first_label_s"] == 5.5


def test_the_programs_start_is_that_of_the_process_unless_told(tmp_path):
    summary = Summary(folder=str(tmp_path), config={})
    summary.add(frame(0, action=Action("wave", 0.9, 0.0)))
    assert 0 < summary.write("source ended")["first_label_s"] < 24 * 3600


def test_a_killed_program_leaves_the_summary_of_a_moment_ago(summary, clock, tmp_path):
    for i in range(200):
        summary.add(frame(i))
        clock.now_s += 0.1
    assert written(tmp_path)["ended"] == "running"
    assert 150 <= written(tmp_path)["frames"] <= 200
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_a_run_without_a_frame_has_a_summary_too(summary, tmp_path):
    summary.write("can't open the camera")
    told = written(tmp_path)
    assert (told["frames"], told["fps"], told["age_ms"]) == (0, None, None)
    assert told["first_label_s"] is None


def test_it_says_on_what_machine_with_which_versions_and_config_it_ran(summary, tmp_path):
    summary.warn("no camera clock")
    summary.warn("no camera clock")
    summary.write("source ended")
    told = written(tmp_path)
    assert told["config"] == {"source": {"path": "demo.mp4"}}
    assert told["versions"]["numpy"] == np.__version__
    assert {"python", "gastlive", "torch", "openvino", "opencv-python"} <= told["versions"].keys()
    assert told["machine"]["cpus"] >= 1
    assert 10 < told["memory_mb"]["now"] <= told["memory_mb"]["peak"]
    assert told["warnings"] == ["no camera clock"]


def test_cpu_is_the_share_of_one_core_between_the_first_and_the_last_frame(tmp_path, clock):
    used_s = iter((40.0, 41.0, 43.0))
    summary = Summary(
        folder=str(tmp_path), config={}, started_s=0.0, clock=clock, cpu_clock=lambda: next(used_s)
    )
    assert summary.write("running")["cpu"] is None
    for i in range(3):
        summary.add(frame(i))
        clock.now_s += 1
    assert summary.write("source ended")["cpu"] == 1.5


def test_growth_of_memory_is_told_of_a_run_of_a_minute_or_more(summary, clock, tmp_path):
    summary.add(frame(0))
    clock.now_s += 59
    summary.add(frame(1))
    assert summary.write("running")["memory_mb"]["growth_mb_per_min"] is None
    clock.now_s += 1
    summary.add(frame(2))
    growth = summary.write("source ended")["memory_mb"]["growth_mb_per_min"]
    assert isinstance(growth, float)


def test_memory_stays_bounded_in_a_long_run_and_percentiles_stay_true():
    samples, values = Samples(limit=1024), np.random.default_rng(0).gamma(2, 10, 50_000)
    for value in values:
        samples.add(float(value))
    told = samples.percentiles()
    assert len(samples._kept) <= 1024
    assert told["max"] == pytest.approx(values.max(), abs=1e-3)
    assert told["p50"] == pytest.approx(np.percentile(values, 50), rel=0.1)
    assert told["p95"] == pytest.approx(np.percentile(values, 95), rel=0.1)


def test_what_is_kept_of_a_long_run_is_evenly_spread_over_it():
    samples = Samples(limit=8)
    for value in range(40):
        samples.add(float(value))
    np.testing.assert_array_equal(np.diff(samples._kept), 8)


def test_a_full_disk_is_one_line_and_leaves_the_last_summary(summary, tmp_path):
    summary.write("running")
    (tmp_path / "summary.part").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"can't write .*summary\.json: no space left"):
        summary.write("source ended")
    assert written(tmp_path)["ended"] == "running"


def test_while_the_disk_is_full_the_run_goes_on_and_the_summary_says_so_later(
    summary, clock, tmp_path
):
    with room_for(100):
        for i in range(81):
            summary.add(frame(i))
            clock.now_s += 0.125
    assert not (tmp_path / "summary.json").exists()
    summary.write("source ended")
    (warning,) = written(tmp_path)["warnings"]
    assert "summary.json: file too large" in warning


def test_the_file_is_written_every_few_seconds_and_not_at_every_frame(summary, clock, tmp_path):
    on_disk = []
    for i in range(201):
        summary.add(frame(i))
        if (tmp_path / "summary.json").exists():
            on_disk.append(written(tmp_path)["frames"])
        clock.now_s += 0.125
    assert sorted(set(on_disk)) == [41, 81, 121, 161, 201]  # of 8 frames a second, every 5 s
