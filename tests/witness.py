"""A callback that tells what each process of a training saw, see test_ranks."""

import json
from pathlib import Path

from pytorch_lightning.callbacks import Callback


class Witness(Callback):
    """Notes the labels and the sum of each batch, and the trained weights."""

    def __init__(self, folder):
        self.folder, self.labels, self.sums = Path(folder), [], []

    def on_train_batch_start(self, trainer, task, batch, batch_idx):
        xyz, labels, _ = batch
        self.labels.append(labels.flatten(1).max(1).values.tolist())  # -1 where it is padded
        self.sums.append(xyz.double().sum().item())

    def on_train_end(self, trainer, task):
        weights = [weight.tolist() for weight in task.parameters()]
        noted = {"labels": self.labels, "sums": self.sums, "weights": weights}
        (self.folder / f"rank{trainer.global_rank}.json").write_text(json.dumps(noted))
