"""What a person does in a picture: stretches of mocap clips, one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from ...datasets.clip import MotionClip, MotionSet
from ...datasets.motion import at_layout, resample
from ...gast.errors import InputError
from .body import Body
from .rig import PUPPET, Posing, leg_lengths, retarget

IDLE = "idle"
"""Label of frames between actions, and of those that a clip leaves unlabelled."""


@dataclass(frozen=True)
class Shot:
    """A stretch of one clip, and how it is staged.

    Args:
        source: Key of the motion set in `Scene`.
        clip: The clip's name; none takes the set's first.
        label: Of all its frames; none keeps the clip's own labels.
        start_s: Where it begins in the clip.
        stop_s: Where it ends; none is the clip's end.
        facing_deg: Where the person looks at its start, from above: 0 along -y, which is into a
            camera of azimuth 0, 90 along +x. None goes on as the shot before ended.
        at_m: (x, y) of the hips at its start; none goes on where the shot before ended.
        travel: How much of the way over the floor is kept; 0 stays on the spot.
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
class Performance:
    """What one person does from the first frame to the last.

    Attributes:
        posing: T frames of the body's rig, the lowest point on the floor.
        labels: T names of actions.
        sources: T of ``dataset/clip``, empty in transitions.
        fps: Frames per second.
    """

    posing: Posing
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    fps: float


class Scene:
    """Shots one after another, blended into each other.

    Args:
        sets: Motion sets by the names that shots use.
        shots: In order.
        idle: Put between every two shots with different labels, and at both ends; none puts none.
        blend_s: How long a transition takes.
        centred: Move it all over the floor so that the middle of the way is the origin.

    Raises:
        InputError: There is no shot, or one uses a set that isn't there.
    """

    def __init__(
        self,
        *,
        sets: Mapping[str, MotionSet],
        shots: Sequence[Shot],
        idle: Shot | None = None,
        blend_s: float = 0.4,
        centred: bool = True,
    ) -> None:
        if not shots:
            raise InputError("the scene has no shots; name one at least, see conf/motion")
        self.sets = sets
        self.shots = _with_idle(list(shots), idle)
        self.blend_s, self.centred = blend_s, centred
        for shot in self.shots:
            if shot.source not in sets:
                raise InputError(
                    f"a shot takes from {shot.source!r}; the scene's sets are {', '.join(sets)}"
                )

    def perform(self, body: Body, *, fps: float) -> Performance:
        """Let a body do it.

        Raises:
            InputError: A clip can't be found, is empty where it is cut, or lacks joints.
        """
        clips = self._clips()
        motion = _Motion.nothing()
        for shot in self.shots:
            clip = clips[shot.source, shot.clip]
            taken = _grounded(_take(shot, clip, leg_m=body.rig.leg_m, fps=fps), body, fps=fps)
            motion = _joined(motion, taken, shot, blend=round(self.blend_s * fps))
        posing = retarget(body.rig, motion.points, fps=fps)
        posing = posing.moved(_to_floor(body.lowest(posing), fps=fps))  # transitions, too
        if self.centred:
            way = posing.hips * [1, 1, 0]
            posing = posing.moved(-(way.min(0) + way.max(0)) / 2)
        return Performance(posing, motion.labels, motion.sources, fps)

    def _clips(self) -> dict[tuple[str, str | None], MotionClip]:
        """Every clip that a shot names, each read once."""
        found: dict[tuple[str, str | None], MotionClip] = {}
        for source, motions in self.sets.items():
            wanted = {shot.clip for shot in self.shots if shot.source == source}
            names = []
            for clip in motions:
                if wanted <= {key for name, key in found if name == source}:
                    break
                if not names and None in wanted:
                    found[source, None] = clip
                if clip.name in wanted:
                    found[source, clip.name] = clip
                names.append(clip.name)
            for name in wanted:
                if (source, name) not in found:
                    raise _no_clip(source, name, names, motions)
        return found


