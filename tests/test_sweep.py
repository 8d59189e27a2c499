"""Sweeps: what is tried, what is kept, and how an interrupted study goes on."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from hydra.utils import instantiate

from gastlive.experiments import sweep
from gastlive.experiments.sweeping.space import flat, suggested
from gastlive.experiments.sweeping.study import Objective, Study, TrialFailed
from gastlive.gast.errors import InputError

from .lifted_people import lifted_people

needs_optuna = pytest.mark.skipif(
    find_spec("optuna") is None, reason="needs pip install 'gastlive[sweep]'"
)
CONF = Path(__file__).parent.parent / "conf"


class Lowest:
    """A trial that proposes the lower end, or the first choice."""

    def suggest_categorical(self, name, choices):
        return choices[0]

    def suggest_int(self, name, low, high, *, step, log):
        return low

    def suggest_float(self, name, low, high, *, step, log):
        return low


def test_a_space_is_lists_of_choices_and_ranges_below_dotted_or_nested_keys():
    below = {"d": {"low": 1e-4, "high": 1, "log": True}, "e": [[1, 2], True]}
    given = {"head": ["tcn", "gru"], "a.b": {"low": 1, "high": 9}, "gone": None, "c": below}
    space = flat(given)
    assert suggested(space, Lowest()) == {
        "head": "tcn", "a.b": "1", "c.d": "0.0001", "c.e": "[1,2]",
    }  # fmt: skip


def test_the_command_line_changes_and_takes_out_keys_of_a_yaml_by_their_dotted_names():
    yaml = {"a.b": [1, 2], "c.d": [3, 4]}
    assert flat(yaml | {"a": {"b": [5]}, "c": {"d": None}}) == {"a.b": [5]}


@pytest.mark.parametrize(
    "given",
    [3, [], {"low": 2, "high": 1}, {"low": 1}, {"low": 0, "high": 1, "log": True},
     {"low": "a", "high": "b"}, {"low": 0, "high": 1, "steps": 3}],
    ids=str,
)  # fmt: skip
def test_what_is_no_choice_and_no_range_is_refused_in_one_line(given):
    with pytest.raises(InputError, match=r"study\.space\.lr=.*give choices as a list, or a range"):
        flat({"lr": given})


def test_a_figure_is_read_from_a_report_or_from_the_card_of_weights(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"heads": [{"right": 0.5, "not": None}]}))
    assert Objective("report.json", "heads.0.right", True).read(tmp_path) == 0.5
    for key in ("heads.1.right", "heads.0.not", "heads.0.there"):
        with pytest.raises(TrialFailed, match=rf"no {key} in report\.json"):
            Objective("report.json", key, True).read(tmp_path)
    from safetensors.numpy import save_file

    card = json.dumps({"training": {"validation": {"p_mpjpe_mm": 41.5}}})
    save_file({"w": np.zeros(1)}, tmp_path / "a.safetensors", metadata={"gastlive_lifter": card})
    key = "training.validation.p_mpjpe_mm"
    assert Objective("a.safetensors", key, False).read(tmp_path) == 41.5


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONF / "study").glob("*.yaml")))
def test_what_a_shipped_study_tries_are_keys_of_its_first_program(name):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        study = instantiate(compose("sweep", [f"study={name}"]).study, _convert_="all")
        words = next(iter(study.programs.values()))
        config = "_".join(words[: 2 if words[0] == "evaluate" else 1]).replace("-", "_")
        rest = [word for word in words[1:] if "=" in word and "{run}" not in word]
        values = [f"{key}={value}" for key, value in suggested(study.space, Lowest()).items()]
        assert compose(config, [*rest, *values])


def test_a_study_of_programs_that_are_not_ours_is_refused():
    given = {"space": {"a": [1]}, "objectives": {"b": {"file": "c", "key": "d", "more": True}}}
    with pytest.raises(InputError, match=r"study\.programs\.x=\['rm'\]: begin it with one of"):
        Study(programs={"x": ["rm", "-rf"]}, **given)


@pytest.fixture
def lifted(tmp_path):
    return lifted_people(tmp_path / "lifted")


TINY = ["steps=4", "head.channels=8", "datamodule.batches=2", "datamodule.batch=2"]


def run(folder, monkeypatch, *words):
    """The program in this process, in a folder."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["gastlive-sweep", *words])
    sweep.main()
    return json.loads((folder / "outputs/sweep/head/sweep.json").read_text())["trials"]


@needs_optuna
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Optuna
def test_two_trials_of_the_head_study_give_a_table_and_a_picture(
    lifted, tmp_path, monkeypatch, capsys
):
    data = f"given=data.folder={lifted} protocol=own labels=own labels.background=stand threads=1"
    first = f"first={' '.join(TINY)}"
    trials = run(tmp_path, monkeypatch, "study=head", data, first, "study.space.head=[tcn]",
                 "trials=2")  # fmt: skip
    assert [trial["number"] for trial in trials] == [0, 1]
    for trial in trials:
        assert not trial["failed"], trial["failed"]
        assert 0 <= trial["figures"]["frame_accuracy"] <= 1
        assert trial["figures"]["step_p50_ms"] > 0
    folder = tmp_path / "outputs" / "sweep" / "head"
    assert (folder / "pareto.png").stat().st_size > 1000
    assert (
        "| trial | frame_accuracy | step_p50_ms | best | head |"
        in (folder / "sweep.md").read_text()
    )
    assert "2 trials, 0 failed\n" in capsys.readouterr().out


