"""What is said of films, right and wrong: ``gastlive-evaluate films folder=... truth=...``."""

import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from ....conf.program import explained, program
from ....datasets.own.folder import VIDEOS
from ....gast.errors import InputError
from ....realtime.interrupts import Interrupts
from ....realtime.live import speak
from ....realtime.packets import Frame
from ...lifting.work import progress
from .truth import Truth, read_truth

if TYPE_CHECKING:
    from rich.progress import Progress

    from .chain import Chain
    from .lifted import Lifted

VERBATIM = ("folder", "truth", "lifter.checkpoint", "classifier.checkpoint", "hydra.run.dir")


@program("evaluate_films", verbatim=VERBATIM)
def main(cfg: DictConfig) -> None:
    """Run all films through the live program and write the report, also after Ctrl-C.

    An InputError at the end names the films that could not be read.
    """
    # Imported here, so that a machine on which OpenCV can't be loaded is told so in one line.
    from .chain import Chain
    from .report import content_of, write

    speak()
    folder, truths = given(cfg.folder, cfg.truth)
    if not isinstance(cfg.pictures, int) or cfg.pictures < 0:
        raise InputError(f"pictures={cfg.pictures}: give how many a strip has, or 0 for no strips")
    with progress() as bars:
        work = Work(Chain(cfg, folder=cfg.joints_folder), folder, Path(cfg.output), cfg, bars)
        with work.interrupts.heard():
            try:
                work.run(truths)
            finally:
                about = {
                    "command": shlex.join(["gastlive-evaluate", "films", *sys.argv[1:]]),
                    "labels": list(work.chain.classifier.labels),
                    "failed": work.failed,
                    "without_truth": without_truth(folder, truths),
                    "interrupted": work.interrupted,
                }
                print(write(content_of(work.films, about), folder=Path(cfg.output)))
                print(f"report in {Path(cfg.output) / 'films.md'}", flush=True)
    if work.interrupted:
        raise KeyboardInterrupt
    if work.failed:
        raise InputError(
            f"{len(work.failed)} of {len(truths)} films could not be read: {', '.join(work.failed)}"
        )


def given(folder: str, truth: str) -> tuple[Path, dict[str, Truth]]:
    """The folder of films, and what is done in each.

    `truth` is a path, or a name in that folder. An InputError if either can't be used.
    """
    films, path = Path(folder).expanduser(), Path(truth).expanduser()
    if not films.is_dir():
        raise InputError(f"folder={folder}: no such folder; give the one that holds the films")
    if not path.exists() and (films / path).exists():
        path = films / path
    return films, read_truth(path)


def without_truth(folder: Path, truths: Iterable[str]) -> list[str]:
    """Films in the folder, and in those below, of which nobody says what is done in them."""
    known = {(folder / name).resolve() for name in truths}
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in VIDEOS and path.resolve() not in known
    )


class Work:
    """Goes through films one by one; one that can't be read is named, and the others go on.

    Attributes:
        films: Figures of those that are done, by name.
        failed: Why the others could not be read.
        interrupted: Whether somebody pressed Ctrl-C.
    """

    def __init__(
        self, chain: "Chain", folder: Path, output: Path, cfg: DictConfig, bars: "Progress"
    ) -> None:
        self.chain, self.folder, self.output, self.bars = chain, folder, output, bars
        self._pictures: int = cfg.pictures
        self.interrupts, self.interrupted = Interrupts(), False
        self.films: dict[str, dict[str, Any]] = {}
        self.failed: dict[str, str] = {}

    def run(self, truths: Mapping[str, Truth]) -> None:
        """Evaluate every film; ends early, without an error, when Ctrl-C is pressed."""
        from .report import counted

        every = self.bars.add_task("films", total=len(truths))
        for name, truth in truths.items():
            try:
                lifted, about = self._joints(name)
                self.films[name] = self._film(name, truth, lifted) | about
                print(f"{name}: {counted(self.films[name]) or 'nothing said'}", flush=True)
            except KeyboardInterrupt:
                self.interrupted = True
                return
            except CannotRead as error:
                self.failed[name] = str(error)
                print(f"{name}: skipped: {error}", flush=True)
            self.bars.advance(every)

    def _joints(self, name: str) -> tuple["Lifted", dict[str, Any]]:
        """Everybody in a film, and how long it took to find them."""
        from .chain import film, keep, remembered

        started_s, path = monotonic(), self.folder / name
        if not path.is_file():
            raise CannotRead(f"no such file in {self.folder}; write its path as seen from there")
        try:
            file = self.chain.kept(path)
        except OSError as error:
            raise CannotRead(explained(error)) from error
        lifted = remembered(file)
        was_kept = lifted is not None
        if lifted is None:
            _ = self.chain.detector  # an error here concerns all films
            try:
                video = film(path)
                lifted = self.chain.lift(video, partial(self._watched, name, video.count))
            except (InputError, OSError) as error:
                raise CannotRead(explained(error)) from error
            keep(lifted, file)
        return lifted, {"joints_kept": was_kept, "joints_took_s": round(monotonic() - started_s, 2)}

    def _film(self, name: str, truth: Truth, lifted: "Lifted") -> dict[str, Any]:
        from .counting import false_events, figures

        started_s, head = monotonic(), self.chain.classifier
        known, unknown = truth.among(head.labels, background=head.background)
        heard = self.chain.hear(lifted, self.interrupts.between)
        found = figures(known, heard, lifted) | {"unknown": unknown}
        found["head_took_s"] = round(monotonic() - started_s, 2)
        if self._pictures and (wrong := false_events(found)):
            self._draw(name, wrong, heard, lifted)
        return found

    def _draw(self, name: str, wrong: list[dict[str, Any]], heard: Any, lifted: "Lifted") -> None:
        """A sheet for each of these events, whose name it then knows."""
        from .chain import film
        from .sheets import Sheet, draw, save

        sheets = [Sheet(event, lifted, pictures=self._pictures) for event in wrong]
        with film(self.folder / name) as video:
            draw(self.interrupts.between(video), sheets, heard, lifted)
        before = sum("sheet" in event for film in self.films.values() for event in film["events"])
        for number, (event, sheet) in enumerate(zip(wrong, sheets, strict=True), before + 1):
            stem = f"{number:03d}_{Path(name).stem}_{event['label']}"
            event["sheet"] = save(sheet.picture(name), self.output, stem)

    def _watched(self, name: str, count: int, frames: Iterable[Frame]) -> Iterator[Frame]:
        bar = self.bars.add_task(name, total=count if count > 0 else None)
        try:
            for frame in self.interrupts.between(frames):
                yield frame
                self.bars.advance(bar)
        finally:
            self.bars.remove_task(bar)


class CannotRead(InputError):
    """A film that can't be read; others may do."""


if __name__ == "__main__":
    main()
