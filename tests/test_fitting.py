import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint
from torch import nn
from torch.utils.data import DataLoader

from gastlive.experiments.training.averaging import AveragedWeights
from gastlive.experiments.training.fitting import fit
from gastlive.gast.errors import InputError


class Net(pl.LightningModule):
    """One weight that every step makes larger by one, and the numbers of forty joints."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("joints", torch.arange(40), persistent=False)
        self.validated = []

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def training_step(self, batch, batch_idx):
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
