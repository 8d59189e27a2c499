"""What a soak demands in the end, on figures made here; `make soak` runs it for hours."""

from types import SimpleNamespace

import pytest

from .soak import checks

WORLD = SimpleNamespace(viewer=SimpleNamespace(frames=9, connections=1))


def event(track, **more):
    return {"track": track, "label": "wave", "start_s": 1.0, "end_s": 2.0, **more}


def samples(**last):
    calm = {"fault": "", "calm_s": 9, "rss_mb": 500.0, "own_mb": 400.0, "threads": 20, "files": 9,
            "sockets": 5}  # fmt: skip
    return [calm] * 30 + [calm | last] * 10


def failed(*, sent=(1, 1, 2), posted=(1, 2), written=(1, 2), lost=0, **last):
    """The demands that do not hold."""
    found = checks(
        WORLD,
        samples(**last),
        {"sinks": {"jsonl": {"events": {"lost": lost}}}},
        lines=[event(track) for track in written],
        sent=[event(track, id=f"m{track}") for track in sent],
        posted=[event(track, id=f"w{track}") for track in posted],
    )
    return [demand for demand, holds, _ in found if not holds]


def test_a_soak_holds_when_all_arrived_and_nothing_grew():
    assert failed() == []
    assert failed(rss_mb=509.0, threads=21) == []
    assert failed(written=(1,), lost=1) == []


@pytest.mark.parametrize(
    ("last", "demand"),
    [
        ({"posted": (1,)}, "every event reached"),
        ({"written": (1,)}, "every event is in the lines"),
        ({"written": (1, 2, 3)}, "every event is in the lines"),
        ({"rss_mb": 511.0}, "memory grew"),
        ({"own_mb": 411.0}, "memory grew"),
        ({"threads": 22}, "threads are as many"),
        ({"files": 12}, "files are as many"),
        ({"sockets": 8}, "sockets are as many"),
    ],
)
def test_a_soak_fails_by_what_was_lost_or_grew(last, demand):
    (said,) = failed(**last)
    assert said.startswith(demand)
