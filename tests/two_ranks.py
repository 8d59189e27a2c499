"""A small training for one or two processes: ``two_ranks.py DEVICES FOLDER``, see test_ranks."""

import json
import sys
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from test_paired import paired
from torch import nn

from gastlive.experiments.training.fitting import fit
from gastlive.experiments.training.trainer import trainer


class Linear(pl.LightningModule):
    """Joints of the newest frame from those of a window; notes what each process sees."""

    def __init__(self):
        super().__init__()
        self.net, self.seen = nn.Linear(9 * 17 * 2, 16 * 3).double(), []

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-5)

    def error(self, batch):
        xy, xyz, _ = batch
        return (
            (self.net(xy[:, -9:].double().flatten(1)) - xyz[:, -1, 1:].flatten(1)).square().mean()
        )

    def training_step(self, batch, batch_idx):
        loss = self.error(batch)
        windows = [[int(clip), int(frame)] for frame, clip in batch[0][:, -1, 0].tolist()]
        self.seen.append({"windows": windows, "loss": loss.item(), "chance": torch.rand(1).item()})
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val", self.error(batch))


def main(devices, folder):
    pl.seed_everything(0, verbose=False)
    best = ModelCheckpoint(folder / "checkpoints", monitor="val", filename="{step}", save_last=True)
    made = trainer(
        callbacks={"best": best}, max_epochs=2, accelerator="cpu", devices=devices,
        strategy="ddp" if devices > 1 else "auto", use_distributed_sampler=False, logger=False,
        enable_model_summary=False, enable_progress_bar=False, num_sanity_val_steps=0,
    )  # fmt: skip
    task = Linear()
    try:
        fit(made, task, paired(batch=16 // devices))
    finally:  # a process that follows ends here
        score = float(best.best_model_score)
        kept = {"steps": task.seen, "weight": task.net.weight.tolist(), "val": score}
        (folder / f"rank{made.global_rank}.json").write_text(json.dumps(kept))
    print("trained")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
