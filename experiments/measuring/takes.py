"""Random short films for measuring a detector: clip, body, outfit and camera."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets.clip import MotionClip, Problem
from ...gast.errors import InputError
from ..rendering.body import Body
from ..rendering.camera import Camera
from ..rendering.outfit import Outfit
from ..rendering.scene import Performance, Scene
from ..rendering.shot import Shot

SKINS = ((0.90, 0.72, 0.62), (0.78, 0.57, 0.46), (0.55, 0.38, 0.29), (0.36, 0.24, 0.18))
"""Skins are mixed from neighbouring ones."""

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Ranges of uniform distributions.

    Attributes:
        elevation_deg: Of the camera; below 0 it looks up.
        distance_m: From the camera to the person's path.
        field_of_view_deg: Vertical.
        aim_m: Height above the floor of the picture's middle.
        aside: Of the person from the middle, as a share of half the picture.
        height_m: Of the person.
        travel: Share of the path over the floor that is kept.
        jpeg: Quality of the pictures, up to 100.
        size: Width and height of the pictures, pixels; no range.
    """

    seconds: Range
    elevation_deg: Range
    distance_m: Range
    field_of_view_deg: Range
    aim_m: Range
    aside: Range
    height_m: Range
    travel: Range
    jpeg: Range
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Take:
    """One planned short film.

    Attributes:
        clip: The motion.
        shot: Which stretch of it.
        body: A name among the bodies.
        view: Elevation, distance, field of view, aim and aside, as in `Ranges`.
        size: Width and height of the pictures, pixels.
        jpeg: Quality of the pictures.
    """

    number: int
    clip: MotionClip
    shot: Shot
    body: str
    height_m: float
    outfit: Outfit
    view: Mapping[str, float]
    size: tuple[int, int]
    jpeg: int

    def stage(self, body: Body, *, fps: float) -> tuple[Performance, Camera]:
        """The performance and its camera; InputError if the clip lacks joints."""
        sets = {self.shot.source: _One(self.clip)}
        scene = Scene(sets=sets, shots=[self.shot], blend_s=0.0, centred=True)
        performance = scene.perform(body, fps=fps)
        reach = np.linalg.norm(performance.posing.hips[:, :2], axis=-1).max()
        half = np.tan(np.radians(self.view["field_of_view_deg"]) / 2)
        distance = reach + self.view["distance_m"]
        beside = self.view["aside"] * distance * half * self.size[0] / self.size[1]
        camera = Camera(
            azimuth_deg=0.0,  # the person is turned instead
            elevation_deg=self.view["elevation_deg"],
            distance_m=distance,
            target_m=(beside, 0.0, self.view["aim_m"] * self.height_m / 1.75),
            field_of_view_deg=self.view["field_of_view_deg"],
            width=self.size[0],
            height=self.size[1],
        )
        return performance, camera


class _One:
    """A motion set of one clip."""

    def __init__(self, clip: MotionClip) -> None:
        self.clip = clip
        self.labels: Sequence[str] = ()
        self.problems: list[Problem] = []

    def __iter__(self) -> Iterator[MotionClip]:
        yield self.clip


class Plan:
    """Draws takes; the same seed and number give the same take.

    Args:
        clips: Of each data set.
        shares: How often a take comes from each set.
        bodies: Names to choose from.
        ranges: Of everything else.
        smoothing_s: Of each noisy set, see `Shot`.
        seed: Of all takes.

    Raises:
        InputError: No clip is long enough.
    """

    def __init__(
        self,
        clips: Mapping[str, Sequence[MotionClip]],
        *,
        shares: Mapping[str, float],
        bodies: Sequence[str],
        ranges: Ranges,
        smoothing_s: Mapping[str, float],
        seed: int,
    ) -> None:
        shortest = ranges.seconds[0]
        self.clips = {
            name: long
            for name, own in clips.items()
            if (long := [clip for clip in own if len(clip.xyz) / clip.fps > shortest])
        }
        if not self.clips:
            raise InputError(f"no clip lasts {shortest} s; choose shorter takes or other sets")
        self.shares, self.bodies, self.ranges = shares, list(bodies), ranges
        self.smoothing_s, self.seed = smoothing_s, seed

    def take(self, number: int) -> Take:
        """The take with this number."""
        rng, ranges = np.random.default_rng([self.seed, number]), self.ranges
        chances = np.array([self.shares[name] for name in self.clips])
        dataset = list(self.clips)[rng.choice(len(chances), p=chances / chances.sum())]
        clip = self.clips[dataset][rng.integers(len(self.clips[dataset]))]
        lasts = len(clip.xyz) / clip.fps
        seconds = min(rng.uniform(*ranges.seconds), lasts)
        start = rng.uniform(0, lasts - seconds)
        shot = Shot(
            dataset,
            clip.name,
            label="",
            start_s=start,
            stop_s=start + seconds,
            facing_deg=rng.uniform(-180, 180),
            travel=rng.uniform(*ranges.travel),
            mirrored=bool(rng.random() < 0.5),
            smoothing_s=self.smoothing_s.get(dataset, 0.0),
        )
        drawn = ("elevation_deg", "distance_m", "field_of_view_deg", "aim_m", "aside")
        return Take(
            number=number,
            clip=clip,
            shot=shot,
            body=self.bodies[rng.integers(len(self.bodies))],
            height_m=rng.uniform(*ranges.height_m),
            outfit=_outfit(rng),
            view={name: rng.uniform(*getattr(ranges, name)) for name in drawn},
            size=ranges.size,
            jpeg=round(rng.uniform(*ranges.jpeg)),
        )


def _outfit(rng: np.random.Generator) -> Outfit:
    """A skin between those of `SKINS`, dark hair, random clothes."""
    i, share = rng.integers(len(SKINS) - 1), rng.random()
    skin = (1 - share) * np.array(SKINS[i]) + share * np.array(SKINS[i + 1])
    colours = rng.uniform(0.03, 0.85, (3, 3))
    grey = rng.uniform(0, 0.8, (3, 1))  # most clothes have muted colours
    shirt, trousers, shoes = grey * colours.mean(1, keepdims=True) + (1 - grey) * colours
    hair = rng.uniform(0.02, 0.2) * np.array([1.0, 0.75, 0.55])
    return Outfit(*(part.tolist() for part in (skin, shirt, trousers, shoes, hair)))
