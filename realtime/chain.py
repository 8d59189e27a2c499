"""From a picture to labels: the stages of the live program, called as one."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

from ..gast.errors import InputError
from ..gast.skeleton import Skeleton
from .clock import SYSTEM, Clock
from .packets import Event, Frame, RunInfo
from .stages.classifying import Classify
from .stages.deciding import Decide
from .stages.joints import Joints
from .stages.lifting import Lift
from .stages.stage import Batching, Detector
from .stages.tracker import Tracker

ALL, DETECTOR, AFTER = slice(None), slice(0, 1), slice(1, None)
"""Of the stages."""


class Chain:
    """Pushes frames through the stages, in the order listed; `clock` gives monotonic seconds."""

    def __init__(
        self,
        *,
        detector: Detector,
        tracker: Tracker,
        joints: Joints,
        lifter: Lift,
        classifier: Classify,
        decision: Decide,
        clock: Clock = SYSTEM,
    ) -> None:
        self.stages: Sequence[Any] = (detector, tracker, joints, lifter, classifier, decision)
        self.detector, self.lifter, self.classifier = detector, lifter, classifier
        self.decision, self.clock = decision, clock

    def __call__(self, frame: Frame) -> Frame:
        """The frame with the results of all stages, and the time that each took."""
        return together([self], [frame])[0]

    def another(self) -> Self:
        """One for another camera, which shares the nets; its people have other ids.

        InputError if a stage, such as a detector of the user's own, has no ``another``.
        """
        if lacking := [s.name for s in self.stages if not hasattr(s, "another")]:
            raise InputError(
                f"this {lacking[0]} is for one camera: it has no method another(), which gives one "
                f"for another camera; choose another, or one camera"
            )
        other = copy(self)
        other.stages = [stage.another() for stage in self.stages]
        *_, other.decision = other.stages
        return other

    def reset(self) -> None:
        """Forget everyone; ids stay used."""
        for stage in self.stages:
            stage.reset()

    def finish(self) -> tuple[Event, ...]:
        """Events of the actions still going on when the stream ended."""
        return self.decision.finish()

    def info(
        self,
        *,
        fps: float | None,
        source: str,
        layout: Skeleton | None = None,
        cameras: tuple[str, ...] = (),
    ) -> RunInfo:
        """What is known of a run with this chain; `layout` is that of poses a source brings."""
        detected = self.detector.layout or layout
        return RunInfo(
            width=None,
            height=None,
            fps=fps,
            detector_layout="" if detected is None else detected.name,
            lifter_layout=self.lifter.layout.name,
            labels=self.classifier.labels,
            background=self.classifier.background,
            source=source,
            cameras=cameras,
        )


def together(
    chains: Sequence[Chain], frames: Sequence[Frame], *, stages: slice = ALL
) -> list[Frame]:
    """A frame of each chain, `another` of each other, with the results of these stages.

    Nets are stepped for everybody in one batch; that time counts for each frame.
    """
    clock, frames = chains[0].clock, list(frames)
    spent_s = [dict(frame.spent_s) for frame in frames]
    start_s = clock()
    for same in zip(*(chain.stages[stages] for chain in chains), strict=True):
        first = same[0]
        if len(same) > 1 and isinstance(first, Batching):
            frames, before_s = first.together(same, frames), start_s
            start_s = clock()
            took_s = [start_s - before_s] * len(frames)
        else:
            took_s = []
            for i, stage in enumerate(same):
                frames[i], before_s = stage(frames[i]), start_s
                start_s = clock()
                took_s.append(start_s - before_s)
        for spent, seconds in zip(spent_s, took_s, strict=True):
            spent[first.name] = seconds
    return [
        frame.knowing(spent_s=spent, finished_s=start_s)
        for frame, spent in zip(frames, spent_s, strict=True)
    ]
