"""Augments and joins streams of joints, in camera axes: x right, y down, z forward."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...gast.interpolation import interpolated
from ...gast.skeleton import Skeleton
from ..labels import UNKNOWN


class Piece(NamedTuple):
    """Part of a stream: joints (T, J, 3) and class indices (T,)."""

    xyz: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Splice:
    """Sets clips end to end; pairs are ranges, drawn evenly.

    Attributes:
        pause: Share of clips before which the person stands still, for `pause_frames`.
        blend_frames: Of the transition from pose to pose, unlabelled.
        sway: Standard deviation of a joint of a person who stands still, metres.
    """

    pause: float = 0.6
    pause_frames: tuple[int, int] = (8, 45)
    blend_frames: tuple[int, int] = (6, 12)
    sway: float = 0.008

    def join(self, pieces: Sequence[Piece], idle: int, rng: np.random.Generator) -> Piece:
        """One stream of pieces, with pauses labelled `idle`."""
        parts = [pieces[0]]
        for piece in pieces[1:]:
            last, first = parts[-1].xyz[-1], piece.xyz[0]
            if rng.random() < self.pause:
                first = last if rng.random() < 0.5 else first
                parts += self._blend(last, first, rng)
                parts.append(self._pause(first, idle, rng))
            parts += [*self._blend(parts[-1].xyz[-1], piece.xyz[0], rng), piece]
        return Piece(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _pause(self, pose: np.ndarray, idle: int, rng: np.random.Generator) -> Piece:
        frames = int(rng.integers(*self.pause_frames, endpoint=True))
        sway = wander((frames, *pose.shape), rng) * self.sway
        return Piece((pose + sway).astype(np.float32), np.full(frames, idle))

    def _blend(self, start: np.ndarray, stop: np.ndarray, rng: np.random.Generator) -> list[Piece]:
        if np.abs(stop - start).max() < 1e-3:
            return []
        frames = int(rng.integers(*self.blend_frames, endpoint=True))
        share = np.linspace(0, 1, frames + 2)[1:-1, None, None]
        share = share * share * (3 - 2 * share)
        between = start + share * (stop - start)
        return [Piece(between.astype(np.float32), np.full(frames, UNKNOWN))]


def wander(shape: Sequence[int], rng: np.random.Generator, *, frames: int = 9) -> np.ndarray:
    """Noise (T, ...) of unit variance, averaged over so many frames along the first axis."""
    fresh = rng.standard_normal((shape[0] + frames, *shape[1:]))
    sums = np.cumsum(fresh, 0)
    return (sums[frames:] - sums[:-frames]) / np.sqrt(frames)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes of a stream; pairs are ranges, drawn evenly.

    Attributes:
        yaw_deg: Turn about the vertical, to either side.
        tilt_deg: Of the camera, up or down, and to either side.
        mirror: Share of streams in which left and right are swapped.
        speed: Factor of each clip's.
        size: Factor of the body's.
        jitter: Largest standard deviation of the joints, metres.
        hold: Share of streams in which a limb freezes for a moment, as lost joints do.
        drop: Largest share of frames lost.
        slow: Share of streams whose camera has a half or a third of the frames, each held.
    """

    yaw_deg: float
    tilt_deg: float
    mirror: float
    speed: tuple[float, float]
    size: tuple[float, float]
    jitter: float
    hold: float
    drop: float
    slow: float

    def pace(self, piece: Piece, rng: np.random.Generator) -> Piece:
        """The piece at another speed, and with frames lost."""
        at = np.arange(0, len(piece.labels) - 1e-6, rng.uniform(*self.speed))
        kept = rng.random(len(at)) >= rng.uniform(0, self.drop)
        kept[0] = True
        nearest = np.round(at[kept]).astype(int)
        labels = piece.labels[np.minimum(nearest, len(piece.labels) - 1)]
        return Piece(interpolated(piece.xyz, at[kept]), labels)

    def mirrors(self, rng: np.random.Generator) -> bool:
        """Whether the next stream is mirrored."""
        return bool(rng.random() < self.mirror)

    def vary(
        self, xyz: np.ndarray, skeleton: Skeleton, rng: np.random.Generator, *, mirror: bool
    ) -> np.ndarray:
        """People (M, T, J, 3) augmented as one scene, relative to the first one's root."""
        if mirror:
            xyz = mirrored(xyz, skeleton)
        yaw, pitch, roll = np.radians(
            rng.uniform(-1, 1, 3) * [self.yaw_deg, self.tilt_deg, self.tilt_deg]
        )
        turn = _about(1, yaw) @ _about(0, pitch) @ _about(2, roll) * rng.uniform(*self.size)
        noise = np.stack([wander(one.shape, rng, frames=3) for one in xyz])
        varied = (xyz @ turn + noise * rng.uniform(0, self.jitter)).astype(np.float32)
        for one in varied:
            if rng.random() < self.hold:
                self._freeze(one, skeleton, rng)
        if rng.random() < self.slow:
            frames = np.arange(varied.shape[1])
            varied = varied[:, frames - frames % rng.integers(2, 4)]
        return varied - varied[:1, :, skeleton.root : skeleton.root + 1]

    def _freeze(self, xyz: np.ndarray, skeleton: Skeleton, rng: np.random.Generator) -> None:
        """Hold the end of a limb where it is, relative to the root, for up to a second."""
        limb = list(skeleton.limbs.values())[rng.integers(len(skeleton.limbs))]
        gone = list(limb[rng.integers(len(limb)) :])
        start = int(rng.integers(len(xyz)))
        xyz[start : start + int(rng.integers(4, 30)), gone] = xyz[start, gone]


def mirrored(xyz: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Joints (..., J, 3), relative to the root, with left and right swapped."""
    return xyz[..., skeleton.mirror, :] * np.array([-1, 1, 1], xyz.dtype)


def _about(axis: int, angle: float) -> np.ndarray:
    turn = np.eye(3)
    i, j = [k for k in range(3) if k != axis]
    turn[i, i] = turn[j, j] = np.cos(angle)
    turn[i, j], turn[j, i] = np.sin(angle), -np.sin(angle)
    return turn
