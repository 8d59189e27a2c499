"""A head taught with the few clips of a folder: ``gastlive-train-action data=folder few=true``."""

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ...action.checkpoint import load_head
from ...action.deployed import HEADS
from ...action.teaching.background import load_background
from ...action.teaching.examples import Example
from ...action.teaching.stretch import Stretch
from ...action.teaching.teach import teach
from ...datasets.axes import to_camera
from ...datasets.clip import MotionClip, Segment
from ...datasets.for_heads.labelled import gaps_filled
from ...datasets.own.folder import Folder
from ...datasets.rates import at_layout
from ...gast.errors import InputError
from ...gast.shipped import find
from ...gast.skeleton import Skeleton
from .own_videos import lift_videos, lifter_file


def train_few(cfg: DictConfig) -> None:
    """Teach the head `cfg.start` what the folder shows, and write it.

    `cfg` is that of ``gastlive-train-action``.

    Raises:
        InputError: The data are no folder, nothing in it is labelled, or see `teach`.
    """
    data = instantiate(cfg.data)
    if not isinstance(data, Folder):
        raise InputError("few=true teaches with your own clips; give data=folder data.path=...")
    lift_videos(cfg)
    head, card = load_head(find(cfg.start or "everyday", folder=HEADS, kind="head"))
    examples, others = examples_of(data, head.skeleton, fps=head.fps)
    background, begun = load_background(), time.perf_counter()
    taught = teach(
        examples, head, card, background=background, others=others, keep=cfg.keep,
        mirror=cfg.mirror, seed=cfg.seed,
    )  # fmt: skip
    spent_s = time.perf_counter() - begun
    taught.save(
        cfg.output, lifter=lifter_file(cfg.lifter_checkpoint), half=cfg.half,
        training=_about(cfg, data, others, spent_s),
    )  # fmt: skip
    print("\n".join([*taught.report(), f"taught in {spent_s:.1f} s", *data_problems(data)]))
    print(f"head written to {cfg.output}")


def _about(
    cfg: DictConfig, data: Folder, others: Sequence[np.ndarray], spent_s: float
) -> dict[str, Any]:
    return {
        "command": " ".join(sys.argv),
        "config": OmegaConf.to_container(cfg, resolve=True),
        "background_s": round(sum(map(len, others)) / cfg.fps, 1),
        "taught_in_s": round(spent_s, 2),
        "note": cfg.note,
    }


def data_problems(data: Folder) -> list[str]:
    """A line for each file that could not be used."""
    return [f"{problem.file}: {problem.reason}" for problem in data.problems]


def examples_of(
    clips: Iterable[MotionClip], skeleton: Skeleton, *, fps: float
) -> tuple[list[Example], list[np.ndarray]]:
    """Examples of a folder's clips, and joints (T, J, 3) of its background.

    A clip that is labelled throughout is a take, in which the action has to be found.
    """
    background = getattr(clips, "background", "")
    examples, others = list[Example](), list[np.ndarray]()
    for clip in clips:
        xyz = gaps_filled(at_layout(clip, skeleton).xyz, skeleton)
        if xyz is None:
            continue
        joints = to_camera(xyz - xyz[:, skeleton.root : skeleton.root + 1]).astype(np.float32)
        for part in clip.segments:
            if part.label == background:
                if part.stop - part.start >= fps:
                    others.append(joints[part.start : part.stop])
                continue
            examples.append(_example(part, joints, clip, background))
    return examples, others


def _example(part: Segment, joints: np.ndarray, clip: MotionClip, background: str) -> Example:
    """A take, or a stretch of a recording with the background around it."""
    if part.stop - part.start == len(joints):
        return Example(part.label, joints, clip.fps, name=clip.name)
    actions = [each for each in clip.segments if each.label != background]
    first = max((each.stop for each in actions if each.stop <= part.start), default=0)
    last = min((each.start for each in actions if each.start >= part.stop), default=len(joints))
    stretch = Stretch(part.start - first, part.stop - first)
    name = f"{clip.name}@{part.start / clip.fps:.1f}s"
    return Example(part.label, joints[first:last], clip.fps, stretch=stretch, name=name)