def one_clip(
    *,
    motions: MotionSet,
    clip: str | None,
    label: str | None,
    start_s: float,
    stop_s: float | None,
    facing_deg: float | None,
    travel: float,
    mirrored: bool,
    smoothing_s: float,
) -> Scene:
    """A scene of one clip; arguments are those of `Shot`."""
    shot = Shot(
        "motions",
        clip,
        label=label,
        start_s=start_s,
        stop_s=stop_s,
        facing_deg=facing_deg,
        travel=travel,
        mirrored=mirrored,
        smoothing_s=smoothing_s,
    )
    return Scene(sets={"motions": motions}, shots=[shot])


def _no_clip(source: str, name: str | None, names: list[str], motions: MotionSet) -> InputError:
    problems = [f"; {problem.file}: {problem.reason}" for problem in motions.problems[:1]]
    near = get_close_matches(name or "", names, n=3, cutoff=0) or ["no clip at all"]
    return InputError(
        f"{source} has no clip {name!r} (has {', '.join(near)}, …: {len(names)} in all)"
        f"{''.join(problems)}; choose one of its clips"
    )


def _with_idle(shots: list[Shot], idle: Shot | None) -> list[Shot]:
    if idle is None:
        return shots
    first = replace(idle, facing_deg=shots[0].facing_deg, at_m=shots[0].at_m)
    staged = [first]
    for shot in shots:
        if staged[-1].label not in (shot.label, idle.label):
            staged.append(replace(idle, facing_deg=shot.facing_deg))
        staged.append(shot)
    return [*staged, idle]


@dataclass(frozen=True, eq=False)
class _Motion:
    """Points (T, J, 3) of `PUPPET` in the world, with the label and source of each frame."""

    points: np.ndarray
    labels: tuple[str, ...]
    sources: tuple[str, ...]

    @classmethod
    def nothing(cls) -> "_Motion":
        return cls(np.empty((0, len(PUPPET), 3)), (), ())


def _take(shot: Shot, clip: MotionClip, *, leg_m: float, fps: float) -> _Motion:
    """Cut, filled, smoothed and as large as the body, where and as the clip has it."""
    clip = resample(at_layout(clip, PUPPET), fps)
    stop = len(clip.xyz) if shot.stop_s is None else round(shot.stop_s * fps)
    cut = slice(round(shot.start_s * fps), min(stop, len(clip.xyz)))
    points = _filled(clip.xyz.astype(np.float64), clip.name)
    labels = [IDLE] * len(points)
    for segment in clip.segments:
        labels[segment.start : segment.stop] = [segment.label] * (segment.stop - segment.start)
    if shot.label is not None:
        labels = [shot.label] * len(points)
    if not 0 <= cut.start < cut.stop:
        raise InputError(
            f"clip {clip.name} lasts {len(points) / fps:.2f} s, the shot wants "
            f"{shot.start_s:g} s to {shot.stop_s} s of it; give less"
        )
    if shot.smoothing_s > 0:
        points = gaussian_filter1d(points, shot.smoothing_s * fps, axis=0)
    if shot.mirrored:
        points = points[:, PUPPET.mirror] * [-1, 1, 1]
    legs = leg_lengths({joint: points[:, i] for joint, i in PUPPET.index.items()})
    points = _slowed(points[cut] * (leg_m / np.median(legs)), shot.travel, fps=fps)
    source = f"{clip.dataset}/{clip.name}"
    return _Motion(points, tuple(labels[cut]), (source,) * len(points))


def _grounded(motion: _Motion, body: Body, *, fps: float) -> _Motion:
    """On the floor; sources disagree about where that is."""
    lowest = body.lowest(retarget(body.rig, motion.points, fps=fps))
    return replace(motion, points=motion.points + _to_floor(lowest, fps=fps)[:, None])


