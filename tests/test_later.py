"""Parts that are made beside the first picture."""

import threading
from contextvars import ContextVar

import pytest

from gastlive.realtime.later import Later


def test_a_part_is_made_once_it_is_begun_and_beside_who_asks():
    where = []

    def make():
        where.append(threading.current_thread())
        return "made"

    part = Later(make)
    assert where == []
    part.begin()
    part.begin()
    assert part.get() == part.get() == "made"
    assert len(where) == 1
    assert where[0] is not threading.current_thread()
    where[0].join(5)
    assert not where[0].is_alive()


def test_a_part_that_nobody_has_begun_is_made_when_it_is_asked_for():
    assert Later(lambda: 1).get() == 1


def test_what_goes_wrong_is_said_to_who_asks():
    def make():
        raise ValueError("no network")

    part = Later(make)
    part.begin()
    with pytest.raises(ValueError, match="no network"):
        part.get()


def test_a_part_is_made_in_the_context_in_which_it_was_ordered():
    streams = ContextVar("streams", default=1)
    before = streams.set(4)
    part = Later(streams.get)
    streams.reset(before)
    assert part.get() == 4


def test_a_part_for_which_several_threads_ask_is_made_once():
    made, ready = [], threading.Barrier(4)

    def ask(part):
        ready.wait()
        part.get()

    part = Later(lambda: made.append(1))
    threads = [threading.Thread(target=ask, args=(part,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert made == [1]
