"""Detector noise by assumption, from before it was measured."""

from dataclasses import dataclass

import numpy as np

from ...gast.skeleton import Skeleton


@dataclass(frozen=True)
class DetectorNoise:
    """A guess at a detector's errors; lengths are shares of the torso in the picture.

    Attributes:
        bias: Standard deviation of the constant offset of each joint of a clip.
        jitter: Standard deviation of the error that varies over time.
        correlation: Of the jitter between neighbouring frames.
        slip: Share of frames in which a joint slips away for a moment.
        slip_size: Standard deviation of how far, a coordinate.
        lost: Share of clips in which part of a limb is unseen for a while and held, as live.
        cut: Share of clips in which both legs are unseen and hang straight down.
    """

    bias: float = 0.03
    jitter: float = 0.025
    correlation: float = 0.8
    slip: float = 0.004
    slip_size: float = 0.2
    lost: float = 0.35
    cut: float = 0.05

    def apply(
        self,
        xy: np.ndarray,
        skeleton: Skeleton,
        rng: np.random.Generator,
        xyz: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Noise`; `xyz` is ignored."""
        count, frames, joints, _ = xy.shape
        ends = skeleton.index["thorax"], skeleton.index["hip"]
        torso = np.linalg.norm(xy[:, :, ends[0]] - xy[:, :, ends[1]], axis=-1).mean(1)
        error = self.bias * rng.standard_normal((count, 1, joints, 2))
        error = error + self._wander(count, frames, joints, rng)
        error = error + self._slips(count, frames, joints, rng)
        noisy = xy + (torso[:, None, None, None] * error).astype(xy.dtype)
        return self._lose(noisy, skeleton, torso, rng)

    def _wander(self, count: int, frames: int, joints: int, rng: np.random.Generator) -> np.ndarray:
        fresh = rng.standard_normal((count, frames, joints, 2))
        gain = np.sqrt(1 - self.correlation**2)
        for t in range(1, frames):
            fresh[:, t] = self.correlation * fresh[:, t - 1] + gain * fresh[:, t]
        strength = self.jitter * rng.uniform(0.4, 1.6, (count, 1, 1, 1))
        return strength * fresh

    def _slips(self, count: int, frames: int, joints: int, rng: np.random.Generator) -> np.ndarray:
        begun = rng.random((count, frames, joints, 1)) < self.slip
        offset = (
            np.where(begun, rng.standard_normal((count, frames, joints, 2)), 0) * self.slip_size
        )
        for t in range(1, frames):
            offset[:, t] += 0.7 * offset[:, t - 1] * ~begun[:, t]
        return offset

    def _lose(
        self, xy: np.ndarray, skeleton: Skeleton, torso: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        seen = np.ones(xy.shape[:3], bool)
        frames, order = xy.shape[1], skeleton.outward_bones
        limbs = [i for name, i in skeleton.limbs.items() if name.endswith(("_arm", "_leg", "head"))]
        legs = [i for i, j in enumerate(skeleton.joints) if j.endswith(("_knee", "_ankle"))]
        losing = rng.random(len(xy)) < self.lost
        for n in np.flatnonzero(losing & (frames > 1)):  # what is lost was seen before
            limb = limbs[rng.integers(len(limbs))]
            gone = limb[rng.integers(len(limb)) :]
            start = int(rng.integers(1, frames))
            stop = start + int(rng.integers(2, max(3, frames // 2)))
            seen[n, start:stop, list(gone)] = False
            for child, parent in order:
                if child in gone:
                    held = xy[n, start - 1, child] - xy[n, start - 1, parent]
                    xy[n, start:stop, child] = xy[n, start:stop, parent] + held
        for n in np.flatnonzero(rng.random(len(xy)) < self.cut):
            seen[n][:, legs] = False
            for child, parent in order:
                if child in legs:
                    down = np.array([0.0, 0.9 * torso[n]], xy.dtype)
                    xy[n, :, child] = xy[n, :, parent] + down
        return xy, seen
