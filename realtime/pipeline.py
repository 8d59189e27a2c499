"""Source, stages, sinks: the whole live program."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from ..gast.errors import InputError
from .chain import Chain
from .clock import SYSTEM, Clock
from .interrupts import Interrupts
from .lanes import Lanes
from .packets import Frame
from .sinks.sink import Sink
from .sinks.window import WindowClosed
from .sources.many import Many
from .sources.source import Source
from .stages.classifying import Classify
from .stages.deciding import Decide
from .stages.joints import Joints
from .stages.lifting import Lift
from .stages.stage import Detector
from .stages.tracker import Tracker
from .summary import Summary


class Pipeline:
    """Pushes every frame of a source through the stages, in the order listed, to the sinks.

    Frames of several cameras (`Many`) go through them together, see `Lanes`. `clock` gives
    monotonic seconds.
    """

    def __init__(
        self,
        *,
        source: Source | Many,
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
        self.source, self.sinks, self.summary = source, sinks, summary
        self.chain = Chain(
            detector=detector, tracker=tracker, joints=joints, lifter=lifter,
            classifier=classifier, decision=decision, clock=clock,
        )  # fmt: skip
        self.interrupts = Interrupts(clock=clock)
        self.lanes = Lanes(self.chain, source) if isinstance(source, Many) else None
        self.info = self.chain.info(
            fps=source.fps, source=source.description, layout=source.layout,
            cameras=source.cameras if isinstance(source, Many) else (),
        )  # fmt: skip

    def run(self) -> dict[str, Any]:
        """Run until the source ends, the window is closed, or a signal comes (see `Interrupts`).

        The current frame still goes to all sinks. Returns the content of ``summary.json``.

        Raises:
            InputError: The source failed or a sink can't write; what was recorded is kept, and the
                summary says why it ended.
        """
        with self.interrupts.heard():
            ended, failure = self._run()
            content = self._close(ended, failing=failure is not None)
        if failure is not None:
            raise failure
        return content

    def _run(self) -> tuple[str, BaseException | None]:
        """Why it ended, and the error if it was one."""
        try:
            for sink in self.sinks.values():
                sink.begin(self.info)
            if self.lanes is None:
                for frame in self.interrupts.between(self.source):
                    self._push([self.chain(frame)])
            else:
                with closing(self.lanes.detected()) as rounds:
                    for pairs in self.interrupts.between(rounds):
                        self._push(self.lanes(pairs))
        except KeyboardInterrupt:
            return self.interrupts.said, None
        except WindowClosed:
            return "window closed", None
        except Exception as error:
            return _reason(error), error
        return "source ended", None

    def _push(self, frames: list[Frame]) -> None:
        self._hear_source()
        for frame in frames:
            self.summary.add(frame)
            for sink in self.sinks.values():
                sink(frame)

    def _hear_source(self) -> None:
        self.summary.damaged = self.source.damaged
        if isinstance(self.source, Many):
            self.summary.cameras = self.source.figures()
        for warning in self.source.warnings:
            self.summary.warn(warning)

    def _close(self, ended: str, *, failing: bool = False) -> dict[str, Any]:
        """Finish everything, whatever fails on the way; the first failure is raised at the end."""
        last = self.chain.finish() if self.lanes is None else self.lanes.finish()
        errors: list[Exception] = []
        for sink in self.sinks.values():
            try:
                sink.close(last)
            except WindowClosed:
                pass  # everything is being closed
            except Exception as error:  # also one of the last frames', from a sink's own thread
                errors.append(error)
        if errors and not failing:
            ended = _reason(errors[0])
        self.summary.add_events(last)
        self._hear_source()
        summaries = {name: sink.summary() for name, sink in self.sinks.items()}
        try:
            content = self.summary.write(ended, sinks=summaries)
        except (InputError, OSError) as error:
            errors.append(error)
        self.source.close()  # last: a stuck driver may take its time
        if errors and not failing:
            raise errors[0]
        return content if not errors else {}


def _reason(error: Exception) -> str:
    """How the summary says that it ended with an error."""
    if isinstance(error, InputError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error}"
