"""Source, stages, sinks: the whole live program."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..gast.errors import InputError
from .classifying import Classify
from .clock import SYSTEM, Clock
from .deciding import Decide
from .joints import Joints
from .lifting import Lift
from .packets import Frame
from .sinks.run_info import RunInfo
from .sinks.window import WindowClosed
from .sources.source import Source
from .stages import Detector, Sink, Stage
from .summary import Summary
from .tracker import Tracker


class Pipeline:
    """Pushes every frame of a source through the stages into the sinks.

    Args:
        source: Yields frames.
        detector: Finds poses.
        tracker: Tells who is who.
        joints: Completes and smooths what the detector saw.
        lifter: Lifts it.
        classifier: Names it.
        decision: Lets actions begin and end.
        sinks: By name.
        summary: Counts.
        clock: Seconds, monotonic; a test hands in its own.
    """

    def __init__(
        self,
        *,
        source: Source,
        detector: Detector,
        tracker: Tracker,
        joints: Joints,
        lifter: Lift,
        classifier: Classify,
        decision: Decide,
        sinks: Mapping[str, Sink],
        summary: Summary,
        clock: Clock = SYSTEM,
    ) -> None:
        self.source, self.sinks, self.summary, self.clock = source, sinks, summary, clock
        self.stages: Sequence[Stage] = (detector, tracker, joints, lifter, classifier, decision)
        self.decision = decision
        layout = detector.layout or source.layout
        self.info = RunInfo(
            width=None,
            height=None,
            fps=source.fps,
            detector_layout="" if layout is None else layout.name,
            lifter_layout=lifter.layout.name,
            labels=classifier.labels,
            background=classifier.background,
            source=source.description,
        )

    def run(self) -> dict[str, Any]:
        """Until the source ends, the window is closed or Ctrl-C is pressed.

        Returns:
            What ``summary.json`` says.

        Raises:
            InputError: The source failed or a sink can't write; what had been recorded is kept,
                and the summary says why it ended.
        """
        ended = "source ended"
        try:
            with _terminated_like_interrupted():
                for sink in self.sinks.values():
                    sink.begin(self.info)
                for frame in self.source:
                    self._push(frame)
        except KeyboardInterrupt:
            ended = "interrupted"
        except WindowClosed:
            ended = "window closed"
        except (InputError, OSError) as error:
            ended = str(error)
            self._close(ended, failing=True)
            raise
        except BaseException as error:
            self._close(f"{type(error).__name__}: {error}", failing=True)
            raise
        return self._close(ended)

    def _push(self, frame: Frame) -> None:
        spent_s = {}
        start_s = self.clock()
        for stage in self.stages:
            frame = stage(frame)
            now_s = self.clock()
            spent_s[stage.name] = now_s - start_s
            start_s = now_s
        frame = frame.knowing(spent_s=spent_s)
        self.summary.add(frame, start_s - frame.captured_s)
        for sink in self.sinks.values():
            sink(frame)

    def _close(self, ended: str, *, failing: bool = False) -> dict[str, Any]:
        """Finish everything, whatever fails on the way; the first failure is raised at the end."""
        self.source.close()
        last = self.decision.finish()
        errors: list[Exception] = []
        for sink in self.sinks.values():
            try:
                sink.close(last)
            except (InputError, OSError) as error:
                errors.append(error)
        self.summary.add_events(last)
        for warning in self.source.warnings:
            self.summary.warn(warning)
        said = {name: sink.summary() for name, sink in self.sinks.items()}
        try:
            content = self.summary.write(ended, sinks=said)
        except (InputError, OSError) as error:
            errors.append(error)
        if errors and not failing:
            raise errors[0]
        return content if not errors else {}


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """A polite kill ends the run as Ctrl-C does."""

    def interrupt(number: int, at: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
