"""Lifted clips on disk: one ``.npz`` a subject of a data set, with the publisher's labels."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Generator

from ...gast.errors import InputError
from ...gast.lifter import with_confidence
from ...gast.limits import BROKEN, opened_npz, read_json
from ...gast.skeleton import Skeleton
from ..clip import KeypointClip, MotionClip
from ..labels import UNKNOWN
from ..seen.noise import Noise
from ..seen.views import Views

VERSION = 2


@dataclass(frozen=True)
class Origin:
    """Where lifted clips come from.

    `lifter` is empty for true 3-D joints; `labels`, the publisher's, are what `LiftedClip.actions`
    index; `seed` is of the views; `key` is a hash of everything that went in.
    """

    layout: str
    fps: float
    lifter: str
    lifter_sha256: str
    dataset: str
    subject: str
    labels: tuple[str, ...]
    seed: int
    key: str
    version: int = VERSION

    @property
    def file(self) -> str:
        """Its file's name."""
        return f"{self.dataset}-{self.subject}-{self.key[:12]}.npz"


@dataclass(frozen=True, slots=True)
class LiftedClip:
    """One view of one recording.

    Attributes:
        view: Counts the views of a recording.
        xyz: (T, J, 3) float32, metres, camera axes, relative to the root.
        actions: (T,) int16, index into the origin's labels, below zero where unlabelled.
        speed: (T,) float32, true `joint_speed`; NaN where nobody knows it, as in films.
        travel: (T,) float32, true `travel_speed`.
        partner: A second person like `xyz`, relative to the first one's root; never on disk.
    """

    name: str
    view: int
    xyz: np.ndarray
    actions: np.ndarray
    speed: np.ndarray
    travel: np.ndarray
    origin: Origin
    partner: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Cameras:
    """Virtual cameras around each clip, and the detector behind them.

    Attributes:
        front: Share of views from the person's front, within `front_deg` to either side.
        views: Placement of the cameras otherwise.
        noise: Of the detector; ``None`` for exact 2-D joints.
    """

    count: int
    front: float
    front_deg: float = 60.0
    views: Views
    noise: Noise | None

    def see(
        self, xyz: np.ndarray, skeleton: Skeleton, generator: Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A clip (T, J, 3), world axes, from V = `count` sides.

        As detected (V, T, J, 3), screen units and confidence, and in truth (V, T, J, 3), metres,
        camera axes, relative to the root.
        """
        many = torch.from_numpy(xyz).float().expand(8 * self.count, *xyz.shape)
        xy, relative = self.views.see(many, root=skeleton.root, generator=generator)
        turned = np.abs(facing(relative.numpy(), skeleton))
        frontal = np.flatnonzero(turned <= np.radians(self.front_deg))
        frontal = frontal[: round(self.front * self.count)]
        others = np.setdiff1d(np.arange(len(many)), frontal)
        chosen = np.r_[frontal, others[: self.count - len(frontal)]]
        xy, relative = xy[chosen], relative[chosen]
        confidence = torch.ones_like(xy[..., 0])
        if self.noise is not None:
            xy, confidence = self.noise.apply(xy, skeleton, generator, relative)
        return with_confidence(xy, confidence).numpy(), relative.numpy()

    def watch(self, joints: np.ndarray, skeleton: Skeleton, generator: Generator) -> np.ndarray:
        """Exact joints in pictures, (V, T, J, 3), screen units and confidence, as detected."""
        if self.noise is None:
            return joints
        exact = torch.from_numpy(joints)
        xy, confidence = self.noise.apply(exact[..., :2], skeleton, generator)
        return with_confidence(xy, confidence.minimum(exact[..., 2])).numpy()


def facing(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Mean yaw (N,) of joints (N, T, J, 3), camera axes: 0 faces the camera, + its right."""
    left, right = (
        [skeleton.index[f"{side}_{part}"] for part in ("hip", "shoulder")]
        for side in ("left", "right")
    )
    across = (xyz[:, :, left] - xyz[:, :, right]).mean((1, 2))
    return np.arctan2(across[:, 2], across[:, 0])


def joint_speed(xyz: np.ndarray, fps: float) -> np.ndarray:
    """Speed of the fastest joint, m/s, (T, J, 3) to (T,), averaged over 5 frames."""
    return _speed(xyz, fps, frames=5).max(-1)


def travel_speed(xyz: np.ndarray, skeleton: Skeleton, fps: float) -> np.ndarray:
    """Speed of the root over the ground, m/s, of (T, J, 3), world axes, to (T,), over 9 frames.

    Ends without 9 frames have that of the nearest frame with them.
    """
    speed = _speed(xyz[:, skeleton.root, :2], fps, frames=9)
    whole = np.clip(np.arange(len(speed)), 4, max(4, len(speed) - 6))
    return speed[np.minimum(whole, len(speed) - 1)]


def _speed(places: np.ndarray, fps: float, *, frames: int) -> np.ndarray:
    before, still = frames // 2, ((0, 0),) * (places.ndim - 1)
    padded = np.pad(places, ((before, before + 1), *still), mode="edge")
    sums = np.concatenate([np.zeros_like(padded[:1]), padded.cumsum(0)])
    smooth = (sums[frames:] - sums[:-frames]) / frames  # (T + 1, ..., C)
    return np.linalg.norm(np.diff(smooth, axis=0), axis=-1).astype(np.float32) * fps


def frame_actions(clip: MotionClip | KeypointClip, labels: Sequence[str]) -> np.ndarray:
    """(T,) int16 index into `labels` of each frame, `UNKNOWN` where unlabelled."""
    frames = len(clip.xyz if isinstance(clip, MotionClip) else clip.xy)
    actions = np.full(frames, UNKNOWN, np.int16)
    for segment in clip.segments:
        actions[segment.start : segment.stop] = list(labels).index(segment.label)
    return actions


def content_key(clips: Sequence[MotionClip | KeypointClip], recipe: object) -> str:
    """Hash of clips and of the recipe's ``repr``."""
    digest = hashlib.sha256(repr((VERSION, recipe)).encode())
    for clip in clips:
        digest.update(repr((clip.name, clip.fps, clip.segments)).encode())
        parts = [clip.xyz] if isinstance(clip, MotionClip) else [clip.xy, clip.score]
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def save_lifted(folder: str | Path, origin: Origin, clips: Sequence[LiftedClip]) -> Path:
    """Write one subject's clips; the file appears once it is complete."""
    path = Path(folder) / origin.file
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez_compressed(
            file,
            origin=np.array(json.dumps(asdict(origin))),
            name=np.array([clip.name for clip in clips]),
            view=np.array([clip.view for clip in clips], np.int16),
            stop=np.cumsum([len(clip.xyz) for clip in clips]),
            xyz=np.concatenate([clip.xyz for clip in clips]).astype(np.float16),
            actions=np.concatenate([clip.actions for clip in clips]).astype(np.int16),
            speed=np.concatenate([clip.speed for clip in clips]).astype(np.float16),
            travel=np.concatenate([clip.travel for clip in clips]).astype(np.float16),
        )
    os.replace(unfinished, path)
    return path


def read_lifted(path: str | Path) -> list[LiftedClip]:
    """The clips of one file; an InputError if it is no such file, or of another version."""
    try:
        with opened_npz(path) as file:
            content = {key: file[key] for key in file.files}
        fields = read_json(str(content["origin"]))
        if fields["version"] != VERSION:
            raise InputError(f"{path} has format version {fields['version']}, wanted {VERSION}")
        origin = Origin(**{**fields, "labels": tuple(fields["labels"])})
        cuts = content["stop"][:-1]
        parts = [np.split(content[key], cuts) for key in _ARRAYS]
        return [
            LiftedClip(str(name), int(view), xyz.astype(np.float32), actions,
                       speed.astype(np.float32), travel.astype(np.float32), origin)
            for name, view, xyz, actions, speed, travel in zip(
                content["name"], content["view"], *parts, strict=True)
        ]  # fmt: skip
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(f"{path} is no file of lifted clips; delete it and lift anew") from error


_ARRAYS = ("xyz", "actions", "speed", "travel")


def lifted_people(folder: str | Path) -> list[tuple[str, str]]:
    """Data set and subject of each file of a folder."""
    stems = [path.stem.rpartition("-")[0] for path in sorted(Path(folder).glob("*.npz"))]
    return sorted({(data, subject) for data, _, subject in (s.partition("-") for s in stems)})


def read_folder(folder: str | Path, subjects: Sequence[tuple[str, str]]) -> list[LiftedClip]:
    """All clips of some subjects, pairs of data set and name.

    An InputError if there are none, lifters, layouts or frame rates are mixed, or a subject was
    lifted twice with the same seed.
    """
    wanted = {f"{data}-{subject}" for data, subject in subjects}
    paths = [
        path
        for path in sorted(Path(folder).glob("*.npz"))
        if path.stem.rpartition("-")[0] in wanted
    ]
    if not paths:
        raise InputError(
            f"no lifted clips of any wanted subject ({', '.join(sorted(wanted)[:3])}, ...) in "
            f"{folder}; make them with gastlive-lift-dataset"
        )
    clips, kinds, seeds = [], set(), set[tuple[str, str, int]]()
    for path in paths:
        read = read_lifted(path)
        o = read[0].origin
        kinds.add((o.layout, o.fps, o.lifter_sha256))
        if (o.dataset, o.subject, o.seed) in seeds:
            raise InputError(
                f"{folder} has two liftings of {o.dataset} {o.subject} with seed {o.seed}; delete "
                f"the old one ({path.name} is one of them)"
            )
        seeds.add((o.dataset, o.subject, o.seed))
        clips += read
    if len(kinds) > 1:
        raise InputError(
            f"{folder} mixes lifters, layouts or frame rates; lift into an empty folder"
        )
    return clips
