"""Parts that are made beside the first picture."""

import threading

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
