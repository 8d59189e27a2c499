"""From a picture to labels: the stages of the live program, called as one."""

from collections.abc import Sequence

from ..gast.skeleton import Skeleton
from .clock import SYSTEM, Clock
from .packets import Event, Frame, RunInfo
from .stages.classifying import Classify
from .stages.deciding import Decide
from .stages.joints import Joints
from .stages.lifting import Lift
from .stages.stage import Detector, Stage
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
        self.stages: Sequence[Stage] = (detector, tracker, joints, lifter, classifier, decision)
        self.detector, self.lifter, self.classifier = detector, lifter, classifier
        self.decision, self.clock = decision, clock

    def __call__(self, frame: Frame) -> Frame:
        """The frame with the results of all stages, and the time that each took."""
        spent_s = {}
        start_s = self.clock()
        for stage in self.stages:
            frame = stage(frame)
            now_s = self.clock()
            spent_s[stage.name] = now_s - start_s
            start_s = now_s
        return frame.knowing(spent_s=spent_s, finished_s=start_s)

    def reset(self) -> None:
        """Forget everyone; ids stay used."""
        for stage in self.stages:
            stage.reset()

    def finish(self) -> tuple[Event, ...]:
        """Events of the actions still going on when the stream ended."""
        return self.decision.finish()

    def info(self, *, fps: float | None, source: str, layout: Skeleton | None = None) -> RunInfo:
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
        )
