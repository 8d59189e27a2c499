"""A scene: shots of mocap clips, one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np

from ...datasets.clip import MotionClip, MotionSet
from ...gast.errors import InputError
from .body import Body
from .rig import Posing, retarget
from .shot import IDLE, Motion, Shot, cut
from .staging import bridge, floor_shift, hips, placed, yaw_of


@dataclass(frozen=True, eq=False)
class Performance:
    """The whole movement of one person.

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
        idle: Put between every two shots with different labels, and at both ends; none by default.
        blend_s: Length of a transition.
        centred: Move everything so that the middle of the way is the origin.

    Raises:
        InputError: There is no shot, or one uses an unknown set.
    """

    def __init__(
        self,
        *,
        sets: Mapping[str, MotionSet],
        shots: Sequence[Shot],
        idle: Shot | None = None,
        blend_s: float,
        centred: bool,
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
        """The movement of a body in this scene.

        Raises:
            InputError: A clip can't be found, is empty where it is cut, or lacks joints.
        """
        clips = self._clips()
        motion = Motion.nothing()
        for shot in self.shots:
            clip = clips[shot.source, shot.clip]
            taken = _grounded(cut(shot, clip, leg_m=body.rig.leg_m, fps=fps), body, fps=fps)
            motion = _joined(motion, taken, shot, blend=round(self.blend_s * fps))
        posing = retarget(body.rig, motion.points, fps=fps)
        posing = posing.moved(floor_shift(body.lowest(posing), fps=fps))  # transitions, too
        if self.centred:
            way = posing.hips * [1, 1, 0]
            posing = posing.moved(-(way.min(0) + way.max(0)) / 2)
        return Performance(posing, motion.labels, motion.sources, fps)

    def _clips(self) -> dict[tuple[str, str | None], MotionClip]:
        """Every clip that a shot names, each read once."""
        found: dict[tuple[str, str | None], MotionClip] = {}
        for source, motions in self.sets.items():
            wanted = {shot.clip for shot in self.shots if shot.source == source}
            names: list[str] = []
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
    return Scene(sets={"motions": motions}, shots=[shot], blend_s=0.0, centred=True)


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
    staged = [replace(idle, facing_deg=shots[0].facing_deg, at_m=shots[0].at_m)]
    for before, shot in zip([None, *shots], shots, strict=False):
        if before and (shot.label is None or shot.label != before.label):
            staged.append(replace(idle, facing_deg=shot.facing_deg))
        staged.append(shot)
    return [*staged, idle]


def _grounded(motion: Motion, body: Body, *, fps: float) -> Motion:
    """Put on the floor; sources differ in its height."""
    lowest = body.lowest(retarget(body.rig, motion.points, fps=fps))
    return replace(motion, points=motion.points + floor_shift(lowest, fps=fps)[:, None])


def _joined(before: Motion, taken: Motion, shot: Shot, *, blend: int) -> Motion:
    """The next shot placed after those before, with a transition in between."""
    old = before.points
    yaw, place = (yaw_of(old[-1]), hips(old[-1])[:2]) if len(old) else (0.0, np.zeros(2))
    if shot.facing_deg is not None:
        yaw = np.radians(shot.facing_deg)
    if shot.at_m is not None:
        place = np.array(shot.at_m, np.float64)
    new = placed(taken.points, yaw=yaw, place=place)
    if not len(old):
        return replace(taken, points=new)
    between = before.labels[-1] if before.labels[-1] == taken.labels[0] else IDLE
    return Motion(
        np.concatenate([old, bridge(old[-1], new[0], blend), new]),
        before.labels + (between,) * blend + taken.labels,
        before.sources + ("",) * blend + taken.sources,
    )
