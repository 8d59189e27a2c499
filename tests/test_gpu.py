"""What runs on a GPU: the live chain, trainings, and nets whose numbers are those of the CPU.

``GASTLIVE_GPU_TEST=cpu make gpu-test`` runs the same on the CPU, where nothing of it may fail.
"""

import os
import sys

import pytest
import torch

import gastlive
from gastlive.action.checkpoint import load_head
from gastlive.action.deployed import HEADS
from gastlive.experiments import train_action, train_lifter
from gastlive.gast.checkpoint import load
from gastlive.gast.runtimes.compiled import ready
from gastlive.gast.shipped import LIFTERS
from gastlive.realtime.sources.demo import PATH

from .lifted_people import LABELS, lifted_people

DEVICE = os.environ.get("GASTLIVE_GPU_TEST", "cuda")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        DEVICE == "cuda" and not torch.cuda.is_available(),
        reason=f"torch {torch.__version__} finds no CUDA device on this machine",
    ),
]
SETS = ("hdm05", "cmu", "mocap6", "precog16", "utd_mhad", "nw_ucla")
RENDERS = f"{{_target_: gastlive.datasets.own.renders.Renders, root: {PATH.parent}, fps: 30.0}}"


@pytest.fixture(autouse=True)
def whole_floats():
    """Products of 32 bits, as on the CPU."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


def streamed(net, frames):
    """Outputs of a stream frame by frame, on the CPU."""
    state, made = None, []
    for frame in frames.unbind(1):
        output, state = net.step(frame, state)
        made.append(output.cpu())
    return torch.stack(made, 1)


@pytest.mark.parametrize("path", sorted(LIFTERS.glob("*.safetensors")), ids=lambda path: path.stem)
@torch.inference_mode()
def test_a_lifter_gives_the_poses_of_the_cpu(path):
    net = load(path)[0].eval()
    frames = torch.rand(2, 12, 17, net.inputs, generator=torch.Generator().manual_seed(0))
    wanted, wanted_clip = streamed(net, frames), net(frames)
    net, frames = net.to(DEVICE), frames.to(DEVICE)
    torch.testing.assert_close(streamed(net, frames), wanted, rtol=0, atol=1e-4)
    torch.testing.assert_close(net(frames).cpu(), wanted_clip, rtol=0, atol=1e-4)


@pytest.mark.parametrize("path", sorted(HEADS.glob("*.safetensors")), ids=lambda path: path.stem)
@torch.inference_mode()
def test_a_head_gives_the_scores_of_the_cpu(path):
    head = load_head(path)[0].eval()
    frames = torch.rand(2, 12, 17, 3, generator=torch.Generator().manual_seed(0))
    wanted = streamed(head, frames)
    found = streamed(head.to(DEVICE), frames.to(DEVICE))
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.skipif(DEVICE != "cuda", reason="told to run elsewhere")
def test_a_gpu_is_taken_where_there_is_one():
    net = load(LIFTERS / "gast81.safetensors")[0]
    found = ready(net, shape=(17, 3))
    assert (found.runtime, found.device.type) == ("torch", "cuda")


def test_the_live_chain_finds_the_same_people_and_actions_as_on_the_cpu():
    said = []
    for device in ("cpu", DEVICE):
        frames = gastlive.watch(
            "demo", source={"frames": 150}, device=device, runtime="torch", smoothing="none"
        )
        said.append([[(p.id, p.action) for p in frame.people] for frame in frames])
    same = sum(one == other for one, other in zip(*said, strict=True))
    assert len(said[0]) == 150
    assert same >= 147, "a label may come a frame earlier or later"


def lifter(folder, monkeypatch, *overrides):
    argv = [
        "gastlive-train-lifter", *(f"~train_sets.{name}" for name in SETS), "~val_sets.cmu",
        "~val_sets.mocap6", f"+train_sets.renders={RENDERS}", f"+val_sets.renders={RENDERS}",
        "name=tiny", "noise=assumed", "net.channels=8", "steps=40", "datamodule.batch=16",
        "datamodule.batches=20", "datamodule.val_batches=4", "trainer.callbacks.average.decay=0.5",
        f"trainer.accelerator={DEVICE}", "trainer.log_every_n_steps=1",
        "+trainer.enable_progress_bar=false", f"hydra.run.dir='{folder}'", *overrides,
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_lifter.main()
    return folder / "tiny.safetensors"


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_lifter_is_trained_on_batches_made_there(precision, tmp_path, monkeypatch, capsys):
    lifter(tmp_path / "short", monkeypatch, "steps=2", "datamodule.batches=2")
    path = lifter(tmp_path / "long", monkeypatch, f"trainer.precision={precision}")
    net, card = load(path)
    assert card.training["steps"] == 40
    assert next(net.parameters()).device.type == "cpu"
    clip = torch.rand(1, 90, 17, net.inputs, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert net(clip).isfinite().all()
    figures = load(tmp_path / "short/tiny.safetensors")[1].training["validation"]
    assert card.training["validation"]["mpjpe_mm"] < figures["mpjpe_mm"]


def test_a_head_is_trained_there_and_its_file_is_for_any_machine(tmp_path, monkeypatch, capsys):
    argv = [
        "gastlive-train-action", f"data.folder={lifted_people(tmp_path / 'lifted')}",
        "protocol=own", "labels=own", "labels.background=stand", "head=tcn", "head.channels=8",
        "name=tiny", "steps=4", "threads=1", "datamodule.batch=2", "datamodule.batches=2",
        f"training.trainer.accelerator={DEVICE}", "+training.trainer.enable_progress_bar=false",
        f"hydra.run.dir={tmp_path}/run",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_action.main()
    head, card = load_head(tmp_path / "run/tiny.safetensors")
    assert (card.labels, card.training["steps"]) == (LABELS, 4)
    assert card.training["validation"]["frames"] > 0
    assert next(head.parameters()).device.type == "cpu"