def _filled(points: np.ndarray, name: str) -> np.ndarray:
    """Missing joints by interpolation in time.

    Raises:
        InputError: One is missing throughout.
    """
    time = np.arange(len(points))
    for joint, i in PUPPET.index.items():
        seen = np.isfinite(points[:, i]).all(-1)
        if not seen.any():
            raise InputError(f"clip {name} never shows {joint}; choose another clip")
        for axis in range(3):
            points[:, i, axis] = np.interp(time, time[seen], points[seen, i, axis])
    return points


def _slowed(points: np.ndarray, travel: float, *, fps: float) -> np.ndarray:
    """Less of the way over the floor; what the hips do within a step stays."""
    way = gaussian_filter1d(_hips(points)[:, :2], 0.25 * fps, axis=0, mode="nearest")
    shift = (travel - 1) * (way - way[:1])
    return points + np.pad(shift, ((0, 0), (0, 1)))[:, None]


def _joined(before: _Motion, taken: _Motion, shot: Shot, *, blend: int) -> _Motion:
    """The next shot placed after what there is, with a transition in between."""
    old = before.points
    yaw, place = (_yaw(old[-1]), _hips(old[-1])[:2]) if len(old) else (0.0, np.zeros(2))
    if shot.facing_deg is not None:
        yaw = np.radians(shot.facing_deg)
    if shot.at_m is not None:
        place = np.array(shot.at_m, np.float64)
    new = _placed(taken.points, yaw=yaw, place=place)
    if not len(old):
        return replace(taken, points=new)
    bridge = _bridge(old[-1], new[0], blend)
    same = before.labels[-1] == taken.labels[0]
    return _Motion(
        np.concatenate([old, bridge, new]),
        before.labels + (before.labels[-1] if same else IDLE,) * len(bridge) + taken.labels,
        before.sources + ("",) * len(bridge) + taken.sources,
    )


def _placed(points: np.ndarray, *, yaw: float, place: np.ndarray) -> np.ndarray:
    """Turned and moved over the floor so that the first frame faces `yaw` at `place`."""
    start = _hips(points[0]) * [1, 1, 0]
    return (points - start) @ _about_up(yaw - _yaw(points[0])).T + [*place, 0]


def _bridge(old: np.ndarray, new: np.ndarray, count: int) -> np.ndarray:
    """`count` poses (J, 3) from one to the other; the turn takes the shorter way."""
    start, end = _yaw(old), _yaw(new)
    turn = (end - start + np.pi) % (2 * np.pi) - np.pi
    share = np.linspace(0, 1, count + 2)[1:-1]
    share = share * share * (3 - 2 * share)
    home = np.array([1.0, 1.0, 0.0])
    a = (old - _hips(old) * home) @ _about_up(-start).T
    b = (new - _hips(new) * home) @ _about_up(-end).T
    poses = [
        (a + (b - a) * s) @ _about_up(start + turn * s).T
        + (_hips(old) * (1 - s) + _hips(new) * s) * home
        for s in share
    ]
    return np.array(poses).reshape(-1, *old.shape)


def _to_floor(lowest: np.ndarray, *, fps: float) -> np.ndarray:
    """(T, 3) shift that puts the body's lowest point on z = 0.

    The lowest point within a second is taken for the floor, so a jump stays a jump while drift and
    the other proportions of the body go.
    """
    floor = minimum_filter1d(lowest, max(1, round(fps)))
    shift = np.zeros((len(lowest), 3))
    shift[:, 2] = -gaussian_filter1d(floor, 0.25 * fps)
    return shift


def _hips(points: np.ndarray) -> np.ndarray:
    return (points[..., PUPPET.index["left_hip"], :] + points[..., PUPPET.index["right_hip"], :]) / 2


def _yaw(pose: np.ndarray) -> float:
    """Where a pose (J, 3) looks, radians from -y towards +x."""
    across = sum(
        pose[PUPPET.index[f"left_{joint}"]] - pose[PUPPET.index[f"right_{joint}"]]
        for joint in ("hip", "shoulder")
    )
    return float(np.arctan2(across[1], across[0]))


def _about_up(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
