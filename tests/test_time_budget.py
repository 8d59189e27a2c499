"""`max_time` bounds a whole run: training, its validations, the evaluation after it."""

from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader

from gastlive.experiments.training.budget import TimeBudget, evaluated_batches
from gastlive.experiments.training.fitting import fit
from gastlive.experiments.training.rate import OneCycle, done_of
from gastlive.experiments.training.trainer import trainer
from gastlive.gast.errors import InputError

STEP_S, BATCH_S = 1.0, 5.0


class Slow(pl.LightningModule):
    """A training step takes a second, a validation batch five, on a clock of our own."""

    def __init__(self):
        super().__init__()
        self.weight, self.now_s, self.passes = nn.Parameter(torch.zeros(1)), 0.0, []

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def training_step(self, batch, batch_idx):
        self.now_s += STEP_S
        return -self.weight.sum()

    def on_validation_epoch_start(self):
        if not self.trainer.sanity_checking:
            self.passes.append(0)

    def validation_step(self, batch, batch_idx):
        self.now_s += BATCH_S
        if not self.trainer.sanity_checking:
            self.passes[-1] += 1


class Data(pl.LightningDataModule):
    def __init__(self, steps, batches):
        super().__init__()
        self.steps, self.batches = steps, batches

    def train_dataloader(self):
        return DataLoader(torch.zeros(self.steps))

    def val_dataloader(self):
        return DataLoader(torch.zeros(self.batches))


def run(folder, data, **options):
    """A run of ten minutes; gives its net, with the time it took, and what evaluated it."""
    net = Slow()
    made = trainer(
        callbacks={"best": ModelCheckpoint(folder), "other": None}, max_steps=100_000,
        default_root_dir=folder, logger=False, accelerator="cpu", enable_progress_bar=False,
        enable_model_summary=False, **options,
    )  # fmt: skip
    made.callbacks.insert(0, TimeBudget("00:00:10:00", clock=lambda: net.now_s))
    fit(made, net, data)
    evaluated = 0
    for _ in evaluated_batches(made, data.val_dataloader(), doing="evaluating"):
        net.now_s += BATCH_S
        evaluated += 1
    return net, evaluated


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_max_time_ends_training_so_that_the_evaluation_fits_too(tmp_path, capsys):
    net, evaluated = run(tmp_path, Data(steps=200, batches=10))
    assert 500 < net.now_s <= 600
    assert (set(net.passes), evaluated) == ({10}, 10)
    assert "max_time=00:00:10:00 ends training after " in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_short_validations_leave_nearly_all_the_time_to_training(tmp_path):
    net, _ = run(tmp_path, Data(steps=50, batches=2))
    assert 550 < net.now_s <= 600


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_validations_longer_than_max_time_are_cut_to_the_same_batches(tmp_path, capsys):
    net, evaluated = run(tmp_path, Data(steps=50, batches=1000))
    assert net.now_s <= 600
    assert len(net.passes) > 2
    assert set(net.passes) == {evaluated} == {15}
    assert "a validation has 15 batches from now on" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_a_training_that_max_time_ends_is_validated_whatever_epoch_it_is(tmp_path):
    net, _ = run(tmp_path, Data(steps=50, batches=2), check_val_every_n_epoch=1000)
    assert net.passes == [2]


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_the_evaluation_takes_no_more_batches_than_a_validation(tmp_path):
    net, evaluated = run(tmp_path, Data(steps=50, batches=1000), limit_val_batches=3)
    assert set(net.passes) == {evaluated} == {3}


def test_an_evaluation_ends_when_the_time_is_up_but_not_without_a_batch(capsys):
    now_s = [0.0]
    budget = TimeBudget("00:00:00:10", clock=lambda: now_s[0])
    budget.on_fit_start()
    made, took = SimpleNamespace(callbacks=[budget], num_val_batches=[8]), []
    for each in evaluated_batches(made, range(9), doing="evaluating"):
        now_s[0] += 4
        took.append(each)
    assert took == [0, 1, 2]
    assert list(evaluated_batches(made, range(9), doing="evaluating")) == [0]
    out = capsys.readouterr().out
    assert "evaluating: 8 of 9 validation batches" in out
    assert "max_time=00:00:00:10 ends it after 3 batches" in out


def test_without_max_time_everything_is_evaluated():
    assert list(evaluated_batches(None, range(9), doing="evaluating")) == [*range(9)]


def test_a_time_that_can_not_be_read_is_one_line():
    with pytest.raises(InputError, match=r"max_time=ten minutes can't be read; give DD:HH:MM:SS"):
        TimeBudget("ten minutes")


def test_a_resumed_training_has_what_is_left_of_its_time():
    now = [100.0]
    budget = TimeBudget("00:00:10:00", clock=lambda: now[0])
    budget.on_fit_start()
    now[0] += 150
    again = TimeBudget("00:00:10:00", clock=lambda: now[0])
    again.load_state_dict(budget.state_dict())
    now[0] += 1000  # it lay on the disk
    again.on_fit_start()
    assert again.end_s - now[0] == 450
    assert 0.25 < again.done() < 0.4


def test_the_rate_follows_time_where_time_ends_the_training():
    now = [0.0]
    budget = TimeBudget("00:00:10:00", clock=lambda: now[0])
    budget.on_fit_start()
    optimizer = SimpleNamespace(param_groups=[{"lr": 2.0}])
    training = SimpleNamespace(
        callbacks=[budget], optimizers=[optimizer], global_step=1, max_steps=1000
    )
    rate, rates = OneCycle(warmup=0.1), []
    rate.on_train_start(training)
    for now[0] in (0.0, 20.0, 100.0, 300.0, 590.0):
        rate.on_train_batch_start(training)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] > 1.7
    assert rates[2] > rates[3] > rates[4]
    assert rates[4] < 0.01
    training.global_step = 1000
    assert done_of(training) == 1
