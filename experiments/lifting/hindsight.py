"""Tracking of files: also the frames before a track is confirmed belong to it."""

from collections import deque
from collections.abc import Iterable, Iterator

from ...realtime.packets import Frame, Person
from ...realtime.stages.tracker import Tracker

MOST_PICTURES = 32
"""Frames held back with their pictures; more would fill the memory."""


def with_hindsight(frames: Iterable[Frame], tracker: Tracker) -> Iterator[Frame]:
    """Frames with everyone whom a fresh `tracker` confirms in this frame or a later one.

    A frame is held back until each of its people is confirmed or forgotten, so that nobody loses
    the frames before `min_hits` and short false detections are still left out; ids are the live
    program's. A file of fewer frames than `min_hits` can confirm nobody: there everybody counts.
    """
    at_once = Tracker(
        patience_s=tracker.patience_s, min_score=tracker.min_score, new_score=tracker.min_score,
        min_hits=1, settle_s=tracker.settle_s, similarity=tracker.similarity, most=tracker.most,
        return_s=0.0,  # `tracker` says who came back
    )  # fmt: skip
    ids: dict[int, int] = {}  # of `at_once` to those of `tracker`
    held: deque[Frame] = deque()
    count = 0
    for frame in frames:
        count += 1
        everyone = at_once(frame)
        found = {id(person.pose): track for track, person in everyone.people.items()}
        for track, person in tracker(frame).people.items():
            ids.setdefault(found[id(person.pose)], track)
        held.append(everyone)
        undecided = at_once.alive - ids.keys()
        while held and (undecided.isdisjoint(held[0].people) or _too_many(held)):
            yield _confirmed(held.popleft(), ids)
    if count < tracker.min_hits:
        strangers = sorted({track for frame in held for track in frame.people} - ids.keys())
        ids |= dict(zip(strangers, range(len(ids) + 1, len(ids) + len(strangers) + 1), strict=True))
    while held:
        yield _confirmed(held.popleft(), ids)


def _too_many(held: deque[Frame]) -> bool:
    return len(held) > MOST_PICTURES and held[0].image is not None


def _confirmed(frame: Frame, ids: dict[int, int]) -> Frame:
    people: dict[int, Person] = {ids[t]: p for t, p in frame.people.items() if t in ids}
    return frame.knowing(people=dict(sorted(people.items())))
