"""`gastlive-benchmark`: from the command line to a report."""

import csv
import json
import logging
import sys

import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive.conf.option import option
from gastlive.experiments import benchmark
from gastlive.experiments.benchmarking import modes
from gastlive.experiments.benchmarking.modes import Accuracy, choices, stored
from gastlive.experiments.timing.jobs import Job, Row
from gastlive.experiments.timing.step import Candidate
from gastlive.gast.errors import InputError

QUICK = ("mode.rounds=2", "mode.frames=5", "mode.seconds=0.01", "mode.warm=9")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the program on a command line; says where its report is."""

    logger = logging.getLogger("gastlive")
    for name in ("handlers", "propagate", "level"):  # the program takes it for itself
        monkeypatch.setattr(logger, name, getattr(logger, name))

    def run(*arguments, sweep=False):
        place = "hydra.sweep.dir" if sweep else "hydra.run.dir"
        given = [*(["-m"] if sweep else []), *arguments, f"{place}={tmp_path}"]
        monkeypatch.setattr(sys, "argv", ["gastlive-benchmark", *given])
        benchmark.main()
        return tmp_path

    return run


def lines(folder):
    with (folder / "latency.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_step_is_measured_beside_the_references_windows_and_gives_the_same(run):
    folder = run("mode=step", "mode.strategies=[stream,layers,strided]", "runtime=torch", *QUICK)
    rows = lines(folder)
    assert [row["name"] for row in rows] == [
        "runtime=torch stream, torch",
        "runtime=torch layers",
        "runtime=torch strided",
    ]
    assert all(float(row["step_p50_ms"]) > 0 for row in rows)
    assert all(float(row["largest_difference"]) < 1e-4 for row in rows)
    assert (folder / "steps.png").is_file()
    assert "mode.strategies=[stream,layers,strided]" in (folder / "latency.md").read_text()


def test_a_sweep_ends_in_one_table_with_a_row_for_each_config(run):
    folder = run("mode=step", "mode.part=head", "runtime=torch,openvino", *QUICK, sweep=True)
    assert [row["name"] for row in lines(folder)] == [
        "runtime=torch torch",
        "runtime=openvino openvino",
    ]
    assert len(json.loads((folder / "latency.json").read_text())["rows"]) == 2


def test_a_shape_that_has_no_weights_can_be_measured(run):
    folder = run("mode=step", "untrained=gast27s", "runtime=torch", *QUICK)
    (row,) = lines(folder)
    assert row["name"] == "untrained=gast27s runtime=torch stream, torch"


def test_lifter_and_head_are_measured_as_a_chain_for_several_people(run):
    folder = run("mode=step", "mode.part=chain", "mode.people=1,3", *QUICK, sweep=True)
    names = [row["name"] for row in lines(folder)]
    assert names[0].startswith("mode.people=1 ")
    assert names[1].startswith("mode.people=3 ")


def test_options_of_the_users_own_reach_the_live_program(run, tmp_path, monkeypatch):
    asked = []

    def measured(jobs, folder):
        asked.extend(jobs)
        return [Row(job.name, job.config, ({"age_p50_ms": 1.0},)) for job in jobs]

    mine = tmp_path / "conf" / "detector"
    mine.mkdir(parents=True)
    (mine / "mine.yaml").write_text("_target_: gastlive.realtime.detectors.none.NoDetector\n")
    monkeypatch.setattr(modes.Pipeline, "__call__", lambda self, *given: measured(*given))
    run("--config-dir", str(tmp_path / "conf"), "detector=mine")
    (job,) = asked
    assert job.config == {"detector": "mine"}
    assert job.program[-2:] == ("--config-dir", str(tmp_path / "conf"))


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("mode.part=tracker", "mode.part=tracker: choose one of lifter, head, chain, detector"),
        ("mode.strategies=[fast]", "mode.strategies has fast; choose of stream"),
        ("mode.people=0", "give 1 or more of each"),
        ("untrained=gast9", "no net 'gast9'; choose one of"),
        ("runtime=tensorrt", "unknown runtime 'tensorrt'"),
    ],
)
def test_what_can_not_be_measured_is_said_in_one_line(run, capsys, argument, line):
    with pytest.raises(SystemExit) as ended:
        run("mode=step", argument)
    assert ended.value.code == 1
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert line in said


def test_every_candidate_is_compared_with_the_first_of_its_config():
    step = option("mode/step", warm=3)
    team = [
        Candidate("one", {}, lambda index: np.array([index, 0.0])),
        Candidate("other", {}, lambda index: np.array([index, 0.25 * index])),
    ]
    assert step.differences(team) == [0.0, 0.5]


def test_every_round_is_a_stretch_of_each_candidate_in_turns_the_second_round_backwards():
    order = []

    def named(name):
        return Candidate(name, {}, lambda index: order.append(name) or np.zeros(1))

    step = option("mode/step", rounds=2, frames=5, seconds=0.0, warm=1)
    rows = step.in_turns([named("one"), named("other")], apart=[0.0, 0.0])
    stretch = len(order) // 4
    assert order == [n for n in ("one", "other", "other", "one") for _ in range(stretch)]
    assert [len(row.rounds) for row in rows] == [2, 2]
    assert all(len(row.samples["step_ms"]) == 2 * (stretch - 2) for row in rows)


def job(**config):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("benchmark", overrides=["mode=accuracy"])
    return Job(" ".join(config) or "default", config, cfg)


def test_accuracies_are_kept_by_what_changes_results(tmp_path, monkeypatch):
    right = {"decision_frame_accuracy": 0.5, "head_frame_accuracy": 0.6, "event_f1": 0.4,
             "p_mpjpe_mm": 60.0}  # fmt: skip
    recorded = []
    monkeypatch.setattr(modes, "record", lambda config, folder, **_: recorded.append(dict(config)))
    monkeypatch.setattr(modes, "read", lambda path: ({}, []))
    monkeypatch.setattr(modes, "compare", lambda header, frames, truth: right)
    mode = Accuracy(store=str(tmp_path / "deep" / "accuracies.json"))
    fast = {"runtime": "openvino", "detector.size": "192"}
    rows = mode([job(), job(**fast)], tmp_path)
    assert [row.rounds[0]["frame_accuracy"] for row in rows] == [0.5, 0.5]
    assert recorded == [{"sink": "[jsonl]"}, {"sink": "[jsonl]", **fast}]
    kept = stored(tmp_path / "deep" / "accuracies.json")
    assert set(kept) == {"default", "detector.size=192"}
    assert kept["default"]["p_mpjpe_mm"] == 60.0
    mode([job(precision="int8")], tmp_path)
    assert set(stored(mode.store)) == {"default", "detector.size=192", "precision=int8"}


def test_choices_name_what_changes_results_and_leave_out_speed():
    assert choices({"threads": "2", "runtime": "torch", "source.realtime": "true"}) == "default"
    assert choices({"lifter": "b", "detector.size": "224"}) == "detector.size=224 lifter=b"


def test_another_file_is_no_store_of_accuracies(tmp_path):
    other = tmp_path / "notes.json"
    other.write_text("[1, 2")
    with pytest.raises(InputError, match="holds no accuracies of mode=accuracy"):
        stored(other)
    assert stored(tmp_path / "none.json") == {}
