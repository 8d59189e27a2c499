"""Heads on data sets left out, from tiny clips to the report."""

import json
import re
import sys

import numpy as np
import pytest
from omegaconf import OmegaConf

from gastlive.action.checkpoint import load_head
from gastlive.action.head_task import HeadTask
from gastlive.datasets.for_heads.lifted import LiftedClip, Origin, save_lifted
from gastlive.datasets.labels import LabelMap
from gastlive.datasets.protocols import LeaveSetOut, Split
from gastlive.experiments.evaluating.heads import transfer
from gastlive.experiments.evaluating.heads.transfer_report import accuracy

MOVED = {"stand": 0, "wave": 16, "kick": 6, "swim": 3}
SETS = {"one": ("stand", "wave", "kick"), "two": ("stand", "wave"), "three": ("kick", "swim")}
PEOPLE = {"one": "abc", "two": "abc", "three": "a"}
LABELS = {
    "_target_": "gastlive.datasets.labels.LabelMap",
    "told_by_arms": [],
    "told_by_legs": [],
    "names": ["stand", "wave", "kick", "swim"],
    "background": "stand",
    "sets": {data: {label: label for label in labels} for data, labels in SETS.items()},
}
SPLIT = {
    "_target_": "gastlive.datasets.protocols.Split",
    "train": {"one": ["a"], "two": ["a"]},
    "val": {"one": ["b"], "two": ["b"]},
    "held_out": {"one": ["c"], "two": ["c"], "three": ["a"]},
}


@pytest.fixture
def lifted(tmp_path):
    """Three sets; a joint an action. The last one is never trained on."""
    rng = np.random.default_rng(0)
    for data, labels in SETS.items():
        for person in PEOPLE[data]:
            origin = Origin("h36m17", 30.0, "net", "ab", data, person, labels, 0, "k1")
            clips = []
            for i, label in enumerate(labels):
                xyz = rng.normal(0, 0.01, (40, 17, 3)).astype(np.float32)
                xyz[:, MOVED[label], 1] += np.sin(np.arange(40) / 3)
                ones, actions = np.ones(40, np.float32), np.full(40, i, np.int16)
                clips.append(LiftedClip(f"{person}_{label}", 0, xyz, actions, ones, ones, origin))
            save_lifted(tmp_path / "lifted", origin, clips)
    return tmp_path / "lifted"


@pytest.fixture
def run(lifted, tmp_path, monkeypatch):
    """Four steps of a tiny head a fold; gives the report and the folds that were trained."""
    conf = tmp_path / "conf"
    for group, content in (("labels", LABELS), ("split", SPLIT)):
        (conf / group).mkdir(parents=True)
        OmegaConf.save(OmegaConf.create(content), conf / group / "tiny.yaml")
    folds = []
    train = transfer.train
    monkeypatch.setattr(transfer, "train", lambda cfg: folds.append(cfg.fold) or train(cfg))

    def start(*overrides):
        folds.clear()
        argv = [
            "gastlive-evaluate transfer", f"--config-dir={conf}", f"data.folder={lifted}",
            "labels=tiny", "split=tiny", "head=tcn", "head.channels=8", "steps=4", "threads=1",
            "datamodule.batch=2", "datamodule.batches=2", "datamodule.frames=40",
            "+training.trainer.enable_progress_bar=false", f"output={tmp_path}/out", *overrides,
        ]  # fmt: skip
        monkeypatch.setattr(sys, "argv", argv)
        transfer.main()
        return json.loads((tmp_path / "out" / "report.json").read_text())

    start.folds, start.out = folds, tmp_path / "out"
    return start


def test_each_set_is_tested_by_a_head_that_was_trained_on_the_others(run, capsys):
    report = run()
    assert run.folds == ["one", "three", "two"]
    assert list(report["folds"]) == run.folds
    for left_out in run.folds:
        card = load_head(run.out / left_out / "head.safetensors")[1]
        data = " ".join(card.training["data"])
        trained = {"one", "two"} - {left_out}
        assert {each for each in SETS if f"{each} " in data} == trained
    three = report["folds"]["three"]
    assert (three["tested"], three["not_tested"]) == (["kick"], ["swim"])
    assert three["left_out"]["clips"]["clips"] == 1
    assert three["own"]["clips"]["clips"] == 5  # of one c and two c
    one = report["folds"]["one"]
    assert (one["tested"], one["left_out"]["clips"]["clips"]) == (["stand", "wave"], 6)
    assert one["left_out"]["streams"]["frames"] > 0
    out, page = capsys.readouterr().out, (run.out / "report.md").read_text()
    assert "1 of 3: without one" in out
    assert "- three: swim" in page
    assert "| set left out | labels | clips | left out: clips right |" in page
    assert page.count("\n| mean |") == 2  # of the second table, too
    assert "## A softer temperature" in page


