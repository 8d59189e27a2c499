"""Going through films one by one."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from rich.progress import Progress

from ....conf.program import explained
from ....gast.errors import InputError
from ....realtime.interrupts import Interrupts
from ....realtime.packets import Frame
from .chain import Chain, Heard, film
from .counting import false_events, figures
from .lifted import Lifted, load, save
from .report import counted
from .sheets import Sheet, filled
from .sheets import save as save_sheet
from .truth import Truth


class Work:
    """Runs films through the chain; one that can't be read is named, and the others go on.

    Args:
        chain: For all films.
        folder: Which the films' names are seen from.
        output: Where contact sheets go.
        pictures: Of the strip of a false event; 0 draws none.
        bars: Show how far it is.

    Attributes:
        films: Figures of those that are done, by name: as of `counting.figures`, ``unknown``
            labels, and how long it took.
        failed: Why others could not be read, by name.
        interrupted: Whether somebody pressed Ctrl-C.

    Raises:
        InputError: `pictures` is no number of pictures.
    """

    def __init__(
        self, chain: Chain, *, folder: Path, output: Path, pictures: int, bars: Progress
    ) -> None:
        if not isinstance(pictures, int) or pictures < 0:
            raise InputError(f"pictures={pictures}: give how many a strip has, or 0 for no strips")
        self.chain, self.folder, self.output = chain, folder, output
        self.pictures, self._bars = pictures, bars
        self.interrupts, self.interrupted = Interrupts(), False
        self.films: dict[str, dict[str, Any]] = {}
        self.failed: dict[str, str] = {}

    def run(self, truths: Mapping[str, Truth]) -> None:
        """Evaluate every film; Ctrl-C ends it early, without an error.

        Raises:
            InputError: The detector can't be made, or results can't be written.
        """
        every = self._bars.add_task("films", total=len(truths))
        with self.interrupts.heard():
            for name, truth in truths.items():
                try:
                    print(f"{name}: {self._done(name, truth)}", flush=True)
                except KeyboardInterrupt:
                    self.interrupted = True
                    return
                self._bars.advance(every)

    def _done(self, name: str, truth: Truth) -> str:
        """Evaluate a film; returns what was said of it, or why it is skipped."""
        try:
            lifted, spent = self._joints(name)
        except _CannotRead as error:
            self.failed[name] = str(error)
            return f"skipped: {error}"
        self.films[name] = self._evaluated(name, truth, lifted) | spent
        return counted(self.films[name]) or "nothing said"

    def _joints(self, name: str) -> tuple[Lifted, dict[str, Any]]:
        """Everybody in a film, kept from before or found now, and how long that took."""
        started_s, path = monotonic(), self.folder / name
        if not path.is_file():
            raise _CannotRead(f"no such file; name films as seen from {self.folder}")
        try:
            kept = self.chain.kept(path)
        except OSError as error:
            raise _CannotRead(explained(error)) from error
        before = None if kept is None else load(kept)
        lifted = self._found(name) if before is None else before
        if before is None and kept is not None:
            save(lifted, kept)
        took_s = round(monotonic() - started_s, 2)
        return lifted, {"joints_kept": before is not None, "joints_took_s": took_s}

    def _found(self, name: str) -> Lifted:
        _ = self.chain.detector  # an error here concerns all films
        try:
            video = film(self.folder / name)
            return self.chain.lift(video, partial(self._watched, name, video.count))
        except (InputError, OSError) as error:
            raise _CannotRead(explained(error)) from error

    def _evaluated(self, name: str, truth: Truth, lifted: Lifted) -> dict[str, Any]:
        started_s, head = monotonic(), self.chain.classifier
        known, unknown = truth.among(head.labels, background=head.background)
        heard = self.chain.hear(lifted, self.interrupts.between)
        found = figures(known, heard, lifted) | {"unknown": unknown}
        found["head_took_s"] = round(monotonic() - started_s, 2)
        if self.pictures and (wrong := false_events(found)):
            self._draw(name, wrong, heard, lifted)
        return found

    def _draw(self, name: str, wrong: list[dict[str, Any]], heard: Heard, lifted: Lifted) -> None:
        """A contact sheet for each of these events, which then has its ``sheet``."""
        sheets = [Sheet(event, lifted, pictures=self.pictures) for event in wrong]
        before = sum(len(false_events(film)) for film in self.films.values())
        numbers = {id(event): number for number, event in enumerate(wrong, before + 1)}
        with film(self.folder / name) as video:
            for sheet in filled(sheets, self.interrupts.between(video), heard, lifted):
                event = sheet.event
                stem = f"{numbers[id(event)]:03d}_{Path(name).stem}_{event['label']}"
                event["sheet"] = save_sheet(sheet.picture(name), self.output, stem)

    def _watched(self, name: str, count: int, frames: Iterable[Frame]) -> Iterator[Frame]:
        bar = self._bars.add_task(name, total=count if count > 0 else None)
        try:
            for frame in self.interrupts.between(frames):
                yield frame
                self._bars.advance(bar)
        finally:
            self._bars.remove_task(bar)


class _CannotRead(Exception):
    """Of one film; the others may be read."""
