"""Synthesis in torch against what the numpy code before it gave (commit 3ce9fc0)."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.datasets.seen.body import body_axes, body_depth, body_size, unit
from gastlive.datasets.seen.completion import complete, make_middle
from gastlive.gast.inputs.smoothing import Unsmoothed
from gastlive.gast.skeleton import H36M17

EXACT = {"rtol": 0, "atol": 1e-6, "equal_nan": True}


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "golden" / "synthesis.npz") as file:
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