SCRIPTED = """
_target_: gastlive.experiments.sweeping.study.Study
programs: {evaluate: [evaluate, recording]}
space: {a: {low: 0.0, high: 1.0}, b: [x, y]}
objectives:
  right: {file: report.json, key: right, more: true}
  step_ms: {file: report.json, key: ms, more: false}
"""


class Scripted:
    """Trials that give figures of their values, and one of which fails or is interrupted."""

    def __init__(self, monkeypatch, *, fails=(), interrupted=()):
        self.values, self.fails, self.interrupted = [], set(fails), set(interrupted)
        monkeypatch.setattr(Study, "figures", lambda _, *given, **words: self(*given))

    def __call__(self, values, folder):
        self.values.append(values)
        if len(self.values) in self.interrupted:
            raise KeyboardInterrupt
        if len(self.values) in self.fails:
            raise TrialFailed("evaluate: no such recording")
        return [float(values["a"]), 1.0 + float(values["a"])]


@pytest.fixture
def scripted(tmp_path):
    (tmp_path / "conf" / "study").mkdir(parents=True)
    (tmp_path / "conf" / "study" / "mine.yaml").write_text(SCRIPTED)
    return ["--config-dir", str(tmp_path / "conf"), "study=mine", "name=head"]


@needs_optuna
@pytest.mark.filterwarnings("ignore")  # of Optuna
def test_a_failed_trial_is_named_and_counted_and_the_others_go_on(
    scripted, tmp_path, monkeypatch, capsys
):
    Scripted(monkeypatch, fails=[2])
    trials = run(tmp_path, monkeypatch, *scripted, "trials=4")
    assert [bool(trial["failed"]) for trial in trials] == [False, True, False, False]
    said = capsys.readouterr().out
    assert "trial 1 failed: evaluate: no such recording\n" in said
    assert "3 trials, 1 failed\n" in said
    page = (tmp_path / "outputs/sweep/head/sweep.md").read_text()
    assert "4 trials, 1 failed" in page
    assert "evaluate: no such recording" in page.partition("## Failed")[2]
    best = {trial["number"] for trial in trials if trial["best"]}
    assert best == {0, 2, 3}, "each is either righter or faster"


@needs_optuna
@pytest.mark.filterwarnings("ignore")  # of Optuna
def test_an_interrupted_study_tries_the_interrupted_values_again_and_goes_on(
    scripted, tmp_path, monkeypatch, capsys
):
    first = Scripted(monkeypatch, interrupted=[3])
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, monkeypatch, *scripted, "trials=4")
    assert ended.value.code == 130
    assert "2 trials, 0 failed, 2 left: the same command goes on" in capsys.readouterr().out
    second = Scripted(monkeypatch)
    trials = run(tmp_path, monkeypatch, *scripted, "trials=4")
    assert "2 of 4 trials are there: going on" in capsys.readouterr().out
    assert len(second.values) == 2
    assert second.values[0] == first.values[2]
    assert len(trials) == 4
    assert len({str(trial["values"]) for trial in trials}) == 4, "nothing twice"
    third = Scripted(monkeypatch)
    run(tmp_path, monkeypatch, *scripted, "trials=4")
    assert third.values == []


@needs_optuna
@pytest.mark.filterwarnings("ignore")  # of Optuna
def test_another_space_in_the_same_folder_is_refused(scripted, tmp_path, monkeypatch, capsys):
    Scripted(monkeypatch)
    run(tmp_path, monkeypatch, *scripted, "trials=1")
    with pytest.raises(SystemExit):
        run(tmp_path, monkeypatch, *scripted, "trials=2", "study.space.b=[x,z]")
    assert "has another space or other objectives; give the same ones" in capsys.readouterr().err


def test_optuna_that_is_not_installed_is_asked_for_by_the_name_of_the_extra(
    scripted, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SystemExit):
        run(tmp_path, monkeypatch, *scripted)
    assert "pip install 'gastlive[sweep]'" in capsys.readouterr().err


def test_the_launcher_that_is_not_installed_is_asked_for_too():
    if find_spec("submitit"):
        pytest.skip("it is installed here")
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.experiments.check_data", "-m", "data=utd_mhad,cmu",
         "hydra/launcher=submitit_local"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install 'gastlive[sweep]'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(
    find_spec("submitit") is None,
    reason="needs pip install 'gastlive[sweep]'",
)
@pytest.mark.slow
def test_submitit_runs_a_training_for_each_value_in_a_process_of_its_own(lifted, tmp_path):
    words = [f"data.folder={lifted}", "protocol=own", "labels=own", "labels.background=stand",
             "head=tcn", "threads=1", "name=mine", *TINY, "hydra.sweep.dir=runs",
             "hydra.sweep.subdir=seed${seed}", "hydra.launcher.timeout_min=9"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.experiments.train_action", "-m", "seed=1,2",
         "hydra/launcher=submitit_local", *words],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("mine.safetensors"))
    assert made == [Path(f"runs/seed{seed}/mine.safetensors") for seed in (1, 2)]
