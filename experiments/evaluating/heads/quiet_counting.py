"""How much is said of people who do nothing that has a name."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....action.metrics import Span
from ....action.online_metrics import Detection
from ....datasets.for_heads.quiet import SITUATIONS, WALK

APPEAR, FAULTS = "appear", "faults"
KINDS = (*SITUATIONS, APPEAR, FAULTS)
"""What goes on in a frame: the situation, or that the person or a fault has just come."""
JUST_S = 1.0


class Said(NamedTuple):
    """What is said of one stream: its events, and, (T,) each, situations and faults."""

    events: Sequence[Detection]
    situations: np.ndarray
    faults: np.ndarray


def kinds(said: Said, *, fps: float) -> np.ndarray:
    """(T,) places in `KINDS`."""
    just = round(JUST_S * fps)
    found = said.situations.copy()
    for start in np.flatnonzero(said.faults):
        found[start : start + just] = KINDS.index(FAULTS)
    found[:just] = KINDS.index(APPEAR)
    return found


def counted(
    streams: Sequence[Said], labels: Sequence[str], walking: Collection[str], *, fps: float
) -> dict[str, Any]:
    """All figures, as plain JSON.

    An event is allowed if its label is one of `walking` and it shares a frame with a walk. Others
    are false; they belong to what went on when they began.
    """
    frames, events = Counter[str](), list[dict[str, Any]]()
    for number, said in enumerate(streams):
        goes_on = kinds(said, fps=fps)
        frames.update(KINDS[kind] for kind in goes_on)
        for event, at in said.events:
            label = labels[event.label]
            events.append({
                "stream": number, "label": label, "situation": KINDS[goes_on[event.start]],
                "false": label not in walking or not _walks(event, said.situations),
                "start_s": round(event.start / fps, 2), "end_s": round(event.stop / fps, 2),
                "said_s": round(at / fps, 2),
            })  # fmt: skip
    false = [event for event in events if event["false"]]
    hours = {kind: frames[kind] / fps / 3600 for kind in KINDS}
    total = sum(hours.values())
    return {
        "hours": round(total, 4),
        "streams": len(streams),
        "allowed": len(events) - len(false),
        **_figures(false, total),
        "by_situation": {
            kind: {"hours": round(hours[kind], 4)}
            | _figures([each for each in false if each["situation"] == kind], hours[kind])
            for kind in KINDS
        },
        "by_label": {
            label: _figures([each for each in false if each["label"] == label], total)
            for label, _ in Counter(each["label"] for each in false).most_common()
        },
        "events": events,
    }


def _walks(event: Span, situations: np.ndarray) -> bool:
    return bool((situations[event.start : event.stop] == SITUATIONS.index(WALK)).any())


def _figures(false: Sequence[dict[str, Any]], hours: float) -> dict[str, Any]:
    return {
        "false": len(false),
        "false_per_hour": round(len(false) / hours, 1) if hours else None,
        "false_s": round(sum(each["end_s"] - each["start_s"] for each in false), 1),
    }
