"""How much of what is said of films is right."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .chain import Heard, Said
from .lifted import Lifted
from .truth import Segment, Truth

RIGHT, ALLOWED, FALSE = "right", "allowed", "false"


def verdict(said: Said, truth: Truth) -> str:
    """An event is right if it shares an instant with a segment of its label.

    Else it is allowed if its label is, and otherwise false.
    """
    event = said.event
    if any(s.label == event.label and s.shares(event.start_s, event.end_s) for s in truth.segments):
        return RIGHT
    return ALLOWED if event.label in truth.allowed else FALSE


def onset_s(segment: Segment, said: Sequence[Said]) -> float | None:
    """Seconds from the segment's start until its label was reported; ``None`` if it was not.

    0 if the event was reported before.
    """
    times = [
        one.said_s
        for one in said
        if one.event.label == segment.label and segment.shares(one.event.start_s, one.event.end_s)
    ]
    return max(min(times) - (segment.start_s or 0.0), 0.0) if times else None


def figures(truth: Truth, heard: Heard, lifted: Lifted) -> dict[str, Any]:
    """All figures of a film, as plain JSON; `right` is ``None`` where nothing is done."""
    spent_s = lifted.spent_s()
    there = np.bincount(lifted.at, minlength=len(lifted))
    segments = [_segment(segment, heard.said) for segment in truth.segments]
    return {
        "right": all(one["found"] for one in segments) if segments else None,
        "segments": segments,
        "events": [_event(said, verdict(said, truth)) for said in heard.said],
        "people": {
            "in_view": truth.people,
            "ids": len(set(lifted.track.tolist())),
            "most_at_once": int(there.max(initial=0)),
        },
        "frames": len(lifted),
        "film_s": round(float(spent_s.sum()), 3),
        "somebody_s": round(float(spent_s[there > 0].sum()), 3),
        "warnings": lifted.warnings.tolist(),
    }


def _segment(segment: Segment, said: Sequence[Said]) -> dict[str, Any]:
    late_s = onset_s(segment, said)
    is_timed = segment.start_s is not None
    return {
        "label": segment.label,
        "start_s": segment.start_s,
        "stop_s": segment.stop_s,
        "found": late_s is not None,
        "onset_s": round(late_s, 3) if late_s is not None and is_timed else None,
    }


def _event(said: Said, verdict: str) -> dict[str, Any]:
    event = said.event
    return {
        "label": event.label,
        "verdict": verdict,
        "track": event.track,
        "start_s": round(event.start_s, 3),
        "end_s": round(event.end_s, 3),
        "said_s": round(said.said_s, 3),
        "confidence": round(event.confidence, 3),
    }


def totals(films: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Figures over all films; false events are counted per hour in which somebody is there."""
    needed = [film for film in films.values() if film["right"] is not None]
    false = [_of(film, FALSE) for film in films.values()]
    segments = [one for film in films.values() for one in film["segments"]]
    hours = sum(film["somebody_s"] for film in films.values()) / 3600
    wrong = [event for events in false for event in events]
    return {
        "films": len(films),
        "films_with_actions": len(needed),
        "films_right": sum(film["right"] for film in needed),
        "films_with_false_events": sum(bool(events) for events in false),
        "segments": len(segments),
        "segments_found": sum(one["found"] for one in segments),
        **{
            f"{kind}_events": sum(len(_of(film, kind)) for film in films.values())
            for kind in (RIGHT, ALLOWED, FALSE)
        },
        "false_s": round(_seconds(wrong), 2),
        "false_per_hour": round(len(wrong) / hours, 1) if hours else None,
        "hours_with_somebody": round(hours, 4),
        **_late([one["onset_s"] for one in segments]),
        **_people([film["people"] for film in films.values()]),
        "kept": sum(film["joints_kept"] for film in films.values()),
        "joints_took_s": round(sum(film["joints_took_s"] for film in films.values()), 1),
        "head_took_s": round(sum(film["head_took_s"] for film in films.values()), 1),
    }


def by_label(films: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Figures of every label that is done or said."""
    segments = [one for film in films.values() for one in film["segments"]]
    events = [event for film in films.values() for event in film["events"]]
    found = {}
    for label in sorted({one["label"] for one in [*segments, *events]}):
        done = [one for one in segments if one["label"] == label]
        said = [event for event in events if event["label"] == label]
        wrong = [event for event in said if event["verdict"] == FALSE]
        found[label] = {
            "segments": len(done),
            "found": sum(one["found"] for one in done),
            **{
                kind: sum(event["verdict"] == kind for event in said)
                for kind in (RIGHT, ALLOWED, FALSE)
            },
            "false_s": round(_seconds(wrong), 2),
            **_late([one["onset_s"] for one in done]),
        }
    return found


def false_events(film: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of a film, as they ended."""
    return _of(film, FALSE)


def _of(film: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [event for event in film["events"] if event["verdict"] == kind]


def _people(films: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """People in view and ids given out, in the films of which it is known who is in view."""
    known = [people for people in films if people["in_view"] is not None]
    return {key: sum(people[key] for people in known) for key in ("in_view", "ids")}


def _seconds(events: Sequence[Mapping[str, Any]]) -> float:
    return sum(event["end_s"] - event["start_s"] for event in events)


def _late(onsets_s: Sequence[float | None]) -> dict[str, float | None]:
    known = [late_s for late_s in onsets_s if late_s is not None]
    return {
        f"onset_p{share}_s": round(float(np.percentile(known, share)), 2) if known else None
        for share in (50, 95)
    }
