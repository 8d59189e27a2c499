"""Synthesis in torch against what the numpy code before it gave (commit 3ce9fc0)."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.datasets.clip import MotionClip
from gastlive.datasets.for_lifters.windows import Windows
from gastlive.datasets.seen.body import body_axes, body_depth, body_size, unit
from gastlive.datasets.seen.completion import complete, make_middle
from gastlive.datasets.seen.detectable import detectable
from gastlive.datasets.seen.ground_truth import input_and_truth
from gastlive.datasets.seen.views import Views
from gastlive.gast.inputs.smoothing import Unsmoothed
from gastlive.gast.skeleton import H36M17, KINECT20

EXACT = {"rtol": 0, "atol": 1e-6, "equal_nan": True}


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "golden" / "synthesis" / "numpy.npz") as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def same(found, wanted):
    torch.testing.assert_close(found, wanted.to(found.dtype), **EXACT)


def test_sizes_axes_and_depths_of_bodies_are_those_of_the_numpy_code(golden):
    same(body_size(golden["xy"], H36M17), golden["size"])
    same(body_axes(golden["xyz"], H36M17), golden["axes"])
    same(body_depth(golden["xyz"], H36M17), golden["depth"])
    people = torch.cat([golden["xyz"][0, 0, :3], torch.zeros(1, 3)])
    same(unit(people), golden["unit"])


def test_the_middle_line_is_that_of_the_numpy_code_also_where_joints_are_missing(golden):
    same(make_middle(golden["holed"], H36M17), golden["middle"])


@pytest.mark.parametrize("kind", ["smoothed", "unsmoothed"])
def test_completion_is_that_of_the_numpy_code(golden, kind):
    smoothing = option("smoothing/one_euro") if kind == "smoothed" else Unsmoothed()
    given = golden["by_time"], golden["lost"], H36M17
    same(complete(*given, fps=30.0, ease_s=0.5, smoothing=smoothing), golden[kind])


@pytest.mark.parametrize("units", ["screen", "person"])
def test_input_and_truth_are_those_of_the_numpy_code(golden, units):
    given = golden["holed"], golden["xyz"], H36M17
    xy, xyz = input_and_truth(*given, normalisation=units)
    same(xy, golden[f"input_{units}"])
    same(xyz, golden[f"truth_{units}"])


def test_what_is_detectable_is_that_of_the_numpy_code(golden):
    clip = MotionClip("a", "m", "s", KINECT20, golden["kinect"].numpy(), 30.0)
    same(torch.from_numpy(detectable(clip, H36M17).xyz), golden["detectable"])


def test_cameras_are_as_varied_as_those_of_the_numpy_code(golden):
    """Percentiles 1 to 99 over 20,000 cameras around one clip: pictures, places, directions."""
    person, shares = golden["person"].expand(20000, -1, -1, -1), golden["shares"].numpy()
    xy, camera = Views().film(person, root=0, generator=torch.Generator().manual_seed(0))
    found = {
        "views_xy": xy.flatten(0, 2),
        "views_root": camera[:, :, 0].flatten(0, 1),
        "views_bone": (camera[:, :, 10] - camera[:, :, 0]).flatten(0, 1),
    }
    for name, values in found.items():
        wanted = golden[name].numpy()
        np.testing.assert_allclose(
            np.percentile(values, shares, axis=0), wanted, atol=0.02 * np.ptp(wanted, axis=0).max()
        )


def test_windows_are_drawn_as_by_the_numpy_code(golden):
    """How often from which clip; held and newest frames; steps, over 40,000 windows."""
    clips = [
        [
            np.broadcast_to(100.0 * k + np.arange(n)[:, None, None], (n, 1, 3)).astype("f4")
            for k, n in part
        ]
        for part in (((0, 6), (1, 40)), ((2, 90),))
    ]
    windows = Windows(clips, shares=[1.0, 2.0], frames=27, early=True, appear=0.05, varied=0.15)
    xyz, held = windows.draw(40000, torch.Generator().manual_seed(0))
    values, shares = xyz[:, :, 0, 0].numpy(), golden["shares"].numpy()
    clip = np.bincount((values[:, -1] // 100).astype(int), minlength=3) / len(values)
    np.testing.assert_allclose(clip, golden["windows_clip"], atol=0.01)
    np.testing.assert_allclose(np.percentile(held, shares), golden["windows_held"], atol=1)
    newest = np.percentile(values[:, -1] % 100, shares)
    np.testing.assert_allclose(newest, golden["windows_last"], atol=2)
    steps = np.percentile(np.diff(values, axis=1), [10, 50, 90, 95, 99])
    np.testing.assert_allclose(steps, golden["windows_steps"], atol=0.05)
