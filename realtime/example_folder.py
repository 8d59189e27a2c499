"""Examples as a folder of recordings: ``gastlive-train-action data=folder data.path=...``."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..action.teaching.examples import Example
from .plain import numbers, seconds
from .run_folder import run_folder, unwritable

SUBJECT = "teacher"
"""Whoever shows examples counts as one person, so that no training tests on who taught it."""


def save_examples(
    folder: str | Path, takes: Sequence[Example], *, layout: str, background: str
) -> Path:
    """Write each take as a recording, and ``labels.csv`` with their stretches; returns the folder.

    Takes without a label are the background, called `background` there; `layout` is that of the
    joints. An InputError if the folder can't be written.
    """
    root = run_folder(str(folder))
    try:
        with (root / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("start", "end", "label", "file", "subject"))
            for name, take in _named(takes):
                _record(root / name, take, layout=layout)
                rows.writerow((*_seconds(take), take.label or background, name, SUBJECT))
    except OSError as error:
        raise unwritable(root, error) from error
    return root


def _named(takes: Sequence[Example]) -> Iterator[tuple[str, Example]]:
    for number, take in enumerate(takes, start=1):
        what = re.sub(r"[^\w-]+", "_", take.label or "anything_else")
        yield f"{number:02d}_{what}.jsonl", take


def _seconds(take: Example) -> tuple[float, float]:
    """Where the action is in its take; the background is everywhere."""
    if not take.label:
        return 0.0, seconds(len(take.xyz) / take.fps)
    found = take.found()
    return seconds(found.start / take.fps), seconds(found.stop / take.fps)


def _record(path: Path, take: Example, *, layout: str) -> None:
    header: dict[str, Any] = {
        "gastlive": 1, "kind": "frames", "fps": take.fps, "lifter_layout": layout, "labels": [],
    }  # fmt: skip
    lines = [header, *(_frame(i, xyz, take.fps) for i, xyz in enumerate(take.xyz))]
    text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def _frame(index: int, xyz: np.ndarray, fps: float) -> dict[str, Any]:
    people = [{"track": 1, "xyz": numbers(xyz, 4)}]
    return {"index": index, "time_s": seconds(index / fps), "people": people}
