import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.realtime.stages.ring_buffer import RingBuffer

SLOPE = np.arange(1, 7, dtype=np.float32).reshape(2, 3)


def moving(time_s):
    """A sample (2, 3) of something that moves evenly."""
    return np.float32(time_s) * SLOPE


def filled(times_s, *, capacity=64, max_gap_s=0.5):
    buffer = RingBuffer(capacity, 2, 3, max_gap_s=max_gap_s)
    for time_s in times_s:
        assert buffer.push(time_s, moving(time_s))
    return buffer


def test_even_samples_are_given_without_copying():
    times_s = np.arange(200) / 30
    buffer = filled(times_s)
    window = buffer.window(1.0, 30)
    assert np.shares_memory(window, buffer.values)
    np.testing.assert_array_equal(window, [moving(t) for t in times_s[-30:]])
    assert not window.flags.writeable


@pytest.mark.parametrize("count", [30, 63, 64, 65, 100, 127, 128, 129])
def test_the_newest_samples_lie_in_a_row_wherever_the_ring_closes(count):
    times_s = np.arange(count) / 30
    buffer = filled(times_s)
    kept = times_s[-64:]
    np.testing.assert_array_equal(buffer.times_s, kept)
    np.testing.assert_array_equal(buffer.values, [moving(t) for t in kept])
    assert len(buffer) == len(kept)


def test_an_even_motion_is_exact_at_a_varying_frame_rate():
    random = np.random.default_rng(0)
    times_s = np.cumsum(random.uniform(0.01, 0.08, 60))
    window = filled(times_s).window(1.5, 25)
    wanted_s = times_s[-1] - np.arange(37, -1, -1) / 25
    assert window.shape == (38, 2, 3)
    assert window.dtype == np.float32
    np.testing.assert_allclose(window, [moving(t) for t in wanted_s], rtol=1e-5)


def test_another_frame_rate_is_resampled():
    window = filled(np.arange(60) / 60).window(0.5, 30)
    wanted_s = 59 / 60 - np.arange(14, -1, -1) / 30
    np.testing.assert_allclose(window, [moving(t) for t in wanted_s], rtol=1e-5, atol=1e-6)


def test_a_window_may_end_between_samples():
    buffer = filled(np.arange(60) / 30)
    window = buffer.window(0.5, 30, now_s=1.51)
    wanted_s = 1.51 - np.arange(14, -1, -1) / 30
    np.testing.assert_allclose(window, [moving(t) for t in wanted_s], rtol=1e-5)


def test_before_the_first_sample_the_first_stands_in():
    buffer = filled(1 + np.arange(6) / 10)
    window = buffer.window(1.0, 10)
    np.testing.assert_allclose(window[:4], np.broadcast_to(moving(1.0), (4, 2, 3)))
    np.testing.assert_allclose(window[4:], [moving(1 + i / 10) for i in range(6)], rtol=1e-6)
    assert buffer.covered(1.0, 10) == pytest.approx(0.6)
    assert buffer.covered(0.6, 10) == 1


def test_after_the_last_sample_the_last_stands_in():
    buffer = filled(np.arange(31) / 30)
    window = buffer.window(0.5, 10, now_s=1.3)
    np.testing.assert_allclose(window[2:], np.broadcast_to(moving(1.0), (3, 2, 3)), rtol=1e-6)
    assert buffer.covered(0.5, 10, now_s=1.3) == pytest.approx(0.4)


def test_one_sample_fills_a_window():
    buffer = filled([3.0])
    np.testing.assert_array_equal(buffer.window(0.5, 10), np.broadcast_to(moving(3.0), (5, 2, 3)))
    assert buffer.covered(0.5, 10) == pytest.approx(0.2)


def test_an_empty_buffer_covers_nothing():
    assert RingBuffer(4, 2, 3).covered(1.0, 10) == 0


def test_a_long_gap_holds_instead_of_moving_slowly():
    buffer = filled([0.0, 0.1, 0.2, 1.2, 1.3], max_gap_s=0.5)
    window = buffer.window(1.2, 10)
    held = np.broadcast_to(moving(0.2), (9, 2, 3))
    np.testing.assert_allclose(window[1:10], held, rtol=1e-5)
    np.testing.assert_allclose(window[10:], [moving(1.2), moving(1.3)], rtol=1e-5)


def test_a_short_gap_is_bridged():
    buffer = filled([0.0, 0.1, 0.2, 0.6, 0.7], max_gap_s=0.5)
    np.testing.assert_allclose(
        buffer.window(0.7, 10), [moving(t / 10) for t in range(1, 8)], rtol=1e-5
    )


def test_a_second_sample_of_the_same_moment_is_left_out():
    buffer = filled(np.arange(11) / 10)
    assert not buffer.push(1.0, moving(5))
    np.testing.assert_array_equal(buffer.values[-1], moving(1.0))
    assert len(buffer) == 11


@pytest.mark.parametrize("time_s", [0.0, 100.9])
def test_a_stream_that_starts_over_forgets_what_was(time_s):
    buffer = filled(100 + np.arange(11) / 10)
    assert buffer.push(time_s, moving(0.5))
    np.testing.assert_array_equal(buffer.times_s, [time_s])


def test_a_reset_forgets_everything():
    buffer = filled(np.arange(11) / 10)
    buffer.reset()
    assert len(buffer) == len(buffer.values) == 0
    assert buffer.push(0.0, moving(0.0))


def test_pushing_allocates_nothing():
    buffer = filled(np.arange(10) / 30)
    storage = buffer.values.base
    for i in range(10, 500):
        buffer.push(i / 30, moving(i))
    assert buffer.values.base is storage


def test_a_buffer_too_small_for_the_window_says_so():
    buffer = filled(np.arange(100) / 30, capacity=20)
    with pytest.raises(InputError, match=r"20 samples reaches 0\.63 s back.*raise its capacity"):
        buffer.window(1.0, 30)


def test_what_can_not_be_is_refused():
    with pytest.raises(InputError, match="capacity=0"):
        RingBuffer(0, 2, 3)
    with pytest.raises(InputError, match="max_gap_s=-1"):
        RingBuffer(4, 2, 3, max_gap_s=-1)
    buffer = RingBuffer(4, 2, 3)
    with pytest.raises(InputError, match="empty"):
        buffer.window(1.0, 30)
    with pytest.raises(InputError, match=r"\(2, 3\) was given \(3, 2\)"):
        buffer.push(0.0, np.zeros((3, 2)))
    buffer.push(0.0, np.zeros((2, 3)))
    with pytest.raises(InputError, match="has no frame"):
        buffer.window(0.01, 10)
