"""A stretch of a mocap clip, cut and scaled to a body."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ...datasets.clip import MotionClip
from ...datasets.rates import at_layout, resample
from ...gast.errors import InputError
from ...gast.interpolation import frames_at, interpolated
from .rig import PUPPET, leg_lengths
from .staging import hips

IDLE = "idle"
"""Label of frames between actions, and of those that a clip leaves unlabelled."""


@dataclass(frozen=True)
class Shot:
    """A stretch of one clip, and how it is staged.

    Args:
        source: Key of the motion set in `Scene`.
        clip: The clip's name; by default the set's first.
        label: Of all its frames; by default the clip's own labels.
        start_s: Of the stretch in the clip.
        stop_s: By default the clip's end.
        facing_deg: Where the person looks at its start, from above: 0 along -y, into a camera of
            azimuth 0, 90 along +x. By default as the shot before ended.
        at_m: (x, y) of the hips at its start; by default where the shot before ended.
        travel: Share of the way over the floor that is kept; 0 stays on the spot.
        mirrored: Swap left and right.
        smoothing_s: Width of a Gaussian over time, for noisy sources; 0 is none.
    """

    source: str
    clip: str | None = None
    label: str | None = None
    start_s: float = 0.0
    stop_s: float | None = None
    facing_deg: float | None = None
    at_m: Sequence[float] | None = None
    travel: float = 1.0
    mirrored: bool = False
    smoothing_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Motion:
    """Poses over time.

    Attributes:
        points: (T, J, 3) of `PUPPET`, metres, world axes.
        labels: T names of actions.
        sources: T of ``dataset/clip``, empty in transitions.
    """

    points: np.ndarray
    labels: tuple[str, ...]
    sources: tuple[str, ...]

    @classmethod
    def nothing(cls) -> "Motion":
        """No frames."""
        return cls(np.empty((0, len(PUPPET), 3)), (), ())


def cut(shot: Shot, clip: MotionClip, *, leg_m: float, fps: float) -> Motion:
    """The stretch, without gaps, smoothed and scaled to the body.

    Raises:
        InputError: The clip ends before the stretch begins, or lacks a joint.
    """
    clip = resample(at_layout(clip, PUPPET), fps)
    frames = len(clip.xyz)
    start = round(shot.start_s * fps)
    stop = frames if shot.stop_s is None else min(round(shot.stop_s * fps), frames)
    if not 0 <= start < stop:
        raise InputError(
            f"clip {clip.name} lasts {frames / fps:.2f} s, a shot wants it from start_s="
            f"{shot.start_s:g} to stop_s={shot.stop_s}; choose a stretch inside it"
        )
    points = _filled(clip.xyz.astype(np.float64), clip.name)
    if shot.smoothing_s > 0:
        points = gaussian_filter1d(points, shot.smoothing_s * fps, axis=0)
    if shot.mirrored:
        points = points[:, PUPPET.mirror] * [-1, 1, 1]
    legs = leg_lengths({joint: points[:, i] for joint, i in PUPPET.index.items()})
    points = points[start:stop] * (leg_m / np.median(legs))
    return Motion(
        _slowed(points, shot.travel, fps=fps),
        tuple(_labels(clip, shot.label)[start:stop]),
        (f"{clip.dataset}/{clip.name}",) * (stop - start),
    )


def _labels(clip: MotionClip, label: str | None) -> list[str]:
    labels = [label or IDLE] * len(clip.xyz)
    for segment in clip.segments if label is None else ():
        labels[segment.start : segment.stop] = [segment.label] * (segment.stop - segment.start)
    return labels


def _filled(points: np.ndarray, name: str) -> np.ndarray:
    """Missing joints interpolated in time; an InputError if one is missing throughout."""
    time = np.arange(len(points))
    for joint, i in PUPPET.index.items():
        seen = np.isfinite(points[:, i]).all(-1)
        if not seen.any():
            raise InputError(f"clip {name} never shows {joint}; choose another clip")
        points[:, i] = interpolated(points[seen, i], frames_at(time[seen], time))
    return points


def _slowed(points: np.ndarray, travel: float, *, fps: float) -> np.ndarray:
    """The path over the floor shortened; movement of the hips within a step stays."""
    way = gaussian_filter1d(hips(points)[:, :2], 0.25 * fps, axis=0, mode="nearest")
    shift = (travel - 1) * (way - way[:1])
    return points + np.pad(shift, ((0, 0), (0, 1)))[:, None]
