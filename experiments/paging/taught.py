"""Heads that were taught on the page, and the takes they were taught with, as files."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...action.checkpoint import load_head
from ...action.deployed import HEADS
from ...action.teaching.background import load_background
from ...action.teaching.teach import Judged, teach
from ...gast.errors import InputError
from ...gast.shipped import LIFTERS, digest, find
from ...realtime.example_folder import save_examples
from ...realtime.run_folder import run_folder
from .lesson import Kept


@dataclass(frozen=True)
class TaughtHead:
    """A head's file, how it is called on the page, and which of its choices it was taught on.

    `words` say how it went, for the page.
    """

    name: str
    title: str
    base: str
    path: Path
    judged: tuple[Judged, ...]
    words: str


class TaughtHeads:
    """Teaches heads and keeps them in a folder.

    Attributes:
        heads: By name.
        files: Path of each file that may be downloaded, by its name.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.heads: dict[str, TaughtHead] = {}
        self.files: dict[str, Path] = {}
        self._exports = 0

    def teach(
        self, kept: Sequence[Kept], *, base: str, checkpoint: str, lifter: str, layout: str
    ) -> TaughtHead:
        """A head that says the takes' names beside those of `checkpoint`, which is `base` there.

        `lifter` made the takes' joints. An InputError if it can't be taught.
        """
        begun_s = time.perf_counter()
        known, card = load_head(find(checkpoint, folder=HEADS, kind="head"), layout=layout)
        examples = [each.take for each in kept if each.take.label]
        taught = teach(
            examples, known, card, background=load_background(), keep=True,
            others=[each.take.xyz for each in kept if not each.take.label],
        )  # fmt: skip
        number = len(self.heads) + 1
        path = run_folder(str(self.folder)) / f"taught_{number}.safetensors"
        made = find(lifter, folder=LIFTERS, kind="lifter")
        training = {"start": Path(checkpoint).stem, "source": "the page"}
        taught.save(path, lifter=(made.stem, digest(made)), training=training, half=True)
        names = ", ".join(dict.fromkeys(example.label for example in examples))
        gone = f"; no longer {', '.join(taught.replaced)}" if taught.replaced else ""
        words = f"taught in {time.perf_counter() - begun_s:.1f} s: says {names}{gone}"
        head = TaughtHead(
            f"taught {number}", f"taught {number}: {names}", base, path, taught.examples, words
        )
        self.heads[head.name], self.files[path.name] = head, path
        return head

    def export(self, kept: Sequence[Kept], *, layout: str, background: str) -> str:
        """Write the takes as a folder and as a zip of it; returns the zip's name.

        An InputError if there is none, or it can't be written.
        """
        if not kept:
            raise InputError("no take to keep")
        self._exports += 1
        folder = self.folder / f"examples_{self._exports}"
        save_examples(folder, [each.take for each in kept], layout=layout, background=background)
        path = Path(shutil.make_archive(str(folder), "zip", self.folder, folder.name))
        self.files[path.name] = path
        return path.name

    def told(self) -> list[dict[str, Any]]:
        """What the page shows of them, newest first."""
        return [
            {"name": head.name, "title": head.title, "file": head.path.name, "words": head.words}
            for head in reversed(self.heads.values())
        ]
