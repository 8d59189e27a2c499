"""What runs on the page: one run after another, as it is chosen there."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from ...conf.program import explained
from ...gast.errors import InputError
from ...realtime.page.camera import BrowserCamera
from ...realtime.page.sink import OneRun, PageSink
from ...realtime.page.viewers import Viewer
from ...realtime.pipeline import Pipeline
from ...realtime.summary import Summary
from .bvh import BvhSink
from .lesson import Lesson
from .parts import GROUPS, OWN, Maker, Parts, plain
from .shared import Shared
from .taught import TaughtHeads

log = logging.getLogger(__name__)

Wish = tuple[Viewer, Callable[[], None]]
"""Who wishes for something, and what has to be done; an error is told to them."""


class Desk:
    """Serves the page and runs what is chosen on it.

    Of a new lifter or head the next frame knows, with the same people; it is made while the old one
    runs. What can't be made is told to who chose it, and the old goes on.

    Raises:
        InputError: In `run`: the page can't be served, or what the command line chose can't run.
    """

    def __init__(self, cfg: DictConfig) -> None:
        if not isinstance(cfg.threads, int) or cfg.threads < 1:
            raise InputError(f"threads={cfg.threads} is no number of CPU threads; give 1 or more")
        torch.set_num_threads(cfg.threads)
        self.cfg = cfg
        self.page: PageSink = instantiate(cfg.page)
        self.server = self.page.server
        self.taught = TaughtHeads(str(Path(cfg.run_folder) / "taught"))
        self.maker = Maker(cfg, self.server, self.taught)
        self.server.file = self._file
        self.lesson: Lesson | None = None
        self._wishes: SimpleQueue[Wish | None] = SimpleQueue()
        self._parts: Parts | None = None  # what runs, or runs next
        self._is_over = False
        self._last: Shared | None = None
        self._changed, self._lock = Event(), Lock()

    def run(self) -> None:
        """Until Ctrl-C."""
        self.page.open()
        making = Thread(target=self._make, name="desk", daemon=True)
        try:
            self.lesson = Lesson(self.server, fps=self._load().classifier.card.fps)
            self.server.commands.update(
                choose=self._choose,
                teach=self._asked(self._teach),
                export=self._asked(self._export),
            )
            making.start()
            while not self._is_over and not self._run_once().startswith("interrupted"):
                if not self._is_over:
                    self._changed.wait()
        except KeyboardInterrupt:
            pass
        finally:
            self._wishes.put(None)
            if self._parts is not None:
                self._parts.source.end()
            self.page.close()
            if self.page.recorder.files:
                print(f"recordings in {self.page.recorder.folder}", flush=True)
            if self.taught.files:
                print(f"what was taught is in {self.taught.folder}", flush=True)

    def end(self) -> None:
        """End `run`, from another thread."""
        self._is_over = True
        if self._parts is not None:
            self._parts.source.end()
        self._changed.set()

    def _load(self) -> Parts:
        words = "loading detector, lifter and head"
        self.server.update(status={"is": "loading", "words": words})
        self._parts = self.maker.first()
        self.server.update(choices=self.maker.choices, chosen=self._parts.chosen, taught=[])
        return self._parts

    def _run_once(self) -> str:
        """Run what is chosen until it ends or something else is; returns how it ended."""
        with self._lock:
            self._changed.clear()
            parts = self._parts
        assert parts is not None
        assert self.lesson is not None
        if parts.source is not self._last:
            self._last = parts.source
            for stage in parts.stages.values():
                stage.reset()  # nothing of another source's people
        self.page.recorder.more = (
            lambda folder: BvhSink(
                folder, lifter=parts.lifter, field_of_view_deg=self.cfg.field_of_view_deg
            ),
        )
        pipeline = Pipeline(
            source=parts.source,
            **parts.stages,
            sinks={"page": OneRun(self.page), "lesson": self.lesson},
            summary=Summary(folder=self.cfg.run_folder, config=plain(parts.config)),
        )
        try:
            ended = str(pipeline.run().get("ended"))
        except (InputError, OSError) as error:
            ended = "failed"
            if not self._changed.is_set():
                self.server.update(status={"is": "failed", "words": explained(error)})
        else:
            if not self._changed.is_set() and not ended.startswith("interrupted"):
                self.server.update(status={"is": "ended", "words": ended})
        return ended

    def _choose(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """A viewer chooses; called in the server's thread."""
        wish = self.maker.check({what: message[what] for what in GROUPS if what in message})
        self._wishes.put((viewer, partial(self._change, viewer, wish)))

    def _asked(self, what: Callable[[Viewer], None]) -> Callable[[Viewer, dict[str, Any]], None]:
        """A command that takes its time."""
        return lambda viewer, message: self._wishes.put((viewer, partial(what, viewer)))

    def _file(self, name: str) -> Path | None:
        return self.page.recorder.files.get(name) or self.taught.files.get(name)

    def _make(self) -> None:
        while (wished := self._wishes.get()) is not None:
            viewer, do = wished
            status = self.server.state["status"]
            try:
                do()
            except Exception as error:  # also of a library: the run goes on
                self._refuse(viewer, error)
                self.server.update(status=status)

    def _refuse(self, viewer: Viewer, error: Exception) -> None:
        if not isinstance(error, InputError | OSError):
            log.warning("what was chosen on the page failed", exc_info=error)
        self.server.tell(viewer, {"kind": "refused", "words": explained(error)})

    def _change(self, viewer: Viewer, wish: dict[str, str]) -> None:
        before = self._parts
        assert before is not None
        source = before.source.source
        if isinstance(source, BrowserCamera) and wish == {"source": source.name}:
            source.grant(viewer)  # from another page, or this one after a lost connection
            return
        names = ", ".join(wish.values())
        self.server.update(status={"is": "loading", "words": f"loading {names}"})
        parts = self.maker.changed(before, wish)
        with self._lock:
            self._parts = parts
            self._changed.set()
        if parts.source is before.source:
            before.source.turn()
        else:
            before.source.end()
        if wish.get("source") in OWN and isinstance(parts.source.source, BrowserCamera):
            parts.source.source.grant(viewer)
        self.server.update(chosen=parts.chosen)

    @property
    def _running(self) -> tuple[Parts, Lesson]:
        assert self._parts is not None
        assert self.lesson is not None
        return self._parts, self.lesson

    def _teach(self, viewer: Viewer) -> None:
        """Teach what was shown, beside the names of the head that runs or was taught on."""
        parts, lesson = self._running
        kept = lesson.kept
        before = self.taught.heads.get(parts.chosen["head"])
        base = before.base if before else parts.chosen["head"]
        self.server.update(status={"is": "loading", "words": "teaching"})
        head = self.taught.teach(
            kept, base=base, checkpoint=self.maker.checkpoint(base),
            lifter=str(parts.config.lifter.checkpoint), layout=parts.lifter.layout.name,
        )  # fmt: skip
        self.server.update(choices=self.maker.choices, taught=self.taught.told())
        lesson.judge([each for each in kept if each.take.label], head.judged)
        self._change(viewer, {"head": head.name})

    def _export(self, viewer: Viewer) -> None:
        """Write what was shown, for the viewer to download."""
        parts, lesson = self._running
        name = self.taught.export(
            lesson.kept, layout=parts.lifter.layout.name, background=parts.classifier.background
        )
        self.server.tell(viewer, {"kind": "exported", "name": name})
