"""Streams of heads as the live program would see them: world, camera, detector, lifter."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import pi
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Generator, Tensor

from ...gast.checkpoint import load
from ...gast.errors import InputError
from ...gast.gastnet import GASTNet
from ...gast.lifter import Lifter
from ...gast.shipped import LIFTERS, find
from ...gast.skeleton import Skeleton
from ...gast.windowed import in_chunks
from ..clip import MotionClip, MotionSet
from ..labels import LabelMap
from ..process_seed import generator_of
from ..protocols import Split, listed
from ..rates import resample
from ..seen.detectable import detectable
from ..seen.ground_truth import input_and_truth
from ..seen.noise import Noise
from ..seen.views import Views
from .choreography import Choreography
from .labelled import to_lifted
from .lifted import LiftedClip
from .manner import Manner
from .stream_composer import Repertoire
from .sway import Sway
from .world import World
from .world_composer import Composer

AT_ONCE = 1000
"""Frames that go through a lifter together; more don't fit a core's cache."""


class Filmed(NamedTuple):
    """Joints (N, T, J, 3) as of a `Head`, and, on the CPU, class indices (N, T)."""

    xyz: Tensor
    labels: Tensor


class Lift:
    """A lifter by name or path; without one, true joints.

    An InputError if there is none of that name, or it is not causal or of another layout or rate.

    Attributes:
        name: Empty for true joints, as is `sha256`.
        normalisation: A key of `UNITS`.
    """

    def __init__(self, lifter: str | None, skeleton: Skeleton, *, fps: float, half: bool) -> None:
        self.half, self.name, self.sha256, self.normalisation = half, "", "", "person"
        self.net: GASTNet | None = None
        if lifter is None:
            return
        path = find(lifter, folder=LIFTERS, kind="lifter")
        self.net, card = load(path, layout=skeleton.name, fps=fps, causal=True)
        self.name, self.normalisation = path.stem, card.normalisation
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.units = Lifter(self.net, skeleton=skeleton, normalisation=self.normalisation).units

    def to(self, device: torch.device) -> Self:
        """Itself, on a device."""
        if self.net is not None:
            self.net.to(device)
            self.units.to(device)
        return self

    def __call__(self, xy: Tensor, confidence: Tensor, true: Tensor) -> Tensor:
        """Joints as detected (N, T, J, 2), how surely (N, T, J), and in truth, to (N, T, J, 3)."""
        if self.net is None:
            return true
        joints = torch.cat([xy, confidence[..., None].to(xy)], -1)
        with torch.autocast(joints.device.type, torch.bfloat16, enabled=self.half):
            frames = AT_ONCE if joints.device.type == "cpu" else 40 * AT_ONCE
            lifted = in_chunks(self.net, self.units, joints, frames=frames)
        return lifted.float().clone()  # what is made for inference alone can't be trained on


@dataclass(frozen=True, kw_only=True)
class Filming:
    """How streams come about.

    Attributes:
        sets: Readers by the name of their data set, called with the `subjects` wanted.
        split: Which people are in which part; those of `parts` are filmed.
        labels: What publishers' labels mean.
        unlabelled: Subjects of sets that show none of the labels, such as dance; of these sets
            nobody else is filmed.
        takes: Streams that are cut, one after the other, out of what one camera films: in the
            first the lifter has just begun, in later ones it has a past.
        exact: Share of cameras whose 2-D joints are exact.
        body_spread: See `other_bodies`.
        manner: How people differ in what they do; None for as they were recorded.
        front: Share of cameras before the person, within `front_deg` to either side.
        lifter: Name or path; None for true 3-D joints.
        half: Lift in bfloat16.
        still: See `Repertoire`.
    """

    sets: Mapping[str, Callable[..., MotionSet]]
    split: Split
    labels: LabelMap
    skeleton: Skeleton
    fps: float
    frames: int
    views: Views
    noise: Noise | None
    exact: float
    lifter: str | None
    half: bool
    unlabelled: Mapping[str, Sequence[str]]
    how: Choreography
    sway: Sway
    manner: Manner | None = None
    takes: int = 2
    body_spread: float = 1.0
    front: float = 0.5
    front_deg: float = 60.0
    still: float = 0.3
    parts: Sequence[str] = ("train",)

    def recipe(self) -> dict[str, object]:
        """What streams depend on but for the motion itself, as plain JSON."""
        people = {name: self.people(name) for name in self.sets}
        lift = Lift(self.lifter, self.skeleton, fps=self.fps, half=self.half)
        settings = (self.views, self.noise, self.how, self.sway, self.body_spread, self.front,
                    self.front_deg, self.half, self.still, self.takes, self.exact,
                    self.labels.sets, self.labels.told_by_arms,
                    self.labels.told_by_legs, *([self.manner] if self.manner else []))  # fmt: skip
        return {
            "lifter": lift.name, "lifter_sha256": lift.sha256, "layout": self.skeleton.name,
            "fps": self.fps, "frames": self.frames, "labels": list(self.labels.names),
            "people": {name: who for name, who in people.items() if who},
            "settings": hashlib.sha256(repr(settings).encode()).hexdigest()[:16],
        }  # fmt: skip

    def people(self, name: str) -> list[str]:
        """Whom of a set is filmed."""
        who = self.split.subjects(name, self.parts)
        return [each for each in who if each in self.unlabelled.get(name, who)]

    def everybody(self) -> str:
        """Sets and subjects in one line."""
        return listed((name, each) for name in self.sets for each in self.people(name))

    def studio(self, device: torch.device) -> "Studio":
        """Read the motion and set up on a device; an InputError if nothing is labelled."""
        return Studio(self, *_read(self), device)


class Studio:
    """Makes streams on a device.

    Attributes:
        report: Lines about what was read.
    """

    def __init__(
        self, filming: Filming, clips: list[MotionClip], problems: list[str], device: torch.device
    ) -> None:
        skeleton, self.filming = filming.skeleton, filming
        lifted = [_as_lifted(clip, filming) for clip in clips]
        people = [f"{clip.dataset} {clip.subject}" for clip in clips]
        world = World([clip.xyz for clip in clips], people, skeleton, fps=filming.fps)
        repertoire = Repertoire(lifted, filming.labels, skeleton, still=filming.still)
        self.report = _report(filming, clips, repertoire) + problems
        if not repertoire.acts:
            raise InputError("none of the motion has a label of ours; give other sets or labels")
        still = [clip.speed <= filming.still for clip in lifted]
        unlabelled = [i for i, clip in enumerate(clips) if not clip.segments]
        self.composer = Composer(
            repertoire, world.to(device), still, filming.how, filming.labels, others=unlabelled
        )
        self.world, self.device = world, device
        self.lift = Lift(filming.lifter, skeleton, fps=filming.fps, half=filming.half).to(device)

    def labels(self, count: int, seed: int) -> np.ndarray:
        """(N, T) labels of so many streams, without making them."""
        rng = np.random.default_rng(seed)
        return np.stack([self.composer.write(self.filming.frames, rng).labels
                         for _ in range(count)])  # fmt: skip

    def streams(self, count: int, *words: int) -> Filmed:
        """So many streams, on the device; the same words give the same ones."""
        filming = self.filming
        rng, generator = np.random.default_rng(words), generator_of(*words, device=self.device)
        takes = -(-count // filming.takes)
        course, labels = self.composer.draw(takes, filming.takes * filming.frames, rng)
        lengths = self.world.bodies(takes, spread=filming.body_spread, generator=generator)
        xyz, heading = self.world.perform(
            course.to(self.device), lengths, sway=filming.sway, manner=filming.manner,
            generator=generator,
        )  # fmt: skip
        lifted = self.film(xyz, heading, generator)
        cut = (takes * filming.takes, filming.frames)
        return Filmed(lifted.reshape(*cut, *lifted.shape[2:])[:count],
                      labels.reshape(cut)[:count])  # fmt: skip

    @torch.no_grad()
    def film(
        self,
        xyz: Tensor,
        heading: Tensor,
        generator: Generator,
        *,
        track: Callable[[Tensor], Tensor] = lambda seen: seen,
    ) -> Tensor:
        """Lifted joints of people (N, T, J, 3) with these headings (N, T).

        `track` says which of all that is in the pictures (N, T, ...) becomes a stream, of as many.
        """
        filming, skeleton = self.filming, self.filming.skeleton

        def uniform(low: float, high: float) -> Tensor:
            chance = torch.rand(len(xyz), generator=generator, device=self.device)
            return low + (high - low) * chance

        ahead = torch.atan2(heading.sin().mean(1), heading.cos().mean(1))
        reach = filming.front_deg * pi / 180
        azimuth = torch.where(
            uniform(0, 1) < filming.front, ahead + uniform(-reach, reach), uniform(-pi, pi)
        )
        seen = filming.views.film(xyz, root=skeleton.root, generator=generator, azimuth=azimuth)
        xy, true = input_and_truth(
            track(seen[0]), track(seen[1]), skeleton, normalisation=self.lift.normalisation
        )
        sure = torch.ones_like(xy[..., 0])
        if filming.noise is not None:
            exact = uniform(0, 1) < filming.exact
            noisy, seen_as = filming.noise.apply(xy, skeleton, generator, true)
            xy = torch.where(exact[:, None, None, None], xy, noisy)
            sure = torch.where(exact[:, None, None], sure, seen_as)
        return self.lift(xy, sure, true)


def _read(filming: Filming) -> tuple[list[MotionClip], list[str]]:
    """Complete clips of all sets, at the rate and layout wanted, and what is wrong with others."""
    clips, problems = [], []
    for name, reader in filming.sets.items():
        if people := filming.people(name):
            data, broken = reader(subjects=people), 0
            for clip in data:
                even = detectable(resample(clip, filming.fps), filming.skeleton)
                if np.isfinite(even.xyz).all() and len(even.xyz) > 1:
                    clips.append(replace(even, xyz=even.xyz.astype(np.float32)))
                else:
                    broken += 1
            if broken:
                problems.append(f"{name}: {broken} clips with missing joints left out")
    if not clips:
        raise InputError(
            f"no motion of {' and '.join(filming.parts)} in {', '.join(filming.sets)}; give other "
            f"sets, or another protocol=..."
        )
    return clips, problems


def _as_lifted(clip: MotionClip, filming: Filming) -> LiftedClip:
    known = list(dict.fromkeys(segment.label for segment in clip.segments))
    return to_lifted(clip, filming.skeleton, known)


def _report(filming: Filming, clips: Sequence[MotionClip], repertoire: Repertoire) -> list[str]:
    people = {(clip.dataset, clip.subject) for clip in clips}
    frames, names = sum(len(clip.xyz) for clip in clips), filming.labels.names
    lines = [
        f"{' and '.join(filming.parts)}: {listed(people)}; {len(clips)} clips, {frames} frames"
    ]
    if lacking := [name for i, name in enumerate(names) if i not in repertoire.acts]:
        lines.append(f"nothing shows {', '.join(lacking)}")
    return lines
