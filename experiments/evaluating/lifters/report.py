"""``lifter.json`` with all figures of lifters, ``lifter.md`` with the main ones, as papers do."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...reporting import (
    number,
    origin,
    origin_line,
    pictures_part,
    ratio,
    table,
    to_json,
    write_files,
)
from .pictures import CAPTIONS, draw

if TYPE_CHECKING:
    from .scores import Result

_HEADINGS = {
    "mpjpe_mm": "MPJPE",
    "p_mpjpe_mm": "P-MPJPE",
    "n_mpjpe_mm": "N-MPJPE",
    "mpjve_mm": "MPJVE",
    "acceleration_error_mm": "acceleration",
}
_WIDEST = 16
"""Columns of a table by group; with more groups it is in the json alone."""
_EXPLAINED = (
    "Errors in mm (MPJVE: mm per frame, acceleration: mm per frame squared), means over frames; "
    "P-: after the best rotation, translation and scale of each frame, N-: after the best scale. "
    "+ flip: the mean with the mirrored person's. Jitter: acceleration error divided by that of "
    "the same lifter when it lifts each frame alone. ms: a frame of one person, live, on one "
    "thread of this machine. Stream: largest difference between frame by frame and whole clips."
)


def write(
    results: Sequence["Result"],
    speeds: Mapping[str, float],
    about: Mapping[str, Any],
    *,
    folder: Path,
) -> str:
    """Write the report; returns its main tables, for the terminal.

    Args:
        results: Of all lifters.
        speeds: Milliseconds a frame by name, of those that were timed.
        about: ``command``, ``precision``, ``noise`` and ``data``.
        folder: Made if it is not there; an InputError if it can't be written to.
    """
    content = content_of(results, speeds, about)

    def files(folder: Path) -> Iterator[tuple[str, str]]:
        yield "lifter.json", to_json(content)
        pictures = draw(results, content, folder=folder)
        yield "lifter.md", "\n\n".join(page(content, pictures))

    write_files(folder, files)
    return "\n\n".join(_main(content))


def content_of(
    results: Sequence["Result"], speeds: Mapping[str, float], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything as plain JSON."""
    lifters = [_lifter(result, speeds) for result in results]
    return {
        **about,
        **origin(),
        "lifters": lifters,
        "cost_of_causality": list(_costs(lifters)),
    }


def _lifter(result: "Result", speeds: Mapping[str, float]) -> dict[str, Any]:
    candidate, card = result.candidate, result.candidate.card
    found: dict[str, dict[str, Any]] = {}
    for condition, ways in result.scores.items():
        found[condition] = {
            way: scores.figures(candidate.skeleton.joints) for way, scores in ways.items()
        }
        if "alone" in ways:
            pair = (found[condition][way]["acceleration_error_mm"] for way in ("plain", "alone"))
            found[condition]["jitter"] = ratio(*pair)
    return {
        "name": candidate.name,
        "checkpoint": candidate.checkpoint,
        "causal": card.causal,
        "receptive_field": card.receptive_field,
        "filter_widths": list(card.filter_widths),
        "channels": card.channels,
        "parameters": candidate.parameters,
        "fps": card.fps,
        "runtime": candidate.runtime,
        "step_p50_ms": speeds.get(candidate.name),
        "stream_apart_mm": result.apart_mm,
        "results": found,
    }


