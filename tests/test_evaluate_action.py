"""What is measured of a head is what runs live."""

import subprocess
import sys

import pytest
import torch

from gastlive.action.checkpoint import save_head
from gastlive.action.evaluation import figures, scored
from gastlive.action.heads.svm import SVM
from gastlive.action.heads.tcn import TCN
from gastlive.experiments.evaluating.action import naming
from gastlive.experiments.export import exported, head
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

LABELS = ("idle", "wave", "kick")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Small heads, untrained; the streaming one exported too."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    streaming = TCN(H36M17, labels=LABELS, channels=8, dilations=(1, 2))
    for name, net in (("head", streaming), ("svm", SVM(H36M17, labels=LABELS, frames=10))):
        save_head(net, folder / f"{name}.safetensors", background="idle")
    exported(head(str(folder / "head.safetensors")), folder, frames=1, people=1)
    return folder


@pytest.fixture(scope="module")
def streams():
    generator = torch.Generator().manual_seed(0)
    xyz = torch.rand(3, 60, 17, 3, generator=generator)
    return [(xyz, torch.randint(0, 3, (3, 60), generator=generator), torch.ones(3, 60))]


def measured(path, streams, *, runtime, precision="float32"):
    """Logits, figures and what ran it."""
    per_frame, card, ran = naming(
        str(path), layout="h36m17", runtime=runtime, precision=precision, threads=1
    )
    result = scored(per_frame, streams)
    said = figures(result, card, background=card.background, temperature=card.temperature)
    return torch.stack(result.logits), said, ran


@pytest.mark.parametrize("runtime", ["torch", "openvino", "onnxruntime"])
def test_frame_by_frame_a_head_says_what_it_says_of_whole_streams(weights, streams, runtime):
    expected, figures, ran = measured(weights / "head.safetensors", streams, runtime=None)
    assert ran is None
    logits, said, ran = measured(weights / "head.safetensors", streams, runtime=runtime)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    assert (said, ran) == (figures, runtime)


def test_an_exported_head_is_measured_too(weights, streams):
    expected, figures, _ = measured(weights / "head.safetensors", streams, runtime=None)
    logits, said, ran = measured(weights / "head.onnx", streams, runtime="auto")
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    assert said == figures
    assert ran in ("openvino", "onnxruntime")


def test_whole_numbers_say_something_else_but_close(weights, streams):
    expected, *_ = measured(weights / "head.safetensors", streams, runtime=None)
    logits, _, ran = measured(
        weights / "head.safetensors", streams, runtime="auto", precision="int8"
    )
    assert ran == "onnxruntime"
    assert 0 < (logits - expected).norm() < 0.1 * expected.norm()


def test_a_windowed_head_is_measured_in_torch_alone(weights, streams):
    logits, *_ = measured(weights / "svm.safetensors", streams, runtime=None)
    assert logits.shape == (3, 60, 3)
    with pytest.raises(InputError, match="looks at windows, which runtime=null alone runs"):
        measured(weights / "svm.safetensors", streams, runtime="torch")


def test_what_can_not_be_measured_so_is_refused(weights, streams):
    for name, given in (("head.onnx", {}), ("head.safetensors", {"precision": "int8"})):
        with pytest.raises(InputError, match="is run frame by frame; give runtime=auto"):
            measured(weights / name, streams, runtime=None, **given)
    with pytest.raises(InputError, match="wanted 'coco17'"):
        naming(str(weights / "head.onnx"), layout="coco17", runtime=None, precision="float32",
               threads=1)  # fmt: skip


def test_the_program_takes_runtime_and_precision(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.experiments.evaluate", "action", "runtime=torch",
         "precision=int8"],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    said = "gastlive: runtime=torch can't run precision=int8; take onnxruntime\n"
    assert (done.returncode, done.stderr) == (1, said)
