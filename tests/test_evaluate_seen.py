"""Lifters are measured on what the detector saw of rendered people."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from gastlive.experiments.evaluating.lifters.detected_renders import DETECTED, EXACT, DetectedViews
from gastlive.experiments.measuring.watching import Sight
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17


@pytest.mark.slow
def test_renders_are_measured_without_any_data_set(tmp_path):
    """On a machine where no data set is, the program gets as far as the renders."""
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.experiments.evaluate", "lifter", f"seen={tmp_path}"],
        cwd=tmp_path,
        env=os.environ | {"GASTLIVE_DATA": str(tmp_path / "nothing")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert str(tmp_path) in done.stderr
    assert "hdm05" not in done.stderr


@pytest.fixture
def sight():
    """Four frames; in the second nobody was found."""
    rng = np.random.default_rng(0)
    exact = rng.uniform(0, 400, (4, 17, 2)).astype(np.float32)
    observed = exact + 5
    observed[1] = np.nan
    return Sight(
        observed=observed, detected=observed, visible=np.isfinite(observed).all(-1),
        confidence=np.ones((4, 17), np.float32), exact=exact,
        xyz=rng.normal(size=(4, 17, 3)).astype(np.float32), size=np.array([480, 360]),
        fps=np.array(30), source=np.array("hdm05/HDM_mm_squat"),
        others=np.zeros((4, 0, 17, 3), np.float32), depth=np.full(4, 3.0, np.float32),
    )  # fmt: skip


def test_a_take_is_seen_exactly_and_as_detected(sight, tmp_path):
    sight.save(tmp_path / "7.npz")
    held_out = DetectedViews(str(tmp_path), H36M17, fps=30.0)
    (exact,), (seen,) = (list(held_out.watch(name)) for name in (EXACT, DETECTED))
    assert (exact.name, exact.dataset, exact.subject) == ("take 7, hdm05/HDM_mm_squat", "hdm05", "")
    middle = np.array([240, 180])
    np.testing.assert_allclose(exact.xy[0] * 240 + middle, sight.exact, atol=1e-3)
    np.testing.assert_allclose(seen.xy[0, 2] * 240 + middle, sight.observed[2], atol=1e-3)
    np.testing.assert_array_equal(exact.xyz[0], sight.xyz)
    (line,) = held_out.report
    assert line.endswith("1 takes, 4 frames, in 1 of which nobody was found")


def test_a_frame_in_which_nobody_was_found_is_held_and_does_not_count(sight, tmp_path):
    sight.save(tmp_path / "7.npz")
    (seen,) = DetectedViews(str(tmp_path), H36M17, fps=30.0).watch(DETECTED)
    np.testing.assert_array_equal(seen.xy[0, 1], seen.xy[0, 0])
    assert np.isnan(seen.xyz[0, 1]).all()
    np.testing.assert_array_equal(seen.xyz[0, 2], sight.xyz[2])


def test_confidences_of_a_take_are_those_that_the_lifter_was_given_live(sight, tmp_path):
    """What is not visible was completed: the live program gives it 0."""
    rng = np.random.default_rng(1)
    sure, visible = rng.random((4, 17)).astype(np.float32), rng.random((4, 17)) > 0.3
    sure[0, 0], visible[0, 0] = 1.5, True  # a detector's scale is its own
    replace(sight, confidence=sure, visible=visible).save(tmp_path / "7.npz")
    held_out = DetectedViews(str(tmp_path), H36M17, fps=30.0)
    (exact,), (seen,) = (list(held_out.watch(name)) for name in (EXACT, DETECTED))
    live = np.where(visible, sure, 0).clip(0, 1)
    np.testing.assert_array_equal(seen.confidence[0], live[[0, 0, 2, 3]])
    assert seen.confidence.dtype == np.float32
    np.testing.assert_array_equal(exact.confidence, np.ones((1, 4, 17)))


def test_before_somebody_is_found_a_take_shows_them_as_they_will_be_found(sight, tmp_path):
    observed, sure = sight.observed.copy(), np.random.default_rng(1).random((4, 17))
    observed[0] = np.nan
    visible = np.ones((4, 17), bool)
    late = replace(sight, observed=observed, visible=visible, confidence=sure.astype(np.float32))
    late.save(tmp_path / "7.npz")
    (seen,) = DetectedViews(str(tmp_path), H36M17, fps=30.0).watch(DETECTED)
    for part in (seen.xy[0], seen.confidence[0]):
        np.testing.assert_array_equal(part[:2], part[[2, 2]])
    assert np.isnan(seen.xyz[0, :2]).all()


def test_a_take_of_nobody_is_left_out(sight, tmp_path):
    replace(sight, observed=np.full_like(sight.observed, np.nan)).save(tmp_path / "7.npz")
    held_out = DetectedViews(str(tmp_path), H36M17, fps=30.0)
    assert list(held_out.watch(DETECTED)) == []


def test_a_take_that_was_never_finished_is_left_out(sight, tmp_path):
    sight.save(tmp_path / "7.npz")
    (tmp_path / "8.part.npz").write_bytes(b"half")
    assert len(DetectedViews(str(tmp_path), H36M17, fps=30.0).files) == 1


def test_takes_that_can_not_be_used_are_refused(sight, tmp_path):
    with pytest.raises(InputError, match=r"no take \(\.npz\) in .*; film some"):
        DetectedViews(str(tmp_path), H36M17, fps=30.0)
    sight.save(tmp_path / "7.npz")
    with pytest.raises(InputError, match="takes have joints of h36m17, not of coco17"):
        DetectedViews(str(tmp_path), COCO17, fps=30.0)
    with pytest.raises(InputError, match=r"7\.npz has 30 frames/s, wanted 50"):
        list(DetectedViews(str(tmp_path), H36M17, fps=50.0).watch(EXACT))
