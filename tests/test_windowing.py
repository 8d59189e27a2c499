"""Clips of any length as windows of one length."""

import numpy as np
import pytest

from gastlive.action.windowing import even_windows, random_window, to_frames
from gastlive.gast.errors import InputError


def line(frames, bodies=1):
    """(M, T, 2, 3) whose joints move by one a frame."""
    clip = np.arange(frames, dtype=np.float32)[:, None, None] + np.zeros((frames, 2, 3))
    return np.stack([clip + 100 * body for body in range(bodies)]).astype(np.float32)


def test_a_clip_goes_from_its_first_to_its_last_frame_in_even_steps():
    window = to_frames(line(5, bodies=2), 9)
    assert (window.shape, window.dtype) == ((2, 9, 2, 3), np.float32)
    assert window[0, :, 0, 0].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
    assert window[1, :, 1, 2].tolist() == [100 + i / 2 for i in range(9)]
    assert to_frames(line(9)[0], 3)[:, 0, 0].tolist() == [0, 4, 8]


def test_a_clip_of_the_right_length_stays_as_it_is():
    clip = np.random.default_rng(0).random((1, 12, 17, 3)).astype(np.float32)
    assert np.array_equal(to_frames(clip, 12), clip)


def test_one_frame_stands_still():
    assert (to_frames(line(1), 4) == 0).all()
    assert to_frames(line(6), 1)[0, :, 0, 0].tolist() == [0]


def test_even_windows_are_the_clip_and_four_fifths_of_it_from_three_places():
    windows = even_windows(line(11, bodies=2), 5)
    assert windows.shape == (4, 2, 5, *line(11).shape[-2:])
    assert windows[0] == pytest.approx(to_frames(line(11, bodies=2), 5))
    ends = windows[:, 0, [0, -1], 0, 0] - line(11)[0, 0, 0, 0]
    assert ends == pytest.approx(np.array([[0, 10], [0, 8], [1, 9], [2, 10]]))


def test_a_random_stretch_is_at_least_as_long_as_wanted_and_inside_the_clip():
    rng = np.random.default_rng(0)
    drawn = np.array([random_window(line(11), 5, rng, least=0.6)[0, :, 0, 0] for _ in range(300)])
    spread = drawn[:, -1] - drawn[:, 0]
    assert spread.min() >= 6 - 1e-4
    assert spread.min() < 6.2
    assert spread.max() > 9.8
    assert drawn.min() >= 0
    assert drawn.max() <= 10
    assert np.diff(drawn).std(axis=1).max() < 1e-5  # even steps
    middles = (drawn[:, 0] + drawn[:, -1]) / 2
    assert middles.min() < 4
    assert middles.max() > 6


def test_all_of_a_clip_is_not_random():
    rng = np.random.default_rng(0)
    window = random_window(line(8), 4, rng, least=1.0)
    assert window == pytest.approx(to_frames(line(8), 4), abs=1e-5)


def test_what_can_not_be_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="a clip of 0 frames can't be resampled to 4"):
        to_frames(line(1)[:, :0], 4)
    with pytest.raises(InputError, match="a clip of 3 frames can't be resampled to 0"):
        random_window(line(3), 0, rng, least=0.5)
    for least in (0, 1.5):
        with pytest.raises(InputError, match=f"is {least:g}; give more than 0, to 1"):
            random_window(line(3), 4, rng, least=least)