def test_what_is_done_is_not_trained_again_and_another_recipe_is_refused(run, capsys):
    first = run("sets=[two]")
    again = run("sets=[two,three]", "threads=2")
    assert run.folds == ["three"]
    assert again["folds"]["two"] == first["folds"]["two"]
    with pytest.raises(SystemExit):
        run("steps=5")
    assert "three is of another recipe or other clips; give" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:Experiment logs directory")
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(run, monkeypatch, capsys):
    run("sets=[one]")
    before, seen = HeadTask.training_step, []

    def training_step(self, batch, batch_idx):
        seen.append(batch_idx)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return before(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr("signal.signal", lambda *_: None)
        patch.setattr(HeadTask, "training_step", training_step)
        with pytest.raises(SystemExit) as ended:
            run()
    assert ended.value.code == 130
    assert "the same command goes on with it" in capsys.readouterr().out
    assert list(json.loads((run.out / "report.json").read_text())["folds"]) == ["one"]
    monkeypatch.setattr(
        HeadTask, "training_step", lambda self, *args: seen.append(0) or before(self, *args)
    )
    seen.clear()
    report = run("sets=[one,three]")
    assert (run.folds, len(seen)) == (["three"], 2)  # of four steps
    assert set(report["folds"]) == {"one", "three"}


def test_a_head_that_is_finished_is_only_measured(run):
    run("sets=[two]")
    (run.out / "two" / "fold.json").unlink()
    report = run("sets=two")
    assert run.folds == []
    assert list(report["folds"]) == ["two"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("sets=[four]", "four can't be left out: .* has one, three, two of split and labels"),
        ("sets=[]", "nothing can't be left out"),
        ("labels=own", "sets have no labels in common; give a map of them, labels=everyday"),
    ],
)
def test_sets_that_can_not_be_left_out_are_named(run, capsys, given, said):
    with pytest.raises(SystemExit):
        run(given)
    assert re.search(said, capsys.readouterr().err)


def test_without_a_set_nobody_of_it_is_in_a_part():
    parts = {key: SPLIT[key] for key in ("train", "val", "held_out")}
    split = LeaveSetOut(Split(**parts), data="two")
    assert split.people("train") == [("one", "a")]
    assert split.people("held_out") == [("one", "c")]  # three trains nothing
    assert split.part("two", "a", "x") is None


def test_frames_whose_label_nobody_learnt_are_left_out():
    labels = LabelMap(told_by_arms=(), told_by_legs=(), 
        names=["stand", "walk", "wave", "swim"], background="stand", walking="walk",
        sets={"mine": {"a": "wave", "b": "swim", "c": "stand"}}, in_place={"mine": ["a"]},
    ).within({"wave"})  # fmt: skip
    assert labels.places("mine", ["a", "b", "c"]).tolist() == [2, -1, 0]
    assert labels.walking is None


def test_the_mean_takes_every_set_alike_and_leaves_out_what_is_not_known():
    def figures(right, false, **more):
        streams = None if false is None else {"false_positives_per_hour": false}
        return {"clips": {"top1": right, "clips": 3, "by_label": {}, **more}, "streams": streams}

    folds = {
        "one": {
            "tested": ["a"],
            "left_out": figures(0.5, 2.0, action_top1=0.8),
            "own": figures(0.9, 1.0),
        },
        "two": {"tested": ["a", "b"], "left_out": figures(0.7, None), "own": None},
    }
    one, two, mean = accuracy(folds).splitlines()[2:]
    assert one == "| one | 1 | 3 | 50.0 | 80.0 | - | - | 2 | - | 90.0 | - | - | - | 1 | - |"
    assert two == "| two | 2 | 3 | 70.0 | - | - | - | - | - | - | - | - | - | - | - |"
    assert mean == "| mean |  |  | 60.0 | 80.0 | - | - | 2 | - | 90.0 | - | - | - | 1 | - |"
