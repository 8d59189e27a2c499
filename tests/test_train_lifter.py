"""The program that trains lifters, from motion to a file that lifts."""

import csv
import re
import shlex
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint

from gastlive.conf.option import option
from gastlive.experiments import train_lifter
from gastlive.experiments.training.fitting import fit
from gastlive.gast.checkpoint import load
from gastlive.gast.errors import InputError
from gastlive.gast.lifter import Lifter
from gastlive.gast.lifting_task import LiftingTask
from gastlive.gast.metrics import mpjpe_mm
from gastlive.gast.skeleton import H36M17

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
        f"hydra.run.dir='{folder}'", *overrides,
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_lifter.main()
    return folder / "tiny.safetensors"


@pytest.mark.parametrize("whole_clips", [False, True])
def test_motion_becomes_a_lifter_with_its_card_and_logs(tmp_path, monkeypatch, capsys, whole_clips):
    clips = ["task.one_frame=false", "datamodule.frames=40"] if whole_clips else []
    net, card = load(train(tmp_path, monkeypatch, "note=here", *clips))
    assert (net.channels, net.causal, net.receptive_field, card.fps) == (4, True, 81, 30.0)
    assert card.training["note"] == "here"
    assert card.training["steps"] == 2
    assert {"mpjpe_mm", "p_mpjpe_mm"} == set(card.training["validation"])
    out = capsys.readouterr().out
    assert "train: renders" in out
    assert f"next: gastlive lifter={tmp_path}/tiny.safetensors source=webcam" in out
    figures = card.training["validation"]
    assert (
        f"validation: MPJPE {figures['mpjpe_mm']} mm, P-MPJPE {figures['p_mpjpe_mm']} mm, after 2 "
        f"steps\nlifter written to {tmp_path}/tiny.safetensors"
    ) in out
    with open(tmp_path / "log/metrics.csv") as file:
        columns = set(next(csv.reader(file)))
    assert {"train/mpjpe_mm", "val/mpjpe_mm", "val/p_mpjpe_mm"} <= columns
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_a_lifter_is_evaluated_with_the_confidences_it_was_validated_with():
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4, inputs=3)
    lifter = Lifter(net, skeleton=H36M17, normalisation="person").eval()
    xy, xyz, sure = torch.rand(2, 5, 17, 2), torch.rand(2, 5, 17, 3), torch.rand(2, 5, 17)
    said = train_lifter.evaluate(SimpleNamespace(net=lifter), [(xy, xyz, sure)])
    with torch.inference_mode():
        lifted = lifter(torch.cat([xy, sure[..., None]], -1))
    assert said["mpjpe_mm"] == round(mpjpe_mm(lifted, xyz).item(), 1)
    unsure = train_lifter.evaluate(SimpleNamespace(net=lifter), [(xy, xyz, sure > 2)])
    assert unsure["mpjpe_mm"] != said["mpjpe_mm"]


@pytest.mark.slow
def test_training_starts_from_a_smaller_lifter(tmp_path, monkeypatch, capsys):
    small = train(tmp_path / "small", monkeypatch)
    train(tmp_path / "wide", monkeypatch, f"start={small}", "net.channels=8")
    assert "tensors grow from tiny.safetensors" in capsys.readouterr().out


def test_trained_weights_are_averaged_with_those_of_another_lifter(tmp_path, monkeypatch):
    start = train(tmp_path / "start", monkeypatch, "seed=1", "half=false")
    trained = train(tmp_path / "on", monkeypatch, f"start={start}", "half=false")
    mixed = train(tmp_path / "mixed", monkeypatch, f"start={start}", f"blend={start}", "half=false")
    nets = [load(path)[0].state_dict() for path in (start, trained, mixed)]
    for name, mean in nets[2].items():
        if mean.is_floating_point():
            torch.testing.assert_close(mean, (nets[0][name] + nets[1][name]) / 2)
    assert not torch.equal(nets[0]["shrink.weight"], nets[1]["shrink.weight"])


def test_the_rate_falls_to_the_end_of_the_steps(tmp_path, monkeypatch):
    train(tmp_path, monkeypatch, "steps=8", "datamodule.batches=8")
    states = torch.load(tmp_path / "checkpoints/last.ckpt", weights_only=False)
    (group,) = states["optimizer_states"][0]["param_groups"]
    (peak,) = states["callbacks"]["OneCycle"]["peaks"]
    assert peak == 2e-3
    assert group["lr"] < 0.1 * peak


def test_an_interrupted_training_goes_on(tmp_path, monkeypatch, capsys):
    first, again = tmp_path / "first", tmp_path / "again"
    train(first, monkeypatch, "steps=4", "+trainer.max_epochs=1")
    train(again, monkeypatch, "steps=4", f"resume={first}/checkpoints/last.ckpt")
    assert load(first / "tiny.safetensors")[1].training["steps"] == 2
    assert load(again / "tiny.safetensors")[1].training["steps"] == 4


