"""``ladder.json`` with all figures, ``ladder.md`` with tables of the rungs and of what is lost."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...reporting import (
    number,
    origin,
    origin_line,
    pictures_part,
    table,
    to_json,
    write_files,
)
from .pictures import CAPTIONS, draw

HEADINGS = {
    "mpjpe_mm": "MPJPE",
    "p_mpjpe_mm": "P-MPJPE",
    "made_p_mpjpe_mm": "P-MPJPE, middle as live",
    "acceleration_error_mm": "acceleration",
    "depth_error_mm": "depth",
    "plane_error_mm": "picture plane",
}
SHARES = {
    "head_frame_accuracy": "frames right, head",
    "decision_frame_accuracy": "frames right, decision",
    "event_f1": "event F1",
}
_EXPLAINED = (
    "Each rung adds one thing. Truth: the true joints, the middle line computed from shoulders and "
    "hips as live, go into the head. Exact 2-D: exact joints go into the lifter (of renders the "
    "joints of a perfect detector, completed and smoothed as live). Simulated noise: the same with "
    "the noise that lifters are trained on. Detector: pictures through the live program.\n\n"
    "Errors in mm (acceleration: mm per frame squared), relative to the root, means over frames "
    "in which somebody was lifted; P-: after the best rotation, translation and scale of each "
    "frame; of renders against the joints of the rig, as in gastlive-evaluate recording. Middle "
    "as live: against hip, spine and thorax computed from shoulders and hips, which is what "
    "lifters learn. Depth and picture plane: parts of MPJPE along and across the line of sight. "
    "Wrists: root mean square distance of the lifter's input from the exact place, in lengths of "
    "the torso in the picture. Frames right: in %, before and after the decision; a frame without "
    "an answer is wrong. Events: what was decided, at 50 % overlap. Motion-capture clips of "
    "held-out people begin with the action and are classified one by one, from the first frame on."
)


def write(results: Sequence[Mapping[str, Any]], about: Mapping[str, Any], *, folder: Path) -> str:
    """Write the report; returns its main tables, for the terminal.

    Args:
        results: Of all lifters: ``name``, ``checkpoint`` and ``grounds`` as of `climbed`.
        about: ``command``, the choices and ``data``.
        folder: Made if it is not there; an InputError if it can't be written to.
    """
    content = {**about, **origin(), "lifters": [with_losses(each) for each in results]}

    def files(folder: Path) -> Iterator[tuple[str, str]]:
        yield "ladder.json", to_json(content)
        pictures = draw(content["lifters"], folder=folder)
        yield "ladder.md", "\n\n".join(page(content, pictures))

    write_files(folder, files)
    return "\n\n".join(_main(content))


def with_losses(result: Mapping[str, Any]) -> dict[str, Any]:
    """A lifter's result with ``lost``: by ground and pair of rungs, later minus earlier figures."""
    lost = {name: dict(_losses(rungs)) for name, rungs in result["grounds"].items()}
    return {**result, "lost": lost}


def _losses(rungs: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float | None]]]:
    there = [(rung, found) for rung, found in rungs.items() if isinstance(found, Mapping)]
    for (above, before), (below, after) in pairwise(there):
        yield (
            f"{above} -> {below}",
            {
                key: None
                if None in (before[key], after[key])
                else round(after[key] - before[key], 4)
                for key in (*HEADINGS, *SHARES)
            },
        )


def page(content: Mapping[str, Any], pictures: Sequence[str]) -> Iterator[str]:
    """The whole page, part by part."""
    yield "# The ladder: where quality is lost"
    yield f"```\n{content['command']}\n```"
    parts = ("classifier", "detector", "noise", "smoothing")
    lines = [
        *content["data"],
        ", ".join(f"{part} {content[part]}" for part in parts),
        origin_line(content),
    ]
    yield "\n".join(f"- {line}" for line in lines)
    yield from _main(content)
    yield _EXPLAINED
    for ground in content["lifters"][0]["grounds"]:
        yield from _details(content["lifters"], ground)
    yield from pictures_part(pictures, CAPTIONS)


def _main(content: Mapping[str, Any]) -> Iterator[str]:
    """For each ground, the rungs and what is lost between them."""
    lifters = content["lifters"]
    for ground, rungs in lifters[0]["grounds"].items():
        frames = max(found["frames"] for found in rungs.values() if isinstance(found, Mapping))
        yield f"## {ground[:1].upper()}{ground[1:]}, up to {frames} frames a rung"
        head = ["rung", "frames with joints", *HEADINGS.values(), "wrists", *SHARES.values()]
        yield table(head, [line for each in lifters for line in _rung_lines(each, ground)])
        yield f"### Lost between rungs, {ground}"
        head = ["", *HEADINGS.values(), *SHARES.values()]
        yield table(head, [line for each in lifters for line in _lost_lines(each, ground)])


def _rung_lines(each: Mapping[str, Any], ground: str) -> Iterator[list[str]]:
    for rung, found in each["grounds"][ground].items():
        name = f"{each['name']}: {rung}"
        if not isinstance(found, Mapping):
            yield [f"{name} ({found})", *["-"] * (len(HEADINGS) + len(SHARES) + 2)]
            continue
        yield [
            name,
            f"{100 * found['frames_answered'] / found['frames']:.1f} %",
            *(number(found[key]) for key in HEADINGS),
            number(found["wrists_rms_torso"], 3),
            *_shares(found),
        ]


def _shares(found: Mapping[str, Any]) -> Iterator[str]:
    """Frames in percent, events as a share."""
    for key in SHARES:
        percent = key != "event_f1" and found[key] is not None
        yield number(100 * found[key]) if percent else number(found[key], 2)


def _lost_lines(each: Mapping[str, Any], ground: str) -> Iterator[list[str]]:
    for pair, lost in each["lost"][ground].items():
        yield [
            f"{each['name']}: {pair}",
            *(_signed(lost[key], 1) for key in HEADINGS),
            *(_signed(lost[key], 2 if key == "event_f1" else 1, percent=key != "event_f1")
              for key in SHARES),
        ]  # fmt: skip


def _signed(value: float | None, decimals: int, *, percent: bool = False) -> str:
    return "-" if value is None else f"{value * (100 if percent else 1):+.{decimals}f}"


def _details(lifters: Sequence[Mapping[str, Any]], ground: str) -> Iterator[str]:
    """P-MPJPE by joint, and frames right by label."""
    for key, title, factor in (
        ("p_mpjpe_mm_by_joint", "P-MPJPE by joint", 1),
        ("head_frame_accuracy_by_label", "Frames right by label in %, head", 100),
    ):
        found = {
            f"{each['name']}: {rung}": figures[key]
            for each in lifters
            for rung, figures in each["grounds"][ground].items()
            if isinstance(figures, Mapping)
        }
        columns = list(dict.fromkeys(name for row in found.values() for name in row))
        yield f"### {title}, {ground}"
        yield table(
            ["rung", *(name.replace("_", " ") for name in columns)],
            [[name, *(_cell(row.get(each), factor) for each in columns)]
             for name, row in found.items()],
        )  # fmt: skip


def _cell(value: float | None, factor: float) -> str:
    return number(None if value is None else factor * value, 0)
