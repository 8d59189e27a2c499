import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gastlive.conf.option import option
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, H36M19, HUMANEVA15

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
OFFICIAL = {
    "27_causal": (H36M17, True),
    "27_noncausal": (H36M17, False),
    "81_causal": (H36M17, True),
    "243_causal": (H36M17, True),
    "27_causal_toes19": (H36M19, True),
    "27_causal_humaneva15": (HUMANEVA15, True),
}
CARD = {"fps": 30.0, "normalisation": "person", "training": {"data": "none"}}


def official(name):
    path = REFERENCE / f"gast_official_{name}.npz"
    if not path.exists():
        pytest.skip("reference numbers are not beside the project")
    with np.load(path) as file:
        arrays = dict(file)
    weights = {
        key.removeprefix("weight/"): torch.from_numpy(np.asarray(value))
        for key, value in arrays.items()
        if key.startswith("weight/")
    }
    return weights, torch.from_numpy(arrays["input"]), torch.from_numpy(arrays["output"])


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=4).eval()
    checkpoint.save(net, tmp_path / "net.safetensors", **CARD)
    return net, tmp_path / "net.safetensors"


@pytest.mark.parametrize("name", OFFICIAL)
@torch.inference_mode()
def test_published_weights_give_the_published_numbers(name):
    weights, frames, lifted = official(name)
    skeleton, causal = OFFICIAL[name]
    net = checkpoint.import_official({"model_pos": weights}, skeleton=skeleton, causal=causal)
    assert (net.valid(frames) - lifted).abs().max() <= 1e-5


@torch.inference_mode()
def test_published_files_load_from_disk_and_survive_our_format(tmp_path):
    weights, frames, lifted = official("27_causal")
    torch.save({"model_pos": weights}, tmp_path / "27_frame_model_causal.bin")
    net = checkpoint.import_official(
        tmp_path / "27_frame_model_causal.bin", skeleton=H36M17, causal=True
    )
    checkpoint.save(net, tmp_path / "ours.safetensors", **CARD | {"normalisation": "screen"})
    ours, card = checkpoint.load(tmp_path / "ours.safetensors", causal=True, layout="h36m17")
    assert card.receptive_field == 27
    assert (ours.valid(frames) - lifted).abs().max() <= 1e-5


def test_published_weights_of_another_layout_are_refused():
    weights, _, _ = official("27_causal")
    with pytest.raises(InputError, match="17 joints, layout humaneva15 has 15"):
        checkpoint.import_official(weights, skeleton=HUMANEVA15, causal=True)


def test_something_that_is_no_gast_net_is_refused():
    with pytest.raises(InputError, match="not a GAST-Net checkpoint"):
        checkpoint.import_official({"fc.weight": torch.zeros(1)}, skeleton=H36M17, causal=True)


class Evil:
    def __reduce__(self):
        return (Path("touched").touch, ())


def test_a_published_file_never_runs_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"model_pos": Evil()}, "evil.bin")
    with pytest.raises(InputError, match="weights alone"):
        checkpoint.import_official("evil.bin", skeleton=H36M17, causal=True)
    assert not Path("touched").exists()


@torch.inference_mode()
def test_what_was_saved_comes_back(saved):
    net, path = saved
    again, card = checkpoint.load(path)
    frames = torch.randn(1, 12, 17, 2)
    torch.testing.assert_close(again(frames), net(frames), rtol=0, atol=1e-6)
    assert (card.layout, card.filter_widths, card.causal) == ("h36m17", (3, 3), True)
    assert card.training == {"data": "none"}


@torch.inference_mode()
def test_half_precision_halves_the_file_and_hardly_changes_the_pose(saved, tmp_path):
    net, path = saved
    checkpoint.save(net, tmp_path / "half.safetensors", **CARD, half=True)
    again, _ = checkpoint.load(tmp_path / "half.safetensors")
    frames = torch.randn(1, 12, 17, 2)
    torch.testing.assert_close(again(frames), net(frames), rtol=0.02, atol=0.02)
    weights = sum(value.numel() for value in net.state_dict().values())
    assert path.stat().st_size - (tmp_path / "half.safetensors").stat().st_size > weights


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"causal": False}, "causal=True, wanted False"),
        ({"layout": COCO17.name}, "layout='h36m17', wanted 'coco17'"),
        ({"receptive_field": 27}, "receptive_field=9, wanted 27"),
        ({"channels": 128}, "channels=4, wanted 128"),
        ({"fps": 50.0}, "fps=30.0, wanted 50.0"),
        ({"normalisation": "screen"}, "normalisation='person', wanted 'screen'"),
    ],
)
def test_a_mismatch_is_refused_by_name(saved, expected, said):
    with pytest.raises(InputError, match=said):
        checkpoint.load(saved[1], **expected)


def tampered(path, change):
    weights = load_file(path)
    with safe_open(str(path), framework="pt") as file:
        card = json.loads(file.metadata()["gastlive_lifter"])
    change(weights, card)
    save_file(weights, path, metadata={"gastlive_lifter": json.dumps(card)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda weights, card: weights.pop("shrink.weight"), "missing: shrink.weight"),
        (lambda weights, card: weights.update(more=torch.zeros(1)), "unexpected: more"),
        (lambda weights, card: card.update(channels=8), "other shape"),
        (lambda weights, card: card.update(version=99), "format version 99"),
    ],
)
def test_a_file_that_does_not_fit_its_card_is_refused(saved, change, said):
    tampered(saved[1], change)
    with pytest.raises(InputError, match=said):
        checkpoint.load(saved[1])


def test_files_that_are_no_lifters_are_refused(tmp_path):
    with pytest.raises(InputError, match="no lifter checkpoint at"):
        checkpoint.load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("not weights at all")
    with pytest.raises(InputError, match="not a readable safetensors file"):
        checkpoint.load(tmp_path / "text.safetensors")
    save_file({"w": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="not a gastlive lifter"):
        checkpoint.load(tmp_path / "other.safetensors")
