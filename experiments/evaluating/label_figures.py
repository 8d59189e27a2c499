"""How many labels are right: by frame, before and after the decision, and by event."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...action.evaluation import rounded
from ...action.metrics import EventScore, confusion_matrix, event_score, frame_accuracy, spans


class Labelled(NamedTuple):
    """T frames of one person, class indices (T,) each.

    `true` is below zero where unlabelled; `likeliest` is the head's, `decided` the decision's, each
    `nobody` where there is none.
    """

    true: np.ndarray
    likeliest: np.ndarray
    decided: np.ndarray


def label_figures(
    people: Sequence[Labelled], *, background: int, nobody: int
) -> dict[str, float | None]:
    """Shares from 0 to 1; a frame without a person, or before the first decision, is wrong.

    Events are runs of what was decided, at 50 % overlap. Unlabelled frames are cut out first.
    `nobody` is the highest class index.
    """
    known = [Labelled(*(row[each.true >= 0] for row in each)) for each in people]
    true, likeliest, decided = (np.concatenate(rows) for rows in zip(*known, strict=True))
    events = EventScore()
    for each in known:
        done = np.where(each.decided == nobody, background, each.decided)
        events += event_score(
            spans(done, background=background), spans(each.true, background=background)
        )
    shares = (
        frame_accuracy(confusion_matrix(found, true, classes=nobody + 1))
        for found in (decided, likeliest)
    )
    return dict(
        zip(
            ("decision_frame_accuracy", "head_frame_accuracy", "event_f1"),
            map(rounded, (*shares, events.f1)),
            strict=True,
        )
    )
