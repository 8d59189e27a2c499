"""Detectors compute in the precision that was asked for, or say in one line that they can't."""

from types import SimpleNamespace

import numpy as np
import pytest
from onnx import TensorProto, helper

from gastlive.conf.option import option
from gastlive.experiments.lifting.ledger import content_key
from gastlive.gast.errors import InputError
from gastlive.gast.runtimes import openvino_core
from gastlive.gast.runtimes.openvino_core import core
from gastlive.realtime.detectors.network import Network, Normalisation

from .test_detectors import constant, saved, spot_people, spot_pose

PICTURE = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
FILTERS = np.random.default_rng(1).normal(size=(16, 3, 8, 8)).astype(np.float32)
DETECTORS = {
    "movenet_multipose": lambda folder: {"path": spot_people(folder / "net.onnx", [0.5])},
    "movenet": lambda folder: {"path": spot_people(folder / "net.onnx", [0.5])},
    "rtmpose": lambda folder: {"pose": spot_pose(folder / "net.onnx")},
}


def response(folder, precision):
    """What sixteen filters as large as the picture make of it."""
    nodes = [constant("filters", FILTERS), helper.make_node("Conv", ["input", "filters"], ["made"])]
    path = saved(
        folder / "net.onnx",
        nodes,
        [("input", TensorProto.FLOAT, [1, 3, 8, 8])],
        [("made", TensorProto.FLOAT, [1, 16, 1, 1])],
    )
    given = Normalisation(std=(255.0,) * 3, rgb=False)
    (made,) = Network(path, threads=1, precision=precision, normalisation=given)(PICTURE).values()
    return made[0, :, 0, 0].copy()


def wanted():
    return np.einsum("ochw,hwc->o", FILTERS.astype(float), PICTURE / 255)


def test_in_float32_every_cpu_gives_the_same_numbers(tmp_path):
    np.testing.assert_allclose(response(tmp_path, "float32"), wanted(), rtol=0, atol=1e-4)


def test_bfloat16_is_coarser_by_less_than_a_percent(tmp_path):
    if "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this CPU does not compute in bfloat16")
    off = np.linalg.norm(response(tmp_path, "bfloat16") - wanted()) / np.linalg.norm(wanted())
    assert 1e-4 < off < 0.01


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_that_should_compute_in_int8_is_refused_in_one_line(name, tmp_path):
    with pytest.raises(InputError, match=r"detector\.precision=int8: .*auto, float32, bf") as error:
        option(f"detector/{name}", precision="int8", **DETECTORS[name](tmp_path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", DETECTORS)
def test_bfloat16_is_refused_in_one_line_on_a_cpu_without_it(name, tmp_path, monkeypatch):
    given, real = DETECTORS[name](tmp_path), core()
    without = SimpleNamespace(
        get_property=lambda *which: ["FP32", "INT8"], read_model=real.read_model
    )
    monkeypatch.setattr(openvino_core, "core", lambda: without)
    with pytest.raises(InputError, match="this CPU does not compute in bfloat16; take") as error:
        option(f"detector/{name}", precision="bfloat16", **given)
    assert "\n" not in str(error.value)


def test_what_was_lifted_before_there_was_a_choice_need_not_be_lifted_again():
    before = {"detector": {"size": 224, "threads": 2}}

    def now(precision):
        return content_key({"detector": {"precision": precision, "size": 224, "threads": 1}})

    assert now("auto") == content_key(before)
    assert now("float32") != content_key(before)
