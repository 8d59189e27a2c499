"""Errors of a detector and the live program's first stages, as ``gastlive-measure-noise`` found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from ...gast.errors import InputError
from ...gast.inputs.smoothing import OneEuro, Smoothing, Unsmoothed
from ...gast.limits import read_json
from ...gast.skeleton import Skeleton
from .body import body_axes, body_depth, body_size, unit
from .completion import complete, is_hanging, kind_of, make_middle, trust_middle
from .confidences import confidences
from .joint_errors import JointErrors
from .situations import Surroundings, into_picture, situations

FILES = Path(__file__).parent / "measured"
VERSION = 2
READABLE = (1, 2)
"""Files of version 1 tell the near side of the body from the far one, and nothing else."""
PAST_S = 0.2
"""So much is extrapolated before a clip, so that smoothing has a past."""


class Detected(NamedTuple):
    """Joints as a lifter gets them.

    Attributes:
        xy: (N, T, J, 2), units of what was given.
        confidence: (N, T, J), 0 to 1; 0 is not detected.
    """

    xy: Tensor
    confidence: Tensor


class Noise(Protocol):
    """Adds a detector's errors to exact joints."""

    def apply(
        self,
        xy: Tensor,
        skeleton: Skeleton,
        generator: torch.Generator,
        xyz: Tensor | None = None,
        around: Surroundings | None = None,
    ) -> Detected:
        """Clips (N, T, J, 2), any units, with errors; `xy` is not written to.

        `xyz` (N, T, J, 3), metres from the root, is x right, y down, z away from the viewer. With
        what is `around` them measured noise knows the picture's edges and who else is in it.
        """


class NoNoise:
    """No errors; every joint is seen."""

    def __repr__(self) -> str:
        return "NoNoise()"

    def apply(
        self,
        xy: Tensor,
        skeleton: Skeleton,
        generator: torch.Generator,
        xyz: Tensor | None = None,
        around: Surroundings | None = None,
    ) -> Detected:
        """See `Noise`."""
        return Detected(xy, torch.ones_like(xy[..., 0]))


class GaussianNoise:
    """Baseline: independent errors of each joint and frame, as large as in a measured `file`."""

    def __init__(self, file: str) -> None:
        self.model = read_noise(file)

    def __repr__(self) -> str:
        # All that decides about the errors: part of the key of cached data.
        return f"GaussianNoise({self.model!r})"

    def apply(
        self,
        xy: Tensor,
        skeleton: Skeleton,
        generator: torch.Generator,
        xyz: Tensor | None = None,
        around: Surroundings | None = None,
    ) -> Detected:
        """See `Noise`."""
        _check(self.model, skeleton)
        overall = torch.tensor([self.model["overall"][joint] for joint in skeleton.joints])
        scale = body_size(xy, skeleton)[:, None, None, None] * overall.to(xy)[:, None]
        error = scale * torch.randn(xy.shape, generator=generator, device=xy.device, dtype=xy.dtype)
        return Detected(xy + error, torch.ones_like(xy[..., 0]))


class MeasuredNoise:
    """Errors and losses as measured, relative to the torso's length in the picture.

    A detected joint has a bias common to all people, an offset for the clip, and jitter, partly
    autocorrelated; it may slip for a while, often to where its left-right counterpart is, or be
    lost. How much depends on the situation: in files of version 2 on speed, on what covers the
    joint and on the picture's edges, in those of version 1 on the side. Then joints are completed
    and smoothed as live. An InputError as of `read_noise`, or when applied to another layout.

    Args:
        file: Name of a file in ``datasets/seen/measured`` without its ending, or a path.
        fps: Frames per second of the clips.
        cut: Share of clips whose picture ends in the person; not measured.
    """

    def __init__(self, file: str, *, fps: float, cut: float) -> None:
        self.model, self.fps, self.cut = read_noise(file), fps, cut
        one_euro = self.model["smoothing"]
        self._smoothing: Smoothing = OneEuro(**one_euro) if one_euro else Unsmoothed()

    def __repr__(self) -> str:
        return f"MeasuredNoise({self.model!r}, fps={self.fps}, cut={self.cut})"

    @torch.no_grad()
    def apply(
        self,
        xy: Tensor,
        skeleton: Skeleton,
        generator: torch.Generator,
        xyz: Tensor | None = None,
        around: Surroundings | None = None,
    ) -> Detected:
        """See `Noise`; without `xyz` nothing is far or covered, and no bias goes forward.

        With `around` the picture ends there, and nowhere at random.
        """
        _check(self.model, skeleton)
        size = body_size(xy, skeleton)[:, None, None]
        before = round(PAST_S * self.fps)
        exact = _by_time(xy, before, odd=True) / size
        axes = _upright(exact, skeleton)
        if xyz is not None:
            xyz = _by_time(xyz, before, odd=False)
            axes = body_axes(xyz, skeleton)[..., :2]
        edges = self._edges(exact, skeleton, generator)
        others = None
        if around is not None:
            edges = None if around.edges is None else around.edges / size[:, 0]
            others = _of_others(around.others, size, before)
        joints = self._joints(exact, xyz, skeleton, edges, others)
        slipping, lost = joints.spells(generator)
        place = into_picture(exact, edges) if self.model["version"] > 1 else exact
        other = None if others is None or not others.shape[2] else others[:, :, 0, :, :2]
        detected = joints.slipped(place, slipping, generator, other)
        detected = detected + joints.bias @ axes
        detected += joints.trembling(generator)
        if self.model["version"] == 1 and edges is not None:
            lost = lost | _cut_off(exact, skeleton, edges)
        lost = lost & torch.tensor([is_hanging(j) for j in skeleton.joints], device=xy.device)
        sure = confidences(_length(detected - place), joints, generator)
        done = complete(
            make_middle(detected, skeleton), lost, skeleton, fps=self.fps,
            ease_s=self.model["ease_s"], smoothing=self._smoothing,
        )  # fmt: skip
        noisy = (done[before:] * size).transpose(0, 1)
        sure = trust_middle(sure.masked_fill(lost, 0), skeleton)[before:].transpose(0, 1)
        return Detected(noisy.to(xy.dtype).contiguous(), sure.contiguous())

    def _joints(
        self, exact: Tensor, xyz: Tensor | None, skeleton: Skeleton,
        edges: Tensor | None, others: Tensor | None,
    ) -> JointErrors:  # fmt: skip
        if self.model["version"] > 1:
            state = situations(exact, xyz, skeleton, fps=self.fps, edges=edges, others=others)
        elif xyz is None:
            state = torch.zeros(exact.shape[:3], dtype=torch.long, device=exact.device)
        else:
            state = (body_depth(xyz, skeleton) > self.model["far"]).long()
        return JointErrors(self.model, skeleton, state, self.fps)

    def _edges(
        self, exact: Tensor, skeleton: Skeleton, generator: torch.Generator
    ) -> Tensor | None:
        """(N, 4) edges of the picture; of a share of clips one edge cuts the person."""
        if not self.cut:
            return None
        count, device = exact.shape[1], exact.device
        chance = torch.rand(4, count, generator=generator, device=device)
        middle = exact[:, :, skeleton.index["hip"]].mean(0)
        edges = torch.full((count, 4), torch.inf, device=device)
        edges[:, :2] = -torch.inf
        near = torch.stack([  # where the person would be cut on the left, top, right and bottom
            middle[:, 0] - 0.7 * chance[0], middle[:, 1] - 0.8 - 0.9 * chance[0],
            middle[:, 0] + 0.7 * chance[0], middle[:, 1] + 0.2 + 1.6 * chance[0],
        ], -1)  # fmt: skip
        shares = (0.12, 0.1, 0.12, 0.66) if self.model["version"] > 1 else (0, 0, 0, 1)
        ends = torch.tensor(np.cumsum(shares)[:3], device=device, dtype=torch.float32)
        side = (chance[1][:, None] >= ends).sum(-1)
        cut = (chance[2] < self.cut)[:, None] & (torch.arange(4, device=device) == side[:, None])
        return torch.where(cut, near, edges)


