"""Trainings in several processes: what each of them sees, prints and writes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from gastlive.action.checkpoint import load_head
from gastlive.conf.claim import claimed
from gastlive.conf.program import program
from gastlive.datasets import process_seed
from gastlive.datasets.for_heads.filmed_batches import CachedStreams
from gastlive.datasets.process_seed import leads
from gastlive.experiments.training import fitting
from gastlive.experiments.training.budget import TimeBudget
from gastlive.experiments.training.fitting import fit
from gastlive.gast.checkpoint import load
from gastlive.gast.errors import InputError
from gastlive.gast.ranks import follows
from gastlive.gast.skeleton import H36M17

from .lifted_people import lifted_people

TESTS = Path(__file__).parent
SETS = ("hdm05", "cmu", "mocap6", "precog16", "utd_mhad", "nw_ucla")
RENDERS = f"{{_target_: gastlive.datasets.own.renders.Renders, root: {TESTS.parent}/realtime/demo}}"


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"])
def test_a_process_follows_whose_number_is_not_the_first(name, monkeypatch):
    assert (follows(), leads()) == (False, True)
    monkeypatch.setenv(name, "0")
    assert (follows(), leads()) == (False, True)
    monkeypatch.setenv(name, "1")
    assert (follows(), leads()) == (True, False)


ORPHAN = """
import subprocess, sys, time
if sys.argv[1:]:
    from gastlive.conf.signals import end_with_parent, leave_to_others
    leave_to_others()
    end_with_parent()
    print("here", flush=True)
    time.sleep(600)
child = subprocess.Popen([sys.executable, __file__, "child"], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_process_that_follows_ends_when_the_first_is_killed(tmp_path):
    (tmp_path / "orphan.py").write_text(ORPHAN)
    with start([sys.executable, str(tmp_path / "orphan.py")]) as first:
        child = psutil.Process(int(first.stdout.readline()))
        first.kill()
    child.wait(timeout=120)


def run(main, folder, monkeypatch, capfd, **options):
    """A program with main's config; what it prints."""
    monkeypatch.setattr(sys, "argv", ["program", f"hydra.run.dir={folder}"])
    program("page", **options)(main)()
    return capfd.readouterr()


def test_a_process_that_follows_prints_and_writes_nothing_in_the_folder_of_the_first(
    tmp_path, monkeypatch, capfd
):
    began, bound = [], []
    monkeypatch.setattr("gastlive.conf.program.end_with_parent", lambda: bound.append(1))
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(sys, "argv", ["program"])

    def main(cfg):
        began.append(signal.getsignal(signal.SIGINT))
        print("hello")

    folder = tmp_path / "run"
    folder.mkdir()
    with claimed(folder):
        said = run(main, folder, monkeypatch, capfd, ranks=True)
        assert said == ("", "")
        with pytest.raises(SystemExit):  # of another program the variable means nothing
            run(main, folder, monkeypatch, capfd)
    assert began == [signal.SIG_IGN], "the first hears Ctrl-C for both"
    assert bound == [1], "and ends both"
    assert not list(folder.glob("*.log"))


def test_several_processes_do_not_train_the_runs_of_a_sweep(monkeypatch):
    monkeypatch.setattr(HydraConfig, "initialized", lambda: True)
    monkeypatch.setattr(HydraConfig, "get", lambda: SimpleNamespace(mode=RunMode.MULTIRUN))
    with pytest.raises(InputError, match=r"trainer.devices=2 can't train the runs of a sweep"):
        fit(SimpleNamespace(world_size=2, limit_val_batches=1), torch.nn.Linear(1, 1), None)


def test_a_process_that_follows_ends_with_the_training(monkeypatch, tmp_path):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(fitting, "_chosen", None)
    made = SimpleNamespace(
        fit=lambda *_, **__: None, checkpoint_callbacks=[], callbacks=[], limit_val_batches=1.0,
        global_step=1,
    )  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        fit(made, torch.nn.Linear(1, 1), None)
    assert ended.value.code == 0


def test_of_several_processes_the_first_ones_clock_holds():
    asked, now = [], [0.0]

    def broadcast(own):
        asked.append(own)
        return 0.5 if isinstance(own, float) else True

    strategy = SimpleNamespace(broadcast=broadcast)
    budget = TimeBudget("00:00:10:00", clock=lambda: now[0])
    alone = TimeBudget("00:00:10:00", clock=lambda: now[0])
    made = SimpleNamespace(world_size=2, strategy=strategy, should_stop=False, global_step=3)
    budget.on_fit_start(made)
    alone.on_fit_start(SimpleNamespace(world_size=1))
    assert (budget.done(), alone.done()) == (0.5, 0.0)
    budget.on_train_batch_end(made)
    assert made.should_stop
    budget.on_validation_start()
    assert budget.pass_spent(2)
    assert budget.pass_spent(3)
    assert asked == [0.0, False, False, False], "each process asks as often as the others"


class Counting(pl.LightningDataModule):
    """Data that count their passes."""

    passes = 3

    def train_dataloader(self):
        return ["train"]

    def val_dataloader(self):
        return ["a", "b"]

    def state_dict(self):
        return {"passes": self.passes}

    def load_state_dict(self, state):
        self.passes = state["passes"]


def test_a_training_bounded_in_time_keeps_and_finds_the_state_of_its_data():
    seen, data = [], Counting()
    made = SimpleNamespace(
        fit=lambda task, datamodule, **_: seen.append(datamodule), limit_val_batches=1.0,
        checkpoint_callbacks=[], callbacks=[TimeBudget("00:00:10:00")], global_step=1,
    )  # fmt: skip
    with pytest.raises(InputError, match="no ModelCheckpoint"):
        fit(made, torch.nn.Linear(1, 1), data)
    (given,) = seen
    assert type(given).__qualname__ == type(data).__qualname__, "Lightning's key in a checkpoint"
    assert given.state_dict() == {"passes": 3}
    given.load_state_dict({"passes": 5})
    assert data.passes == 5
    assert (list(given.train_dataloader()), len(given.val_dataloader())) == (["train"], 2)


class Group:
    """Stands for torch.distributed in one of two training processes."""

    def __init__(self, rank):
        self.rank = rank

    def is_initialized(self):
        return True

    def get_rank(self):
        return self.rank

    def get_world_size(self):
        return 2


class AsIs:
    """Varies nothing."""

    def mirrors(self, rng):
        return False

    def vary(self, xyz, skeleton, rng, *, mirror):
        return xyz


def test_processes_share_the_streams_of_a_folder_out_and_one_deletes(tmp_path, monkeypatch):
    numbers = np.arange(128.0).reshape(2, 64, 1, 1, 1)
    names = [tmp_path / f"streams-0-{i:06d}.npz" for i in range(2)]
    for name in names:
        name.touch()
    monkeypatch.setattr(
        "gastlive.datasets.for_heads.filmed_batches.read_streams",
        lambda path, recipe: (numbers[names.index(path)], np.zeros((64, 1), int)),
    )
    seen = []
    for rank in (1, 0):
        monkeypatch.setattr(process_seed, "distributed", Group(rank))
        streams = CachedStreams(
            tmp_path, {}, batch=16, batches=4, seed=0, uses=1, keep=1, begin=1,
            filling=lambda: False, augmentation=AsIs(), swap=np.arange(1), skeleton=H36M17,
            weigh=lambda often: lambda labels: labels,
        )  # fmt: skip
        seen.append([int(x) for xyz, _, _ in streams for x in xyz.flatten()])
        streams.refresh()
        assert len(streams.files) == 1
        assert len(list(tmp_path.iterdir())) == 1 + rank
    assert sorted(chain(*seen)) == list(range(128))


def start(command, **more):
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(TESTS.parent.parent)}
    return subprocess.Popen(command, env={**environ, **more}, stdout=subprocess.PIPE, text=True)


