"""The early fusion head says what the reference says, from the reference's own files."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from gastlive.action.checkpoint import load_head, save_head
from gastlive.action.reference_checkpoint import from_published
from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, HUMANEVA15, KINECT20, NTU25

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
LABELS = ("idle", "wave", "kick")


def official(name):
    path = REFERENCE / f"early_fusion_official_{name}.npz"
    if not path.exists():
        pytest.skip("reference numbers are not beside the project")
    with np.load(path) as file:
        arrays = {key: torch.from_numpy(np.asarray(file[key])) for key in file.files}
    weights = {
        key.removeprefix("weight/"): value
        for key, value in arrays.items()
        if key.startswith("weight/")
    }
    return weights, arrays["input"].unflatten(-1, (-1, 3)), arrays["output"]


def tiny(skeleton=H36M17, c=4, classes=3):
    """A net as the reference publishes it, its numbers made up; 4 channels instead of 64."""
    joints, links = len(skeleton), torch.from_numpy(skeleton.adjacency)
    shapes = {"e_adj": [int(links.sum())], "e_sym": [29], "fc.weight": [classes, 8 * c]}

    def norm(name, size):
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = [size]

    def conv(name, outputs, inputs, taps=1):
        shapes[f"{name}.weight"] = [outputs, inputs, 1, taps]
        shapes[f"{name}.bias"] = [outputs]

    for stream in ("joint", "joint_dif", "bone", "bone_dif"):
        norm(f"{stream}_embed.cnn.0.bn", 3 * joints)
        conv(f"{stream}_embed.cnn.1.cnn", c, 3)
        conv(f"{stream}_embed.cnn.3.cnn", c, c)
    conv("conv_cat", 2 * c, 4 * c)
    norm("bn_cat", 2 * c)
    for i, (inputs, outputs) in enumerate(((2, 2), (2, 4), (4, 4)), start=1):
        norm(f"gcn{i}.bn", outputs * c)
        shapes[f"gcn{i}.w.cnn.weight"] = [outputs * c, inputs * c, 1, 1]
        conv(f"gcn{i}.w1.cnn", outputs * c, inputs * c)
    for part in ("g1", "g2"):
        conv(f"compute_g1.{part}.cnn", 4 * c, 2 * c)
    for name, bn, taps in (("concat_conv", "concat_bn", 1), ("cnn1", "bn1", 3), ("cnn2", "bn2", 1)):
        conv(f"cnn.{name}", 8 * c, 8 * c, taps)
        norm(f"cnn.{bn}", 8 * c)
    shapes["fc.bias"] = [classes]
    weights = {name: made_up(shape, i) for i, (name, shape) in enumerate(shapes.items())}
    for name in [name for name, shape in shapes.items() if len(shape) == 4]:
        weights[name] *= 6 / shapes[name][1] ** 0.5  # so that the signal comes through
    for name in [name for name in weights if name.endswith("running_var")]:
        weights[name] = weights[name].abs() + 0.1
        weights[name.replace("running_var", "num_batches_tracked")] = torch.tensor(7)
    return {**weights, "adj_graph": links / 2.0, "sym_graph": torch.eye(joints)}


def made_up(shape, seed):
    """Numbers of any shape that no random generator makes, the same everywhere."""
    steps = torch.arange(int(np.prod(shape)), dtype=torch.float64)
    spread = 43758.5453 * torch.sin(12.9898 * steps + 78.233 * seed)
    return (spread - spread.floor() - 0.5).float().view(shape)


@pytest.mark.parametrize(("name", "skeleton"), [("gast60", H36M17), ("ntu60", NTU25)])
@torch.inference_mode()
def test_published_weights_give_the_published_numbers(name, skeleton):
    weights, windows, logits = official(name)
    labels = [f"A{i + 1:03d}" for i in range(60)]
    head = from_published({"model_pos": weights}, skeleton=skeleton, labels=labels)
    assert (head(windows) - logits).abs().max() <= 1e-4


@torch.inference_mode()
def test_a_tiny_net_says_what_it_said_when_the_published_numbers_came_out():
    head = from_published(tiny(), skeleton=H36M17, labels=LABELS)
    logits = head(made_up([2, 20, 17, 3], 0))
    expected = [[-0.076706, 1.601034, 2.907585], [-0.186829, 1.581514, 3.203835]]
    torch.testing.assert_close(logits, torch.tensor(expected), rtol=0, atol=1e-4)


@pytest.mark.parametrize("wrap", [dict, lambda w: {"state_dict": w, "epoch": 3, "best": 0.9}])
@torch.inference_mode()
def test_published_files_load_from_disk_and_survive_our_format(wrap, tmp_path):
    weights, windows = tiny(), made_up([2, 20, 17, 3], 0)
    torch.save(wrap(weights), tmp_path / "0_best_v1.pth")
    head = from_published(tmp_path / "0_best_v1.pth", skeleton=H36M17, labels=LABELS, fps=20)
    save_head(head, tmp_path / "head.safetensors", background="idle")
    read, card = load_head(tmp_path / "head.safetensors", layout="h36m17", frames=20, fps=20.0)
    assert card.head == "early_fusion.EarlyFusion"
    assert torch.equal(read(windows), head(windows))


@torch.inference_mode()
def test_bones_of_its_own_survive_our_format(tmp_path):
    weights, windows, _ = official("ntu60")
    head = from_published(weights, skeleton=NTU25, labels=[str(i) for i in range(60)])
    save_head(head, tmp_path / "head.safetensors", background="0")
    assert torch.equal(load_head(tmp_path / "head.safetensors")[0](windows), head(windows))


def test_a_published_file_never_runs_code(tmp_path, monkeypatch):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    torch.save({"state_dict": tiny(), "optimizer": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(InputError, match="can't be read as weights alone") as error:
        from_published(tmp_path / "evil.pth", skeleton=H36M17, labels=LABELS)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "owned").exists()


def without(key):
    return {name: value for name, value in tiny().items() if name != key}


@pytest.mark.parametrize(
    ("weights", "given", "said"),
    [
        (tiny(), {"skeleton": NTU25}, "17 joints that are not linked as ntu25's"),
        (tiny(), {"skeleton": COCO17}, "17 joints that are not linked as coco17's"),
        (tiny(), {"labels": LABELS[:2]}, "names 3 actions, got 2 labels"),
        ({}, {}, "is not an early fusion head"),
        (without("gcn2.bn.bias"), {}, "not an early fusion head: 'gcn2.bn.bias' is missing"),
        ({**tiny(), "bn_cat.bias": torch.ones(5)}, {}, "other shape: fuse_norm.bias"),
        ({**tiny(), "fc.weight": torch.ones(3)}, {}, "not an early fusion head: "),
    ],
)
def test_what_does_not_fit_is_refused(weights, given, said):
    with pytest.raises(InputError, match=said) as error:
        from_published(weights, **{"skeleton": H36M17, "labels": LABELS, **given})
    assert "\n" not in str(error.value)


def test_what_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(InputError, match="no checkpoint at"):
        from_published(tmp_path / "none.pth", skeleton=H36M17, labels=LABELS)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match="holds list, wanted"):
        from_published(tmp_path / "list.pth", skeleton=H36M17, labels=LABELS)


@pytest.mark.parametrize("skeleton", [KINECT20, H36M17, NTU25, COCO17, HUMANEVA15])
@torch.inference_mode()
def test_any_layout_gives_a_score_for_each_label(skeleton):
    head = option("head/early_fusion", skeleton=skeleton, labels=LABELS, channels=4).eval()
    stream = made_up([2, 30, len(skeleton), 3], 1)
    assert head.per_frame(stream).shape == (2, 30, 3)
    assert sorted(joint for limb in head.limbs for joint in limb) == list(range(len(skeleton)))


@torch.inference_mode()
def test_a_long_window_is_looked_at_in_even_steps():
    head = from_published(tiny(), skeleton=H36M17, labels=LABELS, frames=39)
    window = made_up([2, 39, 17, 3], 2)
    short = from_published(tiny(), skeleton=H36M17, labels=LABELS)
    assert torch.equal(head(window), short(window[:, ::2]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"channels": 0}, "channels from 1"),
        ({"samples": 50}, "2 to 48 samples of a window of 48, got 64 channels and 50 samples"),
        ({"parents": {"tail": "hip"}}, "parents of tail, which layout h36m17 does not have"),
        ({"parents": {"spine": "tail"}}, "strangers={'tail'}"),
    ],
)
def test_what_can_not_be_says_why(given, said):
    with pytest.raises(InputError, match=said):
        option("head/early_fusion", skeleton=H36M17, labels=LABELS, **given)
