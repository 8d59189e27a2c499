"""A clone proves that published checkpoints give the published numbers, see golden/make.py."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gastlive.action.checkpoint import load_head, save_head
from gastlive.action.reference_checkpoint import from_published
from gastlive.gast import checkpoint
from gastlive.gast.checkpoint import import_official
from gastlive.gast.deployed import deployed
from gastlive.gast.errors import InputError
from gastlive.gast.folded import FoldedGASTNet
from gastlive.gast.skeleton import H36M17, H36M19, HUMANEVA15, NTU25
from gastlive.gast.streaming import streamed

GOLDEN = Path(__file__).parent / "golden"
make = SimpleNamespace(**runpy.run_path(str(GOLDEN / "make.py")))
LIFTERS = pytest.mark.parametrize("skeleton", [H36M17, H36M19, HUMANEVA15], ids=lambda s: s.name)
HEADS = pytest.mark.parametrize("skeleton", [H36M17, NTU25], ids=lambda s: s.name)
CARD = {"fps": 30.0, "normalisation": "screen", "training": {}}


def golden(name):
    return make.read(GOLDEN / f"{name}.npz")


def lifter(skeleton, *, causal=True):
    weights, arrays = golden(f"gast{len(skeleton)}")
    return import_official({"model_pos": weights}, skeleton=skeleton, causal=causal), arrays


def near(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=3e-6)


@LIFTERS
@torch.inference_mode()
def test_published_weights_give_the_published_poses(skeleton):
    net, arrays = lifter(skeleton)
    near(net.valid(arrays["input"]), arrays["output"])
    near(net(arrays["input"])[:, net.receptive_field - 1 :], arrays["output"])


@torch.inference_mode()
def test_published_centred_weights_give_the_published_poses():
    net, arrays = lifter(H36M17, causal=False)
    near(net.valid(arrays["input"]), arrays["centred"])
    side = net.receptive_field // 2
    near(net(arrays["input"])[:, side:-side], arrays["centred"])
    near(net.strided(arrays["input"][:, 1:28]), arrays["centred"][:, 1:2])


@LIFTERS
@torch.inference_mode()
def test_one_frame_of_a_receptive_field_is_the_published_one(skeleton):
    net, arrays = lifter(skeleton)
    for t in range(make.FRAMES):
        window = arrays["input"][:, t : t + net.receptive_field]
        near(net.strided(window), arrays["output"][:, t : t + 1])


@LIFTERS
@torch.inference_mode()
def test_frame_by_frame_the_poses_are_the_published_ones(skeleton):
    net, arrays = lifter(skeleton)
    for each in (net, FoldedGASTNet(net)):
        near(streamed(each, arrays["input"])[:, net.receptive_field - 1 :], arrays["output"])


@LIFTERS
@torch.inference_mode()
def test_a_published_file_becomes_a_live_lifter_of_the_same_numbers(skeleton, tmp_path):
    weights, arrays = golden(f"gast{len(skeleton)}")
    torch.save({"model_pos": weights}, tmp_path / "published.bin")
    net = import_official(tmp_path / "published.bin", skeleton=skeleton, causal=True)
    checkpoint.save(net, tmp_path / "ours.safetensors", **CARD)
    live, card = deployed(tmp_path / "ours.safetensors")
    assert (card.layout, card.causal) == (skeleton.name, True)
    near(streamed(live, arrays["input"])[:, card.receptive_field - 1 :], arrays["output"])


@torch.inference_mode()
def test_a_centred_checkpoint_is_refused_as_a_causal_one(tmp_path):
    net, arrays = lifter(H36M17, causal=False)
    as_causal, _ = lifter(H36M17)
    wrong = (as_causal.valid(arrays["input"]) - arrays["centred"]).abs().max()
    assert wrong > 1e-3  # it loads, and the poses are wrong
    checkpoint.save(net, tmp_path / "centred.safetensors", **CARD)
    with pytest.raises(InputError, match="causal=False, wanted True"):
        deployed(tmp_path / "centred.safetensors")
    with pytest.raises(InputError, match="a centred lifter can't stream"):
        net.step(arrays["input"][:, 0])
    with pytest.raises(InputError, match="a centred lifter can't stream"):
        FoldedGASTNet(net)


@HEADS
@torch.inference_mode()
def test_a_published_head_gives_the_published_logits_and_survives_our_format(skeleton, tmp_path):
    weights, arrays = golden(f"early_fusion{len(skeleton)}")
    torch.save({"state_dict": weights}, tmp_path / "published.pth")
    head = from_published(tmp_path / "published.pth", skeleton=skeleton, labels=make.LABELS)
    save_head(head, tmp_path / "ours.safetensors", background="A001")
    for each in (head, load_head(tmp_path / "ours.safetensors")[0]):
        torch.testing.assert_close(each(arrays["input"]), arrays["output"], rtol=1e-5, atol=1e-5)


def test_golden_vectors_are_small():
    assert sum(file.stat().st_size for file in GOLDEN.glob("*.npz")) < 200_000


@pytest.mark.skipif(not make.REFERENCE.is_dir(), reason="needs ../shared/reference")
def test_golden_vectors_are_those_of_the_published_numbers(tmp_path):
    make.main(tmp_path)
    assert {f.name for f in tmp_path.iterdir()} == {f.name for f in GOLDEN.glob("*.npz")}
    for file in tmp_path.iterdir():
        made, kept = make.read(file), golden(file.stem)
        for one, other in zip(made, kept, strict=True):
            assert list(one) == list(other)
            for key in one:
                np.testing.assert_allclose(one[key], other[key], rtol=1e-5, atol=3e-6)
