"""Which pose of a picture is whose: by likeness to the joints that tracks predict."""

from collections.abc import Sequence

import numpy as np

from ..similarity import Measured, similarity, tolerances
from .assignment import assigned
from .track import Track

BLIND_S = 0.2
"""Who was out of view for longer may have turned round or gone on."""

Pairs = list[tuple[Track, Measured]]


def associated(
    tracks: Sequence[Track], poses: Sequence[Measured], time_s: float, *, least: float
) -> tuple[Pairs, list[Track]]:
    """Pairs that are together the most alike, each at least `least`; and tracks left in doubt.

    In doubt are several people who were out of view, and of whom a pose is one's if they went on as
    they moved and another's if they did not: they passed each other, or turned round.
    """
    if not tracks or not poses:
        return [], []
    owners = _owners(likeness(tracks, poses, time_s), least)
    doubtful = set[int]()
    blind = [row for row, t in enumerate(tracks) if t.id and time_s - t.seen_s > BLIND_S]
    if len(blind) > 1 and (there := [c for c, row in owners.items() if row in blind]):
        who, what = [tracks[row] for row in blind], [poses[column] for column in there]
        gone_on = _owners(likeness(who, what, time_s, goes_on=True), least)
        for column, row in gone_on.items():
            if (both := {blind[row], owners[there[column]]}) and len(both) == 2:
                doubtful |= both
    pairs = [(tracks[row], poses[c]) for c, row in owners.items() if row not in doubtful]
    return pairs, [tracks[row] for row in sorted(doubtful)]


def likeness(
    tracks: Sequence[Track], poses: Sequence[Measured], time_s: float, *, goes_on: bool = False
) -> np.ndarray:
    """(P, D) similarity of P tracks' predicted joints to D poses."""
    return similarity(
        np.array([track.expected(time_s, goes_on=goes_on) for track in tracks]),
        np.array([track.last.weight for track in tracks]),
        tolerances([track.scale(time_s) for track in tracks], poses[0].pose.layout),
        np.array([pose.xy for pose in poses]),
        np.array([pose.weight for pose in poses]),
    )


def _owners(alike: np.ndarray, least: float) -> dict[int, int]:
    """Of each column its row, so that together they are the most alike; none below `least`."""
    alike[alike < least] = 0
    best = alike.argmax(1)
    if len(set(best.tolist())) == len(best):  # everyone's first choice
        rows, columns = np.arange(len(best)), best
    else:
        rows, columns = assigned(alike, maximize=True)
    there = alike[rows, columns] > 0
    return dict(zip(columns[there].tolist(), rows[there].tolist(), strict=True))
