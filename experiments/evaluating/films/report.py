"""``films.json`` with all figures, ``films.md`` with tables and the false events."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...reporting import number, origin, origin_line, table, to_json, write_files
from .counting import by_label, false_events, totals

_EXPLAINED = (
    "An event is right if it shares an instant with a segment of its label (an action without "
    "times is one segment, the whole film), allowed if its label is among those that may be said "
    "besides, and false otherwise. A film is right if each of its segments has been found, that is "
    "if an event of its label shares an instant with it. Onset: seconds from a segment's start "
    "until its label was reported, 0 if it was reported before. Per hour: of film in which "
    "somebody is tracked. Ids: how many the tracker gave out."
)


def content_of(films: Mapping[str, Mapping[str, Any]], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the report says.

    Args:
        films: By name, as of `Work.films`.
        about: ``command``, ``config``, ``labels`` of the head, ``failed`` films with reasons,
            those ``without_truth``, and whether it was ``interrupted``.
    """
    return {
        **about,
        **origin(),
        "totals": totals(films),
        "by_label": by_label(films),
        "films": dict(films),
    }


def write(content: Mapping[str, Any], *, folder: Path) -> str:
    """Write the report; returns its first lines, for the terminal.

    Args:
        content: Of `content_of`.
        folder: Made if it is not there; an InputError if it can't be written to.
    """
    summary = _summary(content["totals"])

    def files(_: Path) -> Iterator[tuple[str, str]]:
        yield "films.json", to_json(content)
        yield "films.md", "\n\n".join(_page(content, summary))

    write_files(folder, files)
    return summary


def _page(content: Mapping[str, Any], summary: str) -> Iterator[str]:
    films = content["films"]
    yield "# Films"
    yield f"`{content['command']}`"
    yield origin_line(content)
    yield summary
    yield _spent(content["totals"])
    yield _EXPLAINED
    yield "## By film"
    yield _film_table(films)
    yield "## By label"
    yield _label_table(content["by_label"])
    yield "## False events"
    yield from _false_events(films)
    yield from _notes(content)


def _summary(found: Mapping[str, Any]) -> str:
    lines = [
        f"right: {found['films_right']} of {found['films_with_actions']} films in which something "
        f"is done, {found['segments_found']} of {found['segments']} segments",
        f"false: {found['false_events']} events in {found['films_with_false_events']} of "
        f"{found['films']} films, {found['false_s']:.1f} s, {number(found['false_per_hour'], 0)} "
        f"per hour with somebody there ({60 * found['hours_with_somebody']:.1f} min)",
    ]
    if found["onset_p50_s"] is not None:
        p50, p95 = found["onset_p50_s"], found["onset_p95_s"]
        lines.append(f"onset until said: p50 {p50:.2f} s, p95 {p95:.2f} s")
    if found["in_view"]:
        lines.append(f"people: {found['ids']} ids for {found['in_view']} in view")
    return "\n".join(f"- {line}" for line in lines)


def _spent(found: Mapping[str, Any]) -> str:
    return (
        f"Joints took {found['joints_took_s']:.1f} s (those of {found['kept']} of "
        f"{found['films']} films were kept from before), head and decision "
        f"{found['head_took_s']:.1f} s."
    )


def _film_table(films: Mapping[str, Mapping[str, Any]]) -> str:
    head = [
        "film", "right", "missed", "said", "false", "false, s", "people in view", "most at once",
        "ids", "somebody there, s", "film, s",
    ]  # fmt: skip
    return table(head, [_film_row(name, film) for name, film in films.items()])


def _film_row(name: str, film: Mapping[str, Any]) -> list[str]:
    missed = [_segment(one) for one in film["segments"] if not one["found"]]
    wrong, people = false_events(film), film["people"]
    return [
        name,
        {None: "-", True: "yes", False: "no"}[film["right"]],
        ", ".join(missed) or "-",
        counted(film) or "-",
        str(len(wrong)),
        number(sum(event["end_s"] - event["start_s"] for event in wrong)),
        number(people["in_view"], 0),
        str(people["most_at_once"]),
        str(people["ids"]),
        number(film["somebody_s"]),
        number(film["film_s"]),
    ]


def counted(film: Mapping[str, Any]) -> str:
    """What was said of a film: each label, how often, and whether it is false."""
    kinds = [(event["label"], event["verdict"]) for event in film["events"]]
    return ", ".join(
        f"{label} x {kinds.count((label, verdict))}" + " (false)" * (verdict == "false")
        for label, verdict in dict.fromkeys(kinds)
    )


def _segment(one: Mapping[str, Any]) -> str:
    if one["start_s"] is None and one["stop_s"] is None:
        return str(one["label"])
    stop = "the end" if one["stop_s"] is None else f"{one['stop_s']:g} s"
    return f"{one['label']} ({one['start_s'] or 0:g} s to {stop})"


def _label_table(labels: Mapping[str, Mapping[str, Any]]) -> str:
    head = [
        "label", "segments", "found", "right events", "allowed", "false", "false, s",
        "onset p50, s", "p95, s",
    ]  # fmt: skip
    counts = ("segments", "found", "right", "allowed", "false")
    lines = [
        [
            label,
            *(str(found[key]) for key in counts),
            number(found["false_s"]),
            number(found["onset_p50_s"], 2),
            number(found["onset_p95_s"], 2),
        ]
        for label, found in labels.items()
    ]
    return table(head, lines)


def _false_events(films: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    wrong = [(name, event) for name, film in films.items() for event in false_events(film)]
    if not wrong:
        yield "None."
    for name, event in wrong:
        words = (
            f"{name}: **{event['label']}**, person {event['track']}, {event['start_s']:.1f} to "
            f"{event['end_s']:.1f} s, {event['confidence']:.2f}"
        )
        sheet = event.get("sheet")
        yield f"{words}\n\n![{event['label']}]({sheet})" if sheet else words


def _notes(content: Mapping[str, Any]) -> Iterator[str]:
    notes = [f"{name}: could not be read: {why}" for name, why in content["failed"].items()]
    for name, film in content["films"].items():
        notes += [f"{name}: {warning}" for warning in film["warnings"]]
        if film["unknown"]:
            notes.append(f"{name}: not counted, unknown to the head: {', '.join(film['unknown'])}")
    notes += [f"{name}: nothing says what is done in it" for name in content["without_truth"]]
    if content["interrupted"]:
        notes.append("Interrupted: films that are not in the tables were not reached.")
    if notes:
        yield "## Notes"
        yield "\n".join(f"- {note}" for note in notes)
