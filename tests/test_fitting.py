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
from gastlive.gast.errors import InputError


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
