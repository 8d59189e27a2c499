"""What the reports have in common: names, tables, and files written one after the other."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..gast.errors import InputError
from ..realtime.machine import machine, versions
from ..realtime.run_folder import run_folder, unwritable


def by_name(
    checkpoints: str | Sequence[str] | Mapping[str, str], *, kind: str = "net"
) -> dict[str, str]:
    """One checkpoint, a list, or a mapping, by name in the report; `InputError` if there's none.

    A name that is not given is the file's stem, or the path where stems are the same.
    """
    if not checkpoints:
        raise InputError(f"checkpoint=[] names no {kind}; give one or more")
    if isinstance(checkpoints, Mapping):
        return {str(name): str(path) for name, path in checkpoints.items()}
    paths = [checkpoints] if isinstance(checkpoints, str) else [str(path) for path in checkpoints]
    stems = [Path(path).stem if Path(path).suffix else path for path in paths]
    return {
        stem if stems.count(stem) == 1 else path: path
        for stem, path in zip(stems, paths, strict=True)
    }


def origin() -> dict[str, Any]:
    """When, on which machine and with which versions a report was made."""
    date = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"date": date, "machine": machine(), "versions": versions()}


def origin_line(content: Mapping[str, Any]) -> str:
    """The same as a line of text."""
    processor, torch = content["machine"]["processor"], content["versions"]["torch"]
    return f"{processor}, torch {torch}; {content['date'][:10]}"


def write_files(folder: Path, files: Callable[[Path], Iterable[tuple[str, str]]]) -> Path:
    """Write the names and texts that `files`, given the folder, yields; pictures it saves itself.

    Raises:
        InputError: The folder can't be written to.
    """
    folder = run_folder(str(folder))
    try:
        for name, text in files(folder):
            (folder / name).write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def to_json(content: Any) -> str:
    """Plain JSON, which has no NaN, with a line break at its end."""
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def pictures_part(pictures: Sequence[str], captions: Mapping[str, str]) -> list[str]:
    """The pictures of a page with their captions, by the first word of the file's name."""
    stems = [name.partition("_")[0].removesuffix(".png") for name in pictures]
    parts = [
        f"![{stem}]({name})\n\n{captions[stem]}" for stem, name in zip(stems, pictures, strict=True)
    ]
    return ["## Pictures", *parts] if parts else []


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Markdown, whose first column is text and whose others are numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(map(_cell, each))} |" for each in (head, rule, *lines))


def _cell(text: str) -> str:
    """Text on one line, without a character that ends a cell."""
    return re.sub(r"\s+", " ", text).replace("|", r"\|")


def number(value: float | None, decimals: int = 1) -> str:
    """Rounded; a dash where there is none."""
    return "-" if value is None else f"{value:.{decimals}f}"


def ratio(one: float | None, other: float | None) -> float | None:
    """`one` divided by `other`, to a thousandth; ``None`` without either, or by zero."""
    return round(one / other, 3) if one is not None and other else None
