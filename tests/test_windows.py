"""Stretches of clips for training."""

import numpy as np
import pytest
import torch

from gastlive.datasets.for_lifters.windows import Windows
from gastlive.gast.errors import InputError


def ramp(frames, start=0.0):
    """A clip whose joints are the number of the frame."""
    return np.broadcast_to(start + np.arange(frames)[:, None, None], (frames, 17, 3)).astype("f4")


def drawn(clips, count=300, **changes):
    windows = Windows(clips, **{"shares": [1.0] * len(clips), "frames": 10} | changes)
    xyz, held = windows.draw(count, torch.Generator().manual_seed(0))
    return xyz[:, :, 0, 0].numpy(), held.numpy()


def test_windows_are_stretches_of_one_clip():
    values, held = drawn([[ramp(30)], [ramp(30, 100)]])
    assert (np.diff(values, axis=1) == 1).all()
    assert not held.any()
    assert set(values[:, 0]) == {*range(21), *range(100, 121)}


def test_a_set_without_share_is_never_shown():
    values, _ = drawn([[ramp(30)], [ramp(30, 100)]], shares=[0.0, 1.0])
    assert (values >= 100).all()


def test_longer_clips_are_shown_more_often():
    values, _ = drawn([[ramp(19), ramp(39, 100)]], count=2000)
    assert (values >= 100).all(1).mean() == pytest.approx(0.75, abs=0.04)


def test_windows_longer_than_every_clip_are_refused():
    with pytest.raises(InputError, match="no clip has 40 frames; choose shorter windows"):
        Windows([[ramp(30)]], shares=[1.0], frames=40)


def test_an_early_window_begins_with_the_first_frame_for_a_while():
    values, held = drawn([[ramp(6)]], early=True)
    assert set(held) == set(range(4, 10))
    for window, first in zip(values, held, strict=True):
        assert (window[: first + 1] == 0).all()
        assert (np.diff(window[first:]) == 1).all()


def test_a_person_may_appear_in_the_middle_of_a_clip():
    values, held = drawn([[ramp(100)]], appear=1.0)
    assert set(held) == set(range(10))
    for window, first in zip(values, held, strict=True):
        assert (window[:first] == window[first]).all()
        assert (np.diff(window[first:]) == 1).all()


def test_slower_cameras_skip_and_faster_ones_lie_between():
    values, _ = drawn([[ramp(100)]], varied=1.0, paces=(0.5, 2.0))
    steps = np.diff(values, axis=1)
    np.testing.assert_allclose(steps, steps[:, :1].repeat(9, 1), atol=1e-4)
    assert 0.5 <= steps.min() < 0.7
    assert 1.8 < steps.max() <= 2.0


def test_a_clip_too_short_for_a_slow_camera_is_held_at_its_start():
    values, held = drawn([[ramp(10)]], varied=1.0, paces=(2.0, 2.0))
    assert (held == 5).all()
    assert (values[:, -1] == 9).all()
