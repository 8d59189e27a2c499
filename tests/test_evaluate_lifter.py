"""What is measured of a lifter is what runs live."""

import subprocess
import sys

import pytest
import torch

from gastlive.experiments.evaluate_lifter import errors, lifting
from gastlive.experiments.export import exported, lifter
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.lifter import GASTNet
from gastlive.gast.skeleton import H36M17

WANTED = {"layout": "h36m17", "fps": 30.0}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small lifter, untrained, exported too, and its centred sister."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    for name, causal in (("lifter", True), ("centred", False)):
        net = GASTNet(H36M17, filter_widths=(3, 3), channels=4, causal=causal)
        card = {"fps": 30.0, "normalisation": "person", "training": {}}
        checkpoint.save(net, folder / f"{name}.safetensors", **card)
    exported(lifter(str(folder / "lifter.safetensors")), folder, frames=1, people=1)
    return folder


def measured(path, batches, *, runtime, precision="float32"):
    lift, ran = lifting(str(path), runtime=runtime, precision=precision, threads=1, **WANTED)
    return errors(lift, batches), ran


@pytest.fixture(scope="module")
def batches():
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.rand(4, 20, 17, 2, generator=generator),
         torch.rand(4, 20, 17, 3, generator=generator), torch.ones(4, 20, 17))
        for _ in range(2)
    ]  # fmt: skip


@pytest.mark.parametrize("runtime", ["torch", "openvino", "onnxruntime"])
def test_frame_by_frame_the_errors_are_those_of_whole_clips(weights, batches, runtime):
    expected, ran = measured(weights / "lifter.safetensors", batches, runtime=None)
    assert ran is None
    assert measured(weights / "lifter.safetensors", batches, runtime=runtime) == (
        pytest.approx(expected, abs=0.011), runtime,
    )  # fmt: skip


def test_an_exported_lifter_is_measured_too(weights, batches):
    expected, _ = measured(weights / "lifter.safetensors", batches, runtime=None)
    said, ran = measured(weights / "lifter.onnx", batches, runtime="auto")
    assert said == pytest.approx(expected, abs=0.011)
    assert ran in ("openvino", "onnxruntime")


def test_whole_numbers_have_errors_of_their_own(weights, batches):
    expected, _ = measured(weights / "lifter.safetensors", batches, runtime=None)
    said, ran = measured(weights / "lifter.safetensors", batches, runtime="auto", precision="int8")
    assert ran == "onnxruntime"
    assert said != expected
    assert said == pytest.approx(expected, rel=0.1)


def test_a_centred_lifter_is_measured_on_whole_clips_only(weights, batches):
    said, _ = measured(weights / "centred.safetensors", batches, runtime=None)
    assert said["mpjpe_mm"] > 0
    with pytest.raises(InputError, match="causal=False, wanted True"):
        measured(weights / "centred.safetensors", batches, runtime="torch")


def test_what_can_not_be_measured_so_is_refused(weights, batches):
    for name, given in (("lifter.onnx", {}), ("lifter.safetensors", {"precision": "int8"})):
        with pytest.raises(InputError, match="is run frame by frame; give runtime=auto"):
            measured(weights / name, batches, runtime=None, **given)
    for runtime in (None, "torch"):
        with pytest.raises(InputError, match=r"has fps=30.0, wanted 25.0"):
            lifting(str(weights / "lifter.safetensors"), runtime=runtime, precision="float32",
                    threads=1, fps=25.0)  # fmt: skip


def test_the_program_takes_runtime_and_precision(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.experiments.evaluate_lifter", "runtime=torch",
         "precision=int8"],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    said = "gastlive: runtime=torch can't run precision=int8; take onnxruntime\n"
    assert (done.returncode, done.stderr) == (1, said)
