"""Random short films for measuring a detector: clips, people, setting and camera."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets.clip import MotionClip
from ...gast.errors import InputError
from ..rendering.shot import Shot
from .looks import Figure, Setting, figure, setting

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Ranges of uniform distributions.

    Attributes:
        elevation_deg: Of the camera; below 0 it looks up.
        share: Of the picture's height that a person's height takes, drawn by ratio; beyond 1 the
            picture cuts people off.
        field_of_view_deg: Vertical.
        aim: Height of the picture's middle, as a share of the person's height.
        aside: Of the person from the middle, as a share of half the picture.
        height_m: Of the person.
        travel: Share of the path over the floor that is kept.
        beside_m: Distance of the second person.
        jpeg: Quality of the pictures, up to 100.
        sizes: Widths and heights of the pictures, pixels; no range.
        second: Share of takes with a second person; no range.
    """

    seconds: Range
    elevation_deg: Range
    share: Range
    field_of_view_deg: Range
    aim: Range
    aside: Range
    height_m: Range
    travel: Range
    beside_m: Range
    jpeg: Range
    sizes: Sequence[Sequence[int]]
    second: float


@dataclass(frozen=True, eq=False)
class Role:
    """One person of a take: what they do, and who they are."""

    clip: MotionClip
    shot: Shot
    figure: Figure


@dataclass(frozen=True, eq=False)
class Take:
    """One planned short film.

    Attributes:
        cast: The person who is measured, and perhaps a second one.
        beside: (2,) metres over the floor, or more, from the first person to the second.
        view: Elevation, share, field of view, aim and aside, as in `Ranges`.
        size: Width and height of the pictures, pixels.
    """

    number: int
    cast: tuple[Role, ...]
    beside: np.ndarray
    view: Mapping[str, float]
    size: tuple[int, int]
    setting: Setting


class Plan:
    """Draws takes; the same seed and number give the same take.

    Args:
        clips: Of each data set.
        shares: How often a take comes from each set.
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
        self.shares, self.ranges = shares, ranges
        self.smoothing_s, self.seed = smoothing_s, seed

    def take(self, number: int) -> Take:
        """The take with this number."""
        rng, ranges = np.random.default_rng([self.seed, number]), self.ranges
        seconds = rng.uniform(*ranges.seconds)
        cast = [self._role(rng, seconds)]
        if rng.random() < ranges.second:
            lasts = (cast[0].shot.stop_s or 0.0) - cast[0].shot.start_s
            cast.append(self._role(rng, lasts))
        angle, distance = rng.uniform(-np.pi, np.pi), rng.uniform(*ranges.beside_m)
        drawn = ("elevation_deg", "field_of_view_deg", "aim", "aside")
        view = {name: rng.uniform(*getattr(ranges, name)) for name in drawn}
        view["share"] = float(np.exp(rng.uniform(*np.log(ranges.share))))
        width, height = ranges.sizes[int(rng.integers(len(ranges.sizes)))]
        return Take(
            number=number,
            cast=tuple(cast),
            beside=distance * np.array([np.cos(angle), np.sin(angle)]),
            view=view,
            size=(width, height),
            setting=setting(rng, jpeg=ranges.jpeg),
        )

    def _role(self, rng: np.random.Generator, seconds: float) -> Role:
        ranges = self.ranges
        chances = np.array([self.shares[name] for name in self.clips])
        dataset = list(self.clips)[rng.choice(len(chances), p=chances / chances.sum())]
        clip = self.clips[dataset][rng.integers(len(self.clips[dataset]))]
        lasts = len(clip.xyz) / clip.fps
        seconds = min(seconds, lasts)
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
        return Role(clip, shot, figure(rng, height_m=rng.uniform(*ranges.height_m)))