def _costs(lifters: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Errors of causal minus centred lifters, for each pair that differs in nothing else."""
    for causal in lifters:
        for centred in lifters:
            same = all(causal[key] == centred[key] for key in ("filter_widths", "channels"))
            if same and causal["causal"] and not centred["causal"]:
                yield {
                    "causal": causal["name"],
                    "centred": centred["name"],
                    "receptive_field": causal["receptive_field"],
                    "causal_minus_centred": {
                        condition: {
                            name: round(ways["plain"][name] - other["plain"][name], 2)
                            for name in _HEADINGS
                        }
                        for (condition, ways), other in zip(
                            causal["results"].items(), centred["results"].values(), strict=True
                        )
                    },
                }


def page(content: Mapping[str, Any], pictures: Sequence[str]) -> Iterator[str]:
    """The whole page, part by part."""
    yield "# Lifters on held-out people"
    yield f"```\n{content['command']}\n```"
    lines = [
        *content["data"],
        f"noise, where there is any: conf/noise/{content['noise']}.yaml",
        origin_line(content),
    ]
    yield "\n".join(f"- {line}" for line in lines)
    yield from _main(content)
    yield _EXPLAINED
    yield from _costs_part(content["cost_of_causality"])
    for kind in ("action", "subject", "action_and_subject"):
        yield from _by(kind, content["lifters"])
    yield from pictures_part(pictures, CAPTIONS)


def _main(content: Mapping[str, Any]) -> Iterator[str]:
    """A table for each condition."""
    lifters = content["lifters"]
    for condition in lifters[0]["results"]:
        lines = [line for each in lifters for line in _main_lines(each, condition)]
        frames = lifters[0]["results"][condition]["plain"]["frames"]
        head = ["lifter", "frames seen", "parameters", *_HEADINGS.values()]
        yield f"## {condition[:1].upper()}{condition[1:]}, {frames} frames"
        yield table([*head, "each frame alone", "jitter", "ms", "stream"], lines)


def _main_lines(each: Mapping[str, Any], condition: str) -> Iterator[list[str]]:
    found = each["results"][condition]
    seen = f"{each['receptive_field']} {'back' if each['causal'] else 'centred, whole clips'}"
    size = each["parameters"]
    alone = found.get("alone", {}).get("acceleration_error_mm")
    apart = each["stream_apart_mm"]
    yield [
        each["name"],
        seen,
        "-" if size is None else f"{size / 1e6:.2f} M",
        *(number(found["plain"][name]) for name in _HEADINGS),
        number(alone),
        number(found.get("jitter"), 2),
        number(each["step_p50_ms"], 2),
        "-" if apart is None else f"{apart:.1g} mm",
    ]
    if "flip" in found:
        blank = [""] * 4
        figures = (number(found["flip"][name]) for name in _HEADINGS)
        yield [f"{each['name']} + flip", "", "", *figures, *blank]


def _costs_part(costs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if costs:
        yield "## Cost of causality"
        yield "Causal minus centred."
        head = ["", *_HEADINGS.values()]
        yield table(
            head,
            [
                [
                    f"{cost['causal']} - {cost['centred']}, {cost['receptive_field']} frames, "
                    f"{condition}",
                    *(f"{figures[name]:+.1f}" for name in _HEADINGS),
                ]
                for cost in costs
                for condition, figures in cost["causal_minus_centred"].items()
            ],
        )


def _by(kind: str, lifters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """MPJPE and P-MPJPE by group in each condition, if there are more groups than one."""
    for condition, ways in lifters[0]["results"].items():
        groups = list(ways["plain"][f"by_{kind}"])
        worthwhile = 1 < len(groups) <= _WIDEST and _new(kind, ways["plain"])
        for name in ("mpjpe_mm", "p_mpjpe_mm") if worthwhile else ():
            yield f"## {_HEADINGS[name]} by {kind.replace('_', ' ')}, {condition}"
            average = ["mean of actions"] if kind == "action" else []
            yield table(
                ["lifter", *groups, *average, "all frames"],
                [
                    line
                    for each in lifters
                    for line in _group_lines(each, condition, kind, groups, name)
                ],
            )


def _new(kind: str, figures: Mapping[str, Any]) -> bool:
    """Whether grouping by both kinds gives other groups than one kind alone."""
    singles = [len(figures[f"by_{single}"]) for single in ("action", "subject")]
    return kind != "action_and_subject" or len(figures[f"by_{kind}"]) > max(singles)


def _group_lines(
    each: Mapping[str, Any], condition: str, kind: str, groups: Sequence[str], name: str
) -> Iterator[list[str]]:
    for way, suffix in (("plain", ""), ("flip", " + flip")):
        if figures := each["results"][condition].get(way):
            found = [figures[f"by_{kind}"][group][name] for group in groups]
            average = [figures["mean_over_actions"][name]] if kind == "action" else []
            cells = [*found, *average, figures[name]]
            yield [each["name"] + suffix, *map(number, cells)]
