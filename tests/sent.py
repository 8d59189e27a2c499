"""Frames and events for the tests of sinks that send them, also in programs that are killed."""

import resource
from contextlib import contextmanager

from gastlive.conf.option import option
from gastlive.realtime.packets import Event, Frame, RunInfo

INFO = RunInfo(160, 120, 30.0, "coco17", "h36m17", ("idle", "wave"), "idle", "demo")


def frame(index=0, *, events=(), people=None, unix_s=None):
    return Frame(
        None, index, index / 30, 0.0, 160, 120, events=tuple(events), people=people or {},
        unix_s=unix_s,
    )  # fmt: skip


def said(*tracks):
    return tuple(Event(track, "wave", 1.0, 2.4, 0.91) for track in tracks)


def webhook(folder, port, *, address="", **changes):
    known = {"secret": None, "spool": str(folder / "spool.sqlite"), "close_s": 30.0, **changes}
    return option("sink/webhook", url=f"http://{address}127.0.0.1:{port}/in?a=1", **known)


def mqtt(folder, port, **changes):
    known = {
        "host": "127.0.0.1", "port": port, "topic": "gastlive/hall", "password": None,
        "spool": str(folder / "spool.sqlite"), "close_s": 30.0, "retry_max_s": 1.0, **changes,
    }  # fmt: skip
    return option("sink/mqtt", **known)


@contextmanager
def room_for(size):
    """The disk is full when a file has grown to `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
