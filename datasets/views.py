"""Virtual cameras: motion in world axes seen as a detector would see it.

World axes are x right, y away, z up; camera axes x right, y down, z forward.
"""

from dataclasses import dataclass

import numpy as np

from ..gast.skeleton import Skeleton


@dataclass(frozen=True)
class Views:
    """How random cameras are placed; each pair is a range, drawn evenly, angles in degrees.

    Attributes:
        elevation_deg: Of the camera above the person's hips.
        roll_deg: Of the picture.
        distance_m: From the person's mean place, beyond how far the person walks about.
        field_of_view_deg: Horizontal.
        off_centre: How far from the middle the person stands, as a share of half the picture.
        aspect: Height of the picture over its width.
    """

    elevation_deg: tuple[float, float] = (-10.0, 35.0)
    roll_deg: tuple[float, float] = (-5.0, 5.0)
    distance_m: tuple[float, float] = (1.8, 5.5)
    field_of_view_deg: tuple[float, float] = (45.0, 85.0)
    off_centre: tuple[float, float] = (-0.5, 0.5)
    aspect: tuple[float, float] = (0.5, 1.0)

    def see(
        self, xyz: np.ndarray, *, root: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """One random camera for each clip.

        Args:
            xyz: (N, T, J, 3), metres, world axes.
            root: Index of the root joint.
            rng: Where the cameras come from.

        Returns:
            (N, T, J, 2) in screen units, and (N, T, J, 3) in metres, relative to the root, in the
            axes of a camera that is turned towards the person: what can be told from the
            person's own shape, wherever in the picture it is.
        """
        count = len(xyz)
        place = xyz[:, :, root].mean(1)
        reach = np.linalg.norm(xyz[:, :, root] - place[:, None], axis=-1).max(1)
        azimuth = rng.uniform(-np.pi, np.pi, count)
        elevation = np.radians(rng.uniform(*self.elevation_deg, count))
        distance = reach + rng.uniform(*self.distance_m, count)
        focal = 1 / np.tan(np.radians(rng.uniform(*self.field_of_view_deg, count)) / 2)
        away = np.stack(
            [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation),
             np.sin(elevation)], -1,
        )  # fmt: skip
        turn = _looking(-away)
        picture = np.stack([np.ones(count), rng.uniform(*self.aspect, count)], -1)
        aside = rng.uniform(*self.off_centre, (count, 2)) * picture / focal[:, None]
        turn = _looking(np.c_[aside, np.ones(count)], up=np.array([0.0, -1.0, 0.0])) @ turn
        turn = _roll(np.radians(rng.uniform(*self.roll_deg, count))) @ turn
        camera = (xyz - (place + away * distance[:, None])[:, None, None]) @ _swap(turn)[:, None]
        camera[..., 2] = np.maximum(camera[..., 2], 0.2)
        xy = focal[:, None, None, None] * camera[..., :2] / camera[..., 2:]
        facing = _looking(camera[:, :, root], up=np.array([0.0, -1.0, 0.0]))
        relative = (camera - camera[:, :, root : root + 1]) @ _swap(facing)
        return xy.astype(np.float32), relative.astype(np.float32)


def _swap(matrix: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrix, -1, -2)


def _looking(forward: np.ndarray, up: np.ndarray | None = None) -> np.ndarray:
    """Rotations (..., 3, 3) whose rows are the camera axes x right, y down, z along `forward`."""
    up = np.array([0.0, 0.0, 1.0]) if up is None else up
    z = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    x = np.cross(z, up)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], -2)


def _roll(angle: np.ndarray) -> np.ndarray:
    cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    one = np.ones_like(angle)
    rows = [[cos, -sin, zero], [sin, cos, zero], [zero, zero, one]]
    return np.moveaxis(np.array(rows), -1, 0)


def scale_bones(
    xyz: np.ndarray, skeleton: Skeleton, *, spread: float, rng: np.random.Generator
) -> np.ndarray:
    """Other bodies: each pair of mirrored bones is longer or shorter by a random factor a clip.

    Args:
        xyz: (N, T, J, 3).
        skeleton: Layout of the joints.
        spread: Standard deviation of the factor.
        rng: Where the factors come from.
    """
    factors = 1 + spread * rng.standard_normal((len(xyz), len(skeleton)))
    first = np.minimum(np.arange(len(skeleton)), skeleton.mirror)
    factors = np.clip(factors, 1 - 2 * spread, 1 + 2 * spread)[:, first]
    scaled = xyz.copy()
    for child, parent in _from_the_root(skeleton):
        bone = xyz[:, :, child] - xyz[:, :, parent]
        scaled[:, :, child] = scaled[:, :, parent] + bone * factors[:, child, None, None]
    return scaled


def _from_the_root(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Bones in an order in which every parent comes before its children."""
    placed, ordered, waiting = {skeleton.root}, [], list(skeleton.bones)
    while waiting:
        ready = [bone for bone in waiting if bone[1] in placed]
        ordered += ready
        placed |= {child for child, _ in ready}
        waiting = [bone for bone in waiting if bone not in ready]
    return ordered


@dataclass(frozen=True)
class DetectorNoise:
    """What a detector might do to joints: a guess, in shares of the torso's length on the picture.

    Attributes:
        bias: Constant offset a joint and clip, standard deviation.
        jitter: Wandering error, standard deviation, correlated over time.
        correlation: Of the jitter from one frame to the next.
        slip: Share of frames in which a joint is somewhere else for a moment.
        slip_size: How far it then is, standard deviation.
        lost: Share of clips in which a limb is not seen for a while and stands still against the
            joint it hangs on, as the live program fills it.
        cut: Share of clips that end at the hips: both legs hang straight down.
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
        """Spoil clips.

        Args:
            xy: (N, T, J, 2), any units.
            skeleton: Layout of the joints.
            rng: Where the errors come from.
            xyz: (N, T, J, 3) of the same joints; makes no difference here.

        Returns:
            The spoilt clips, and (N, T, J) bool: which joints were seen.
        """
        count, frames, joints, _ = xy.shape
        ends = skeleton.index["thorax"], skeleton.index["hip"]
        torso = np.linalg.norm(xy[:, :, ends[0]] - xy[:, :, ends[1]], axis=-1).mean(1)
        error = self.bias * rng.standard_normal((count, 1, joints, 2))
        error = error + self._wander(count, frames, joints, rng)
        error = error + self._slips(count, frames, joints, rng)
        spoilt = xy + (torso[:, None, None, None] * error).astype(xy.dtype)
        return self._lose(spoilt, skeleton, torso, rng)

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
        frames, order = xy.shape[1], _from_the_root(skeleton)
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
