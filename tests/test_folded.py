"""The folded lifter is the lifter."""

import pytest
import torch

from gastlive.conf.option import option
from gastlive.gast.attention import ChannelNorm
from gastlive.gast.errors import InputError
from gastlive.gast.folded import FoldedGASTNet
from gastlive.gast.skeleton import H36M17, HUMANEVA15
from gastlive.gast.streaming import streamed


def trained(**changes):
    """A net whose every number differs from its initial value."""
    torch.manual_seed(0)
    net = option(
        "net/gast27", skeleton=changes.pop("skeleton", H36M17), **{"channels": 8} | changes
    )
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net.eval()


NETS = {
    "single frame": {"filter_widths": (1,)},
    "27 frames": {"filter_widths": (3, 3, 3)},
    "mixed widths": {"filter_widths": (3, 5, 1)},
    "humaneva": {"filter_widths": (3, 3), "skeleton": HUMANEVA15},
}


@pytest.mark.parametrize("name", NETS)
@torch.inference_mode()
def test_folding_changes_no_number(name):
    net = trained(**NETS[name])
    folded = FoldedGASTNet(net)
    clip = torch.randn(3, 40, len(net.skeleton), 2)
    torch.testing.assert_close(streamed(folded, clip), net(clip), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("variance", [1e-5, 0.0])
@torch.inference_mode()
def test_a_channel_that_hardly_varies_is_folded_right(variance):
    net = trained(filter_widths=(3, 3))
    for module in net.modules():
        if isinstance(module, ChannelNorm):
            module.running_var.fill_(variance)
            module.weight.data.mul_(0.1)  # such a norm makes its inputs up to 300 times as large
    clip = 1e-3 * torch.randn(1, 9, 17, 2)
    expected = net.double()(clip.double()).float()
    torch.testing.assert_close(
        streamed(FoldedGASTNet(net), clip.double()).float(), expected, rtol=1e-4, atol=1e-5
    )
    assert expected.isfinite().all()


@torch.inference_mode()
def test_a_folded_step_leaves_its_state_alone():
    folded = FoldedGASTNet(trained(filter_widths=(3, 3, 3)))
    _, state = folded.step(torch.randn(2, 17, 2))
    frame = torch.randn(2, 17, 2)
    first, _ = folded.step(frame, state)
    again, _ = folded.step(frame, state)
    torch.testing.assert_close(first, again, rtol=0, atol=0)


def test_a_centred_lifter_can_not_be_folded():
    with pytest.raises(InputError, match="centred"):
        FoldedGASTNet(trained(filter_widths=(3,), causal=False))
