"""What runs on the page: one run after another, as it is chosen there."""

import logging
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
from .parts import GROUPS, OWN, Maker, Parts, plain
from .shared import Shared

log = logging.getLogger(__name__)


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
        self.maker = Maker(cfg, self.server)
        self._wishes: SimpleQueue[tuple[Viewer, dict[str, str]] | None] = SimpleQueue()
        self._parts: Parts | None = None  # what runs, or runs next
        self._is_over = False
        self._last: Shared | None = None
        self._changed, self._lock = Event(), Lock()

    def run(self) -> None:
        """Until Ctrl-C."""
        self.page.open()
        making = Thread(target=self._make, name="desk", daemon=True)
        try:
            self._load()
            self.server.commands["choose"] = self._choose
            making.start()
            while not self._is_over and self._run_once() != "interrupted":
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

    def end(self) -> None:
        """End `run`, from another thread."""
        self._is_over = True
        if self._parts is not None:
            self._parts.source.end()
        self._changed.set()

    def _load(self) -> None:
        words = "loading detector, lifter and head"
        self.server.update(status={"is": "loading", "words": words})
        self._parts = self.maker.first()
        self.server.update(choices=self.maker.choices, chosen=self._parts.chosen)

    def _run_once(self) -> str:
        """Run what is chosen until it ends or something else is; returns how it ended."""
        with self._lock:
            self._changed.clear()
            parts = self._parts
        assert parts is not None
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
            sinks={"page": OneRun(self.page)},
            summary=Summary(folder=self.cfg.run_folder, config=plain(parts.config)),
        )
        try:
            ended = str(pipeline.run().get("ended"))
        except (InputError, OSError) as error:
            ended = "failed"
            if not self._changed.is_set():
                self.server.update(status={"is": "failed", "words": explained(error)})
        else:
            if not self._changed.is_set() and ended != "interrupted":
                self.server.update(status={"is": "ended", "words": ended})
        return ended

    def _choose(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """A viewer chooses; called in the server's thread."""
        wish = self.maker.check({what: message[what] for what in GROUPS if what in message})
        self._wishes.put((viewer, wish))

    def _make(self) -> None:
        while (wished := self._wishes.get()) is not None:
            viewer, wish = wished
            status = self.server.state["status"]
            try:
                self._change(viewer, wish)
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