def read_noise(file: str) -> dict[str, Any]:
    """A file of ``gastlive-measure-noise``; an InputError if it is missing or of another kind."""
    path = Path(file).expanduser() if file.endswith(".json") else FILES / f"{file}.json"
    known = ", ".join(sorted(path.stem for path in FILES.glob("*.json")))
    try:
        content = read_json(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"can't read the noise {path}: {error}; choose from {known} or measure your own"
        ) from error
    if not isinstance(content, dict) or content.get("version") not in READABLE:
        raise InputError(f"{path} is no noise of version 1 or 2; measure it anew")
    return content


def _check(model: Mapping[str, Any], skeleton: Skeleton) -> None:
    if skeleton.name != model["layout"]:
        raise InputError(
            f"the noise was measured for joints of {model['layout']}, not {skeleton.name}; "
            f"choose another noise or skeleton"
        )


def _by_time(clips: Tensor, before: int, *, odd: bool) -> Tensor:
    """(N, T, ...) as (T, N, ...), extended into the past by reflection about the first frame."""
    by_time = clips.transpose(0, 1).float()
    last = len(by_time) - 1  # of shorter clips the reflection goes to and fro
    steps = torch.arange(before, 0, -1, device=clips.device)
    if last < 1:
        past = by_time[:1].expand(before, *by_time.shape[1:])
        return torch.cat([past, by_time])
    past = by_time[last - (steps % (2 * last) - last).abs()]
    if odd:  # each pass to and fro goes as far again
        gone, shape = steps % (2 * last), (-1, *[1] * (by_time.ndim - 1))
        passes = torch.div(steps, 2 * last, rounding_mode="floor").to(past).view(shape)
        first, across = by_time[0], by_time[last] - by_time[0]
        way = past - first
        way = torch.where((gone > last).view(shape), 2 * across - way, way)
        past = first - way - 2 * passes * across
    return torch.cat([past, by_time])


def _of_others(others: Tensor | None, size: Tensor, before: int) -> Tensor | None:
    if others is None:
        return None
    by_time = _by_time(others, before, odd=False)
    return torch.cat([by_time[..., :2] / size[..., None], by_time[..., 2:]], -1)


def _cut_off(exact: Tensor, skeleton: Skeleton, edges: Tensor) -> Tensor:
    """(T, N, J) bool: knees and ankles below the picture."""
    legs = torch.tensor([kind_of(name) in ("knee", "ankle") for name in skeleton.joints])
    return legs.to(exact.device) & (exact[..., 1] > edges[:, None, 3])


def _length(vectors: Tensor) -> Tensor:
    # Several times as fast as torch's norm of so few numbers.
    return torch.hypot(vectors[..., 0], vectors[..., 1])


def _upright(xy: Tensor, skeleton: Skeleton) -> Tensor:
    """Axes (..., 3, 2) of people known from the picture alone: just up."""
    axes = torch.zeros((*xy.shape[:-2], 3, 2), device=xy.device)
    axes[..., 1, :] = unit(xy[..., skeleton.index["thorax"], :] - xy[..., skeleton.index["hip"], :])
    return axes
