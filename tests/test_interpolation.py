import numpy as np

from gastlive.gast.interpolation import frames_at, interpolated

NAN = np.nan


def test_half_way_between_two_frames_lies_their_middle():
    clip = np.array([[0.0, 10.0], [2.0, 20.0]])
    np.testing.assert_allclose(interpolated(clip, np.array([0.5])), [[1.0, 15.0]])


def test_time_may_be_any_axis_and_the_type_stays():
    clip = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    between = interpolated(clip, np.array([0.25, 3.0]), axis=1)
    assert between.dtype == np.float32
    np.testing.assert_allclose(between[:, 0], clip[:, 0] + 0.25 * 3)
    np.testing.assert_array_equal(between[:, 1], clip[:, 3])


def test_outside_the_first_and_the_last_frame_hold():
    np.testing.assert_array_equal(interpolated(np.array([1.0, 2.0]), np.array([-3, 9])), [1, 2])


def test_a_missing_frame_spreads_to_what_lies_between_and_not_to_its_neighbours():
    clip = np.array([1.0, NAN, 3.0])
    halves = interpolated(clip, np.array([0, 0.5, 1, 1.5, 2]))
    np.testing.assert_array_equal(halves, [1, NAN, NAN, NAN, 3])
    np.testing.assert_array_equal(interpolated(clip, np.array([2 - 1e-9, 1e-9])), [3, 1])


def test_moments_become_places_among_uneven_frames():
    times = np.array([10.0, 10.1, 10.5])
    at = frames_at(times, np.array([9.0, 10.05, 10.1, 10.2, 11.0]))
    np.testing.assert_allclose(at, [0, 0.5, 1, 1.25, 2])


def test_a_rounded_time_stamp_means_the_frame():
    times = np.array([0.0, 0.0333, 0.0667])
    at = frames_at(times, np.array([1 / 30, 2 / 30]), rounded_s=2e-4)
    np.testing.assert_array_equal(at, [1, 2])
    assert (frames_at(times, np.array([1 / 30])) % 1 != 0).all()
