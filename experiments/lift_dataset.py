"""Motion data as the live program would see it: ``gastlive-lift-dataset lifter_checkpoint=...``."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.progress import Progress, track

from ..conf.program import program
from ..datasets.clip import KeypointClip, MotionClip
from ..datasets.for_heads.lifted import (
    Cameras,
    LiftedClip,
    Origin,
    content_key,
    frame_actions,
    joint_speed,
    save_lifted,
    travel_speed,
)
from ..datasets.keypoints import resample_keypoints
from ..datasets.process_seed import generator_of
from ..datasets.protocols import Split
from ..datasets.rates import resample
from ..datasets.seen.detectable import detectable
from ..datasets.seen.keypoints import as_live
from ..gast.checkpoint import load
from ..gast.errors import InputError
from ..gast.lifter import Lifter
from ..gast.shipped import LIFTERS, find
from ..gast.skeleton import Skeleton
from ..gast.windowed import in_chunks
from .engines.engine import Done, Engine, Job, settled
from .shards import shard_of

Clip = MotionClip | KeypointClip
Lift = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Joints as detected, see `Cameras.see`, and in truth, (V, T, J, 3) both, to lifted joints."""


@program("lift_dataset")
def main(cfg: DictConfig) -> None:
    """Lift each subject of each set; what is already there is skipped."""
    jobs = [Job(person.name, person) for person in people(cfg)]
    engine: Engine = instantiate(cfg.engine)
    make = partial(Filming, cfg=settled(cfg))
    failed = []
    with closing(engine.results(make, jobs, Progress(disable=True))) as results:
        for done in results:
            print(f"{done.name}: {done.said}", flush=True)
            failed += [done.name] * done.failed
    print(f"lifted clips are in {cfg.output}")
    if failed:
        raise InputError(f"{len(failed)} of {len(jobs)} were not lifted: {', '.join(failed)}")


@dataclass(frozen=True)
class Person:
    """A subject of a data set."""

    dataset: str
    subject: str

    @property
    def name(self) -> str:
        """Data set and subject."""
        return f"{self.dataset} {self.subject}"


def people(cfg: DictConfig) -> list[Person]:
    """Whom to lift: of these sets, parts and this shard."""
    split: Split = instantiate(cfg.split)
    shard = shard_of(cfg.shard)
    every = (Person(each, who) for each in cfg.sets for who in split.subjects(each, cfg.parts))
    return [person for person in every if shard.holds(person.name)]


class Filming:
    """Reads one person after another and has a `Studio` film them.

    Raises:
        InputError: Here and in a call: a set can't be read, or see `lifter`.
    """

    def __init__(self, _: Progress, *, cfg: DictConfig) -> None:
        torch.set_num_threads(cfg.threads)
        self.cfg, self.skeleton = cfg, instantiate(cfg.skeleton)
        self.studio = Studio(self.skeleton, instantiate(cfg.cameras), cfg)

    def __call__(self, job: Job) -> Done:
        """Write this person's clips, unless they are there."""
        person: Person = job.task
        data = instantiate(self.cfg.sets[person.dataset], subjects=[person.subject])
        clips = [even(clip, self.skeleton, self.cfg.fps) for clip in data]
        said = self.studio.film(clips, person.dataset, person.subject, data.labels)
        problems = [f"\n  {problem.file}: {problem.reason}" for problem in data.problems]
        return Done(job.name, said + "".join(problems))


def even(clip: Clip, skeleton: Skeleton, fps: float) -> Clip:
    """A clip at the frame rate wanted, motion also in the layout wanted."""
    if isinstance(clip, MotionClip):
        return detectable(resample(clip, fps), skeleton)
    return resample_keypoints(clip, fps)


