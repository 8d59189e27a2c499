"""Configs in turns: a program that only pretends to be the live one, and once the real one."""

import json
import math
import signal
import sys

import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive.conf.program import quoted
from gastlive.experiments.benchmarking.child import Child, Pace
from gastlive.experiments.benchmarking.pipeline import difference, rounds
from gastlive.experiments.timing.jobs import PROGRAM
from gastlive.gast.errors import InputError
from gastlive.realtime.live import VERBATIM

# A program with the live one's command line: 40 frames at 10 a second, the first ten slow. It notes
# what it is told in calls.txt beside it; `mood` makes it misbehave, in a round if that is given.
FAKE = """
import json, os, signal, sys
from pathlib import Path

root = Path(sys.argv[0]).parent
given = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
source, mood = given.get("source", "demo"), given.get("mood", "")
if "--cfg" in sys.argv:
    if mood == "unknown":
        sys.exit("In 'live': Could not find 'source/telescope'\\n\\nAvailable options: demo")
    own = "{device: 0, fps: 30.0}" if source == "webcam" else "{realtime: false, repeat: 1, " \\
        f"fps: {given.get('source.fps', 'null')}, frames: null}}"
    print(f"source: {own}")
    sys.exit()
folder = Path(given["hydra.run.dir"])
turn = folder.parent.name
with (root / "calls.txt").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
if mood == "broken":
    sys.exit("gastlive: warming up\\ngastlive: camera 0 stopped delivering; check the cable")
if mood == "defect":
    raise ZeroDivisionError("a defect")
if mood == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
grey = ["index,time_s,captured_s,finished_s,age_ms,detector_ms,lifter_ms,"
        "people,dropped,cpu_s,memory_mb,labelled"]
for i in range(40):
    age, t = (900 if i < 10 else 20 + i), 1000 + i / 10
    dropped = min(i, 7) if i < 10 else 7 + i // 20
    row = [i, t, t, t + age / 1e3, age, 5, 2 * i, 1, dropped, i / 50, 300 + i, 1]
    grey.append(",".join(map(str, row)))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
(folder / "timings.csv").write_text("\\n".join(grey) + "\\n")
if mood == turn:
    os.kill(os.getppid(), signal.SIGINT)
if source == "webcam" or mood == turn:
    signal.sigwait([signal.SIGTERM])
growth = {"slow": 1.5, "once": 1.5 if turn == "round_1" else None}.get(mood)
told = {"first_label_s": 2.5, "memory_mb": {"growth_mb_per_min": growth}}
(folder / "summary.json").write_text(json.dumps(told))
"""


@pytest.fixture
def fake(tmp_path):
    """Measures with the pretending program, and tells what it was told."""

    class Fake:
        program = (sys.executable, "-S", "-E", str(tmp_path / "fake.py"))
        folder = tmp_path / "runs"

        def __call__(self, *configs, rounds_=1, warm_s=1.0, seconds=0.1, **options):
            given = {"rounds": rounds_, "warm_s": warm_s, "seconds": seconds, "fps": 10.0}
            return rounds(configs, **given, folder=self.folder, program=self.program, **options)

        def calls(self):
            path = tmp_path / "calls.txt"
            lines = path.read_text().splitlines() if path.exists() else []
            return [dict(a.split("=", 1) for a in json.loads(line)) for line in lines]

    (tmp_path / "fake.py").write_text(FAKE)
    return Fake()


