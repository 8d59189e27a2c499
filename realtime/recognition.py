"""The chain inside somebody else's program: frames in, results out, nothing global touched."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from ..gast.errors import InputError
from ..gast.skeleton import Skeleton, named
from .packets import Event, Frame, Person, RunInfo
from .results import DetectedJoints, FinishedAction, FrameResult, PersonResult

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from .pictures.annotator import Annotator

MISSED = 100
"""Events that are kept for the timeline of the next picture that is drawn."""


class Recognition:
    """The stages that a config of ``chain.yaml`` describes, and the results of one stream.

    Torch computes with `cfg.threads` threads during a call and with the caller's after it.

    Raises:
        InputError: A part can't be made as the config says.
    """

    def __init__(self, cfg: "DictConfig") -> None:
        # Imported here, so that torch and OpenCV come with the first use only.
        from .chain import Chain
        from .live import stages

        self._threads = cfg.threads
        with threads_kept(), in_one_line():
            self._chain = Chain(**stages(cfg))
        head = self._chain.classifier
        self.labels, self.background = head.labels, head.background
        self.begin()

    def begin(
        self, *, fps: float | None = None, source: str = "", layout: Skeleton | None = None
    ) -> None:
        """Begin a stream; arguments are those of `Chain.info`."""
        self._chain.reset()
        self._results = Results(self._chain.info(fps=fps, source=source, layout=layout))

    def __call__(self, frame: Frame, *, is_last: bool = False) -> FrameResult:
        """The result of the stream's next frame; in the last one all actions have finished."""
        with threads_kept(self._threads):
            frame = self._chain(frame)
        if is_last:
            frame = frame.knowing(events=(*frame.events, *self._chain.finish()))
        return self._results(frame)

    def finish(self) -> tuple[FinishedAction, ...]:
        """The actions still going on, as finished at the last frame."""
        return tuple(finished(event) for event in self._chain.finish())


class Results:
    """Makes the results of one stream's frames, and draws them with what went before."""

    def __init__(self, info: RunInfo) -> None:
        self.info, self.joints = info, named(info.lifter_layout).joints
        self._annotator: Annotator | None = None
        self._missed: deque[Event] = deque(maxlen=MISSED)

    def __call__(self, frame: Frame) -> FrameResult:
        """The result of a frame that went through all stages."""
        self._missed.extend(frame.events)
        finished_s = frame.captured_s if frame.finished_s is None else frame.finished_s
        return FrameResult(
            index=frame.index,
            time_s=frame.time_s,
            width=frame.width,
            height=frame.height,
            image=frame.image,
            people=tuple(self._person(track, p) for track, p in sorted(frame.people.items())),
            events=tuple(finished(event) for event in frame.events),
            dropped=frame.dropped,
            age_s=finished_s - frame.captured_s,
            joints=self.joints,
            labels=self.info.labels,
            _frame=frame,
            _draw=self.draw,
        )

    def draw(self, frame: Frame) -> np.ndarray:
        """The annotated picture; the timeline also has the events of frames not drawn."""
        from .pictures.annotator import Annotator

        if self._annotator is None:
            self._annotator = Annotator(self.info)
        events = tuple(self._missed)
        self._missed.clear()
        return self._annotator(frame.knowing(events=events)).copy()

    def _person(self, track: int, person: Person) -> PersonResult:
        pose, action, odds, j = person.pose, person.action, person.probabilities, len(self.joints)
        xy = np.full((j, 2), np.nan, np.float32) if person.xy is None else person.xy
        visible = np.zeros(j, bool) if person.visible is None else person.visible
        return PersonResult(
            id=track,
            score=pose.score,
            box=_box(xy[visible] if visible.any() else pose.xy),
            joints=self.joints,
            xy=xy,
            visible=visible,
            xyz=np.full((j, 3), np.nan, np.float32) if person.xyz is None else person.xyz,
            action=None if action is None else action.label,
            confidence=np.nan if action is None else float(action.confidence),
            start_s=np.nan if action is None else action.start_s,
            probabilities={}
            if odds is None
            else dict(zip(self.info.labels, odds.tolist(), strict=True)),
            detected=DetectedJoints(pose.layout.joints, pose.xy, pose.confidence),
        )


def finished(event: Event) -> FinishedAction:
    """The event as users see it."""
    return FinishedAction(
        event.track, event.label, event.start_s, event.end_s, float(event.confidence), event.zone
    )


def _box(xy: np.ndarray) -> np.ndarray:
    """(4,) around the points (n, 2) that are finite; NaN if none is."""
    there = xy[np.isfinite(xy).all(-1)]
    if not len(there):
        return np.full(4, np.nan, np.float32)
    return np.concatenate([there.min(0), there.max(0)]).astype(np.float32)


@contextmanager
def threads_kept(count: int | None = None) -> Iterator[None]:
    """Torch's number of threads, `count` meanwhile if given, is afterwards what it was before."""
    import torch

    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def in_one_line() -> Iterator[None]:
    """What a config can cause is an InputError of one line."""
    from hydra.errors import InstantiationException
    from omegaconf.errors import OmegaConfBaseException

    from ..conf.program import explained

    try:
        yield
    except (InstantiationException, OmegaConfBaseException) as error:
        raise InputError(explained(error)) from error
