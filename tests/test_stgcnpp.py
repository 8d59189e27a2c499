"""ST-GCN++: what it is made of, and what it promises whatever the window and the body."""

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module
from hydra.utils import instantiate

from gastlive.action.checkpoint import load_head, save_head
from gastlive.action.features import ALL_FEATURES
from gastlive.action.graphconv import GraphConv, partition
from gastlive.action.heads.stgcnpp import STGCNPP, TimeBranches
from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, HUMANEVA15, KINECT20, NTU25

LABELS = ("idle", "wave", "squat", "kick")
SMALL = {"frames": 16, "channels": 6, "widths": (1, 2), "strides": (1, 2)}


def small(skeleton=KINECT20, **changes):
    torch.manual_seed(0)
    return option("head/stgcn++", skeleton=skeleton, labels=LABELS, **{**SMALL, **changes})


def windows(count=3, frames=16, joints=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, frames, joints, 3, generator=generator) * 0.4


def test_a_joint_hears_itself_its_children_and_its_parent():
    itself, children, parent = partition(KINECT20)
    place = KINECT20.index
    np.testing.assert_array_equal(itself, np.eye(20))
    assert parent[place["left_knee"], place["left_hip"]] == 1
    assert children[place["left_knee"], place["left_ankle"]] == 1
    thorax = children[place["thorax"]]
    heard = {KINECT20.joints[i]: thorax[i] for i in thorax.nonzero()[0]}
    assert heard == pytest.approx(
        {"head_center": 1 / 3, "left_shoulder": 1 / 3, "right_shoulder": 1 / 3}
    )
    assert parent[KINECT20.root].sum() == children[place["left_hand"]].sum() == 0


@torch.inference_mode()
def test_graph_convolution_is_its_formula_in_both_layouts():
    torch.manual_seed(0)
    graph, x = GraphConv(NTU25, 4, 5), torch.randn(2, 7, 25, 4)
    graph.graph.normal_()
    maps = graph.mix.weight.view(3, 5, 4)
    expected = torch.einsum("svw,soc,ntwc->ntvo", graph.graph, maps, x)
    torch.testing.assert_close(graph(x), expected, rtol=0, atol=1e-5)
    planes = graph.planes(x.permute(0, 3, 1, 2))
    torch.testing.assert_close(planes.permute(0, 2, 3, 1), expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_every_branch_of_time_looks_as_far_as_it_should():
    torch.manual_seed(0)
    time = TimeBranches(12, stride=1, dilations=(1, 4)).eval()
    x, other = torch.randn(2, 1, 12, 21, 3)
    other = torch.cat([x[:, :, :10], other[:, :, 10:11], x[:, :, 11:]], 2)
    changed = (time(x) - time(other)).abs().amax((0, 1, 3)) > 1e-6
    assert changed.nonzero().flatten().tolist() == [6, 9, 10, 11, 14]


@pytest.mark.parametrize("frames", [15, 16])
@torch.inference_mode()
def test_strides_make_fewer_frames_in_every_branch_alike(frames):
    time = TimeBranches(11, stride=2, dilations=(1, 2, 3)).eval()
    assert time(torch.randn(2, 11, frames, 5)).shape == (2, 11, 8, 5)


@pytest.mark.parametrize("skeleton", [KINECT20, H36M17, NTU25, COCO17, HUMANEVA15])
@torch.inference_mode()
def test_any_layout_gives_a_score_for_each_label(skeleton):
    assert small(skeleton).eval()(windows(joints=len(skeleton))).shape == (3, 4)


@torch.inference_mode()
def test_a_window_slides_over_a_stream():
    head, stream = small().eval(), windows(2, 20)
    logits = head.per_frame(stream)
    assert logits.shape == (2, 20, 4)
    torch.testing.assert_close(logits[:, 17], head(stream[:, 2:18]), rtol=0, atol=1e-4)
    early = torch.cat([stream[:, :1].expand(-1, 15, -1, -1), stream[:, :1]], 1)
    torch.testing.assert_close(logits[:, 0], head(early), rtol=0, atol=1e-4)


@torch.inference_mode()
def test_neither_the_size_nor_the_place_of_a_body_matters():
    head, xyz = small().eval(), windows()
    torch.testing.assert_close(head(1.7 * xyz + 3), head(xyz), rtol=0, atol=1e-3)


@torch.inference_mode()
def test_it_comes_back_from_its_file_as_it_was(tmp_path):
    head = small(features=["bone", "angle"], dilations=(1, 3)).eval()
    save_head(head, tmp_path / "head.safetensors", background="idle")
    read, card = load_head(tmp_path / "head.safetensors", layout="kinect20", frames=16)
    assert card.head == "stgcnpp.STGCNPP"
    assert torch.equal(read(windows()), head(windows()))


def test_every_weight_learns_and_the_scores_follow():
    head, targets = small(channels=12, dropout=0.0), torch.arange(4)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.03)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        losses.append(torch.nn.functional.cross_entropy(head(windows(4)), targets))
        losses[-1].backward()
        assert all(weight.grad.abs().sum() > 0 for weight in head.parameters())
        optimizer.step()
    assert losses[-1] < 0.3 * losses[0]


def test_hydra_takes_it_by_its_name():
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("train_action", overrides=["head=stgcn++", "skeleton=h36m17"])
        head = instantiate(cfg.head, labels=LABELS, channels=8, frames=20)
    assert isinstance(head, STGCNPP)
    assert (head.skeleton, head.frames) == (H36M17, 20)
    assert head.settings["features"] == list(ALL_FEATURES)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"widths": ()}, "as many widths as strides"),
        ({"strides": (1,)}, "as many widths as strides"),
        ({"strides": (1, 0)}, "numbers from 1"),
        ({"channels": 5}, "with 4 dilations wants 6 channels or more, got 5"),
        ({"features": ["smell"]}, r"features \['smell'\]; give different ones of joint, bone"),
        ({"frames": 1}, "at least 2"),
    ],
)
def test_what_can_not_be_says_why(given, said):
    with pytest.raises(InputError, match=said) as error:
        small(**given)
    assert "\n" not in str(error.value)


def test_with_front_it_does_not_matter_from_which_side_a_person_is_seen():
    torch.manual_seed(0)
    made = {"features": ("joint", "bone"), "strides": (1, 1, 1, 2, 1, 2, 1)}
    head = option(
        "head/stgcn++",
        skeleton=H36M17,
        labels=["a", "b"],
        frames=12,
        channels=8,
        front=True,
        **made,
    ).eval()
    window = torch.randn(2, 12, 17, 3)
    angle = torch.tensor(0.8)
    turn = torch.tensor([[angle.cos(), 0, angle.sin()], [0, 1, 0], [-angle.sin(), 0, angle.cos()]])
    torch.testing.assert_close(head(window @ turn), head(window), rtol=1e-3, atol=1e-4)
    plain = option(
        "head/stgcn++",
        skeleton=H36M17,
        labels=["a", "b"],
        frames=12,
        channels=8,
        front=False,
        **made,
    ).eval()
    assert (plain(window @ turn) - plain(window)).abs().max() > 1e-3