@pytest.fixture
def ctrl_c():
    """Ctrl-C is heard, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_figures_are_of_the_time_after_the_warm_up(fake):
    (row,) = fake({})
    (told,) = row.rounds
    ages = 20.0 + np.arange(10, 40)
    for q in (50, 95, 99):
        assert told[f"age_p{q}_ms"] == pytest.approx(np.percentile(ages, q))
        assert told[f"lifter_p{q}_ms"] == pytest.approx(np.percentile(2 * np.arange(10, 40), q))
        assert told[f"detector_p{q}_ms"] == 5
    assert told["age_max_ms"] == 59
    assert told["drop_rate_percent"] == pytest.approx(100 * 1 / 31)
    assert told["fps"] == pytest.approx(29 / (2.9 + 0.029))
    assert told["cpu_percent"] == pytest.approx(100 * 0.58 / (2.9 + 0.029))
    assert (told["memory_mb"], told["first_label_s"]) == (339, 2.5)
    assert list(row.samples) == ["age_ms", "detector_ms", "lifter_ms"]
    assert row.samples["age_ms"].tolist() == ages.tolist()


def test_without_a_warm_up_every_frame_counts(fake):
    (row,) = fake({}, warm_s=0.0)
    assert row.rounds[0]["age_max_ms"] == 900
    assert len(row.samples["age_ms"]) == 40


def test_every_second_round_goes_backwards_and_samples_are_pooled(fake):
    configs = [{"lifter": name} for name in "abc"]
    rows = fake(*configs, rounds_=3)
    assert [call["lifter"] for call in fake.calls()] == list("abccbaabc")
    assert [row.name for row in rows] == ["lifter=a", "lifter=b", "lifter=c"]
    assert [dict(row.config) for row in rows] == configs
    assert {len(row.rounds) for row in rows} == {3}
    assert {len(row.samples["age_ms"]) for row in rows} == {90}
    assert (fake.folder / "round_3" / "2" / "summary.json").exists()


def test_a_file_is_played_like_a_camera_for_as_long_as_was_asked(fake):
    fake({"detector": "rtmpose"}, warm_s=1.0, seconds=2.0)
    (call,) = fake.calls()
    assert call["detector"] == "rtmpose"
    assert (call["source.realtime"], call["source.repeat"]) == ("true", "0")
    assert (call["source.fps"], call["source.frames"]) == ("10", "31")
    assert call["sink"] == "[timings]"


def test_what_a_config_says_itself_goes_before(fake):
    own = {"source.realtime": "false", "source.fps": "50", "sink": "[jsonl, terminal]"}
    fake(own, warm_s=1.0, seconds=2.0)
    (call,) = fake.calls()
    assert (call["source.realtime"], call["source.fps"]) == ("false", "50")
    assert call["source.frames"] == "151"
    assert call["sink"] == "[jsonl,terminal,timings]"
    fake({"sink": "video"}, {"sink": "[timings]"})
    assert [call["sink"] for call in fake.calls()[1:]] == ["[video,timings]", "[timings]"]


def test_a_camera_is_left_as_it_is_and_stopped_in_the_end(fake):
    (row,) = fake({"source": "webcam"}, warm_s=0.1, seconds=0.1)
    (call,) = fake.calls()
    assert set(call) == {"source", "sink", "hydra.run.dir"}
    assert row.rounds[0]["first_label_s"] == 2.5  # it wrote its summary after it was told to stop


def test_configs_are_named_by_what_they_differ_in():
    runtimes = [{"lifter": "a", "runtime": r} for r in ("torch", "openvino")]
    assert difference(runtimes) == ["runtime=torch", "runtime=openvino"]
    assert difference([{}, {"lifter": "a"}]) == ["default", "lifter=a"]
    assert difference([{"lifter": "a"}]) == ["lifter=a"]
    assert difference([{}, {}, {"x": "1"}]) == ["default", "default #2", "x=1"]


def test_names_can_be_given(fake):
    rows = fake({"lifter": "a"}, {"lifter": "b"}, names=["small", "large"])
    assert [row.name for row in rows] == ["small", "large"]
    for names in (["small"], ["small", "small"]):
        with pytest.raises(InputError, match="for 2 configs; give one of its own for each"):
            fake({"lifter": "a"}, {"lifter": "b"}, names=names)


def test_a_password_is_in_no_name_and_no_config(fake):
    url = "rtsp://me:s3cret@camera/1"
    (row,) = fake({"source": "webcam", "source.url": url}, warm_s=0.1)
    assert "s3cret" not in row.name + str(row.config)
    assert fake.calls()[0]["source.url"] == url


def test_a_figure_that_nobody_has_is_left_out_and_one_that_some_lack_is_nan(fake):
    short, long, mixed = fake({}, {"mood": "slow"}, {"mood": "once"}, rounds_=2)
    figure = "memory_growth_mb_per_min"
    assert all(figure not in once for once in short.rounds)
    assert [once[figure] for once in long.rounds] == [1.5, 1.5]
    assert mixed.rounds[0][figure] == 1.5
    assert math.isnan(mixed.rounds[1][figure])


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_program_cleanly_and_keeps_the_finished_rounds(fake):
    rows = fake({"lifter": "a"}, {"lifter": "b", "mood": "round_2"}, rounds_=3)
    assert [len(row.rounds) for row in rows] == [1, 1]
    assert len(rows[0].samples["age_ms"]) == 30
    assert len(fake.calls()) == 3
    assert (fake.folder / "round_2" / "2" / "summary.json").exists()


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_the_first_round_is_passed_on(fake):
    with pytest.raises(KeyboardInterrupt):
        fake({"lifter": "a"}, {"lifter": "b", "mood": "round_1"})
    assert (fake.folder / "round_1" / "2" / "summary.json").exists()


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("broken", "camera 0 stopped delivering; check the cable"),
        ("defect", "ZeroDivisionError: a defect"),
        ("killed", "it ended with status -9 without a word"),
    ],
)
def test_a_program_that_fails_is_named_with_its_own_line(fake, mood, said):
    with pytest.raises(InputError) as caught:
        fake({"lifter": "a", "mood": mood})
    assert str(caught.value) == f"lifter=a mood={mood} can't be measured: {said}"


def test_a_config_that_can_not_be_composed_is_said_before_anything_is_measured(fake):
    with pytest.raises(InputError, match=r"mood=unknown .* Could not find 'source/telescope'$"):
        fake({}, {"mood": "unknown"})
    assert fake.calls() == []


def test_what_an_earlier_benchmark_left_is_not_measured_again(fake):
    fake({})
    with pytest.raises(InputError, match="camera 0"):
        fake({"mood": "broken"})
    assert not (fake.folder / "round_1" / "1" / "timings.csv").exists()


def test_a_run_that_is_over_before_it_is_warm_is_an_error(fake):
    with pytest.raises(InputError, match=r"1 frames came after warm_s=3\.9, wanted 2 or more"):
        fake({}, warm_s=3.9)


@pytest.mark.parametrize(
    "given",
    [{"rounds_": 0}, {"seconds": 0.0}, {"warm_s": -1.0}, {"warm_s": float("nan")}],
    ids=str,
)
def test_a_number_that_makes_no_sense_is_named(fake, given):
    ((name, value),) = given.items()
    with pytest.raises(InputError, match=f"{name.strip('_')}={value}"):
        fake({}, **given)


def test_a_rate_and_configs_must_be_given(fake):
    with pytest.raises(InputError, match="0 configs"):
        fake()
    with pytest.raises(InputError, match="fps=0 measures nothing"):
        Pace(seconds=1, warm_s=1, fps=0)


def test_a_folder_of_any_name_is_understood_by_the_program():
    folder = "/tmp/a=b, {c} [d]/it's (1)"
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        given = [quoted(f"hydra.run.dir={folder}", VERBATIM)]
        assert compose("live", given, return_hydra_config=True).hydra.run.dir == folder


def test_the_real_program_knows_what_it_would_be_told():
    pace = Pace(seconds=2, warm_s=1, fps=30)
    file, camera = (
        Child.of({"source": source}, pace=pace, program=PROGRAM) for source in ("demo", "webcam")
    )
    assert file.ends
    assert file.command[3:] == (
        "source.realtime=true", "source.repeat=0", "source.fps=30", "source.frames=91",
        "source=demo", "sink=[timings]",
    )  # fmt: skip
    assert not camera.ends
    assert camera.command[3:] == ("source=webcam", "sink=[timings]")


@pytest.mark.slow
def test_the_real_program_is_measured(tmp_path):
    folder = tmp_path / "a=b, (c)"
    (row,) = rounds([{}], rounds=1, seconds=3, warm_s=1, fps=15, folder=folder)
    (told,) = row.rounds
    assert 1 < told["fps"] < 20
    assert 0 < told["age_p50_ms"] <= told["age_p99_ms"] <= told["age_max_ms"]
    assert 0 <= told["drop_rate_percent"] < 100
    assert told["cpu_percent"] > 0
    assert told["memory_mb"] > 50
    for stage in ("detector", "tracker", "joints", "lifter", "head", "decision"):
        assert 0 <= told[f"{stage}_p50_ms"] <= told[f"{stage}_p99_ms"]
        assert len(row.samples[f"{stage}_ms"]) == len(row.samples["age_ms"])
