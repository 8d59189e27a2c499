"""People who act what no data set has, filmed: for teaching and what was taught."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from gastlive.experiments.rendering.body import Body, anny_body
from gastlive.experiments.rendering.camera import Camera
from gastlive.experiments.rendering.film import Film
from gastlive.experiments.rendering.outfit import Outfit
from gastlive.experiments.rendering.rig import PUPPET, retarget
from gastlive.experiments.rendering.scene import Performance
from gastlive.experiments.rendering.staging import about_up, floor_shift

FPS = 30
ARMS = {side: (f"{side}_elbow", f"{side}_wrist") for side in ("left", "right")}
LEGS = {side: (f"{side}_knee", f"{side}_ankle", f"{side}_toe") for side in ("left", "right")}
UPPER = tuple(
    joint for joint in PUPPET.joints if not any(p in joint for p in ("hip", "knee", "ankle", "toe"))
)
AHEAD, SIDEWAYS = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
"""Axes of turns in the planes that a person who looks along -y has before and beside them."""


def turned(points, joints, pivot, axis, angles):
    """(T, J, 3): some joints turned about another one, by one angle a frame."""
    chosen = [PUPPET.index[joint] for joint in joints if joint in PUPPET.index]
    centre = points[:, PUPPET.index[pivot]][:, None]
    turns = Rotation.from_rotvec(np.outer(angles, axis)).as_matrix()
    out = points.copy()
    out[:, chosen] = (points[:, chosen] - centre) @ turns.swapaxes(1, 2) + centre
    return out


def once(share):
    """There and back, 0 to 1 to 0, of a share of the time (T,) in 0..1."""
    return np.sin(np.clip(share, 0, 1) * np.pi) ** 2


def arms_overhead(points, share):
    """Both arms beside the body and up over the head."""
    for side, way in (("left", -1), ("right", 1)):
        points = turned(points, ARMS[side], f"{side}_shoulder", SIDEWAYS, way * 2.5 * once(share))
    return points


def side_bend(points, share):
    """The trunk to the right and to the left, an arm over the head."""
    angle = 0.55 * (once(2 * share) - once(2 * share - 1))
    points = turned(points, ARMS["left"], "left_shoulder", SIDEWAYS, -2.6 * once(2 * share))
    points = turned(points, ARMS["right"], "right_shoulder", SIDEWAYS, 2.6 * once(2 * share - 1))
    return turned(points, UPPER, "hip", SIDEWAYS, angle)


def knees_up(points, share):
    """One knee up to the hip and then the other."""
    for side, part in (("right", 2 * share), ("left", 2 * share - 1)):
        lift = once(part)
        points = turned(points, LEGS[side], f"{side}_hip", AHEAD, -1.5 * lift)
        points = turned(points, LEGS[side][1:], f"{side}_knee", AHEAD, 1.5 * lift)
    return points


ACTS = {"arms overhead": arms_overhead, "side bend": side_bend, "knees up": knees_up}


@dataclass
class Play:
    """Stands, and acts at these times: (act, start_s, stop_s)."""

    acts: list
    seconds: float
    restless: float = 0.0
    seed: int = 0
    facing_deg: float = 0.0

    def perform(self, body, *, fps):
        """As `Scene` does."""
        times = np.arange(round(self.seconds * fps)) / fps
        rest = np.stack([body.rig.rest[joint] for joint in PUPPET.joints])
        points = self._standing(np.repeat(rest[None], len(times), 0), times)
        labels = np.full(len(times), "idle", object)
        for act, start_s, stop_s in self.acts:
            share = (times - start_s) / (stop_s - start_s)
            points = ACTS[act](points, share)
            labels[(share >= 0) & (share < 1)] = act
        points = points @ about_up(np.radians(self.facing_deg)).T
        posing = retarget(body.rig, points, fps=fps)
        posing = posing.moved(floor_shift(body.lowest(posing), fps=fps))
        return Performance(posing, tuple(labels), ("",) * len(times), fps)

    def _standing(self, points, times):
        """Arms hang, and move a little as `restless` says."""
        rng = np.random.default_rng(self.seed)
        for side, way in (("left", 1), ("right", -1)):
            sway, swing = rng.uniform(0.15, 0.5, 2)
            phase = rng.uniform(0, 6.3, 2)
            wave = np.sin(2 * np.pi * sway * times + phase[0])
            lift = np.sin(2 * np.pi * swing * times + phase[1])
            down = np.full(len(times), 0.35 * way) + 0.03 * wave
            points = turned(points, ARMS[side], f"{side}_shoulder", SIDEWAYS, down)
            more = self.restless * np.clip(lift, 0, 1)
            points = turned(points, ARMS[side], f"{side}_shoulder", AHEAD, -0.8 * more)
            points = turned(points, ARMS[side][1:], f"{side}_elbow", AHEAD, -1.2 * more)
        lean = 0.03 * np.sin(2 * np.pi * 0.2 * times)
        return turned(points, UPPER, "hip", SIDEWAYS, lean)


def body(number):
    """One of some bodies."""
    gender, height_m, weight, shirt = [
        (0.0, 1.78, 0.5, [0.15, 0.35, 0.55]), (1.0, 1.66, 0.45, [0.72, 0.18, 0.16]),
        (0.3, 1.86, 0.7, [0.25, 0.5, 0.25]), (0.8, 1.58, 0.35, [0.85, 0.8, 0.6]),
    ][number]  # fmt: skip
    outfit = Outfit(skin=[0.78, 0.57, 0.46], shirt=shirt, trousers=[0.12, 0.14, 0.22],
                    shoes=[0.06, 0.06, 0.06], hair=[0.1, 0.07, 0.05])  # fmt: skip
    return anny_body(gender=gender, age=0.65, muscle=0.5, weight=weight, proportions=0.6,
                     height_m=height_m, outfit=outfit)  # fmt: skip


def film(
    path: Path, play: Play, actor: Body, *, azimuth_deg=0.0, elevation_deg=6.0, distance_m=4.5
):
    """Film a play; returns the path."""
    place = dict(azimuth_deg=azimuth_deg, elevation_deg=elevation_deg, distance_m=distance_m)
    sees = dict(target_m=(0.0, 0.0, 1.0), field_of_view_deg=35.0, width=640, height=480)
    camera = Camera(**place, **sees)
    Film(scene=play, body=actor, camera=camera, fps=FPS, quality=23, room_m=(3.0, 5.0),
         path=str(path)).shoot()  # fmt: skip
    return path
