"""Movements that nobody recorded, written as rules with wide ranges."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from zlib import crc32

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import H36M17
from ..clip import MotionClip, Problem, Segment
from . import hands, legs, sports, steps
from .puppet import Build
from .script import Script, standing

Action = Callable[[Script], object]
ACTIONS: dict[str, Action] = {
    "gesture": hands.gesture,
    "wave": hands.wave,
    "clap": hands.clap,
    "throw": hands.throw,
    "catch": hands.catch,
    "bend down": legs.bend_down,
    "punch": hands.punch,
    "kick": legs.kick,
    "sit down": legs.sit_down,
    "stand up": legs.stand_up,
    "squat": legs.squat,
    "lunge": legs.lunge,
    "walk": steps.walk,
    "carry": steps.carry,
    "jog": steps.jog,
    "hop": steps.hop,
    "jumping jack": steps.jumping_jack,
    "push": hands.push,
    "knock": hands.knock,
    "grab high": hands.grab_high,
    "swipe": hands.swipe,
    "cross arms": hands.cross_arms,
    "rotate arms": hands.rotate_arms,
    "elbow to knee": legs.elbow_to_knee,
    "swing": sports.swing,
    "tennis swing": sports.tennis_swing,
    "tennis serve": sports.tennis_serve,
    "golf swing": sports.golf_swing,
}


class Scripted:
    """Made-up people who do what `ACTIONS` says, each time another way; the same on any machine.

    Each clip is one action between moments of standing about, labelled ``rest``. Its beginning has
    no label; who stands up was seated before. What recorded sets lack is variety: few people, told
    what to do, before one camera. A rule knows nothing of how people really move, so this stands
    beside recordings.

    Args:
        subjects: Made-up people by number, from "1".
        actions: Only these; None is all.
        takes: Clips of each action by each person.

    Raises:
        InputError: There is no such action.
    """

    dataset = "scripted"
    labels = ("rest", *ACTIONS)

    def __init__(
        self, *, subjects: Sequence[str], actions: Sequence[str] | None = None, takes: int,
        fps: float,
    ) -> None:  # fmt: skip
        if unknown := sorted(set(actions or ()).difference(ACTIONS)):
            raise InputError(
                f"{self.dataset} has no action {', '.join(unknown)}; choose from "
                f"{', '.join(ACTIONS)}"
            )
        self.subjects = [str(subject) for subject in subjects]
        self.actions, self.takes, self.fps = list(actions or ACTIONS), takes, fps
        self.problems: list[Problem] = []

    def __len__(self) -> int:
        return len(self.subjects) * len(self.actions) * self.takes

    def __iter__(self) -> Iterator[MotionClip]:
        for subject, action, take in product(self.subjects, self.actions, range(self.takes)):
            yield self._clip(subject, action, take)

    def _clip(self, subject: str, action: str, take: int) -> MotionClip:
        build = Build().varied(np.random.default_rng(_seed("build", subject)))
        rng = np.random.default_rng(_seed(subject, action, str(take)))
        script = Script(rng, standing(rng))
        if action == "stand up":
            legs.seated(script)
        script.to(script.between(0.2, 1.0))
        start = script.seconds
        ACTIONS[action](script)
        stop = script.seconds
        script.to(script.between(0.2, 1.0))
        xyz = script.played(build, fps=self.fps)
        first, last = round(start * self.fps), round(stop * self.fps)
        known = first + round(_UNKNOWN * (last - first))
        segments = (
            Segment(0, first, "rest"),
            Segment(known, last, action),
            Segment(last, len(xyz), "rest"),
        )
        name = f"{action.replace(' ', '_')}_{subject}_{take}"
        return MotionClip(name, self.dataset, subject, H36M17, xyz, self.fps, segments)


_UNKNOWN = 0.15
"""Share of an action at its beginning that has no label: a hand that rises may do anything."""


def _seed(*words: str) -> int:
    return crc32(" ".join(words).encode())
