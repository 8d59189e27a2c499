"""Errors of a detector and the live program's first stages, as ``gastlive-measure-noise`` found."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch

from ...gast.errors import InputError
from ...gast.inputs.smoothing import OneEuro, Smoothing, Unsmoothed
from ...gast.skeleton import Skeleton
from . import body as _body
from . import completion as _completion
from .completion import is_hanging, kind_of
from .joint_errors import JointErrors, slipped


def _numpy(function: Any) -> Any:
    """Until the noise is torch too: a function of tensors, for arrays."""

    def through(*given: Any, **how: Any) -> Any:
        tensors = [torch.from_numpy(g) if isinstance(g, np.ndarray) else g for g in given]
        return function(*tensors, **how).numpy()

    return through


body_axes, body_depth = _numpy(_body.body_axes), _numpy(_body.body_depth)
body_size, unit = _numpy(_body.body_size), _numpy(_body.unit)
complete, make_middle = _numpy(_completion.complete), _numpy(_completion.make_middle)

FILES = Path(__file__).parent / "measured"
VERSION = 1
PAST_S = 0.2
"""So much is extrapolated before a clip, so that smoothing has a past."""


class Noise(Protocol):
    """Adds a detector's errors to exact joints."""

    def apply(
        self,
        xy: np.ndarray,
        skeleton: Skeleton,
        rng: np.random.Generator,
        xyz: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Clips (N, T, J, 2), any units, with errors; and (N, T, J) bool: which joints were seen.

        `xy` is not written to. `xyz` (N, T, J, 3) is x right, y down, z away from the viewer.
        """


class NoNoise:
    """No errors; every joint is seen."""

    def __repr__(self) -> str:
        return "NoNoise()"

    def apply(
        self,
        xy: np.ndarray,
        skeleton: Skeleton,
        rng: np.random.Generator,
        xyz: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Noise`."""
        return xy, np.ones(xy.shape[:3], bool)


class GaussianNoise:
    """Baseline: independent errors of each joint and frame, as large as in a measured `file`."""

    def __init__(self, file: str) -> None:
        self.model = read_noise(file)

    def __repr__(self) -> str:
        # All that decides about the errors: part of the key of cached data.
        return f"GaussianNoise({self.model!r})"

    def apply(
        self,
        xy: np.ndarray,
        skeleton: Skeleton,
        rng: np.random.Generator,
        xyz: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Noise`."""
        _check(self.model, skeleton)
        overall = np.array([self.model["overall"][joint] for joint in skeleton.joints])
        size = body_size(xy, skeleton)[:, None, None, None]
        error = size * overall[:, None] * rng.standard_normal(xy.shape)
        return xy + error.astype(xy.dtype), np.ones(xy.shape[:3], bool)


class MeasuredNoise:
    """Errors and losses as measured, relative to the torso's length in the picture.

    A detected joint has a bias common to all people, an offset for the clip, and jitter, partly
    autocorrelated; it may slip for a while, often to where its left-right counterpart is, or be
    lost. Joints on the far side do worse. Then they are completed and smoothed as live. An
    InputError as of `read_noise`, or when applied to another layout of joints.

    Args:
        file: Name of a file in ``datasets/seen/measured`` without its ending, or a path.
        fps: Frames per second of the clips.
        cut: Share of clips whose picture ends below the hips; not measured.
    """

    def __init__(self, file: str, *, fps: float, cut: float) -> None:
        self.model, self.fps, self.cut = read_noise(file), fps, cut
        one_euro = self.model["smoothing"]
        self._smoothing: Smoothing = OneEuro(**one_euro) if one_euro else Unsmoothed()

    def __repr__(self) -> str:
        return f"MeasuredNoise({self.model!r}, fps={self.fps}, cut={self.cut})"

    def apply(
        self,
        xy: np.ndarray,
        skeleton: Skeleton,
        rng: np.random.Generator,
        xyz: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Noise`; without `xyz` no joint is on the far side, and no bias goes forward."""
        _check(self.model, skeleton)
        size = body_size(xy, skeleton)[:, None, None]
        before = round(PAST_S * self.fps)
        exact = _by_time(xy, before, "odd") / size.astype(np.float32)
        axes, far = _upright(exact, skeleton), np.zeros(exact.shape[:3], bool)
        if xyz is not None:
            xyz = _by_time(xyz, before, "even")
            axes = body_axes(xyz, skeleton)[..., :2]
            far = body_depth(xyz, skeleton) > self.model["far"]
        joints = JointErrors(self.model["joints"], skeleton, far, self.fps)
        detected = slipped(exact, joints, rng)
        detected += joints.bias @ axes
        detected += self._tremble(joints, rng)
        lost = joints.spells("lost", rng) | self._below_the_picture(exact, skeleton, rng)
        lost &= [is_hanging(joint) for joint in skeleton.joints]
        done = complete(
            make_middle(detected, skeleton), lost, skeleton, fps=self.fps,
            ease_s=self.model["ease_s"], smoothing=self._smoothing,
        )  # fmt: skip
        noisy = (done[before:] * size).swapaxes(0, 1)
        return noisy.astype(xy.dtype), ~lost[before:].swapaxes(0, 1)

    def _tremble(self, joints: JointErrors, rng: np.random.Generator) -> np.ndarray:
        """Offset of each clip plus jitter of each frame, (T, N, J, 2)."""
        frames, count, number = joints.far.shape
        shape, mixing = (frames, count, 2, number), self._mixing(joints.skeleton).T
        wander = rng.standard_normal(shape, np.float32)
        decay = np.exp(-1 / (self.fps * joints.of("memory_s")))
        gain = np.sqrt(1 - decay**2)
        for t in range(1, frames):
            wander[t] = decay * wander[t - 1] + gain * wander[t]
        share = joints.of("wander")
        wander *= np.sqrt(share)
        wander += np.sqrt(1 - share) * rng.standard_normal(shape, np.float32)
        offset = rng.standard_normal(shape[1:], np.float32)
        spread = np.float32(self.model["spread"])
        strength = rng.standard_normal((count, number), np.float32)
        strength = np.exp(spread * strength - spread**2)
        error = (strength * joints.of_own_side("jitter"))[:, :, None] * (wander @ mixing)
        error += (strength * joints.of_own_side("offset"))[:, :, None] * (offset @ mixing)
        return error.swapaxes(2, 3)

    def _mixing(self, skeleton: Skeleton) -> np.ndarray:
        """(J, J) matrix that correlates independent numbers as measured between joints."""
        correlation = self.model["correlation"]
        at = [skeleton.index[joint] for joint in correlation["joints"]]
        mixing = np.eye(len(skeleton), dtype=np.float32)
        mixing[np.ix_(at, at)] = np.linalg.cholesky(np.array(correlation["matrix"]))
        return mixing

    def _below_the_picture(
        self, exact: np.ndarray, skeleton: Skeleton, rng: np.random.Generator
    ) -> np.ndarray:
        """(T, N, J) bool: knees and ankles that are cut off."""
        count = exact.shape[1]
        edge = exact[:, :, skeleton.index["hip"], 1].mean(0) + rng.uniform(0.2, 1.8, count)
        edge[rng.random(count) >= self.cut] = np.inf
        legs = np.array([kind_of(name) in ("knee", "ankle") for name in skeleton.joints])
        return legs & (exact[..., 1] > edge[:, None])


def read_noise(file: str) -> dict[str, Any]:
    """A file of ``gastlive-measure-noise``; an InputError if it is missing or of another kind."""
    path = Path(file).expanduser() if file.endswith(".json") else FILES / f"{file}.json"
    known = ", ".join(sorted(path.stem for path in FILES.glob("*.json")))
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"can't read the noise {path}: {error}; choose from {known} or measure your own"
        ) from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise InputError(f"{path} is no noise of version {VERSION}; measure it anew")
    return content


def _check(model: Mapping[str, Any], skeleton: Skeleton) -> None:
    if skeleton.name != model["layout"]:
        raise InputError(
            f"the noise was measured for joints of {model['layout']}, not {skeleton.name}; "
            f"choose another noise or skeleton"
        )


def _by_time(clips: np.ndarray, before: int, kind: Literal["even", "odd"]) -> np.ndarray:
    """(N, T, ...) as (T, N, ...), extended into the past by reflection about the first frame."""
    width = [(before, 0), *[(0, 0)] * (clips.ndim - 1)]
    by_time = clips.swapaxes(0, 1).astype(np.float32)
    return np.pad(by_time, width, mode="reflect", reflect_type=kind)


def _upright(xy: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Axes (..., 3, 2) of people known from the picture alone: just up."""
    axes = np.zeros((*xy.shape[:-2], 3, 2), xy.dtype)
    axes[..., 1, :] = unit(xy[..., skeleton.index["thorax"], :] - xy[..., skeleton.index["hip"], :])
    return axes
