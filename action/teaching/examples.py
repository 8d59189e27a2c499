"""Examples of an action, and what a head sees in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...gast.errors import InputError
from ...gast.interpolation import interpolated
from ...gast.skeleton import Skeleton
from ...gast.windowed import mirrored
from ..body_head import BodyHead
from ..heads.few import Limbs
from ..mirroring import is_sided, mirror_images
from .stretch import Stretch, best_stretch

SHORTEST_S = 0.3
BEFORE_S, AFTER_S = 0.5, 0.4
"""What is taken of a take before and after its stretch."""
BEGUN = 0.35
"""Share of a stretch after which the action can be told."""
ENDED_S, OVER_S = 0.1, 0.33
"""After the stretch: until when the action goes on, and from when it is over; a head looks back."""
PHASES = 3
"""Of an action, one after the other: a throw looks different before and after the hand lets go."""
TURNS, TURN_DEG, TILT_DEG = 2, 60.0, 12.0
"""Every example is also seen from so many other sides, up to so far away."""


@dataclass(frozen=True, eq=False)
class Example:
    """Somebody does an action once, or for a while.

    Attributes:
        xyz: (T, J, 3) metres, camera axes, relative to the root, of the head's layout.
        visible: (T, J) bool, which joints were measured, if that is known.
        stretch: Frames of the action; ``None``: where the most movement is.
    """

    label: str
    xyz: np.ndarray
    fps: float
    visible: np.ndarray | None = None
    stretch: Stretch | None = None
    name: str = ""

    def found(self) -> Stretch:
        """Frames of the action."""
        if self.stretch is not None:
            return self.stretch
        return best_stretch(self.xyz, fps=self.fps, visible=self.visible)


@dataclass(frozen=True, eq=False)
class Seen:
    """An example to a head, from several sides and in the mirror.

    Attributes:
        features: (F, C) of the action's frames.
        classes: (F,) class indices; a mirror image may be another action.
        phases: (F,) in which of its `PHASES` the action is.
        rest: (R, C) before and after it.
        own: Class index of the example.
    """

    features: np.ndarray
    classes: np.ndarray
    phases: np.ndarray
    rest: np.ndarray
    own: int


def checked_names(examples: Sequence[Example], idle: str, skeleton: Skeleton) -> list[str]:
    """Labels in the order of their first example.

    An InputError for no example, one too short, with gaps or other joints, or of the background.
    """
    names = list(dict.fromkeys(example.label for example in examples))
    if not names:
        raise InputError("no example of any action; give a few of each")
    if idle in names:
        raise InputError(f"{idle!r} is the background; name the action something else")
    for example in examples:
        shape, what = example.xyz.shape, example.name or f"of {example.label}"
        if shape[1:] != (len(skeleton), 3) or not np.isfinite(example.xyz).all():
            raise InputError(
                f"example {what} has joints {shape}, perhaps with gaps; wanted (T, "
                f"{len(skeleton)}, 3) of {skeleton.name}"
            )
        if shape[0] < SHORTEST_S * example.fps:
            raise InputError(
                f"example {what} is {shape[0] / example.fps:.1f} s long; give {SHORTEST_S:g} s or "
                f"more"
            )
    return names


def see(
    example: Example,
    names: Sequence[str],
    trunk: BodyHead,
    rng: np.random.Generator,
    *,
    mirror: bool,
) -> Seen:
    """What a trunk makes of an example; with `mirror` also of its mirror image.

    The image of an action with a side in its name is the action of the other side, if that is
    taught, too, and else nothing.
    """
    piece, start, stop = _piece(example, trunk.fps)
    own = names.index(example.label)
    image = int(mirror_images(names)[own])
    sides = [(piece, own)]
    if image != own or (mirror and not is_sided(example.label)):
        sides.append((mirrored(piece, trunk.skeleton), image))
    begun, ends = start + round(BEGUN * (stop - start)), stop + round(ENDED_S * trunk.fps)
    over = stop + round(OVER_S * trunk.fps)
    parts, classes, phases, rest = (list[np.ndarray]() for _ in range(4))
    for side, place in sides:
        views = torch.stack([side, *(turned(side, rng) for _ in range(TURNS))])
        features = described(trunk, views)  # (views, T, C)
        shown = features[:, begun:ends:2]
        parts.append(shown.reshape(-1, features.shape[-1]))
        classes.append(np.full(len(parts[-1]), place))
        phases.append(np.tile(np.arange(shown.shape[1]) * PHASES // shown.shape[1], len(views)))
        around = np.concatenate([features[:, :start:3], features[:, over::3]], 1)
        rest.append(around.reshape(-1, features.shape[-1]))
    return Seen(
        np.concatenate(parts), np.concatenate(classes), np.concatenate(phases),
        np.concatenate(rest), own,
    )  # fmt: skip


def _piece(example: Example, fps: float) -> tuple[Tensor, int, int]:
    """The stretch with what is around it, at the head's rate, and where it begins and ends."""
    step = example.fps / fps
    xyz = interpolated(example.xyz, np.arange(0, len(example.xyz) - 1 + 1e-6, step))
    found = example.found()
    start = min(round(found.start / step), len(xyz) - 2)
    stop = min(max(round(found.stop / step), start + 2), len(xyz))
    first = max(start - round(BEFORE_S * fps), 0)
    last = min(stop + round(AFTER_S * fps), len(xyz))
    piece = torch.from_numpy(np.ascontiguousarray(xyz[first:last], np.float32))
    return piece, start - first, stop - first


@torch.inference_mode()
def described(trunk: BodyHead, xyz: Tensor) -> np.ndarray:
    """Joints (N, T, J, 3) to what `Few` looks at, (N, T, C): a trunk's features and `Limbs`."""
    limbs, parts = Limbs(trunk.skeleton, trunk.features), list[Tensor]()
    for part in xyz.split(16):
        features = trunk.features(part)
        parts.append(torch.cat([trunk.describe(features), limbs(features)], -1))
    return torch.cat(parts).numpy()


def turned(xyz: Tensor, rng: np.random.Generator) -> Tensor:
    """Joints (T, J, 3) from a camera that stands elsewhere."""
    yaw, pitch = np.radians(rng.uniform(-1, 1, 2) * [TURN_DEG, TILT_DEG])
    c, s, k, h = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    lifted = np.array([[1, 0, 0], [0, k, -h], [0, h, k]])
    return xyz @ torch.from_numpy((about @ lifted).T.copy()).to(xyz)