def finished(command, **more):
    """Exit status and what the processes printed."""
    with start(command, **more) as process:
        said = process.communicate(timeout=600)[0]
    return process.returncode, said


@pytest.mark.slow
def test_two_processes_of_half_batches_train_as_one_of_whole_batches(tmp_path):
    kept = {}
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        folder.mkdir()
        command = [sys.executable, str(TESTS / "two_ranks.py"), str(devices), str(folder)]
        assert finished(command) == (0, "trained\n"), "one process goes on after the training"
        files = sorted(folder.glob("rank*.json"))
        kept[devices] = [json.loads(file.read_text()) for file in files]
        assert len(list(folder.glob("checkpoints/*.ckpt"))) == 2, "the best and the last, once"
    (one,), (first, second) = kept[1], kept[2]
    assert len(one["steps"]) == len(first["steps"]) == len(second["steps"]) == 16
    for alone, *both in zip(one["steps"], first["steps"], second["steps"], strict=True):
        shown = sorted(chain.from_iterable(step["windows"] for step in both))
        assert shown == sorted(alone["windows"]), "together each window once"
        assert np.mean([step["loss"] for step in both]) == pytest.approx(alone["loss"], rel=1e-9)
        assert both[0]["chance"] != both[1]["chance"], "dropout of their own"
    np.testing.assert_allclose(first["weight"], one["weight"], rtol=1e-9)
    np.testing.assert_array_equal(first["weight"], second["weight"])
    assert first["val"] == second["val"] == pytest.approx(one["val"], rel=1e-9)


