"""The program that trains lifters, from motion to a file that lifts."""

import csv
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint

from gastlive.experiments import train_lifter
from gastlive.experiments.training.fitting import fit
from gastlive.gast.checkpoint import load
from gastlive.gast.errors import InputError

DEMO = Path(__file__).parents[1] / "realtime" / "demo"
SETS = ("hdm05", "cmu", "mocap6", "precog16", "utd_mhad", "nw_ucla")


def train(folder, monkeypatch, *overrides):
    """Two steps of a tiny net on the demo's motion."""
    renders = f"{{_target_: gastlive.datasets.own.renders.Renders, root: {DEMO}, fps: 30.0}}"
    argv = [
        "gastlive-train-lifter", *(f"~train_sets.{name}" for name in SETS), "~val_sets.cmu",
        "~val_sets.mocap6", f"+train_sets.renders={renders}", f"+val_sets.renders={renders}",
        "name=tiny", "noise=assumed", "net.channels=4", "steps=2", "threads=1",
        "datamodule.batch=4", "datamodule.batches=2", "datamodule.val_batches=1",
        "trainer.log_every_n_steps=1", "+trainer.enable_progress_bar=false",
        f"hydra.run.dir={folder}", *overrides,
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_lifter.main()
    return folder / "tiny.safetensors"


@pytest.mark.parametrize("whole_clips", [False, True])
def test_motion_becomes_a_lifter_with_its_card_and_logs(tmp_path, monkeypatch, capsys, whole_clips):
    clips = ["task.one_frame=false", "datamodule.frames=40"] if whole_clips else []
    net, card = load(train(tmp_path, monkeypatch, "note=here", *clips))
    assert (net.channels, net.causal, net.receptive_field, card.fps) == (4, True, 27, 30.0)
    assert card.training["note"] == "here"
    assert card.training["steps"] == 2
    assert {"mpjpe_mm", "p_mpjpe_mm"} == set(card.training["validation"])
    assert "train: renders" in capsys.readouterr().out
    with open(tmp_path / "log/metrics.csv") as file:
        columns = set(next(csv.reader(file)))
    assert {"train/mpjpe_mm", "val/mpjpe_mm", "val/p_mpjpe_mm"} <= columns
    assert list((tmp_path / "tensorboard").glob("events*"))


@pytest.mark.slow
def test_training_starts_from_a_smaller_lifter(tmp_path, monkeypatch, capsys):
    small = train(tmp_path / "small", monkeypatch)
    train(tmp_path / "wide", monkeypatch, f"start={small}", "net.channels=8")
    assert "tensors grow from tiny.safetensors" in capsys.readouterr().out


def test_an_interrupted_training_goes_on(tmp_path, monkeypatch, capsys):
    first, again = tmp_path / "first", tmp_path / "again"
    train(first, monkeypatch, "steps=4", "+trainer.max_epochs=1")
    train(again, monkeypatch, "steps=4", f"resume={first}/checkpoints/last.ckpt")
    assert load(first / "tiny.safetensors")[1].training["steps"] == 2
    assert load(again / "tiny.safetensors")[1].training["steps"] == 4


def test_the_data_are_checked_before_training(tmp_path, monkeypatch, capsys):
    assert not train(tmp_path, monkeypatch, "check=true").exists()
    out = capsys.readouterr().out
    assert "train: renders" in out
    assert "val: renders" in out
    assert "1130" in out.replace(",", "")


def test_a_checkpoint_that_is_not_there_is_one_line(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        train(tmp_path, monkeypatch, "resume=nowhere.ckpt")
    assert "no checkpoint at resume=nowhere.ckpt" in capsys.readouterr().err


def trainer(folder, ending):
    """A trainer that ends in a way; it has saved where it was."""
    saved = OnExceptionCheckpoint(folder, "interrupted")

    def run(*_, **__):
        (folder / "interrupted.ckpt").touch()
        if ending is not None:
            raise ending

    return SimpleNamespace(fit=run, checkpoint_callbacks=[saved, ModelCheckpoint()])


def test_ctrl_c_says_where_to_go_on(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        fit(trainer(tmp_path, SystemExit(1)), None, None)
    assert f"resume={tmp_path}/interrupted.ckpt" in capsys.readouterr().out


def test_training_that_never_validated_is_one_line(tmp_path):
    with pytest.raises(InputError, match="before its first validation; give it more steps"):
        fit(trainer(tmp_path, None), None, None)
