"""Lifting one file to all that is written of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from rich.progress import Progress

from ...conf.program import explained
from ...gast.errors import InputError
from ...gast.limits import BROKEN, broken
from ...realtime.sources.keypoints import Keypoints
from ...realtime.sources.video import Video
from ..engines.engine import Done, Job
from .chain import Chain
from .inputs import Input
from .outputs import Output
from .results import CannotWrite, Results


@dataclass(frozen=True)
class Task:
    """An input to lift, and the files of an earlier lifting that are replaced."""

    input: Input
    before: Collection[str]


class FileLifter:
    """Holds detector and lifter, and lifts one input after another.

    Args:
        bars: Show how far it is.
        cfg: The program's.
        output: Where the results go.
        formats: See `Results`.
        videos: Whether a detector is needed.

    Raises:
        InputError: The chain can't be made; in a call, the output can't be written to.
    """

    def __init__(
        self,
        bars: Progress,
        *,
        cfg: DictConfig,
        output: Output,
        formats: Sequence[str],
        videos: bool,
    ) -> None:
        self.bars, self.cfg, self.output, self.formats = bars, cfg, output, formats
        self.chain = Chain(cfg)
        _ = self.chain.lifter  # an error here concerns all inputs
        if videos:
            _ = self.chain.detector

    def __call__(self, job: Job) -> Done:
        """Lift one; what is wrong with it is said in the result."""
        one: Input = job.task.input
        here = None
        try:
            with one.here() as here, self.output.making() as folder:
                return self._lift(job.task, here, folder)
        except CannotWrite:
            raise
        except BROKEN as error:
            if _is_interrupt(error):
                raise KeyboardInterrupt from error
            known = isinstance(error, InputError | OSError)
            said = explained(error) if known else broken(error)
            said = said.replace(str(here), one.place) if here else said
            return Done(job.name, f"skipped: {said}", failed=True)

    def _lift(self, task: Task, here: Path, folder: Path) -> Done:
        one = task.input
        source = self.chain.source(one, here)
        description = source.description.replace(str(here), one.place)
        results = Results(
            folder,
            one.name,
            formats=self.formats,
            info=self.chain.info(source, description),
            layout=self.chain.lifter.layout,
            locate=self.chain.locate,
            mp4=dict(self.cfg.mp4),
        )
        bar = self.bars.add_task(one.name, total=_length(source))
        try:
            for frame in self.chain.frames(source):
                results(frame)
                self.bars.advance(bar)
            if not results.frames:
                raise InputError(f"{description} holds no frame")
            files = results.finish(
                source=one.place,
                label=one.label,
                lifter=self.cfg.lifter.checkpoint,
                detector=self.cfg.detector._target_.rpartition(".")[2] if one.is_video else "",
                before=task.before,
            )
            self.output.take(folder, one.name, files, task.before)
        finally:
            results.discard()
            self.bars.remove_task(bar)
        people = len(results.people)
        who = f"{people or 'no'} {'person' if people == 1 else 'people'}"
        return Done(one.name, f"{results.frames} frames, {who}", files=files)


def _length(source: Video | Keypoints) -> int | None:
    return source.count if isinstance(source, Video) and source.count > 0 else None


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C came while a library was at work, which made an error of its own of it."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or "KeyboardInterrupt" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