def test_a_training_that_goes_on_for_longer_than_its_learning_rate_is_one_line(
    tmp_path, monkeypatch, capsys
):
    cycle = "{_target_: torch.optim.lr_scheduler.OneCycleLR, _partial_: true, max_lr: 0.001}"
    schedule = [f"task.scheduler={cycle}", "+task.scheduler.total_steps=${steps}"]
    schedule.append("trainer.callbacks.rate=null")
    train(tmp_path / "first", monkeypatch, "steps=4", "+trainer.max_epochs=1", *schedule)
    last = tmp_path / "first/checkpoints/last.ckpt"
    with pytest.raises(SystemExit):
        train(tmp_path / "again", monkeypatch, "steps=6", f"resume={last}", *schedule)
    assert "has a learning rate for 4 steps, not for 6; give steps=4" in capsys.readouterr().err


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


def interrupt(monkeypatch, *, step):
    """Ctrl-C in the given training step, and what Lightning does to the signal undone after."""
    before, steps = LiftingTask.training_step, []
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def training_step(self, batch, batch_idx):
        steps.append(batch_idx)
        if len(steps) == step:
            raise KeyboardInterrupt
        return before(self, batch, batch_idx)

    monkeypatch.setattr(LiftingTask, "training_step", training_step)


def test_ctrl_c_leaves_a_lifter_and_advice_that_works(tmp_path, monkeypatch, capsys, caplog):
    first, again = tmp_path / "with a space", tmp_path / "again"
    with monkeypatch.context() as patch:
        interrupt(patch, step=3)
        with pytest.raises(SystemExit) as ended:
            train(first, patch, "steps=4")
    assert ended.value.code == 130
    out = capsys.readouterr().out
    assert f"the averaged weights are in {first}/tiny.safetensors" in out
    assert "weights_only" not in out + caplog.text  # Lightning about itself
    net, card = load(first / "tiny.safetensors")
    assert (card.training["steps"], card.training["interrupted"]) == (2, True)
    saved = torch.load(first / "checkpoints/interrupted.ckpt", weights_only=False)
    mean = saved["state_dict"]["net.net.expand.mix.weight"]
    assert torch.equal(net.expand.mix.weight, mean.half().float())
    assert not torch.equal(mean, saved["current_model_state"]["net.net.expand.mix.weight"])
    advice = re.search("to go on, add: (.*)", out)[1]
    train(again, monkeypatch, "steps=4", *shlex.split(advice))
    assert load(again / "tiny.safetensors")[1].training["steps"] == 4


def test_ctrl_c_in_the_evaluation_leaves_the_lifter(tmp_path, monkeypatch, capsys):
    def evaluate(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_lifter, "evaluate", evaluate)
    with pytest.raises(SystemExit):
        train(tmp_path, monkeypatch)
    assert load(tmp_path / "tiny.safetensors")[1].training["steps"] == 2
    assert f"not evaluated yet, are in {tmp_path}/tiny.safetensors" in capsys.readouterr().out


def test_the_evaluation_after_training_takes_as_many_batches_as_validation(
    tmp_path, monkeypatch, capsys
):
    train(tmp_path, monkeypatch, "datamodule.val_batches=5", "+trainer.limit_val_batches=2")
    assert "evaluating: 2 of 5 validation batches" in capsys.readouterr().out


def test_a_training_advertises_nothing_and_counts_no_epochs_that_have_no_end(
    tmp_path, monkeypatch, capsys, caplog
):
    train(tmp_path, monkeypatch, "++trainer.enable_progress_bar=true")
    said = "".join(capsys.readouterr()) + caplog.text
    assert "Epoch 0" in said
    assert "/-2" not in said
    assert "Tip" not in said


def trainer(folder, ending):
    """A trainer that ends in a way; it has saved where it was."""
    saved = OnExceptionCheckpoint(folder, "interrupted")

    def run(task, **__):
        torch.save({"state_dict": task.state_dict()}, folder / "interrupted.ckpt")
        if ending is not None:
            raise ending

    return SimpleNamespace(
        fit=run, checkpoint_callbacks=[saved, ModelCheckpoint()], callbacks=[], global_step=1,
        limit_val_batches=1.0,
    )  # fmt: skip


def test_ctrl_c_says_where_to_go_on(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        fit(trainer(tmp_path, SystemExit(1)), torch.nn.Linear(1, 1), None)
    assert f"resume={tmp_path}/interrupted.ckpt" in capsys.readouterr().out


def test_training_that_never_validated_is_one_line(tmp_path):
    with pytest.raises(InputError, match="before its first validation; give it more steps"):
        fit(trainer(tmp_path, None), torch.nn.Linear(1, 1), None)
