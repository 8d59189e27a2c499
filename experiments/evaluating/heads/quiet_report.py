"""``report.json`` of what is said of quiet people, and ``report.md`` with the main figures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...reporting import number, origin, origin_line, table, to_json, write_files
from .quiet_counting import KINDS

_EXPLAINED = (
    "False: every event but that somebody walks, or jogs, who walks. The motion of people whom no "
    "training has seen, standing, sitting, walking, is put together, filmed by virtual cameras and "
    "goes through the measured noise of the detector, completion, smoothing, lifter, head and "
    "decision; who talks moves the forearms at random, which nobody captured. Appear: the first "
    "second of a person. Faults: the second after the track jumps to somebody else, or back, or "
    "nobody was found for a while. An event belongs to what went on when it began."
)


def write(heads: Mapping[str, Any], about: Mapping[str, Any], *, folder: Path) -> str:
    """Write the report; returns its first table, for the terminal.

    Args:
        heads: Figures of each, see `counted`.
        about: ``command``, ``seed``, ``data`` and ``lifter``.
        folder: Made if it is not there; an InputError if it can't be written to.
    """
    content = {**about, **origin(), "heads": dict(heads)}

    def files(folder: Path) -> Iterator[tuple[str, str]]:
        yield "report.json", to_json(content)
        yield "report.md", "\n\n".join(page(content))

    write_files(folder, files)
    return main_table(heads)


def page(content: Mapping[str, Any]) -> Iterator[str]:
    """The whole page, part by part."""
    heads = content["heads"]
    first = next(iter(heads.values()))
    yield "# What is said of people who do nothing that has a name"
    yield f"```\n{content['command']}\n```"
    yield "\n".join(
        f"- {line}"
        for line in (
            *content["data"], f"joints: lifted by {content['lifter'] or 'nothing, the true ones'}",
            f"{first['hours']:.2f} hours, {first['streams']} streams", origin_line(content),
        )
    )  # fmt: skip
    yield main_table(heads)
    yield _EXPLAINED
    yield "## False events an hour, by situation"
    yield table(
        ["head", *(f"{kind}, {first['by_situation'][kind]['hours']:.2f} h" for kind in KINDS)],
        (
            [name, *(number(found["by_situation"][kind]["false_per_hour"]) for kind in KINDS)]
            for name, found in heads.items()
        ),
    )
    yield "## False events, by label"
    said = dict.fromkeys(label for found in heads.values() for label in found["by_label"])
    yield table(
        ["label", *heads],
        (
            [label, *(str(found["by_label"].get(label, {"false": 0})["false"])
                      for found in heads.values())]
            for label in said
        ),
    ) if said else "None."  # fmt: skip


def main_table(heads: Mapping[str, Any]) -> str:
    """A line a head."""
    return table(
        ["head", "hours", "false events", "false an hour", "false, s", "allowed"],
        (
            [
                name, number(found["hours"], 2), str(found["false"]),
                number(found["false_per_hour"]), number(found["false_s"]), str(found["allowed"]),
            ]
            for name, found in heads.items()
        ),
    )  # fmt: skip