class Studio:
    """Films motion with virtual cameras, adds detector noise and lifts it.

    Args:
        skeleton: Layout of the joints.
        cameras: Around each clip.
        cfg: The program's ``lifter_checkpoint``, ``fps``, ``seed``, ``count`` and ``output``.

    Raises:
        InputError: See `lifter`.
    """

    def __init__(self, skeleton: Skeleton, cameras: Cameras, cfg: DictConfig) -> None:
        self.skeleton, self.cameras, self.cfg = skeleton, cameras, cfg
        self.lift, self.name, self.sha256 = lifter(cfg.lifter_checkpoint, skeleton, cfg.fps)

    def film(self, clips: list[Clip], dataset: str, subject: str, labels: Sequence[str]) -> str:
        """Write one subject's clips, unless they are there; says what was done."""
        cfg = self.cfg
        whole = [clip for clip in clips if isinstance(clip, KeypointClip) or _whole(clip)]
        cameras = replace(self.cameras, count=cfg.count.get(dataset, self.cameras.count))
        recipe = (cameras, cfg.seed, self.sha256, self.skeleton.name, cfg.fps)
        origin = Origin(
            self.skeleton.name, cfg.fps, self.name, self.sha256, dataset, subject, tuple(labels),
            cfg.seed, content_key(whole, recipe),
        )  # fmt: skip
        said = f"{len(whole)} clips"
        if len(whole) < len(clips):
            said += f" ({len(clips) - len(whole)} with missing joints left out)"
        if not whole or (Path(cfg.output) / origin.file).is_file():
            return f"{said}, nothing to do"
        shown = track(
            whole, f"{dataset} {subject}", transient=True, disable=not sys.stdout.isatty()
        )
        save_lifted(
            cfg.output,
            origin,
            [view for clip in shown for view in self._views(clip, cameras, origin)],
        )
        return said

    def _views(self, clip: Clip, cameras: Cameras, origin: Origin) -> list[LiftedClip]:
        if isinstance(clip, KeypointClip):
            return [self._lifted(clip, origin)]
        generator = generator_of(origin.seed, crc32(clip.name.encode()))
        views = self.lift(*cameras.see(clip.xyz, self.skeleton, generator))
        actions, speed = frame_actions(clip, origin.labels), joint_speed(clip.xyz, clip.fps)
        travel = travel_speed(clip.xyz, self.skeleton, clip.fps)
        return [
            LiftedClip(clip.name, i, xyz, actions, speed, travel, origin)
            for i, xyz in enumerate(views)
        ]

    def _lifted(self, clip: KeypointClip, origin: Origin) -> LiftedClip:
        """Keypoints of a real camera: one view, whose true speed nobody knows."""
        joints = as_live(clip, self.skeleton.name)[None]
        if clip.by_hand:  # a detector would not have seen them so well
            generator = generator_of(origin.seed, crc32(clip.name.encode()))
            joints = self.cameras.watch(joints, self.skeleton, generator)
        xyz = self.lift(joints, np.zeros((*joints.shape[:-1], 3), np.float32))[0]
        actions = frame_actions(clip, origin.labels)
        speed, travel = np.full(len(xyz), np.nan, np.float32), np.zeros(len(xyz), np.float32)
        return LiftedClip(clip.name, 0, xyz, actions, speed, travel, origin)


def _whole(clip: MotionClip) -> bool:
    return bool(np.isfinite(clip.xyz).all())


def lifter(name: str | None, skeleton: Skeleton, fps: float) -> tuple[Lift, str, str]:
    """How to lift, with name and sha256 of the lifter; without a name, the true 3-D joints.

    Raises:
        InputError: It is neither shipped nor a file, or no causal lifter for the layout and rate.
    """
    if name is None:
        return lambda detected, true: true, "", ""
    path = find(name, folder=LIFTERS, kind="lifter")
    net, card = load(path, layout=skeleton.name, fps=fps, causal=True)
    units = Lifter(net, skeleton=skeleton, normalisation=card.normalisation).units
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    def lift(detected: np.ndarray, true: np.ndarray) -> np.ndarray:
        return in_chunks(net, units, torch.from_numpy(detected)).numpy()

    return lift, path.stem, sha256


if __name__ == "__main__":
    main()
