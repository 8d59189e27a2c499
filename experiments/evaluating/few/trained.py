"""The same examples, trained on as ``gastlive-train-action data=folder`` does without few=true."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hydra import compose
from omegaconf import DictConfig, OmegaConf

from ....action.checkpoint import HeadCard, load_head
from ....action.head import Head
from ....datasets.for_heads.lifted import LiftedClip, Origin, joint_speed, save_lifted
from ...training.heads import train
from .draws import Cut


def trained(
    cuts: Sequence[Cut], like: Head, changes: DictConfig, *, start: str, seed: int
) -> tuple[Head, HeadCard]:
    """A head fine-tuned on examples; each counts as a recording, of which some validate.

    Args:
        cuts: The examples.
        like: Gives the layout and frame rate of their joints.
        changes: To the config of ``gastlive-train-action data=folder``.
        start: The head to start from.
        seed: Of the training.
    """
    with TemporaryDirectory() as name:
        folder, path = Path(name), Path(name) / "head.safetensors"
        labels = tuple(sorted({cut.label for cut in cuts}))
        for cut in cuts:
            _save(folder / "lifted", cut, labels, like)
        composed = compose(
            "train_action",
            ["+experiment=own_clips", "data=lifted", f"data.folder={folder}/lifted",
             f"seed={seed}", f"start={start}", f"output={path}", "training.trainer.logger=false",
             f"logger.csv.save_dir={folder}", f"logger.tensorboard.save_dir={folder}",
             f"training.trainer.default_root_dir={folder}",
             f"training.trainer.callbacks.best.dirpath={folder}",
             f"training.trainer.callbacks.interrupted.dirpath={folder}",
             "+training.trainer.enable_progress_bar=false"],
        )  # fmt: skip
        changed: Any = OmegaConf.merge(composed, changes)
        train(changed)
        head, card = load_head(path)
    return head.eval(), card


def _save(folder: Path, cut: Cut, labels: tuple[str, ...], like: Head) -> None:
    """As a video of one's own is read: no movement over the ground is known."""
    recording = cut.name.replace("/", "_").replace("-", "_")
    origin = Origin(
        like.skeleton.name, like.fps, "", "", "own", recording, labels, 0, recording[:12]
    )
    actions = np.full(len(cut.xyz), labels.index(cut.label), np.int16)
    clip = LiftedClip(
        cut.name, 0, cut.xyz, actions, joint_speed(cut.xyz, like.fps),
        np.zeros(len(cut.xyz), np.float32), origin,
    )  # fmt: skip
    save_lifted(folder, origin, [clip])
