"""The program that trains heads, from lifted clips to a file that names actions."""

import re
import shlex
import signal
import sys

import pytest
import torch

from gastlive.action.calibration import best_temperature
from gastlive.action.checkpoint import load_head, save_head
from gastlive.action.head_task import HeadTask
from gastlive.conf.option import option
from gastlive.experiments import calibrate, train_action
from gastlive.experiments.training import calibrating
from gastlive.experiments.training.budget import TimeBudget
from gastlive.gast.skeleton import H36M17

from .lifted_people import LABELS, lifted_people


@pytest.fixture
def lifted(tmp_path):
    return lifted_people(tmp_path / "lifted")


def train(lifted, folder, monkeypatch, *overrides):
    """Four steps of a tiny head."""
    argv = [
        "gastlive-train-action", f"data.folder={lifted}", "protocol=own", "labels=own", "head=tcn",
        "head.channels=8", "name=tiny", "steps=4", "threads=1", "datamodule.batch=2",
        "+training.trainer.enable_progress_bar=false", f"hydra.run.dir={folder}", *overrides,
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_action.main()
    return folder / "tiny.safetensors"


STREAMS = ("datamodule=streams", "labels.background=stand", "datamodule.batches=2")


def test_streams_become_a_head_with_its_card_and_a_summary(lifted, tmp_path, monkeypatch, capsys):
    path = train(lifted, tmp_path / "run", monkeypatch, *STREAMS, "note=here")
    card = load_head(path)[1]
    assert (card.labels, card.background, card.lifter) == (LABELS, "stand", "net")
    assert (card.training["steps"], card.training["note"]) == (4, "here")
    assert set(card.decision) >= {"enter", "leave"}
    validation, out = card.training["validation"], capsys.readouterr().out
    assert f"validation on {validation['frames']} frames:" in out
    assert f"frames predicted right {validation['frame_accuracy']:6.1%}" in out
    assert f"kick {validation['by_label']['kick']:6.1%}" in out
    assert f"head written to {path}" in out
    assert "weak:\n" in out  # after four steps
    assert " examples to learn from, add more of other people" in out
    assert f"what is taken for what: {path.with_name('tiny_confusion.png')}" in out
    assert path.with_name("tiny_confusion.png").stat().st_size > 1000
    assert out.endswith(f"\nnext: gastlive classifier={path} source=webcam\n")
    assert "{" not in out


def test_clips_become_a_head_without_a_decision(lifted, tmp_path, monkeypatch, capsys):
    path = train(lifted, tmp_path / "run", monkeypatch, "datamodule=clips", "steps=8")
    card = load_head(path)[1]
    assert (card.background, card.decision) == (None, {})
    figures = card.training["validation"]
    out = capsys.readouterr().out
    assert f"validation on {figures['clips']} clips:" in out
    assert f"clips predicted right {figures['top1']:6.1%}" in out
    assert f"next: gastlive-evaluate action checkpoint={path} skeleton=h36m17 data=lifted" in out


def test_a_linear_head_is_calibrated_like_any_other(lifted, tmp_path, monkeypatch):
    argv = [
        "gastlive-train-action", f"data.folder={lifted}", "protocol=own", "labels=own", "head=svm",
        "datamodule=clips", "training=linear", "training.windows=9", "name=tiny", "threads=1",
        f"hydra.run.dir={tmp_path}/run",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_action.main()
    card = load_head(tmp_path / "run/tiny.safetensors")[1]
    assert (card.head, card.training["windows"]) == ("svm.SVM", 9)
    assert card.training["validation"]["clips"] == 3


@pytest.mark.parametrize(
    "module",
    [(*STREAMS, "+datamodule.val_frames=10"), ("datamodule=clips", "steps=8")],
    ids=["streams", "clips"],
)
def test_the_calibration_takes_as_many_batches_as_validation(
    lifted, tmp_path, monkeypatch, capsys, module
):
    limit = "+training.trainer.limit_val_batches=1"
    seen = []
    monkeypatch.setattr(
        calibrating, "best_temperature",
        lambda logits, truth: seen.append(len(truth)) or best_temperature(logits, truth),
    )  # fmt: skip
    train(lifted, tmp_path / "all", monkeypatch, *module)
    train(lifted, tmp_path / "one", monkeypatch, *module, limit)
    assert 0 < seen[1] < seen[0]
    assert "calibrating: 1 of " in capsys.readouterr().out


def interrupt(monkeypatch, *, step):
    """Ctrl-C in the given training step; what Lightning does to the signal is left out."""
    before, steps = HeadTask.training_step, []
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def training_step(self, batch, batch_idx):
        steps.append(batch_idx)
        if len(steps) == step:
            raise KeyboardInterrupt
        return before(self, batch, batch_idx)

    monkeypatch.setattr(HeadTask, "training_step", training_step)


def test_ctrl_c_leaves_a_head_and_advice_that_works(lifted, tmp_path, monkeypatch, capsys):
    first, again = tmp_path / "first", tmp_path / "again"
    with monkeypatch.context() as patch:
        interrupt(patch, step=3)
        with pytest.raises(SystemExit) as ended:
            train(lifted, first, patch, *STREAMS)
    assert ended.value.code == 130
    out = capsys.readouterr().out
    assert f"the averaged weights, not calibrated, are in {first}/tiny.safetensors" in out
    head, card = load_head(first / "tiny.safetensors")
    assert (card.training["steps"], card.training["interrupted"]) == (2, True)
    saved = torch.load(first / "checkpoints/interrupted.ckpt", weights_only=False)
    for name, weights in head.state_dict().items():
        mean = saved["state_dict"][f"head.{name}"]
        torch.testing.assert_close(weights, mean.half().to(weights.dtype))
    advice = re.search("to go on, add: (.*)", out)[1]
    path = train(lifted, again, monkeypatch, *STREAMS, *shlex.split(advice))
    assert load_head(path)[1].training["steps"] == 4


@pytest.mark.filterwarnings("ignore:Experiment logs directory")  # they are of the same training
def test_the_advice_about_an_earlier_training_works(lifted, tmp_path, monkeypatch, capsys):
    train(lifted, tmp_path / "run", monkeypatch, *STREAMS, "+training.trainer.max_epochs=1")
    with pytest.raises(SystemExit):
        train(lifted, tmp_path / "run", monkeypatch, *STREAMS)
    advice = re.search("add (.*) to go on with it", capsys.readouterr().err)[1]
    path = train(lifted, tmp_path / "run", monkeypatch, *STREAMS, *shlex.split(advice))
    assert load_head(path)[1].training["steps"] == 4


def test_ctrl_c_in_the_calibration_leaves_the_head(lifted, tmp_path, monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(calibrating, "best_decision", stop)
    with pytest.raises(SystemExit):
        train(lifted, tmp_path / "run", monkeypatch, *STREAMS)
    path = tmp_path / "run/tiny.safetensors"
    assert load_head(path)[1].training["steps"] == 4
    assert f"the weights, not calibrated yet, are in {path}" in capsys.readouterr().out


def calibrate_again(lifted, folder, monkeypatch, head, *overrides):
    argv = [
        "gastlive-calibrate", f"checkpoint={head}", f"data.folder={lifted}", "protocol=own",
        "labels=own", "name=again", "threads=1", f"hydra.run.dir={folder}", *overrides,
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    calibrate.main()
    return folder / "again.safetensors"


def test_a_head_is_calibrated_anew_without_its_training(lifted, tmp_path, monkeypatch, capsys):
    path = train(lifted, tmp_path / "run", monkeypatch, *STREAMS, "note=here")
    head, card = load_head(path)
    other = tmp_path / "other.safetensors"
    save_head(head, other, background="stand", lifter=("net", "ab"), temperature=9.0,
              decision={"enter": 0.9}, training=card.training)  # fmt: skip
    found = calibrate_again(lifted, tmp_path / "new", monkeypatch, other, *STREAMS)
    again, now = load_head(found)
    assert now.temperature != 9.0
    assert now.decision["enter"] != 0.9 or set(now.decision) != {"enter"}
    assert (now.training["steps"], now.training["note"]) == (4, "here")
    assert now.training["config"] == card.training["config"]
    assert now.training["calibrated"]["command"].startswith("gastlive-calibrate checkpoint=")
    for name, weights in again.state_dict().items():
        if not name.startswith("score."):
            torch.testing.assert_close(weights, head.state_dict()[name])
    assert f"head written to {found}" in capsys.readouterr().out


def test_the_mean_of_heads_is_calibrated_and_its_card_names_them(lifted, tmp_path, monkeypatch):
    path = train(lifted, tmp_path / "run", monkeypatch, *STREAMS)
    head, card = load_head(path)
    moved = tmp_path / "moved.safetensors"
    with torch.no_grad():
        for weights in head.parameters():
            weights.add_(0.5)
    save_head(head, moved, background="stand", lifter=("net", "ab"), training=card.training)
    found = calibrate_again(
        lifted, tmp_path / "new", monkeypatch, path, *STREAMS, f"mean_with=[{moved}]"
    )
    again, now = load_head(found)
    assert [each["name"] for each in now.training["mean_of"]] == [path.name, "moved.safetensors"]
    for name, weights in load_head(path)[0].named_parameters():
        if not name.startswith("score."):
            torch.testing.assert_close(
                dict(again.named_parameters())[name], weights + 0.25, atol=2e-3, rtol=1e-3
            )  # stored in float16


def test_a_temperature_that_can_not_be_is_refused_before_the_training(
    lifted, tmp_path, monkeypatch, capsys
):
    with pytest.raises(SystemExit):
        train(lifted, tmp_path / "run", monkeypatch, *STREAMS, "softer=-1")
    assert "softer=-1" in capsys.readouterr().err
    assert not list((tmp_path / "run").glob("*.safetensors"))


def test_heads_beside_each_other_are_calibrated_as_one(lifted, tmp_path, monkeypatch):
    path = train(lifted, tmp_path / "run", monkeypatch, *STREAMS)
    gru = train(lifted, tmp_path / "gru", monkeypatch, *STREAMS, "head=gru")
    found = calibrate_again(
        lifted, tmp_path / "new", monkeypatch, path, *STREAMS, f"beside=[{gru}]"
    )
    both, now = load_head(found)
    assert now.head == "several.Several"
    assert [each["name"] for each in now.training["beside"]] == [gru.name]
    assert [each["head"] for each in now.settings["members"]] == ["tcn.TCN", "gru.GRU"]
    assert both.score.in_features == sum(
        load_head(each)[0].score.in_features for each in (path, gru)
    )


def test_heads_that_differ_have_no_mean(lifted, tmp_path, monkeypatch, capsys):
    path = train(lifted, tmp_path / "run", monkeypatch, *STREAMS)
    head, card = load_head(path)
    other = tmp_path / "other.safetensors"
    save_head(head, other, background="stand", lifter=("net", "cd"), training=card.training)
    with pytest.raises(SystemExit):
        calibrate_again(lifted, tmp_path / "new", monkeypatch, path, *STREAMS,
                        f"mean_with=[{other}]")  # fmt: skip
    assert f"{other} differs from {path} in lifter_sha256" in capsys.readouterr().err


def test_the_shift_of_a_head_calibrated_twice_is_that_of_both_times(lifted, tmp_path, monkeypatch):
    path = train(lifted, tmp_path / "run", monkeypatch, *STREAMS)
    head, card = load_head(path)
    again, now = load_head(calibrate_again(lifted, tmp_path / "new", monkeypatch, path, *STREAMS))
    shifts = [each.training["validation"]["background_shift"] for each in (card, now)]
    moved = (again.score.bias - head.score.bias).detach()[0]
    assert float(moved) == pytest.approx(shifts[1] - shifts[0], abs=1e-2)  # stored in float16


@pytest.mark.parametrize(
    ("labels", "background", "lifter", "said"),
    [
        (("stand", "wave", "dance"), "stand", "ab", "has other labels than the ones given"),
        (LABELS, "wave", "ab", "the background of head .* is wave, of the labels here stand"),
        (LABELS, "stand", "cd", "was trained on net, the data were lifted by net, or another"),
    ],
)
def test_a_head_is_only_calibrated_on_what_it_takes(
    lifted, tmp_path, monkeypatch, capsys, labels, background, lifter, said
):
    head = option("head/tcn", skeleton=H36M17, labels=labels, channels=8)
    path = tmp_path / "head.safetensors"
    save_head(head, path, background=background, lifter=("net", lifter))
    with pytest.raises(SystemExit):
        calibrate_again(lifted, tmp_path / "new", monkeypatch, path, *STREAMS)
    assert re.search(said, capsys.readouterr().err)


def test_the_rate_falls_to_the_end_of_the_steps(lifted, tmp_path, monkeypatch):
    train(lifted, tmp_path, monkeypatch, *STREAMS, "steps=8", "datamodule.batches=8")
    saved = torch.load(tmp_path / "checkpoints/last.ckpt", weights_only=True)
    (group,) = saved["optimizer_states"][0]["param_groups"]
    (peak,) = saved["callbacks"]["OneCycle"]["peaks"]
    assert peak == 4e-3
    assert group["lr"] < 0.1 * peak


def test_a_head_whose_training_time_ends_ends_with_a_low_rate(lifted, tmp_path, monkeypatch):
    monkeypatch.setattr(TimeBudget, "done", lambda budget: 0.99 if budget.seconds == 60 else 0.0)
    train(lifted, tmp_path, monkeypatch, *STREAMS, "max_time=00:00:01:00", "steps=1000",
          "+training.trainer.max_epochs=1")  # fmt: skip
    saved = torch.load(tmp_path / "checkpoints/last.ckpt", weights_only=True)
    assert saved["optimizer_states"][0]["param_groups"][0]["lr"] < 0.01 * 4e-3


def test_a_trained_head_teaches_the_next_by_one_key(lifted, tmp_path, monkeypatch, capsys):
    first = train(lifted, tmp_path / "first", monkeypatch, *STREAMS)
    taught = f"training.task.teacher.checkpoint={first}"
    path = train(
        lifted, tmp_path / "second", monkeypatch, *STREAMS, "training=taught", taught,
        "head=lru", "head.states=4",
    )  # fmt: skip
    _, card = load_head(path)
    assert card.head == "lru.LRU"
    assert card.training["config"]["training"]["task"]["teacher"]["checkpoint"] == str(first)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        train(lifted, tmp_path / "third", monkeypatch, *STREAMS, "training=taught",
              "training.task.teacher.checkpoint=nobody.safetensors")  # fmt: skip
    said = capsys.readouterr()
    assert "nobody.safetensors" in said.err + said.out
