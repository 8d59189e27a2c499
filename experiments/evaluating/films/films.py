"""What is said of films, right and wrong: ``gastlive-evaluate films folder=... truth=...``."""

import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from ....conf.program import program
from ....datasets.own.folder import VIDEOS
from ....gast.errors import InputError
from ....realtime.live import speak
from ...lifting.work import progress
from .truth import Truth, read_truth

if TYPE_CHECKING:
    from .work import Work

VERBATIM = ("folder", "truth", "lifter.checkpoint", "classifier.checkpoint", "hydra.run.dir")
CHAIN = ("detector", "tracker", "joints", "lifter", "classifier", "decision")


@program("evaluate_films", verbatim=VERBATIM)
def main(cfg: DictConfig) -> None:
    """Run all films through the live program and write the report, also after Ctrl-C.

    An InputError at the end names the films that could not be read.
    """
    # Imported here, so that a machine on which OpenCV can't be loaded is told so in one line.
    from .chain import Chain
    from .work import Work

    speak()
    folder, truths = given(cfg.folder, cfg.truth)
    with progress() as bars:
        chain = Chain(cfg, folder=cfg.joints_folder)
        output = Path(cfg.output)
        work = Work(chain, folder=folder, output=output, pictures=cfg.pictures, bars=bars)
        try:
            work.run(truths)
        finally:
            if work.films or work.failed:
                report(work, cfg, without_truth(folder, truths))
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


def report(work: "Work", cfg: DictConfig, others: list[str]) -> None:
    """Write the report of what is done so far, and print its first lines."""
    from .chain import plain
    from .report import content_of, write

    # The program has put quotes around paths for Hydra, which nobody typed.
    words = [re.sub(r"^([\w.]+)='([^'\\]*)'$", r"\1=\2", word) for word in sys.argv[1:]]
    about = {
        "command": shlex.join(["gastlive-evaluate", "films", *words]),
        "config": {part: plain(cfg[part]) for part in CHAIN},
        "labels": list(work.chain.classifier.labels),
        "failed": work.failed,
        "without_truth": others,
        "interrupted": work.interrupted,
    }
    print(write(content_of(work.films, about), folder=work.output))
    print(f"report in {work.output / 'films.md'}", flush=True)


if __name__ == "__main__":
    main()