def program_of(folder, *overrides):
    """The training of a tiny lifter on the demo's motion, in two processes."""
    return [
        sys.executable, "-m", "gastlive.experiments.train_lifter", f"hydra.run.dir={folder}",
        *(f"~train_sets.{name}" for name in SETS), "~val_sets.cmu", "~val_sets.mocap6",
        f"+train_sets.renders={RENDERS[:-1]}, fps: 30.0}}",
        f"+val_sets.renders={RENDERS[:-1]}, fps: 30.0}}", "name=tiny", "noise=assumed",
        "net.channels=4", "threads=1", "datamodule.batch=4", "datamodule.batches=2",
        "datamodule.val_batches=1", "trainer.log_every_n_steps=1", "trainer.accelerator=cpu",
        "+trainer.enable_progress_bar=false", "trainer.strategy=ddp", "trainer.devices=2",
        *overrides,
    ]  # fmt: skip


@pytest.mark.slow
def test_the_program_trains_in_two_processes_writes_once_and_goes_on(tmp_path):
    status, said = finished(program_of(tmp_path / "run", "steps=4", "max_time=00:00:20:00"))
    assert status == 0
    assert said.count("lifter written to") == said.count("train: renders") == 1
    assert load(tmp_path / "run/tiny.safetensors")[1].training["steps"] == 4
    assert len(list((tmp_path / "run/tensorboard").glob("events*"))) == 1
    assert not list((tmp_path / "run").glob("*ddp*"))
    last = tmp_path / "run/checkpoints/last.ckpt"
    states = torch.load(last, weights_only=False)
    assert states["Lifting"] == {"passes": 2}
    status, said = finished(program_of(tmp_path / "on", "steps=6", f"resume={last}"))
    assert status == 0
    assert load(tmp_path / "on/tiny.safetensors")[1].training["steps"] == 6


def head_of(folder, people, *overrides):
    """The training of a tiny head in two processes, which tell what they saw."""
    witness = f"{{_target_: gastlive.tests.witness.Witness, folder: {folder}}}"
    return [
        sys.executable, "-m", "gastlive.experiments.train_action", f"hydra.run.dir={folder}",
        f"data.folder={people}", "protocol=own", "labels=own", "head=tcn", "head.channels=8",
        "name=tiny", "threads=1", "steps=6", "datamodule.batch=2", "datamodule=clips",
        *(f"training.trainer.{word}" for word in (
            "accelerator=cpu", "strategy=ddp", "devices=2", "log_every_n_steps=1",
        )),
        f"+training.trainer.callbacks.witness={witness}",
        "+training.trainer.enable_progress_bar=false", *overrides,
    ]  # fmt: skip


def witnessed(folder):
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.slow
def test_a_head_trains_in_two_processes_that_see_each_clip_once_and_goes_on(tmp_path):
    people, seen = lifted_people(tmp_path / "lifted"), []
    first, last = tmp_path / "run", tmp_path / "run/checkpoints/last.ckpt"
    status, said = finished(head_of(first, people, "training.trainer.max_steps=3"))
    assert status == 0
    for line in ("head written to", "train: mine a, b, c", "calibrating: ", "next: gastlive"):
        assert said.count(line) == 1
    assert len(list(last.parent.iterdir())) == 2, "the best and the last, once"
    assert len(list((first / "tensorboard").glob("events*"))) == 1
    assert load_head(first / "tiny.safetensors")[1].training["steps"] == 3
    status, said = finished(head_of(tmp_path / "on", people, f"training.resume={last}"))
    assert status == 0
    assert load_head(tmp_path / "on/tiny.safetensors")[1].training["steps"] == 6
    for folder in (first, tmp_path / "on"):
        one, other = witnessed(folder)
        assert one["weights"] == other["weights"]
        assert len(one["labels"]) == len(other["labels"]) == 3
        both = Counter(chain(*one["labels"], *other["labels"]))
        assert both == {0: 3, 1: 3, 2: 3}, "nine clips, once each in a pass of both"
        assert not set(one["sums"]) & set(other["sums"])
        seen += [one["sums"], other["sums"]]
    assert len({*chain(*seen)}) == 12, "the pass after the resumption has other views"


def processes(folder):
    """Those that train into a folder."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if f"hydra.run.dir={folder}" in line]


@pytest.mark.slow
def test_an_interruption_of_the_first_process_ends_both_and_leaves_a_lifter(tmp_path):
    metrics = tmp_path / "run/log/metrics.csv"
    with start(program_of(tmp_path / "run", "steps=100000")) as process:
        while not metrics.exists():
            assert process.poll() is None
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)[0]
    assert process.returncode == 130
    assert re.search(r"to go on, add: resume=\S*interrupted.ckpt", said)
    card = load(tmp_path / "run/tiny.safetensors")[1]
    assert card.training["interrupted"]
    assert not processes(tmp_path / "run")
