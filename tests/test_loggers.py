"""Where a training's figures go."""

import pytest
from hydra import compose, initialize_config_module
from hydra.utils import instantiate

from gastlive.conf.program import guarded
from gastlive.experiments.training import loggers
from gastlive.experiments.training.trainer import trainer


def made(program, option, folder, *given):
    """The loggers of an option, as a program's trainer gets them."""
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose(program, [f"logger={option}", f"logger.csv.save_dir={folder}", *given])
    return instantiate(cfg.logger)


@pytest.mark.parametrize("program", ["train_lifter", "train_action"])
def test_the_table_is_always_written_and_tensorboard_by_default(program, tmp_path):
    assert list(made(program, "csv", tmp_path)) == ["csv"]
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        assert list(compose(program).logger) == ["csv", "tensorboard"]


def test_a_trainer_takes_loggers_by_name_or_none(tmp_path):
    chosen = dict(made("train_lifter", "csv", tmp_path)) | {"left_out": None}
    options = {"callbacks": {}, "accelerator": "cpu", "enable_progress_bar": False}
    options |= {"default_root_dir": tmp_path, "barebones": False}
    assert trainer(logger=chosen, **options).loggers == [chosen["csv"]]
    assert trainer(logger=False, **options).loggers == []


@pytest.mark.parametrize("option", ["mlflow", "wandb"])
def test_a_logger_whose_package_is_missing_is_one_line(option, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loggers, "find_spec", lambda name: None)
    place = f"logger.{option}"
    given = [f"+{place}.folder={tmp_path}"] if option == "wandb" else [f"{place}.experiment=lifter"]
    given[0] = given[0].removeprefix("+")
    with pytest.raises(SystemExit):
        guarded(lambda: made("train_lifter", option, tmp_path, *given, f"{place}.run=mine"))
    assert capsys.readouterr().err == (
        f"gastlive: logger={option} needs the package {option}; install it: pip install "
        f"'gastlive[{option}]'\n"
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::Warning")  # of MLflow, about what it uses
def test_mlflow_keeps_figures_in_a_file_beside_its_artifacts(tmp_path):
    pytest.importorskip("mlflow", reason="the package mlflow is not installed")
    place = "logger.mlflow"
    found = made(
        "train_lifter", "mlflow", tmp_path, f"{place}.uri=sqlite:///{tmp_path}/made/mlflow.db",
        f"{place}.experiment=lifter", f"{place}.run=mine",
    )["mlflow"]  # fmt: skip
    for step in range(3):
        found.log_metrics({"val/mpjpe_mm": 50.0 - step}, step)
    found.finalize("success")
    (run,) = found.experiment.search_runs([found.experiment_id])
    assert run.info.run_name == "mine"
    assert [
        m.value for m in found.experiment.get_metric_history(run.info.run_id, "val/mpjpe_mm")
    ] == [50.0, 49.0, 48.0]
    assert (tmp_path / "made/mlflow.db").is_file()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::Warning")  # of wandb, about what it uses
def test_wandb_writes_into_the_runs_folder_and_sends_nothing(tmp_path):
    pytest.importorskip("wandb", reason="the package wandb is not installed")
    place = "logger.wandb"
    found = made(
        "train_lifter", "wandb", tmp_path, f"{place}.folder={tmp_path}", f"{place}.run=mine"
    )["wandb"]
    found.log_metrics({"val/mpjpe_mm": 50.0}, 0)
    found.finalize("success")
    found.experiment.finish()
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
