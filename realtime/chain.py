"""From a picture to labels: the stages of the live program, called as one."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from typing import Any, Self

from ..gast.skeleton import Skeleton
from .clock import SYSTEM, Clock
from .packets import Event, Frame, RunInfo
from .stages.classifying import Classify
from .stages.deciding import Decide
from .stages.joints import Joints
from .stages.lifting import Lift
from .stages.stage import Batching, Detector, Stage
from .stages.tracker import Tracker


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
        """One for another camera, which shares the nets; its people have other ids."""
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
    chains: Sequence[Chain], frames: Sequence[Frame], *, pool: ThreadPoolExecutor | None = None
) -> list[Frame]:
    """A frame of each chain, `another` of each other, with the results of all stages.

    Nets are stepped for everybody in one batch; that time counts for each frame. Detectors run in
    the pool's threads, if there is one.
    """
    clock, frames = chains[0].clock, list(frames)
    spent_s: list[dict[str, float]] = [{} for _ in frames]
    start_s = clock()
    for number, stages in enumerate(zip(*(chain.stages for chain in chains), strict=True)):
        first, is_several = stages[0], len(stages) > 1
        if is_several and number == 0 and pool is not None:
            done = list(pool.map(partial(_timed, clock), stages, frames))
            frames, start_s = [frame for frame, _ in done], clock()
            took_s = [seconds for _, seconds in done]
        elif is_several and isinstance(first, Batching):
            frames, before_s = first.together(stages, frames), start_s
            start_s = clock()
            took_s = [start_s - before_s] * len(frames)
        else:
            took_s = []
            for i, stage in enumerate(stages):
                frames[i], before_s = stage(frames[i]), start_s
                start_s = clock()
                took_s.append(start_s - before_s)
        for spent, seconds in zip(spent_s, took_s, strict=True):
            spent[first.name] = seconds
    return [
        frame.knowing(spent_s=spent, finished_s=start_s)
        for frame, spent in zip(frames, spent_s, strict=True)
    ]


def _timed(clock: Clock, stage: Stage, frame: Frame) -> tuple[Frame, float]:
    start_s = clock()
    return stage(frame), clock() - start_s
