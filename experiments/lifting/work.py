"""Lifting input after input."""

import sys
from contextlib import closing
from functools import partial
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ...gast.errors import InputError
from ..engines.engine import Done, Engine, Job, Make, settled
from ..shards import shard_of
from .addresses import local
from .chain import Chain
from .file_lifter import FileLifter, Task
from .inputs import Input, find_inputs
from .ledger import content_key
from .outputs import output_of
from .results import FORMATS
from .side_by_side import SideBySideSink


class Work:
    """Lifts the inputs that are not finished; what can't be read is reported and skipped.

    Attributes:
        inputs: All there are, or those of the shard.
        finished: Names of those lifted now.
        failed: Names of those that could not be lifted.

    Raises:
        InputError: A setting is wrong or there is nothing to lift; in `run`, the output can't be
            written to, or the chain can't be made.
    """

    def __init__(self, cfg: DictConfig, bars: Progress) -> None:
        self.cfg, self.bars, self.output = cfg, bars, output_of(local(cfg.output))
        self.formats = _formats(cfg.formats)
        self.inputs, passed_over = find_inputs(local(cfg.input), output=self.output.place)
        if passed_over:
            self._print(f"{passed_over} keypoint files beside the videos are passed over")
        shard = shard_of(cfg.shard)
        if shard.count > 1:
            every = len(self.inputs)
            self.inputs = [one for one in self.inputs if shard.holds(one.name)]
            self._print(f"shard {shard}: {len(self.inputs)} of {every} inputs")
        self.chain = Chain(cfg)
        self.engine: Engine = instantiate(cfg.engine)
        self.finished: list[str] = []
        self.failed: list[str] = []
        self.ledger = self.output.ledger(shard)
        self._check_formats()
        keyed = [(one, self._key(one)) for one in self.inputs]
        self.todo = [
            (one, key) for one, key in keyed if not self.ledger.has(one.name, key, self.formats)
        ]

    def run(self) -> None:
        """Lift all inputs that are not finished."""
        if self.before:
            self._print(
                f"{self.before} of {len(self.inputs)} are finished and unchanged: left alone"
            )
        keys = {one.name: key for one, key in self.todo}
        files = self.bars.add_task("inputs", total=len(self.todo))
        results = self.engine.results(self._worker(), self._jobs(), self.bars)
        try:
            with closing(results):
                for done in results:
                    self._note(done, keys.pop(done.name))
                    self.bars.advance(files)
        finally:
            for name in keys:
                self.output.clear(name)

    def _worker(self) -> Make:
        return partial(
            FileLifter,
            cfg=settled(self.cfg),
            output=self.output,
            formats=self.formats,
            videos=any(one.is_video for one, _ in self.todo),
        )

    def _jobs(self) -> list[Job]:
        return [
            Job(one.name, Task(one, self.ledger.replaced(one.name, key, self.formats)))
            for one, key in self.todo
        ]

    def _note(self, done: Done, key: str) -> None:
        self._print(f"{done.name}: {done.said}")
        if done.failed:
            self.failed.append(done.name)
            return
        self.ledger.add(done.name, key, done.files)
        self.finished.append(done.name)

    @property
    def before(self) -> int:
        """How many inputs were finished before."""
        return len(self.inputs) - len(self.todo)

    def report(self) -> str:
        """Lifted, skipped and remaining inputs, and where the results are."""
        counts = [f"{len(self.finished)} of {len(self.inputs)} inputs lifted"]
        counts += [f"{self.before} finished before"] * bool(self.before)
        counts += [f"{len(self.failed)} skipped"] * bool(self.failed)
        left = len(self.todo) - len(self.finished) - len(self.failed)
        counts += [f"{left} left: the same command goes on with them"] * bool(left)
        return f"{', '.join(counts)}\nresults in {self.cfg.output} ({', '.join(self.formats)})"

    def _check_formats(self) -> None:
        """Raise now what would fail with the first lifting."""
        if "mp4" in self.formats:
            try:
                with self.output.making() as folder:
                    SideBySideSink(folder=str(folder), **self.cfg.mp4)
            except InputError as error:
                raise InputError(str(error).replace("sink.video.", "mp4.")) from error

    def _key(self, one: Input) -> str:
        return content_key({**self.chain.recipe(one), "mp4": OmegaConf.to_container(self.cfg.mp4)})

    def _print(self, line: str) -> None:
        print(line, flush=True)


def progress() -> Progress:
    """Bars over inputs and frames; none where the output is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TimeRemainingColumn(), transient=True, disable=not sys.stdout.isatty()
    )


def _formats(given: Any) -> list[str]:
    formats = [given] if isinstance(given, str) else list(given) if given else []
    wrong = [str(kind) for kind in formats if kind not in FORMATS]
    if wrong or not formats:
        raise InputError(
            f"formats={','.join(wrong) or 'nothing'}: choose some of {','.join(FORMATS)}, "
            f"as formats=[npz,mp4]"
        )
    return [kind for kind in FORMATS if kind in formats]
