import inspect
import signal
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint
from torch import nn
from torch.utils.data import DataLoader

from gastlive.experiments.training.averaging import AveragedWeights
from gastlive.experiments.training.fitting import Interrupted, fit
from gastlive.experiments.training.trainer import WholeCheckpoints
from gastlive.gast.errors import InputError

from .sent import room_for


class Net(pl.LightningModule):
    """One weight that every step makes larger by one, and the numbers of forty joints."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("joints", torch.arange(40), persistent=False)
        self.validated, self.modes = [], []

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def training_step(self, batch, batch_idx):
        self.modes.append(self.training)
        return -self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.validated.append((self.weight.item(), self.joints.tolist()))


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_a_mean_of_weights_leaves_numbers_of_joints_alone(tmp_path):
    net = Net()
    trainer = pl.Trainer(
        max_steps=8, callbacks=[AveragedWeights(decay=0.95)], default_root_dir=tmp_path,
        logger=False, accelerator="cpu", enable_progress_bar=False, enable_checkpointing=False,
        enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(net, DataLoader(torch.zeros(4)), DataLoader(torch.zeros(1)))
    weight = 1.0
    for step in range(2, 9):
        weight = 0.95 * weight + 0.05 * step
    assert net.validated[-1][1] == list(range(40))
    assert net.weight.item() == net.validated[-1][0]
    assert abs(net.weight.item() - weight) < 1e-5


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_a_new_training_does_not_go_on_with_an_earlier_one(tmp_path):
    def trainer():
        saving = [ModelCheckpoint(tmp_path, save_last=True), OnExceptionCheckpoint(tmp_path)]
        return pl.Trainer(
            max_steps=4, callbacks=saving, default_root_dir=tmp_path, logger=False,
            accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip

    class Data(pl.LightningDataModule):
        def train_dataloader(self):
            return DataLoader(torch.zeros(4))

    fit(trainer(), Net(), Data(), newest=True)
    with pytest.raises(InputError, match=r"earlier training; add resume=.*last\.ckpt"):
        fit(trainer(), Net(), Data(), newest=True)


class Loaded(pl.LightningDataModule):
    def train_dataloader(self):
        return DataLoader(torch.zeros(4))

    def val_dataloader(self):
        return DataLoader(torch.zeros(2))


def made(folder, *callbacks, **options):
    saving = [ModelCheckpoint(folder, save_last=True), OnExceptionCheckpoint(folder)]
    return pl.Trainer(
        max_steps=8, callbacks=[*callbacks, *saving], default_root_dir=folder, logger=False,
        accelerator="cpu", enable_progress_bar=False, enable_model_summary=False, **options,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_a_net_is_trained_in_training_mode_and_evaluated_in_the_other(tmp_path):
    net = Net().eval()
    fit(made(tmp_path), net, Loaded(), newest=True)
    assert net.modes == [True] * 8
    assert not net.training


class Impatient(Net):
    """Ctrl-C in the validation after four steps."""

    def validation_step(self, batch, batch_idx):
        super().validation_step(batch, batch_idx)
        if self.trainer.global_step >= 4:
            raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_ctrl_c_in_a_validation_keeps_the_averaged_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # Lightning ignores further ones
    net = Impatient()
    with pytest.raises(Interrupted) as stopped:
        fit(made(tmp_path, AveragedWeights(decay=0.5)), net, Loaded())
    mean = 1.0
    for step in range(2, 5):
        mean = 0.5 * mean + 0.5 * step
    assert (stopped.value.steps, net.weight.item()) == (4, mean)
    saved = torch.load(tmp_path / "on_exception.ckpt", weights_only=False)
    assert saved["current_model_state"]["weight"].item() == 4


class Failing(Net):
    """Fails in a step."""

    def __init__(self, *, at):
        super().__init__()
        self.at = at

    def training_step(self, batch, batch_idx):
        if self.global_step == self.at:
            raise InputError("a clip is gone")
        return super().training_step(batch, batch_idx)


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_a_training_that_failed_before_its_first_step_is_not_in_the_way_of_the_next(
    tmp_path, capsys
):
    with pytest.raises(InputError, match="a clip is gone"):
        fit(made(tmp_path, num_sanity_val_steps=0), Failing(at=0), Loaded(), newest=True)
    assert not list(tmp_path.glob("*.ckpt"))
    assert "to go on" not in capsys.readouterr().out
    fit(made(tmp_path), Net(), Loaded(), newest=True)


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_a_training_that_failed_later_is_gone_on_with_by_the_line_that_is_said(tmp_path, capsys):
    for fails in (Failing(at=6), Net()):
        with pytest.raises(InputError, match=r"clip is gone|earlier training") as error:
            fit(made(tmp_path), fails, Loaded(), newest=True)
    said = f"resume={tmp_path}/on_exception.ckpt"
    assert f"to go on, add: {said}" in capsys.readouterr().out
    assert said in str(error.value)
    net = Net()
    fit(made(tmp_path), net, Loaded(), resume=said.removeprefix("resume="), newest=True)
    assert net.weight.item() == 8
    assert len(net.modes) == 2


def test_checkpoints_that_can_not_be_read_are_no_advice(tmp_path):
    (tmp_path / "last.ckpt").write_bytes(b"PK half of it")
    with pytest.raises(InputError, match=r"last\.ckpt can't be read; delete them, or give another"):
        fit(made(tmp_path), Net(), Loaded())


def test_a_checkpoint_that_has_no_room_leaves_the_old_one_and_nothing_else(tmp_path):
    path, io = tmp_path / "last.ckpt", WholeCheckpoints()
    io.save_checkpoint({"a": torch.zeros(9)}, path)
    before = path.read_bytes()
    with room_for(500), pytest.raises(OSError, match="too large"):
        io.save_checkpoint({"a": torch.zeros(9999)}, path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["last.ckpt"]


class Wicked:
    """A pickle that makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_a_checkpoint_to_go_on_from_runs_no_code(tmp_path):
    mark, wicked = tmp_path / "ran", tmp_path / "wicked.ckpt"
    fit(made(tmp_path / "first"), Net(), Loaded(), newest=True)
    content = torch.load(tmp_path / "first" / "last.ckpt", weights_only=True)
    torch.save(content | {"loops": Wicked(mark)}, wicked)
    with pytest.raises(InputError, match=r"wicked\.ckpt .*weights alone") as refused:
        fit(made(tmp_path / "again"), Net(), Loaded(), resume=str(wicked))
    assert "\n" not in str(refused.value)
    assert not mark.exists()


def test_a_training_without_validation_is_refused_before_it_begins(tmp_path):
    with pytest.raises(InputError, match="limit_val_batches=0 leaves nothing to choose"):
        fit(made(tmp_path, limit_val_batches=0), Net(), Loaded())


def test_the_trainer_block_says_nothing_that_lightning_does_not_know():
    """`trainer` hands on what it does not know itself, so that its signature binds everything."""
    block = OmegaConf.load(Path(__file__).parents[1] / "conf/trainer/default.yaml")
    inspect.signature(pl.Trainer).bind(**{str(k): None for k in block if k != "_target_"})
