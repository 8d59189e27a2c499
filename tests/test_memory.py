import numpy as np
import pytest

from gastlive.realtime.memory import Memory


class Held:
    """What the process holds, as the test says; counts how often it is asked."""

    mb, asked = 100.0, 0

    def __call__(self):
        self.asked += 1
        return self.mb


def run(memory, held, mb, *, frames_s=1 / 30):
    """A frame every `frames_s` while `mb` gives the megabytes at a time."""
    for now_s in np.arange(0, mb[-1][0] + 1e-9, frames_s):
        held.mb = float(np.interp(now_s, *zip(*mb, strict=True)))
        memory.look(float(now_s) + 1000)


@pytest.fixture
def held():
    return Held()


def test_it_is_looked_at_once_a_second_at_most(held):
    memory = Memory(read=held)
    run(memory, held, [(0, 100), (10, 100)])
    assert held.asked <= 11
    held.mb = 150.0
    assert memory.look(1010.5) == 100
    assert memory.look(1011.1) == 150


def test_growth_is_that_of_the_second_half(held):
    memory = Memory(read=held)
    run(memory, held, [(0, 100), (60, 400), (120, 403)])
    assert memory.growth_mb_per_min() == pytest.approx(3, rel=0.05)


def test_one_jump_is_no_growth(held):
    memory = Memory(read=held)
    run(memory, held, [(0, 100), (100, 100), (100.01, 140), (120, 140)])
    assert memory.growth_mb_per_min() == 0


def test_less_than_a_minute_tells_nothing_of_growth(held):
    memory = Memory(read=held)
    assert memory.growth_mb_per_min() is None
    run(memory, held, [(0, 100), (59, 400)])
    assert memory.figures()["growth_mb_per_min"] is None
    run(memory, held, [(0, 100), (61, 400)])
    assert memory.figures()["growth_mb_per_min"] is not None


def test_a_long_run_is_kept_in_bounded_memory_and_still_told_right(held):
    memory = Memory(read=held, limit=16)
    run(memory, held, [(0, 100), (3000, 100), (6000, 200)], frames_s=0.5)
    assert len(memory._looks) <= 16
    assert len(set(np.diff([now_s for now_s, _ in memory._looks]))) == 1
    assert memory.growth_mb_per_min() == pytest.approx(2, rel=0.05)


def test_the_peak_is_never_below_what_was_seen(held):
    memory = Memory(read=held)
    held.mb = 1e6
    memory.look(0.0)
    held.mb = 100.0
    memory.look(2.0)
    figures = memory.figures()
    assert (figures["now"], figures["peak"]) == (100, 1e6)


def test_the_systems_answer_is_in_megabytes():
    assert 10 < Memory().look(0.0) < 100_000
