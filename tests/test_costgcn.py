"""CoST-GCN streams: a step says what the clip says, in torch and in every other runtime."""

import pytest
import torch

from gastlive.action.checkpoint import load_head, save_head
from gastlive.action.heads.costgcn import CausalMean
from gastlive.conf.option import option
from gastlive.experiments import export
from gastlive.gast.errors import InputError
from gastlive.gast.runtimes import compiled as runtimes
from gastlive.gast.skeleton import H36M17, HUMANEVA15, KINECT20, NTU25
from gastlive.gast.streaming import join, streamed, take

LABELS = ("idle", "wave", "squat", "kick")


def lively(net):
    """Norms as after training: their statistics are not the identity."""
    for name, value in net.named_buffers():
        if name.endswith("running_mean"):
            value.normal_(0, 0.3)
        if name.endswith("running_var"):
            value.uniform_(0.5, 2)
    return net.eval()


def small(skeleton=H36M17, **changes):
    torch.manual_seed(0)
    given = {"channels": 6, "widths": (1, 2), "dilations": (1, 3), "window": 5, **changes}
    return lively(option("head/costgcn", skeleton=skeleton, labels=LABELS, **given))


NETS = {
    "default": small,
    "one frame": lambda: small(kernel=1, window=1),
    "other features": lambda: small(features=("angle", "bone_motion"), kernel=4),
    "mean": lambda: CausalMean(7),
}
EVERY = pytest.mark.parametrize("name", NETS)


def clip(name="default", people=3, frames=30, joints=17, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (people, frames, 4) if name == "mean" else (people, frames, joints, 3)
    return torch.randn(shape, generator=generator) * 0.4


@EVERY
@torch.inference_mode()
def test_stepping_equals_the_clip(name):
    net, frames = NETS[name](), clip(name)
    torch.testing.assert_close(streamed(net, frames), net(frames), rtol=0, atol=1e-5)


@EVERY
@torch.inference_mode()
def test_the_future_does_not_change_the_past(name):
    net, frames, other = NETS[name](), clip(name), clip(name)
    other[:, 20:] = clip(name, seed=1)[:, 20:]
    whole, changed = net(frames), net(other)
    torch.testing.assert_close(whole[:, :20], changed[:, :20], rtol=0, atol=1e-5)
    assert not torch.allclose(whole[:, 20:], changed[:, 20:], atol=1e-2)


@EVERY
@torch.inference_mode()
def test_a_step_leaves_its_state_alone(name):
    net, frames = NETS[name](), clip(name)
    _, state = net.step(frames[:, 0])
    first, _ = net.step(frames[:, 1], state)
    net.step(frames[:, 2], state)
    again, _ = net.step(frames[:, 1], state)
    assert torch.equal(first, again)


@torch.inference_mode()
def test_people_come_and_go_without_touching_each_other():
    net, xyz = small(), clip()
    _, state = net.step(xyz[:, 0])
    _, late = net.step(xyz[2:, 1])
    together, _ = net.step(xyz[[1, 2], 2], join([take(state, [1]), late]))
    _, alone = net.step(xyz[1:2, 0])
    alone, _ = net.step(xyz[1:2, 2], alone)
    torch.testing.assert_close(together[:1], alone, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_it_sees_exactly_its_receptive_field():
    head, xyz = small(), clip(people=1)

    def last(flipped):
        """The last scores if so many frames at the beginning are seen in a mirror."""
        changed = xyz.clone()
        changed[:, :flipped, :, 0] *= -1  # bones keep their lengths, so the body keeps its size
        return head(changed)[:, -1]

    assert head.receptive_field == 1 + 5 + 2 * (1 + 3)
    assert torch.allclose(last(30 - 14), last(0), atol=1e-6)
    assert not torch.allclose(last(30 - 13), last(0), atol=1e-5)


@torch.inference_mode()
def test_a_mean_is_of_the_last_frames_and_of_the_first_where_there_are_none():
    frames = torch.arange(6.0).view(1, 6, 1)
    expected = torch.tensor([0, 1 / 3, 1, 2, 3, 4]).view(1, 6, 1)
    torch.testing.assert_close(CausalMean(3)(frames), expected)


@pytest.mark.parametrize("skeleton", [KINECT20, NTU25, HUMANEVA15])
@torch.inference_mode()
def test_any_layout_gives_a_score_for_each_label(skeleton):
    assert small(skeleton)(clip(joints=len(skeleton))).shape == (3, 30, 4)


@torch.inference_mode()
def test_it_comes_back_from_its_file_as_it_was(tmp_path):
    head = small(features=["joint", "angle"], kernel=2)
    save_head(head, tmp_path / "head.safetensors", background="idle")
    read, card = load_head(tmp_path / "head.safetensors", layout="h36m17")
    assert (card.head, card.frames) == ("costgcn.CoSTGCN", None)
    assert torch.equal(read(clip()), head(clip()))


@pytest.mark.parametrize("kinds", [("joint", "bone", "joint_motion", "bone_motion"), ("angle",)])
def test_exported_it_says_the_same_in_every_runtime(kinds, tmp_path):
    save_head(small(features=kinds), tmp_path / "head.safetensors", background="idle")
    source = export.head(str(tmp_path / "head.safetensors"))
    file = export.exported(source, tmp_path, frames=25, people=2)
    assert set(file.apart) == set(runtimes.COMPILERS)
    assert max(file.apart.values()) <= 1e-5


@pytest.mark.parametrize("training", [True, False])
def test_channels_are_dropped_in_training_alone(training):
    head = small(dropout=0.5).train(training)
    assert torch.equal(head(clip()), head(clip())) != training


@pytest.mark.parametrize(
    "given",
    [
        {"widths": (), "dilations": ()}, {"widths": (1,)}, {"dilations": (1, 0)}, {"window": 0},
        {"kernel": 0}, {"channels": 0},
    ],
)  # fmt: skip
def test_what_can_not_be_says_why(given):
    with pytest.raises(InputError, match="wants as many widths as dilations and numbers from 1"):
        small(**given)
